import Bytes

extension PostfixChecks {
  /// What becomes of an action.
  private enum Outcome {
    /// The lines of a rule's action; the groups whose text is put in.
    case action([String], groups: Set<Int>, isFinal: Bool)
    /// Nothing but that lines behind it do not see the header.
    case shield
    case left(String)
    case wrong(String)
  }

  mutating func act(_ rule: CheckRule, _ desk: inout ImportDesk) {
    let (word, rest) = rule.result.trimmed.firstWord
    guard !word.isEmpty else {
      desk.wrong(rule.line, "an expression without an action")
      return
    }
    guard let text = SubstitutedText(String(rest)) else {
      desk.wrong(rule.line, "a `$` before something that is no number: Postfix wants $$")
      return
    }
    let last = rule.test.terms.last
    let known = last.map { $0.isNegated ? 0 : $0.pattern.groups } ?? 0
    if let missing = text.groups.first(where: { $0 > known }) {
      desk.wrong(rule.line, "$\(missing): the expression has \(known) groups")
      return
    }
    switch outcome(word.uppercasedASCII, text, rule, &desk) {
    case .action(let action, let groups, let isFinal):
      write(rule, action, groups, isFinal: isFinal, &desk)
      if !isFinal { shields.append(rule.test) }
    case .shield:
      shields.append(rule.test)
      desk.carried(rule.line)
    case .left(let why):
      shields.append(rule.test)
      desk.left(rule.line, why)
    case .wrong(let why):
      desk.wrong(rule.line, why)
    }
  }

  private mutating func outcome(
    _ word: String, _ text: SubstitutedText, _ rule: CheckRule, _ desk: inout ImportDesk
  ) -> Outcome {
    switch word {
    case "REJECT": return .action([Self.rejection(text)], groups: text.groups, isFinal: true)
    case "DISCARD": return .action(["discard"], groups: [], isFinal: true)
    case "HOLD":
      desk.changed(
        rule.line, "held in the quarantine's folder hold; Postfix would still refuse it for a later line")
      return .action(["quarantine hold"], groups: [], isFinal: true)
    case "DUNNO", "OK": return .shield
    case "PASS":
      canPass = true
      desk.changed(rule.line, "ends this file's rules for the message, also for headers above that line")
      return .action(["{", "  \(passName(desk))=yes", "}"], groups: [], isFinal: false)
    case "INFO", "WARN":
      let sign = word == "WARN" ? "warning" : "info"
      let message = RuleWords.escaped("\(sign): \(desk.place(rule.line))") + (text.parts.isEmpty ? "" : ": ")
      return .action(["{", "  LOG=\"\(message)\(text.ruleText)\"", "}"], groups: text.groups, isFinal: false)
    case "BCC", "REDIRECT":
      guard let address = text.plain.flatMap({ RuleWords.address($0) }) else {
        return .left("no plain address")
      }
      return .action(
        ["\(word == "BCC" ? "copy" : "redirect") \(address)"], groups: [], isFinal: word == "REDIRECT")
    case "FILTER": return .left("a transport of Postfix's")
    case "IGNORE", "STRIP": return removal(rule, &desk)
    case "PREPEND": return prepend(text, rule, &desk)
    case "REPLACE": return replacement(text, rule, &desk)
    default: return .wrong("not an action: \(word.printable(limit: 40))")
    }
  }

  private func passName(_ desk: ImportDesk) -> String {
    desk.name.uppercasedASCII.replacing("-", with: "_") + "_PASSED"
  }

  // MARK: Edits of the header

  /// Headers that a message has once (RFC 5322 §3.6), and those of MIME.
  private static let singular: Set<String> = [
    "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject",
    "date",
    "mime-version", "content-type", "content-transfer-encoding", "user-agent", "x-mailer", "return-path",
  ]

