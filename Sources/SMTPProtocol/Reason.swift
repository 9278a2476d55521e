internal import Bytes

/// The name of one thing that can be said to a peer or go wrong: `RELAY_DENIED`, `LIMIT_CONNECTIONS`.
///
/// It stands in the log, in the reason catalogue (`weir explain CODE`) and in the admin's `[replies]`.
public struct ReasonCode: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  public let name: String
  public init(_ name: String) { self.name = name }
  public init(stringLiteral name: String) { self.name = name }
  public var description: String { name }

  /// Whether it says that something could not be found out.
  public var isUnavailable: Bool { name.hasSuffix("_UNAVAILABLE") }
}

/// One entry of the reason catalogue: the reply and what an operator needs to know about it.
public struct Reason: Sendable {
  public enum Severity: String, Sendable {
    /// Mail flows as it should.
    case notice
    /// A peer was refused for what it is or does.
    case refusal
    /// Something the operator should look at soon.
    case warning
    /// Something the operator must mend.
    case alarm
  }

  public let code: ReasonCode
  /// The reply with variables in braces (`{client} {sender} {recipient} {id} {reason} {list} {subject}
  /// {code}`); nil for
  /// a finding that never speaks to a peer itself. A refusal ends with its code and the transaction's id.
  public let reply: Reply?
  public let severity: Severity
  /// What brought it about.
  public let cause: String
  /// What it means for the mail.
  public let effect: String
  /// What to do.
  public let remedy: String

  /// - Parameter pretext: the code that the reply names instead, where a peer is not to learn the true one.
  public init(
    _ code: ReasonCode, _ reply: Reply?, _ severity: Severity, as pretext: ReasonCode? = nil, cause: String,
    effect: String, remedy: String
  ) {
    self.code = code
    self.reply = reply.map { Self.signed($0, pretext ?? code, pretext?.name ?? "{code}") }
    self.severity = severity
    self.cause = cause
    self.effect = effect
    self.remedy = remedy
  }

  /// The refusal with its code and id behind the text, by which the operator finds its log line: every refusal
  /// is explained. What is the same for everybody and said to floods (421), and what is said of the dialogue
  /// itself, carries the code alone, so that its bytes stay ready.
  private static func signed(_ reply: Reply, _ code: ReasonCode, _ name: String) -> Reply {
    guard reply.code >= 400, !reply.lines.contains(where: { $0.contains("{code}") }) else { return reply }
    let isDialogue = code.name.hasPrefix("COMMAND_") || code.name.hasPrefix("PARAMETER_")
    let isHot = reply.code == 421 && !reply.lines.contains { $0.utf8.contains(UInt8(ascii: "{")) }
    let saysID = reply.lines.contains { $0.contains("{id}") }
    var signed = reply
    signed.lines[signed.lines.count - 1] += isDialogue || isHot || saysID ? " [\(name)]" : " [\(name) {id}]"
    return signed
  }
}

/// What fills the braces of a reply text.
public struct ReplyVariables: Hashable, Sendable {
  public var client = ""
  public var sender = ""
  public var recipient = ""
  public var id = ""
  public var reason = ""
  public var list = ""
  /// What of the peer's a refusal is about: `the sender's domain bad.example`.
  public var subject = ""

  public init() {}

  public static let names = [
    "client", "sender", "recipient", "id", "reason", "list", "subject", "code", "hostname",
  ]
}

/// Every text a peer can read, the admin's replacements laid over the product's own.
public struct ReasonCatalogue: Sendable {
  private let reasons: [ReasonCode: Reason]
  private let replies: [ReasonCode: Reply]
  private let hostname: String
  /// The bytes of the replies that depend on nothing but the configuration: most of what is said.
  private let wireForms: [ReasonCode: [UInt8]]

  /// - Parameters:
  ///   - reasons: the product's own entries; a code given twice is our own bug.
  ///   - replacements: texts by code, the `[replies]` of the configuration. A text may begin with a reply
  ///     code and an enhanced code of the same class as the product's; without them those stay.
  public init(_ reasons: [Reason], replacing replacements: [String: String] = [:], hostname: String = "") {
    var byCode: [ReasonCode: Reason] = [:]
    var replies: [ReasonCode: Reply] = [:]
    for reason in reasons {
      precondition(byCode[reason.code] == nil, "reason \(reason.code) stands in the catalogue twice")
      byCode[reason.code] = reason
      guard let reply = reason.reply else { continue }
      var text = replacements[reason.code.name].map { Self.replace(reply, with: $0) } ?? reply
      if !hostname.isEmpty, reason.code == .greeting || reason.code == .helloAnswer,
        !text.lines[0].hasPrefix("{hostname}")
      {
        // RFC 5321 §4.2, §4.1.1.1: the domain comes first.
        text.lines[0] = "{hostname} " + text.lines[0]
      }
      text.lines = text.lines.map { Self.naming($0, reason.code, hostname) }
      replies[reason.code] = text
    }
    self.reasons = byCode
    self.replies = replies
    self.hostname = hostname
    wireForms = replies.filter { $0.value.lines.allSatisfy { !$0.utf8.contains(UInt8(ascii: "{")) } }
      .mapValues(\.wireForm)
  }

