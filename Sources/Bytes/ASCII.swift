/// What a byte is in ASCII, the alphabet of the mail protocols.
extension UInt8 {
  @inlinable public var isASCIIDigit: Bool { self &- 0x30 < 10 }
  @inlinable public var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
  @inlinable public var isASCIILetterOrDigit: Bool { isASCIIDigit || isASCIILetter }
  @inlinable public var isASCIIHexDigit: Bool { isASCIIDigit || (self | 0x20) &- 0x61 < 6 }
  /// C0 controls and DEL.
  @inlinable public var isASCIIControl: Bool { self < 0x20 || self == 0x7f }
  @inlinable public var isWhiteSpace: Bool { self == 0x20 || self == 0x09 }
  /// The small letter of a capital one; every other byte as it is.
  @inlinable public var lowercasedASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

  @inlinable public static var lineFeed: UInt8 { 0x0a }
  @inlinable public static var carriageReturn: UInt8 { 0x0d }
  @inlinable public static var space: UInt8 { 0x20 }
  @inlinable public static var dot: UInt8 { 0x2e }
}

extension StringProtocol {
  /// The text with A–Z made small and every other character as it is (names of the mail protocols compare so).
  public var lowercasedASCII: String {
    if utf8.allSatisfy({ $0 &- 0x41 >= 26 }) { return String(self) }
    return String(decoding: utf8.map(\.lowercasedASCII), as: UTF8.self)
  }

  /// Whether both are the same text without regard to the case of A–Z.
  public func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    let mine = utf8
    let theirs = other.utf8
    return mine.count == theirs.count
      && zip(mine, theirs).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
  }

  /// The text with every control character written `\xNN`, bounded to `limit` characters: fit for one line
  /// that an operator or a peer reads.
  public func printable(limit: Int = 200) -> String {
    // Nearly every text is plain already.
    if utf8.count <= limit, utf8.allSatisfy({ $0 &- 0x20 < 0x5f }) { return String(self) }
    // Nearly every text is plain.
    if utf8.count <= limit, utf8.allSatisfy({ $0 &- 0x20 < 0x5f }) { return String(self) }
    var result = ""
    var count = 0
    for scalar in unicodeScalars {
      if count >= limit { return result + "…" }
      if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        || scalar.properties.isBidiControl || (0x2028...0x2029).contains(scalar.value)
      {
        let hex = String(scalar.value, radix: 16)
        result += scalar.value < 0x100 ? "\\x" + (hex.utf8.count < 2 ? "0" + hex : hex) : "\\u{\(hex)}"
      } else {
        result.unicodeScalars.append(scalar)
      }
      count += 1
    }
    return result
  }
}
