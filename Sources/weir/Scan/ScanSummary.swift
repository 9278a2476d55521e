import Filtering

/// Messages of a mailbox or a folder, a line each, and their count at the end.
struct ScanSummary {
  private static let verdictWidth = 10
  private static let scoreWidth = 6

  let terminal: Terminal
  /// What the names of all messages begin with, and so is not shown.
  let prefix: String
  private var counts: [Verdict: Int] = [:]
  private var unread = 0

  init(_ terminal: Terminal, prefix: String) {
    self.terminal = terminal
    self.prefix = prefix
  }

  /// Columns: name, verdict, score, From, subject, what weighed most; the last takes what is left.
  private var widths: (name: Int, from: Int, subject: Int, findings: Int) {
    let room = max(40, terminal.width - Self.verdictWidth - Self.scoreWidth - 5)
    let name = min(max(8, room / 5), 24)
    let from = min(max(10, room / 5), 30)
    let subject = min(max(12, room / 4), 50)
    return (name, from, subject, max(8, room - name - from - subject))
  }

  var title: String {
    let widths = widths
    return terminal.strong(
      row("message", "verdict", "score", "from", "subject", "found", widths).trimmingSpaces)
  }

  mutating func line(_ scan: Scan) -> String {
    counts[scan.verdict, default: 0] += 1
    let widths = widths
    let row = row(
      shortName(scan.name, widths.name), scan.verdict.rawValue, Score.text(scan.score),
      SafeText.line(scan.header("From") ?? "", most: widths.from),
      SafeText.line(scan.header("Subject") ?? "", most: widths.subject),
      findings(scan, widths.findings), widths
    ).trimmingSpaces
    switch scan.verdict {
    case .accept: return row
    case .tag, .quarantine: return terminal.strong(row)
    case .discard, .defer, .reject: return terminal.warning(row)
    }
  }

  /// A message that could not be read.
  mutating func line(unread item: ScanItem) -> String {
    unread += 1
    let words = "\(SafeText.line(item.name, most: 200)): \(item.notes.joined(separator: "; "))"
    return terminal.warning(TextWidth.cut("! " + SafeText.line(words), to: terminal.width))
  }

  /// `3 messages: 2 accept, 1 reject`.
  var foot: String {
    let order: [Verdict] = [.accept, .tag, .quarantine, .discard, .defer, .reject]
    let total = counts.values.reduce(0, +)
    let parts = order.compactMap { verdict in counts[verdict].map { "\($0) \(verdict.rawValue)" } }
    let words = parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    return "\(total) \(total == 1 ? "message" : "messages")\(words)"
      + (unread > 0 ? "; \(unread) could not be read" : "")
  }

  private func row(
    _ name: String, _ verdict: String, _ score: String, _ from: String, _ subject: String, _ found: String,
    _ widths: (name: Int, from: Int, subject: Int, findings: Int)
  ) -> String {
    [
      TextWidth.padded(name, to: widths.name), TextWidth.padded(verdict, to: Self.verdictWidth),
      String(repeating: " ", count: max(0, Self.scoreWidth - score.utf8.count)) + score,
      TextWidth.padded(from, to: widths.from), TextWidth.padded(subject, to: widths.subject), found,
    ].joined(separator: " ")
  }

  /// The end of the name, which tells one from the others.
  private func shortName(_ name: String, _ limit: Int) -> String {
    var name = SafeText.line(name)
    if name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
    guard TextWidth.of(name) > limit else { return name }
    return "…" + String(TextWidth.cut(String(name.reversed()), to: limit).dropLast().reversed())
  }

  /// The heaviest first, as many as there is room for.
  private func findings(_ scan: Scan, _ limit: Int) -> String {
    let heavy = scan.outcome.findings.enumerated()
      .filter {
        $0.element.mode == .enforce && ($0.element.weight.score > 0 || $0.element.weight.ruling != .none)
      }
      .sorted { ($0.element.weight.rank, $1.offset) > ($1.element.weight.rank, $0.offset) }
    var words: [String] = []
    if let reason = scan.refusal?.reason, !heavy.contains(where: { $0.element.finding.code == reason }) {
      words.append(reason.name)
    }
    for (_, found) in heavy where !words.contains(found.finding.code.name) {
      words.append(found.finding.code.name)
    }
    return TextWidth.cut(words.joined(separator: " "), to: limit)
  }
}

extension Weight {
  fileprivate var rank: Double { ruling == .none ? score : 1000 + score }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var text = self
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
