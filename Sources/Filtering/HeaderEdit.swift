internal import Bytes
internal import MailAuthentication
public import MailSyntax

/// What is changed in a message's own header on the way out: forged marks go, a tagged message is marked, and the
/// mail of one's own users is completed.
public struct HeaderEdit: Sendable {
  /// What to send in place of the first `bodyStart` octets, after the trace header.
  public private(set) var bytes: [UInt8] = []
  /// Offset from which the message follows untouched; 0 where nothing of it had to be changed.
  public private(set) var bodyStart = 0

  /// - Parameters:
  ///   - isFromOutside: marks that a stranger brought are forged, and are removed.
  ///   - servid: in whose name nobody else may tell results of authentication: such fields are forged, and are removed
  ///     (RFC 8601 §5). nil: they stay.
  ///   - results: the gateway's own results, as a header field; empty for none.
  ///   - tag: the decision, where the message is to be marked as spam.
  ///   - completion: what is to be added; nil for strangers' mail.
  ///   - changes: what rules want, in their order.
  public init(
    message: [UInt8], header: MessageHeader, isFromOutside: Bool, servid: String? = nil,
    results: [UInt8] = [], tag: Decision?, findings: [WeighedFinding],
    tagging: Tagging, thresholds: Thresholds, completion: HeaderCompletion? = nil,
    changes: [HeaderChange] = []
  ) {
    bytes.append(contentsOf: results)
    if let tag, tagging.addsHeaders {
      Self.writeMarks(into: &bytes, tag, findings, thresholds)
    }
    let removed = Self.apply(changes, to: &bytes)
    let signed = completion == nil ? [] : HeaderCompletion.signedFields(header, of: message)
    if let completion { bytes.append(contentsOf: completion.missingLines(header, signed).utf8) }
    // Abuse: a first line that begins with white space would go on with the line that we put in front of it.
    if message.first?.isWhiteSpace == true { bytes.append(contentsOf: "X-Stray-Continuation:\r\n".utf8) }
    let isMarked: (MessageHeader.Field) -> Bool = { field in
      if isFromOutside, Self.isMark(field) { return true }
      if removed.contains(field.name.lowercasedASCII) { return true }
      guard let servid, field.isNamed("Authentication-Results") else { return false }
      return AuthenticationResults.isOurs(message[field.body], servid: servid)
    }
    let prefix = tag == nil ? "" : tagging.subjectPrefix
    let places = completion.map { Self.bareNames(message, header, signed, $0) } ?? [:]
    guard !prefix.isEmpty || !places.isEmpty || header.fields.contains(where: isMarked) else { return }
    bodyStart = header.end
    var position = 0
    var isPrefixed = prefix.isEmpty
    for field in header.fields {
      // What is no field (a malformed line) stays where it was.
      if field.range.lowerBound > position {
        bytes.append(contentsOf: message[position..<field.range.lowerBound])
      }
      position = field.range.upperBound
      if isMarked(field) { continue }
      // Each Subject, should there be more: readers disagree on which they show.
      if !prefix.isEmpty, field.isNamed("Subject") {
        isPrefixed = true
        bytes.append(contentsOf: Self.prefixed(message, field, with: prefix))
      } else if let completion, let bare = places[field.range.lowerBound] {
        bytes.append(contentsOf: completion.completed(field, message, at: bare))
      } else {
        bytes.append(contentsOf: message[field.range])
      }
    }
    if header.end > position { bytes.append(contentsOf: message[position..<header.end]) }
    if !isPrefixed {
      // A binary message may be a header whose last line does not end.
      if let last = bytes.last, last != .lineFeed { bytes.append(contentsOf: [.carriageReturn, .lineFeed]) }
      bytes.append(contentsOf: "Subject: ".utf8)
      bytes.append(contentsOf: SubjectPrefix.encoded(prefix, like: []))
      bytes.append(contentsOf: [.carriageReturn, .lineFeed])
    }
  }

  /// Where bare names are completed, by the offset of their field.
  private static func bareNames(
    _ message: [UInt8], _ header: MessageHeader, _ signed: Set<String>, _ completion: HeaderCompletion
  ) -> [Int: [Int]] {
    var all: [Int: [Int]] = [:]
    guard completion.domain != nil else { return all }
    for field in header.fields
    where HeaderCompletion.concerns(field) && !signed.contains(field.name.lowercasedASCII) {
      let places = completion.places(in: field, of: message)
      if !places.isEmpty { all[field.range.lowerBound] = places }
    }
    return all
  }

