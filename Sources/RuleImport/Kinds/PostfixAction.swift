import Bytes

/// The right side of an access(5) table.
enum PostfixAction {
  /// Whom the table is asked about.
  enum Subject: String, CaseIterable, Hashable, Sendable {
    case client, helo, sender, recipient
    /// Not told.
    case any
  }

  /// What an action means; nil where it is not carried over, which was told.
  static func verdict(
    _ text: String, _ subject: Subject, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> TableVerdict? {
    let (word, rest) = text.trimmed.firstWord
    if text.trimmed.utf8.allSatisfy(\.isASCIIDigit) {
      desk.left(
        line,
        "Postfix takes a bare number for OK, even \(word.printable(limit: 12)): write OK, or a reply with a text"
      )
      return nil
    }
    if let code = TableReply.code(word) {
      let reply = TableReply(code: code, rest: rest)
      if code == 421 || code == 521 { desk.changed(line, "the connection stays open after the reply") }
      return reply.isTemporary ? .rule([reply.action]) : .block(reply)
    }
    switch word.uppercasedASCII {
    case "OK", "RELAY":
      return .allow
    case "DUNNO":
      return .hole
    case "REJECT":
      return .block(TableReply(code: 554, rest: rest, isGeneric: true))
    case "DEFER":
      return .rule([TableReply(code: 450, rest: rest).action])
    case "DEFER_IF_PERMIT":
      desk.changed(line, "deferred at once, not only where nothing refuses it later")
      return .rule([TableReply(code: 450, rest: rest).action])
    case "DEFER_IF_REJECT":
      desk.left(line, "a refusal of another rule cannot be turned into a deferral")
      return nil
    default:
      return whole(word.uppercasedASCII, String(rest), line, &desk).map { .rule($0) }
        ?? named(text, line, &desk)
    }
  }

  /// The actions on the whole message, as lines of a rule; nil where the word is none of them.
  private static func whole(
    _ word: String, _ rest: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk
  ) -> [String]? {
    switch word {
    case "DISCARD": return ["discard"]
    case "HOLD": return ["quarantine hold"]
    case "INFO", "WARN": return log(word, rest, line, desk)
    case "BCC", "REDIRECT":
      guard let address = RuleWords.address(rest) else { return nil }
      return ["\(word == "BCC" ? "copy" : "redirect") \(address)"]
    case "PREPEND":
      guard let header = RuleWords.header(rest) else { return nil }
      return ["header add \(header.name): \(RuleWords.escaped(header.value))"]
    default: return nil
    }
  }

  /// A line for the log, and on.
  static func log(_ word: String, _ text: String, _ line: ImportDesk.Line, _ desk: ImportDesk) -> [String] {
    let sign = word == "WARN" ? "warning" : "info"
    let message = "\(sign): \(desk.place(line))\(text.isEmpty ? "" : ": \(text)")"
    return ["{", "  LOG=\(RuleWords.quoted(message))", "}"]
  }

  /// What is left: `FILTER`, restrictions and classes of them.
  private static func named(_ text: String, _ line: ImportDesk.Line, _ desk: inout ImportDesk)
    -> TableVerdict?
  {
    let (word, rest) = text.trimmed.firstWord
    switch word.uppercasedASCII {
    case "FILTER": desk.left(line, "a transport of Postfix's: \(rest.printable(limit: 80))")
    case "BCC", "REDIRECT": desk.left(line, "not an address: \(rest.printable(limit: 80))")
    case "PREPEND": desk.left(line, "not a header: \(rest.printable(limit: 80))")
    default: desk.left(line, "restrictions of main.cf: \(text.printable(limit: 120))")
    }
    return nil
  }
}
