import Bytes
import Filtering
import Foundation
import MailSyntax
import MessageViews

/// A scan for people: what the message says and is made of, then what was found, and at the foot what becomes of it.
struct ScanReport {
  let scan: Scan
  let terminal: Terminal
  /// Whether all of the text and of the lists is shown.
  let isFull: Bool
  /// What is worth knowing about all messages alike.
  var notes: [String] = []
  /// Whether rules that did not fire are told of, too.
  var tellsWhy = false

  /// Lines of one text that are shown, and things of one list, unless all are.
  static let mostLines = 16
  static let mostThings = 12

  func lines() -> [String] {
    var page = ReportPage(terminal)
    header(&page)
    parts(&page)
    texts(&page)
    ScanThings(scan: scan, most: isFull ? .max : Self.mostThings).write(to: &page)
    findings(&page)
    rules(&page)
    foot(&page)
    return page.lines
  }

  // MARK: Who and what

  private func header(_ page: inout ReportPage) {
    for name in ["From", "Reply-To", "To", "Cc", "Subject", "Date"] {
      let fields = scan.views.header(name)
      for field in fields.prefix(3) {
        var text = SafeText.line(field.text, most: isFull ? 5000 : 240)
        if field.isGuessed, let charset = field.charsets.first {
          text += " (\(charset.name), guessed)"
        }
        if field.malformed > 0 { text += " (\(field.malformed) unreadable)" }
        page.say(name, text)
      }
    }
    page.gap()
    let envelope = scan.envelope
    if let client = envelope.client {
      let name = scan.clientName.map { " (\(SafeText.line($0, most: 100)))" } ?? ""
      let helo = envelope.helo.map { ", greeting as \(SafeText.line($0, most: 100))" } ?? ""
      page.say("client", "\(client)\(name)\(helo)")
    }
    if let user = envelope.user { page.say("user", SafeText.line(user, most: 100)) }
    let recipients = envelope.recipients.map { "<\(SafeText.line($0.text, most: 100))>" }
    page.say(
      "envelope",
      "<\(SafeText.line(envelope.sender.text, most: 200))> → "
        + (recipients.isEmpty ? "nobody who is known" : recipients.joined(separator: " ")))
    for note in notes + scan.notes { page.say("note", SafeText.line(note, most: 500), .faint) }
  }

  private func parts(_ page: inout ReportPage) {
    let tree = PartTree(ShownPart.all(scan.views))
    page.title("Parts")
    let numbers = tree.lines.map { TextWidth.of($0.number) }.max() ?? 1
    let sizes = tree.lines.map { TextWidth.of($0.size) }.max() ?? 0
    // The branches side by side, as far as that leaves room for words.
    let branches = min(tree.lines.map { TextWidth.of($0.branch) }.max() ?? 0, terminal.width / 2)
    for line in tree.lines {
      let head =
        "  " + String(repeating: " ", count: numbers - TextWidth.of(line.number)) + line.number + " "
        + TextWidth.padded(line.branch, to: branches) + " "
        + String(repeating: " ", count: sizes - TextWidth.of(line.size)) + line.size + "  "
      let indent = TextWidth.of(head)
      let words = TextWidth.folded(line.words, to: max(20, terminal.width - indent))
      page.add(head + (words.first ?? ""))
      for more in words.dropFirst() { page.add(String(repeating: " ", count: indent) + more) }
    }
    if tree.more > 0 { page.add("    … and \(tree.more) more") }
    if scan.views.tree.isCut { page.add("    ! it has more than is looked at", .warning) }
  }

  // MARK: What it says

  private func texts(_ page: inout ReportPage) {
    if !scan.views.strayText.isEmpty {
      page.title("Text among the header's fields, which some mail clients show")
      text(scan.views.strayText, &page)
    }
    var shown: [(part: Int, essence: String)] = []
    for view in scan.views.texts {
      let kind = view.isHTML ? "HTML" : "text"
      // Two forms of one text are shown once.
      let essence = view.visible.filter { !$0.isWhitespace }
      if let same = shown.first(where: { $0.essence == essence }), !essence.isEmpty {
        page.title("Text of part \(view.part) (\(kind)): the same as of part \(same.part)")
      } else {
        let nothing = essence.isEmpty ? ": \(Self.nothing(view))" : ""
        page.title("Text of part \(view.part) (\(kind))\(nothing)")
        if !essence.isEmpty { text(view.visible, &page) }
        shown.append((view.part, essence))
      }
      hidden(view, &page)
    }
  }

  /// What there is where no text is.
  private static func nothing(_ view: TextView) -> String {
    switch view.html?.images ?? 0 {
    case 0: "nothing to be seen"
    case 1: "no text, but an image"
    case let images: "no text, but \(images) images"
    }
  }

  private func text(_ text: String, _ page: inout ReportPage) {
    var lines: [String] = []
    var isEmptyBefore = true
    var left = 0
    var emptyBefore = 0
    let most = isFull ? Int.max : Self.mostLines
    for line in SafeText.lines(text) {
      let isEmpty = line.allSatisfy(\.isWhitespace)
      // Empty lines in a row say no more than one.
      if isEmpty, isEmptyBefore { continue }
      isEmptyBefore = isEmpty
      if lines.count >= most {
        // Empty ones at the end are none.
        left += isEmpty ? 0 : 1 + emptyBefore
        emptyBefore = isEmpty ? 1 : 0
      } else {
        lines += TextWidth.folded(line, to: max(20, terminal.width - 4)).prefix(most - lines.count)
      }
    }
    while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
    for line in lines { page.add("  │ " + line) }
    if left > 0 { page.add("    … \(left) more \(left == 1 ? "line" : "lines"); --text shows all", .faint) }
  }