  /// The header that an edit is about, all of whose lines the rule means; else why not.
  private func edited(_ rule: CheckRule) -> (name: String?, why: String) {
    guard area == .header else { return (nil, "only headers of the message are edited here") }
    guard let name = rule.test.headerName, let last = rule.test.terms.last, !last.isNegated else {
      return (nil, "the expression does not name the header with ^Name:, and headers are edited by name here")
    }
    guard
      Self.singular.contains(name)
        || rule.test.terms.allSatisfy({ !$0.isNegated && $0.pattern.matchesWholeHeader })
    else {
      return (
        nil, "headers are edited by name here, not by what is in them, and there may be several \(name)"
      )
    }
    return (name.capitalizedHeader, "")
  }

  private func removal(_ rule: CheckRule, _ desk: inout ImportDesk) -> Outcome {
    let (name, why) = edited(rule)
    guard let name else { return .left(why) }
    return .action(["header remove \(name)"], groups: [], isFinal: false)
  }

  private func prepend(_ text: SubstitutedText, _ rule: CheckRule, _ desk: inout ImportDesk) -> Outcome {
    guard area == .header, let header = Self.header(text) else {
      return .left(area == .header ? "the text is no header" : "lines of the body are not edited here")
    }
    desk.changed(rule.line, "added once to the message's header, not before each header that matches")
    return .action(["header add \(header)"], groups: text.groups, isFinal: false)
  }

  private func replacement(_ text: SubstitutedText, _ rule: CheckRule, _ desk: inout ImportDesk) -> Outcome {
    let (name, why) = edited(rule)
    guard let name else { return .left(why) }
    guard let header = Self.header(text) else { return .left("the text is no header") }
    let replaced = header.prefix { $0 != ":" }
    if replaced.lowercasedASCII == name.lowercasedASCII {
      return .action(["header replace \(header)"], groups: text.groups, isFinal: false)
    }
    // The new one first: removing would not change what it is made of.
    return .action(
      ["{", "  :0", "  header add \(header)", "", "  :0", "  header remove \(name)", "}"],
      groups: text.groups,
      isFinal: false)
  }

  /// `Name: value` with the value as rules have it.
  private static func header(_ text: SubstitutedText) -> String? {
    guard case .text(let first)? = text.parts.first, let header = RuleWords.header(first) else { return nil }
    var value = text
    let begin = first[first.index(after: first.firstIndex(of: ":") ?? first.startIndex)...]
    value.parts[0] = .text(String(begin.drop { $0 == " " }))
    return "\(header.name): \(value.ruleText)"
  }

  // MARK: Rules

  /// Whether parts of the message may be meant: Postfix asks this table for their headers as well.
  private func isAboutParts(_ test: LineTest) -> Bool {
    guard area == .header else { return area == .mime || area == .nested }
    if let name = test.headerName { return name.hasPrefix("content-") }
    let text = String(decoding: test.terms.last?.pattern.source ?? [], as: UTF8.self).lowercasedASCII
    return text.contains("content-") || text.contains("name")
  }

  private func write(
    _ rule: CheckRule, _ action: [String], _ groups: Set<Int>, isFinal: Bool, _ desk: inout ImportDesk
  ) {
    var lines: [String] = []
    var exceptions = shields.filter { $0.canMeet(rule.test) }
    if exceptions.count > Self.mostShields || unknownShield != nil {
      let what = unknownShield.map { desk.place($0) } ?? "\(exceptions.count) lines before it"
      lines.append("# weir: mode shadow")
      desk.changed(rule.line, "in shadow mode: \(what) may take a header away from it in Postfix")
      exceptions = []
    }
    let isPassable = canPass && action.first != "{" ? ["* ! \(passName(desk)) ?? yes"] : []
    let parts = isAboutParts(rule.test)
    let scope = area == .body ? "B" : area == .header ? (parts ? "HB" : "H") : "B"
    if exceptions.isEmpty, let plain = plain(rule, action, groups, parts: parts, &desk) {
      let flags = (scope == "H" ? "" : scope) + (rule.isCaseSensitive ? "D" : "")
      lines += [":0 \(flags)".trimmedText] + isPassable + ["* \(plain.condition)"]
      desk.rule(lines + plain.action, for: [rule.line])
      return
    }
    let condition = PatternWriter.pcre(
      rule.test, except: exceptions, unit: parts ? .foldedLine : .line, wanted: groups, onlyHeaders: parts)
    guard let condition else {
      desk.left(
        rule.line, "with its exceptions the expression is longer than \(PatternWriter.mostOctets) octets")
      return
    }
    desk.rule(lines + [":0"] + isPassable + ["* PCRE ?? \(scope) ?? \(condition)"] + action, for: [rule.line])
  }

