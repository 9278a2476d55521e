extension String {
  /// Whether it has no other characters than those of ASCII.
  public var isASCII: Bool {
    let octets = utf8.span.bytes
    return octets.isASCII(upTo: octets.byteCount)
  }
}

/// What a character is, by Unicode, without a search in its tables where the answer is near: most mail is ASCII, and the
/// standard library's tables cost tens of nanoseconds a character.
extension Unicode.Scalar {
  /// Alphabetic (UAX #44).
  @inlinable public var isAlphabetic: Bool {
    if value < 0x80 { return (value | 0x20) &- 0x61 < 26 }
    // CJK ideographs.
    if value &- 0x4e00 <= 0x51ff { return true }
    return properties.isAlphabetic
  }

  /// White_Space (UAX #44).
  @inlinable public var isWhitespace: Bool {
    if value < 0x80 { return value == 0x20 || value &- 0x09 < 5 }
    if value &- 0x2000 <= 0xff { return value <= 0x200a || [0x2028, 0x2029, 0x202f, 0x205f].contains(value) }
    return value == 0x85 || value == 0xa0 || value == 0x1680 || value == 0x3000
  }

  /// Alphabetic, or with a value as a number (`Numeric_Type`).
  @inlinable public var isLetterOrNumber: Bool {
    if value < 0x80 { return isAlphabetic || value &- 0x30 < 10 }
    return isAlphabetic || properties.numericType != nil
  }
}