  private func hidden(_ view: TextView, _ page: inout ReportPage) {
    guard let html = view.html else { return }
    for reason in HTMLView.Hidden.Reason.allCases where reason != .comment {
      let texts = html.hidden.filter { $0.reason == reason }.map(\.text)
      let count = texts.reduce(0) { $0 + $1.count { !$0.isWhitespace } }
      guard count > 0 else { continue }
      let sample = texts.joined(separator: " ").split(whereSeparator: \.isWhitespace).prefix(40)
        .joined(separator: " ")
      page.item(
        "! hidden, \(count) characters: \(reason.words): “\(SafeText.line(sample, most: 160))”", .warning)
    }
    if html.isCut { page.item("! there is more HTML than is looked at", .warning) }
  }

  // MARK: What was found

  private func findings(_ page: inout ReportPage) {
    let findings = scan.outcome.findings
    let unproven = scan.envelope.unproven
    guard !findings.isEmpty else { return }
    page.title("Findings")
    let width = min(findings.map { $0.finding.code.name.utf8.count }.max() ?? 0, 34)
    for found in findings {
      var words = [SafeText.line(found.finding.evidence, most: 400)]
      if found.weight.ruling != .none { words.append(found.weight.ruling.words) }
      if found.mode == .shadow { words.append("in shadow mode: without effect") }
      if let missing = unproven[found.finding.code] { words.append("weighs nothing: \(missing)") }
      if !found.finding.reason.isEmpty { words.append(SafeText.line(found.finding.reason, most: 200)) }
      let score = found.weight.score == 0 ? "" : Score.text(found.weight.score)
      let head =
        "  " + String(repeating: " ", count: max(0, 5 - score.utf8.count)) + score + "  "
        + TextWidth.padded(found.finding.code.name, to: width) + "  "
      let style: ReportPage.Style =
        found.mode == .shadow
        ? .faint : found.weight.score > 0 || found.weight.ruling.refuses ? .warning : .plain
      page.add(head, followedBy: words.filter { !$0.isEmpty }.joined(separator: "; "), style)
    }
  }

  private func foot(_ page: inout ReportPage) {
    page.gap()
    let results = [
      ("spf", scan.spf?.result.rawValue), ("dkim", scan.dkimResult), ("dmarc", scan.dmarc?.result.rawValue),
      ("arc", scan.arcResult),
    ].map { "\($0) \($1 ?? "–")" }
    page.say("sender", results.joined(separator: "   "))
    var score = Score.text(scan.score)
    let limits = [
      scan.thresholds.tag.map { "tagged from \(Score.text($0))" },
      scan.thresholds.deferral.map { "deferred from \(Score.text($0))" },
      scan.thresholds.quarantine.map { "held from \(Score.text($0))" },
      scan.thresholds.reject.map { "rejected from \(Score.text($0))" },
    ].compactMap { $0 }
    if !limits.isEmpty { score += " (\(limits.joined(separator: ", ")))" }
    page.say("score", score)
    var verdict = scan.verdict.rawValue
    if let refusal = scan.refusal {
      verdict += " at \(refusal.stage)" + (refusal.reason.map { ", \($0.name)" } ?? "")
    }
    if scan.refusal == nil, let words = scan.rulingWords { verdict += ", " + words }
    page.say("verdict", verdict, scan.refusal == nil ? .strong : .warning)
    let isTaken = scan.refusal == nil
    page.say(
      "reply",
      isTaken ? "250, in the mail server's own words" : SafeText.line(scan.reply.summary, most: 1000))
    let each = scan.outcome.each
    if let first = each.first, each.contains(where: { $0.verdict.decision != first.verdict.decision }) {
      for one in each {
        let decision = one.verdict.decision
        var words = decision.verdict.rawValue
        // One reply is for all: what cannot be said is held.
        if one.verdict.isRefusal, scan.refusal == nil {
          words += ", which cannot be said beside the others: held in \(QuarantineFolder.refused)"
        }
        if let rule = decision.rule { words += ", by the rule \(SafeText.line(rule.id, most: 100))" }
        page.say("", "<\(SafeText.line(one.recipient.text, most: 100))>: \(words)")
      }
    }
    for step in scan.outcome.steps
    where step.recipient != nil && step.isRefusal && scan.refusal?.recipient == nil {
      let recipient = SafeText.line(step.recipient?.text ?? "", most: 100)
      page.say("", "<\(recipient)>: \(SafeText.line(step.reply?.summary ?? "", most: 500))")
    }
  }
}

extension Ruling {
  fileprivate var words: String {
    switch self {
    case .none: ""
    case .reject: "rejects"
    case .defer: "defers"
    case .limit: "rejects, whatever lists say"
    case .allow: "lets pass, whatever else is found"
    }
  }

  fileprivate var refuses: Bool { self == .reject || self == .defer || self == .limit }
}

extension Scan {
  /// What the rules decided, and which; nil where they did not.
  var rulingWords: String? {
    guard let decision = outcome.steps.last?.decision, let rule = decision.rule else { return nil }
    let what: String? =
      switch decision.ruling {
      case .quarantine(let folder): "into the folder \(folder ?? QuarantineFolder.rules.description)"
      case .redirect(let addresses): "redirected to \(addresses.joined(separator: ", "))"
      default: nil
      }
    return ([what].compactMap { $0 } + ["by the rule \(SafeText.line(rule.id, most: 120))"]).joined(
      separator: ", ")
  }

  /// The client's name: as it was told, or as DNS confirmed it.
  var clientName: String? {
    envelope.name ?? outcome.facts?.mail.connect.evidence.reverseName.known?.confirmedName
  }
}