  /// The rule in procmail's own expressions, where they say it exactly.
  private func plain(
    _ rule: CheckRule, _ action: [String], _ groups: Set<Int>, parts: Bool, _ desk: inout ImportDesk
  ) -> (condition: String, action: [String])? {
    guard rule.test.terms.count == 1, let term = rule.test.terms.first, !term.isNegated else { return nil }
    if let group = groups.first, groups.count == 1, !parts,
      let condition = PatternWriter.procmail(term.pattern, matching: group)
    {
      return (condition, action.map { $0.replacing("${M\(group)}", with: "${MATCH}") })
    }
    let pattern = parts ? term.pattern.inHeaderLine : term.pattern
    guard let condition = PatternWriter.procmail(pattern, unit: parts ? .foldedLine : .line) else {
      return nil
    }
    if groups.isEmpty {
      if parts, pattern != term.pattern, !term.pattern.source.contains(UInt8(ascii: ":")) {
        desk.changed(rule.line, "asked of the header's value, behind its name")
      }
      return (condition, action)
    }
    // What a text quotes does not make it come over or not; what a header becomes does.
    guard let first = action.first, first.hasPrefix("reject ") || first.hasPrefix("defer ") || first == "{",
      !action.contains(where: { $0.contains("header ") })
    else { return nil }
    desk.changed(rule.line, "the text does not quote what matched")
    return (condition, action.map { groups.reduce($0) { $0.replacing("${M\($1)}", with: "...") } })
  }
}

extension CheckRule {
  fileprivate var isCaseSensitive: Bool { test.terms.last?.pattern.isCaseSensitive ?? false }
}

extension Pattern {
  /// The same looked for in a line that begins as a header does: what names no beginning begins behind the name.
  fileprivate var inHeaderLine: Pattern {
    var parts: [PatternNode]
    if case .sequence(let several) = node { parts = several } else { parts = [node] }
    if parts.first == .lineStart { return self }
    if case .choice = node { parts = [.group(node, number: nil)] }
    var pattern = self
    let name = PatternNode.set(OctetSet([.space, UInt8(ascii: "\t"), UInt8(ascii: ":")]).inverted.withinLine)
    let front: [PatternNode] = [
      .repeated(name, least: 1, most: nil, manner: .greedy), .octet(UInt8(ascii: ":")),
      .repeated(.set(.all), least: 0, most: nil, manner: .greedy),
    ]
    if parts.contains(.octet(UInt8(ascii: ":"))) {
      // It has the colon itself, and may begin within the name.
      let within = PatternNode.repeated(name, least: 0, most: nil, manner: .greedy)
      pattern.node = .sequence(
        [.lineStart, .group(.choice([.sequence(front), within]), number: nil)] + parts)
    } else {
      pattern.node = .sequence([.lineStart] + front + parts)
    }
    return pattern
  }
}

extension String {
  /// `content-type` as `Content-Type`.
  var capitalizedHeader: String {
    split(separator: "-", omittingEmptySubsequences: false)
      .map { $0.prefix(1).uppercasedASCII + $0.dropFirst() }.joined(separator: "-")
  }

  var trimmedText: String { String(trimmed) }
}
