/// What a byte is in ASCII, the alphabet of the mail protocols.
extension UInt8 {
  @inlinable public var isASCIIDigit: Bool { self &- 0x30 < 10 }
  @inlinable public var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
  @inlinable public var isASCIILetterOrDigit: Bool { isASCIIDigit || isASCIILetter }
  @inlinable public var isASCIIHexDigit: Bool { isASCIIDigit || (self | 0x20) &- 0x61 < 6 }
  /// What a digit of base 16 stands for, in either case; nil for any other byte.
  @inlinable public var hexValue: UInt8? {
    if isASCIIDigit { return self - 0x30 }
    return isASCIIHexDigit ? (self | 0x20) - 0x57 : nil
  }
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

extension UInt8 {
  /// The capital letter of a small one; every other byte as it is.
  @inlinable public var uppercasedASCII: UInt8 { self &- 0x61 < 26 ? self & 0xdf : self }
}

extension StringProtocol {
  /// The text with A–Z made small and every other character as it is (names of the mail protocols compare so).
  @inlinable
  public var lowercasedASCII: String {
    if utf8.allSatisfy({ $0 &- 0x41 >= 26 }) { return String(self) }
    return ASCIIText.mapped(String(self)) { $0.lowercasedASCII }
  }

  /// The text with a–z made capital and every other character as it is.
  @inlinable
  public var uppercasedASCII: String {
    if utf8.allSatisfy({ $0 &- 0x61 >= 26 }) { return String(self) }
    return ASCIIText.mapped(String(self)) { $0.uppercasedASCII }
  }

  /// Whether both are the same text without regard to the case of A–Z.
  @inlinable
  public func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    let mine = utf8
    let theirs = other.utf8
    guard mine.count == theirs.count else { return false }
    var their = theirs.startIndex
    for byte in mine {
      if byte.lowercasedASCII != theirs[their].lowercasedASCII { return false }
      theirs.formIndex(after: &their)
    }
    return true
  }

  /// The text with every control character written `\xNN`, bounded to `limit` characters: fit for one line
  /// that an operator or a peer reads.
  @inlinable
  public func printable(limit: Int = 200) -> String {
    ASCIIText.printable(String(self), limit: limit)
  }
}

/// The work behind the texts' own methods, compiled once.
public enum ASCIIText {
  /// The text with each byte replaced by another of ASCII, or left.
  public static func mapped(_ text: String, _ map: (UInt8) -> UInt8) -> String {
    var text = text
    return text.withUTF8 { bytes in
      String(unsafeUninitializedCapacity: bytes.count) { buffer in
        for (index, byte) in bytes.enumerated() { buffer[index] = map(byte) }
        return bytes.count
      }
    }
  }

  /// The text without control characters, as `printable(limit:)` of a text says.
  public static func printable(_ text: String, limit: Int) -> String {
    // Nearly every text is plain.
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 &- 0x20 < 0x5f }) { return text }
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count >= limit { return result + "…" }
      if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        || scalar.value >= 0x80 && scalar.properties.isBidiControl || (0x2028...0x2029).contains(scalar.value)
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

extension String {
  /// The text of octets of UTF-8; nil where they are not. ASCII, which nearly all of it is, costs a copy.
  public init?(utf8 bytes: ArraySlice<UInt8>) {
    if bytes.allSatisfy({ $0 < 0x80 }) {
      self.init(decoding: bytes, as: UTF8.self)
    } else {
      self.init(validating: bytes, as: UTF8.self)
    }
  }
}