  /// A field in lines of 78 octets where its blanks allow it, and of 998 at most (RFC 5322 §2.1.1).
  private static func folded(_ name: String, _ text: [UInt8]) -> [UInt8] {
    var bytes = Array(name.utf8)
    var length = bytes.count
    for word in text.split(separator: .space, omittingEmptySubsequences: false) {
      var rest = word[...]
      if length + 1 + rest.count > 78, length > name.utf8.count, !rest.isEmpty {
        bytes += [.carriageReturn, .lineFeed]
        length = 0
      }
      bytes.append(.space)
      length += 1
      // What has no blank is cut: a line that is too long is refused by some.
      while rest.count > 900 {
        bytes += rest.prefix(900) + [.carriageReturn, .lineFeed, .space]
        rest = rest.dropFirst(900)
        length = 1
      }
      bytes += rest
      length += rest.count
    }
    return bytes + [.carriageReturn, .lineFeed]
  }

  /// Writes the fields that are added.
  ///
  /// - Returns: the names, in lower case, of fields that go.
  private static func apply(_ changes: [HeaderChange], to bytes: inout [UInt8]) -> Set<String> {
    var removed: Set<String> = []
    var added: [(name: String, value: [UInt8])] = []
    for change in changes {
      switch change {
      case .add(let name, let value): added.append((name, value))
      case .remove(let name), .replace(let name, _):
        removed.insert(name.lowercasedASCII)
        added.removeAll { $0.name.equalsIgnoringASCIICase(name) }
        if case .replace(_, let value) = change { added.append((name, value)) }
      }
    }
    for (name, value) in added {
      let isPlain = value.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
      // Encoded as RFC 2047 wants it: the message may have come without SMTPUTF8.
      let text = isPlain ? value : SubjectPrefix.encoded(String(decoding: value, as: UTF8.self), like: [])
      bytes.append(contentsOf: Self.folded("\(name):", text))
    }
    return removed
  }

  /// `X-Spam` and everything in `X-Spam-`, which mail clients and filters behind us believe, and that a message was
  /// released from the quarantine.
  private static func isMark(_ field: MessageHeader.Field) -> Bool {
    if field.isNamed(WaitingMark.released) { return true }
    let name = field.name.utf8
    guard name.count >= 6, field.name.prefix(6).equalsIgnoringASCIICase("X-Spam") else { return false }
    return name.count == 6 || name[name.index(name.startIndex, offsetBy: 6)] == UInt8(ascii: "-")
  }

  private static func writeMarks(
    into bytes: inout [UInt8], _ decision: Decision, _ findings: [WeighedFinding], _ thresholds: Thresholds
  ) {
    let score = Score.text(decision.score)
    bytes.append(contentsOf: "X-Spam-Flag: YES\r\nX-Spam-Score: \(score)\r\n".utf8)
    let stars = String(repeating: "*", count: decision.score.isNaN ? 0 : Int(min(max(decision.score, 0), 50)))
    bytes.append(contentsOf: "X-Spam-Level: \(stars)\r\n".utf8)
    let required = thresholds.tag.map(Score.text) ?? "-"
    bytes.append(contentsOf: "X-Spam-Status: Yes, score=\(score) required=\(required)".utf8)
    var separator = "\r\n\ttests="
    for finding in findings.filter({ $0.mode == .enforce }).prefix(50) {
      bytes.append(
        contentsOf: "\(separator)\(finding.finding.code.name)=\(Score.text(finding.weight.score))".utf8)
      separator = ",\r\n\t"
    }
    bytes.append(contentsOf: [.carriageReturn, .lineFeed])
  }

  private static func prefixed(_ message: [UInt8], _ field: MessageHeader.Field, with prefix: String)
    -> [UInt8]
  {
    let isSpace: (UInt8) -> Bool = { $0.isWhiteSpace || $0 == .carriageReturn || $0 == .lineFeed }
    let text = message[field.body].drop(while: isSpace)
    // A message that comes by twice is not marked twice.
    if SubjectPrefix.stands(prefix, inFrontOf: text) { return Array(message[field.range]) }
    var result = Array(message[field.range.lowerBound..<field.body.lowerBound])
    result.append(.space)
    result.append(contentsOf: SubjectPrefix.encoded(prefix, like: text))
    if !text.isEmpty {
      // The line stays within the 998 octets of RFC 5322 §2.1.1 where it was.
      let first = text.prefix { $0 != .carriageReturn }
      if result.count + 1 + first.count > 998 { result.append(contentsOf: [.carriageReturn, .lineFeed]) }
      result.append(.space)
      result.append(contentsOf: text)
    }
    result.append(contentsOf: [.carriageReturn, .lineFeed])
    return result
  }
}
