internal import Bytes

/// Reads the replies of a backend, line by line, however they are cut (RFC 5321 §4.2.1).
///
/// Bounds: a line of 2,048 octets, 100 lines a reply; past them the peer is no SMTP server.
public struct ReplyParser: Sendable {
  public enum Fault: Error, Hashable, Sendable {
    case lineTooLong
    case tooManyLines
    case notAReply
    case codesDiffer
  }

  public static let longestLine = 2048
  public static let mostLines = 100

  private var code: Int?
  private var enhanced: Reply.Enhanced?
  private var lines: [String] = []

  public init() {}

  /// Whether the next line begins a reply.
  var isBetweenReplies: Bool { code == nil }

  /// Takes one line without its line end (a CR before the LF is dropped); answers the reply it completes.
  public mutating func received(line: [UInt8]) throws(Fault) -> Reply? {
    guard line.count <= Self.longestLine else { throw .lineTooLong }
    let end = line.last == .carriageReturn ? line.count - 1 : line.count
    guard end >= 3, let number = Self.number(line[..<3]), (200..<600).contains(number) else {
      throw .notAReply
    }
    if let code, code != number { throw .codesDiffer }
    var isLast = true
    if end > 3 {
      guard line[3] == .space || line[3] == UInt8(ascii: "-") else { throw .notAReply }
      isLast = line[3] == .space
    }
    code = number
    var rest = line[min(4, end)..<end]
    if let (found, length) = Self.enhancedCode(rest, of: number) {
      if enhanced == nil { enhanced = found }
      rest = rest.dropFirst(length)
    }
    lines.append(String(decoding: rest, as: UTF8.self).printable(limit: 480))
    guard lines.count <= Self.mostLines else { throw .tooManyLines }
    guard isLast else { return nil }
    defer { self = ReplyParser() }
    return Reply(number, enhanced, lines)
  }

  /// `5.1.1 ` at the beginning of a line, if its class fits the code; with its length.
  private static func enhancedCode(_ line: ArraySlice<UInt8>, of code: Int) -> (Reply.Enhanced, Int)? {
    let start = line.startIndex
    guard line.count >= 5, line[start + 1] == .dot, Int(line[start]) - 0x30 == code / 100 else { return nil }
    let rest = line[(start + 2)...]
    guard let dot = rest.prefix(4).firstIndex(of: .dot), let subject = number(rest[..<dot]) else {
      return nil
    }
    let last = rest[(dot + 1)...]
    let end = last.prefix(4).firstIndex(of: .space) ?? (last.count <= 3 ? last.endIndex : dot)
    guard end > dot, let detail = number(last[..<end]) else { return nil }
    return (Reply.Enhanced(subject, detail), min(end + 1, line.endIndex) - start)
  }

  /// One to three digits.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...3).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard digit.isASCIIDigit else { return nil }
      value = value * 10 + Int(digit & 0x0f)
    }
    return value
  }
}
