internal import Bytes
public import MailSyntax

/// What is changed in a message's own header on the way out: forged marks go, and a tagged message is marked.
public struct HeaderEdit: Sendable {
  /// What to send in place of the first `bodyStart` octets, after the trace header.
  public private(set) var bytes: [UInt8] = []
  /// Offset from which the message follows untouched; 0 where nothing of it had to be changed.
  public private(set) var bodyStart = 0

  /// - Parameters:
  ///   - isFromOutside: marks that a stranger brought are forged, and are removed.
  ///   - tag: the decision, where the message is to be marked as spam.
  public init(
    message: [UInt8], header: MessageHeader, isFromOutside: Bool, tag: Decision?, findings: [WeighedFinding],
    tagging: Tagging, thresholds: Thresholds
  ) {
    if let tag, tagging.addsHeaders {
      Self.writeMarks(into: &bytes, tag, findings, thresholds)
    }
    let isMarked: (MessageHeader.Field) -> Bool = { isFromOutside && Self.isMark($0) }
    let prefix = tag == nil ? "" : tagging.subjectPrefix
    guard !prefix.isEmpty || header.fields.contains(where: isMarked) else { return }
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
      if !isPrefixed, field.isNamed("Subject") {
        isPrefixed = true
        bytes.append(contentsOf: Self.prefixed(message, field, with: prefix))
      } else {
        bytes.append(contentsOf: message[field.range])
      }
    }
    if header.end > position { bytes.append(contentsOf: message[position..<header.end]) }
    if !isPrefixed {
      bytes.append(contentsOf: "Subject: ".utf8)
      bytes.append(contentsOf: SubjectPrefix.encoded(prefix, like: []))
      bytes.append(contentsOf: [.carriageReturn, .lineFeed])
    }
  }

  private static let marks = [
    "X-Spam-Flag", "X-Spam-Score", "X-Spam-Status", "X-Spam-Level", "X-Spam-Report",
  ]

  private static func isMark(_ field: MessageHeader.Field) -> Bool {
    field.name.utf8.count >= 11 && marks.contains { field.isNamed($0) }
  }

  private static func writeMarks(
    into bytes: inout [UInt8], _ decision: Decision, _ findings: [WeighedFinding], _ thresholds: Thresholds
  ) {
    let score = Score.text(decision.score)
    bytes.append(contentsOf: "X-Spam-Flag: YES\r\nX-Spam-Score: \(score)\r\n".utf8)
    let stars = String(repeating: "*", count: min(max(Int(decision.score), 0), 50))
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
    let body = message[field.body]
    let text = body.drop(while: \.isWhiteSpace)
    let encoded = SubjectPrefix.encoded(prefix, like: text)
    // A message that comes by twice is not marked twice.
    if text.starts(with: encoded) { return Array(message[field.range]) }
    var result = Array(message[field.range.lowerBound..<field.body.lowerBound])
    result.append(.space)
    result.append(contentsOf: encoded)
    result.append(.space)
    result.append(contentsOf: text)
    result.append(contentsOf: [.carriageReturn, .lineFeed])
    return result
  }
}
