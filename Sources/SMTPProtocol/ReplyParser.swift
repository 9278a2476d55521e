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
    var line = line[...]
    if line.last == .carriageReturn { line = line.dropLast() }
    guard line.count >= 3, line.prefix(3).allSatisfy(\.isASCIIDigit) else { throw .notAReply }
    let number = line.prefix(3).reduce(0) { $0 * 10 + Int($1 & 0x0f) }
    guard (200..<600).contains(number) else { throw .notAReply }
    if let code, code != number { throw .codesDiffer }
    var rest = line.dropFirst(3)
    var isLast = true
    if let separator = rest.first {
      guard separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-") else { throw .notAReply }
      isLast = separator != UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    code = number
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

  /// `5.1.1 ` at the beginning of a line, if its class fits the code.
  private static func enhancedCode(_ line: ArraySlice<UInt8>, of code: Int) -> (Reply.Enhanced, Int)? {
    let word = line.prefix(12).prefix { $0 != .space }
    let parts = word.split(separator: .dot, omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) })
    else {
      return nil
    }
    let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1 & 0x0f) } }
    guard numbers[0] == code / 100 else { return nil }
    let length = word.count + (line.dropFirst(word.count).first == .space ? 1 : 0)
    return (Reply.Enhanced(numbers[1], numbers[2]), length)
  }
}
