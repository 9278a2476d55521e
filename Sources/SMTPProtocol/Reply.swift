internal import Bytes

/// What a server answers (RFC 5321 §4.2): a code, an enhanced code (RFC 3463) and lines of text.
public struct Reply: Hashable, Sendable {
  /// 200–599.
  public var code: Int
  /// Subject and detail of the enhanced code; its class is the first digit of `code`, so the two never
  /// disagree. nil for replies that carry none: the greeting, EHLO's, 354 (RFC 2034 §4).
  public var enhanced: Enhanced?
  /// At least one line, without CR, LF or control characters.
  public var lines: [String]

  public struct Enhanced: Hashable, Sendable {
    public var subject: Int
    public var detail: Int
    public init(_ subject: Int, _ detail: Int) {
      self.subject = subject
      self.detail = detail
    }
  }

  public init(_ code: Int, _ enhanced: Enhanced? = nil, _ lines: [String]) {
    self.code = code
    self.enhanced = enhanced
    self.lines = lines.isEmpty ? [""] : lines
  }

  public init(_ code: Int, _ subject: Int, _ detail: Int, _ text: String) {
    self.init(code, Enhanced(subject, detail), [text])
  }

  public var isPositive: Bool { code < 400 }
  public var isTransient: Bool { (400..<500).contains(code) }
  public var isPermanent: Bool { code >= 500 }

  /// `5.7.1`; nil where the reply carries no enhanced code.
  public var enhancedText: String? {
    enhanced.map { "\(code / 100).\($0.subject).\($0.detail)" }
  }

  /// The same reply with an enhanced code of its class, where it came without one: the gateway says
  /// ENHANCEDSTATUSCODES whatever the backend says.
  public var withEnhancedCode: Reply {
    enhanced == nil ? Reply(code, Enhanced(0, 0), lines) : self
  }

  /// The reply in one line, as the log shows it.
  public var summary: String {
    let text = lines.joined(separator: " / ")
    return enhancedText.map { "\(code) \($0) \(text)" } ?? "\(code) \(text)"
  }

  /// Appends the wire form. Bound: a line is cut at 480 octets, so that code and CRLF stay within 512
  /// (RFC 5321 §4.5.3.1.5); what would break the framing is written as `?`.
  public func write(into bytes: inout [UInt8]) {
    let last = max(0, lines.count - 1)
    for index in 0...last {
      Self.put(code, into: &bytes)
      bytes.append(index == last ? UInt8(ascii: " ") : UInt8(ascii: "-"))
      if let enhanced {
        Self.put(code / 100, into: &bytes)
        bytes.append(.dot)
        Self.put(enhanced.subject, into: &bytes)
        bytes.append(.dot)
        Self.put(enhanced.detail, into: &bytes)
        bytes.append(.space)
      }
      let start = bytes.count
      if index < lines.count {
        let line = lines[index]
        if line.utf8.count > Self.longestLine {
          bytes.append(contentsOf: Self.cut(line, to: Self.longestLine).utf8)
        } else {
          bytes.append(contentsOf: line.utf8)
        }
      }
      for place in start..<bytes.count where bytes[place].isASCIIControl { bytes[place] = UInt8(ascii: "?") }
      bytes.append(.carriageReturn)
      bytes.append(.lineFeed)
    }
  }

  private static func put(_ number: Int, into bytes: inout [UInt8]) {
    guard (0...999).contains(number) else {
      bytes.append(contentsOf: String(number).utf8)
      return
    }
    if number >= 100 { bytes.append(0x30 + UInt8(number / 100)) }
    if number >= 10 { bytes.append(0x30 + UInt8(number / 10 % 10)) }
    bytes.append(0x30 + UInt8(number % 10))
  }

  static let longestLine = 480

  /// The first so many octets of a line, no character torn.
  static func cut(_ line: String, to most: Int) -> Substring {
    guard line.utf8.count > most else { return line[...] }
    var end = line.utf8.index(line.startIndex, offsetBy: most)
    while line.utf8[end] & 0xc0 == 0x80 { end = line.utf8.index(before: end) }
    return line[..<end]
  }

  /// The wire form as a value of its own.
  public var wireForm: [UInt8] {
    var bytes: [UInt8] = []
    write(into: &bytes)
    return bytes
  }
}