  /// Appends the wire form of a response that is the same for everybody; false where it is not.
  public func writeFixed(_ response: Response, into bytes: inout [UInt8]) -> Bool {
    guard response.reply == nil, let fixed = wireForms[response.reason] else { return false }
    bytes.append(contentsOf: fixed)
    return true
  }

  /// Appends the wire form of a response.
  public func write(_ response: Response, into bytes: inout [UInt8]) {
    if let reply = response.reply {
      reply.write(into: &bytes)
    } else if let fixed = wireForms[response.reason] {
      bytes.append(contentsOf: fixed)
    } else {
      reply(response.reason, response.variables).write(into: &bytes)
    }
  }

  /// The reply of a response, as the log shows it.
  public func reply(_ response: Response) -> Reply {
    response.reply ?? reply(response.reason, response.variables)
  }

  /// Whether the reply for `code` is the same for everybody: no variable stands in it.
  public func isFixed(_ code: ReasonCode) -> Bool { wireForms[code] != nil }

  public subscript(code: ReasonCode) -> Reason? { reasons[code] }

  /// All entries in the order of their names.
  public var all: [Reason] { reasons.values.sorted { $0.code.name < $1.code.name } }

  /// The reply for `code`, its braces filled. A code without a reply of its own is refused in general words.
  public func reply(_ code: ReasonCode, _ variables: ReplyVariables = ReplyVariables()) -> Reply {
    guard var reply = replies[code] else {
      return Reply(550, 7, 1, "Refused: \(code.name)\(variables.id.isEmpty ? "" : " (\(variables.id))")")
    }
    for index in reply.lines.indices where reply.lines[index].utf8.contains(UInt8(ascii: "{")) {
      reply.lines[index] = Self.keepingCode(fill(reply.lines[index], code, variables))
    }
    return reply
  }

  /// A line too long for the wire, cut in its middle, so that the code and the id at its end stay.
  private static func keepingCode(_ line: String) -> String {
    guard line.utf8.count > Reply.longestLine, line.utf8.last == UInt8(ascii: "]"),
      let open = line.utf8.lastIndex(of: UInt8(ascii: "["))
    else { return line }
    let tail = line[open...]
    guard tail.utf8.count <= 120 else { return line }
    return "\(Reply.cut(line, to: Reply.longestLine - tail.utf8.count - 4))... \(tail)"
  }

  private func fill(_ text: String, _ code: ReasonCode, _ variables: ReplyVariables) -> String {
    Self.filling(text) { name in
      switch name {
      case "client": Self.safe(variables.client)
      case "sender": Self.safe(variables.sender)
      case "recipient": Self.safe(variables.recipient)
      case "id": Self.safe(variables.id)
      case "reason": Self.safe(variables.reason)
      case "list": Self.safe(variables.list)
      case "subject": Self.safe(variables.subject)
      case "code": code.name
      case "hostname": hostname
      default: nil
      }
    }
  }

  /// The text with what is known beforehand put in, so that most replies are the same for everybody.
  private static func naming(_ text: String, _ code: ReasonCode, _ hostname: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "{")), !hostname.isEmpty else { return text }
    return filling(text) { $0 == "hostname" ? hostname : $0 == "code" ? code.name : nil }
  }

  /// Fills each `{name}`; one without a value stays as it is.
  private static func filling(_ text: String, _ value: (Substring) -> String?) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.utf8.firstIndex(of: UInt8(ascii: "{")) {
      result += rest[..<open]
      guard let close = rest[open...].utf8.firstIndex(of: UInt8(ascii: "}")) else {
        rest = rest[open...]
        break
      }
      let after = rest.utf8.index(after: close)
      if let value = value(rest[rest.utf8.index(after: open)..<close]) {
        result += value
        // An empty variable leaves no hole behind it: `[CODE {id}]`, `Refused: {reason} [CODE]`.
        if value.isEmpty, after == rest.endIndex || " ]".utf8.contains(rest.utf8[after]) { trim(&result) }
      } else {
        result += rest[open..<after]
      }
      rest = rest[after...]
    }
    result += rest
    trim(&result)
    return result
  }

  private static func trim(_ text: inout String) {
    while text.utf8.last == .space || text.utf8.last == UInt8(ascii: ":") {
      text.unicodeScalars.removeLast()
    }
  }

  /// A value as it may stand in a reply, whoever chose it: no control characters. A tab, which the admin may
  /// have put into the reason of an entry, is a space.
  private static func safe(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return value }
    return ASCIIText.mapped(value) { $0 == 0x09 ? .space : $0 }.printable(limit: 480)
  }
}

