/// The strings of TOML (toml.io v1.0.0, String) and their escape sequences.
extension KeyScanner {
  func isTriple(_ quote: UInt8) -> Bool {
    bytes[offset...].prefix(3).elementsEqual([quote, quote, quote])
  }

  /// A one-line string; its text, escapes undone as far as keys need them.
  mutating func shortString() throws(Stop) -> String {
    guard let quote = peek() else { throw expected("a text") }
    advance()
    var text: [UInt8] = []
    while let byte = peek(), !isNewline(byte) {
      if byte == quote {
        advance()
        return String(decoding: text, as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        text += try escape()
      } else {
        text.append(byte)
        try advanceInText()
      }
    }
    throw expected("a closing \(quote == UInt8(ascii: "'") ? "'" : "\"")")
  }

  mutating func longString(_ quote: UInt8) throws(Stop) {
    for _ in 0..<3 { advance() }
    while let byte = peek() {
      if byte == quote, isTriple(quote) {
        // Up to two more quotes belong to the text.
        while peek() == quote { advance() }
        return
      }
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        if !skipLineEnd() { _ = try escape() }
      } else {
        try advanceInText()
      }
    }
    throw expected("three closing quotes")
  }

  /// Steps over a backslash at the end of a line and the white space behind it.
  private mutating func skipLineEnd() -> Bool {
    var next = offset + 1
    while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
    guard next < bytes.count, isNewline(bytes[next]) else { return false }
    advance()
    while let byte = peek(), byte == 0x20 || byte == 0x09 || isNewline(byte) { advance() }
    return true
  }

  /// Steps over one byte of a text, which may be anything but a control character.
  private mutating func advanceInText() throws(Stop) {
    if let byte = peek(), byte < 0x20 || byte == 0x7F, byte != 0x09, !isNewline(byte) {
      throw expected("no control character in a text")
    }
    advance()
  }

  /// One escape sequence as UTF-8. A written NUL is refused: TOMLKit hands strings on as C strings, and the
  /// rest of the value would be lost without a word.
  private mutating func escape() throws(Stop) -> [UInt8] {
    let start = self
    advance()
    guard let byte = peek() else { throw expected("an escape sequence") }
    advance()
    let digits: Int
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
    case UInt8(ascii: "u"): digits = 4
    case UInt8(ascii: "U"): digits = 8
    default:
      throw start.stop("unknown escape: there are \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX and \\UXXXXXXXX")
    }
    let text = bytes[offset...].prefix(digits)
    guard text.count == digits, text.allSatisfy({ isHexDigit($0) }),
      let code = UInt32(String(decoding: text, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(code)
    else { throw start.stop("expected \(digits) hexadecimal digits of a character") }
    if code == 0 { throw start.stop("a NUL has no place in a setting") }
    for _ in 0..<digits { advance() }
    return Array(String(Character(scalar)).utf8)
  }

  private func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
