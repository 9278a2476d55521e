internal import Bytes

/// How the pieces of a log line are appended to its octets, without a String in between.
extension [UInt8] {
  @inline(__always)
  mutating func put(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// The text as it is: for what the gateway itself wrote.
  @inline(__always)
  mutating func put(_ text: String) {
    let done: Void? = text.utf8.withContiguousStorageIfAvailable { append(contentsOf: $0) }
    if done == nil { append(contentsOf: text.utf8) }
  }

  mutating func put(decimal value: some BinaryInteger) {
    if value < 0 { append(UInt8(ascii: "-")) }
    var rest = UInt64(value.magnitude)
    var divisor: UInt64 = 1
    while rest / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(0x30 + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }

  /// The digits of `value` with leading zeros up to `width`.
  @inline(__always)
  mutating func put(_ value: Int, width: Int) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    var rest = value
    while divisor > 0 {
      append(0x30 + UInt8(truncatingIfNeeded: rest / divisor % 10))
      rest %= divisor
      divisor /= 10
    }
  }

  /// `2026-11-20T12:00:01.123Z` (RFC 3339).
  mutating func put(_ time: Timestamp) {
    let civil = time.civil
    put(civil.year, width: 4)
    append(UInt8(ascii: "-"))
    put(civil.month, width: 2)
    append(UInt8(ascii: "-"))
    put(civil.day, width: 2)
    append(UInt8(ascii: "T"))
    put(civil.hour, width: 2)
    append(UInt8(ascii: ":"))
    put(civil.minute, width: 2)
    append(UInt8(ascii: ":"))
    put(civil.second, width: 2)
    append(.dot)
    put(civil.millisecond, width: 3)
    append(UInt8(ascii: "Z"))
  }

  /// One decimal, as `Score.text`.
  mutating func put(score: Double) {
    let tenths = score.isFinite ? Int((Swift.min(Swift.max(score, -1e9), 1e9) * 10).rounded()) : 0
    if tenths < 0 { append(UInt8(ascii: "-")) }
    put(decimal: tenths.magnitude / 10)
    append(.dot)
    append(0x30 + UInt8(tenths.magnitude % 10))
  }
}

/// What a peer may have put into a value, and how it is made harmless.
///
/// Bound: a value is cut at so many octets, and says so with `…`. What would end a line, hide, turn or imitate
/// other text is written as an escape: controls, line separators, bidirectional and other format characters,
/// unassigned ones, and every space but the common one.
enum Escape {
  enum Style {
    /// Between the double quotes of a text line.
    case text
    /// The same, inside the parentheses of a finding: the signs that part its pieces are escaped too.
    case finding
    /// A JSON string (RFC 8259 §7).
    case json
  }

  /// Whether a value stands in a text line as it is: no space, quote, backslash or character that hides.
  static func isBare(
    _ text: String, limit: Int, inFinding: Bool = false, takesSpace: Bool = false
  ) -> Bool {
    let first: UInt8 = takesSpace ? 0x20 : 0x21
    var hasWide = false
    var isPlain = true
    let seen: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
      guard bytes.count <= limit else {
        isPlain = false
        return
      }
      for byte in bytes {
        if byte >= 0x80 {
          hasWide = true
        } else if byte < first || byte == 0x7f || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
          || (inFinding && partsFinding(byte))
        {
          isPlain = false
          return
        }
      }
    }
    if seen == nil { return false }
    return isPlain && (!hasWide || text.unicodeScalars.allSatisfy { $0.isASCII || isVisible($0) })
  }

  /// Appends a value with its escapes, without quotes around it.
  static func put(_ text: String, style: Style, limit: Int, into line: inout [UInt8]) {
    if isBare(text, limit: limit, inFinding: style == .finding, takesSpace: true) {
      line.put(text)
      return
    }
    let end = line.count + limit
    for scalar in text.unicodeScalars {
      guard line.count < end else {
        line.put("…")
        return
      }
      put(scalar, style, &line)
    }
  }

  private static func put(_ scalar: Unicode.Scalar, _ style: Style, _ line: inout [UInt8]) {
    switch scalar {
    case "\"", "\\":
      line.append(UInt8(ascii: "\\"))
      line.append(UInt8(truncatingIfNeeded: scalar.value))
    case " ": line.append(.space)
    case _ where scalar.isASCII && !UInt8(truncatingIfNeeded: scalar.value).isASCIIControl:
      let byte = UInt8(truncatingIfNeeded: scalar.value)
      if style == .finding, partsFinding(byte) {
        put(hex: scalar.value, style, &line)
      } else {
        line.append(byte)
      }
    case _ where !scalar.isASCII && isVisible(scalar): line.append(contentsOf: UTF8.encode(scalar) ?? .init())
    default: put(hex: scalar.value, style, &line)
    }
  }

  /// `\x1b`, `\u{202e}`; in JSON `\u001b`, with surrogates beyond the first plane.
  private static func put(hex value: UInt32, _ style: Style, _ line: inout [UInt8]) {
    if style == .json {
      if value > 0xFFFF {
        put(hex: 0xD800 + (value - 0x1_0000) >> 10, .json, &line)
        put(hex: 0xDC00 + (value - 0x1_0000) & 0x3FF, .json, &line)
      } else {
        line.put("\\u")
        put(digits: value, width: 4, &line)
      }
    } else if value < 0x100 {
      line.put("\\x")
      put(digits: value, width: 2, &line)
    } else {
      line.put("\\u{")
      put(digits: value, width: value < 0x1_0000 ? 4 : 6, &line)
      line.append(UInt8(ascii: "}"))
    }
  }

  private static func put(digits value: UInt32, width: Int, _ line: inout [UInt8]) {
    for place in (0..<width).reversed() {
      let digit = UInt8(value >> UInt32(place * 4) & 15)
      line.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
  }

  private static func partsFinding(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: ";")
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator:
      false
    default: true
    }
  }
}