extension ReasonCatalogue {
  /// The product's reply with the admin's text; `nil` codes in the text keep the product's.
  static func replace(_ reply: Reply, with text: String) -> Reply {
    var result = reply
    var words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    if let first = words.first, let code = replyCode(first), mayStand(code, for: reply.code) {
      result.code = code
      words = words.count > 1 ? words[1].split(separator: " ", maxSplits: 1) : []
    }
    if let first = words.first, let enhanced = enhancedCode(first, of: result.code) {
      result.enhanced = enhanced
      words.removeFirst()
    }
    result.lines = [words.joined(separator: " ")]
    return result
  }

  private static func replyCode(_ word: Substring) -> Int? {
    word.utf8.count == 3 && word.utf8.allSatisfy(\.isASCIIDigit) ? Int(word) : nil
  }

  /// Whether the admin may say `other` in place of `code`: a refusal of the same class. What is no refusal
  /// steers the dialogue.
  private static func mayStand(_ other: Int, for code: Int) -> Bool {
    other == code || code >= 400 && code != 421 && other != 421 && other / 100 == code / 100
  }

  private static func enhancedCode(_ word: Substring, of code: Int) -> Reply.Enhanced? {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ $0.utf8.allSatisfy(\.isASCIIDigit) }),
      let first = Int(parts[0]), first == code / 100, let subject = Int(parts[1]),
      let detail = Int(parts[2]), (0...999).contains(subject), (0...999).contains(detail)
    else { return nil }
    return Reply.Enhanced(subject, detail)
  }

  /// What was meant as a code and is none that fits: it would be read out to the client as text.
  private static func codeFault(in text: String, for reply: Reply, _ reason: ReasonCode) -> String? {
    var words = text.split(separator: " ").prefix(2)
    var code = reply.code
    if let first = words.first {
      if first.utf8.count == 3, let digit = first.utf8.first, digit.isASCIIDigit,
        first.utf8.dropFirst().allSatisfy({ $0.isASCIIDigit || $0 | 0x20 == UInt8(ascii: "x") }),
        replyCode(first) == nil
      {
        return "\(first) is no reply code: write one such as \(reply.code), or none"
      }
      if let own = replyCode(first) {
        code = own
        words = words.dropFirst()
      }
    }
    guard let word = words.first else { return nil }
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isASCIIDigit) }) else {
      return nil
    }
    if reply.enhanced == nil { return "\(reason) carries no enhanced code (RFC 2034): leave \(word) out" }
    guard enhancedCode(word, of: code) == nil else { return nil }
    return
      "the enhanced code \(word) does not fit \(code): it begins with \(code / 100)., its numbers end at 999"
  }

  /// Why an admin's text cannot stand for `code`; nil where it can.
  public static func fault(in text: String, for reason: Reason) -> String? {
    guard let reply = reason.reply else { return "\(reason.code) never speaks to a peer, so it has no text" }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
      return "a reply text is one line without control characters"
    }
    if text.utf8.count > 400 { return "a reply text has at most 400 octets" }
    if let code = text.split(separator: " ").first.flatMap({ replyCode($0) }),
      !mayStand(code, for: reply.code)
    {
      let other = reply.code >= 400 && reply.code != 421 ? "another \(reply.code / 100)xx code" : "that code"
      return "\(reason.code) answers \(reply.code); its text may begin with \(other), not \(code)"
    }
    if let fault = codeFault(in: text, for: reply, reason.code) { return fault }
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else { return "a '{' without its '}'" }
      let name = String(rest[rest.index(after: open)..<close])
      guard ReplyVariables.names.contains(name) else {
        return "unknown variable {\(name)}; there are {\(ReplyVariables.names.joined(separator: "} {"))}"
      }
      rest = rest[rest.index(after: close)...]
    }
    return nil
  }
}
