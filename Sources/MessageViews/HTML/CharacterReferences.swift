internal import Bytes

/// Character references of HTML (§13.2.5.72 to 13.2.5.80): `&amp;`, `&nbsp`, `&#8203;`, `&#x200B;`.
enum CharacterReferences {
  /// What a reference stands for: one scalar, or two.
  struct Reading {
    let first: Unicode.Scalar
    let second: Unicode.Scalar?
    /// Behind it.
    let end: Int
  }

  private static let longest = 32
  /// Of names that may stand without a semicolon.
  private static let longestBare = 6

  /// The reference at an ampersand; nil where there is none.
  ///
  /// - Parameter isInAttribute: there a name without semicolon counts only where no letter, digit or `=` follows.
  static func read(_ source: [UInt8], at ampersand: Int, to end: Int, isInAttribute: Bool) -> Reading? {
    let start = ampersand + 1
    guard start < end else { return nil }
    if source[start] == UInt8(ascii: "#") { return number(source, start + 1, end) }
    guard source[start].isASCIILetter else { return nil }
    var name = PackedName()
    var bare: (value: UInt64, end: Int)?
    var index = start
    while index < end, index - start < longest, source[index].isASCIILetterOrDigit {
      name.append(source[index])
      index += 1
      if name.count >= 2, name.count <= longestBare, let value = table[name], value & isBareMark != 0 {
        bare = (value, index)
      }
    }
    if index < end, source[index] == UInt8(ascii: ";"), let value = table[name] {
      return reading(value, index + 1)
    }
    guard let bare else { return nil }
    if isInAttribute, bare.end < end {
      let next = source[bare.end]
      if next == UInt8(ascii: "=") || next.isASCIILetterOrDigit { return nil }
    }
    return reading(bare.value, bare.end)
  }

  /// The octets with their references resolved, of no more than `most` octets.
  static func resolved(_ source: [UInt8], _ range: Range<Int>, most: Int) -> [UInt8] {
    let range = range.prefix(most)
    guard source[range].contains(UInt8(ascii: "&")) else { return Array(source[range]) }
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      if source[index] == UInt8(ascii: "&"),
        let reading = read(source, at: index, to: range.upperBound, isInAttribute: true)
      {
        result.append(scalar: reading.first)
        if let second = reading.second { result.append(scalar: second) }
        index = reading.end
      } else {
        result.append(source[index])
        index += 1
      }
    }
    return result
  }

  private static func number(_ source: [UInt8], _ start: Int, _ end: Int) -> Reading? {
    var index = start
    let isHex = index < end && source[index] | 0x20 == UInt8(ascii: "x")
    if isHex { index += 1 }
    let digits = index
    var value: UInt32 = 0
    while index < end {
      let byte = source[index]
      let digit: UInt8
      if byte.isASCIIDigit {
        digit = byte - 0x30
      } else if isHex, byte.isASCIIHexDigit {
        digit = (byte | 0x20) - 0x57
      } else {
        break
      }
      value = min(value * (isHex ? 16 : 10) + UInt32(digit), 0x11_0000)
      index += 1
    }
    guard index > digits else { return nil }
    if index < end, source[index] == UInt8(ascii: ";") { index += 1 }
    return Reading(first: scalar(value), second: nil, end: index)
  }

  /// As browsers take numbers: windows-1252 where the C1 controls would be.
  private static func scalar(_ value: UInt32) -> Unicode.Scalar {
    if (0x80...0x9f).contains(value) { return Unicode.Scalar(windows1252[Int(value) - 0x80]) ?? "\u{fffd}" }
    return value == 0 ? "\u{fffd}" : Unicode.Scalar(value) ?? "\u{fffd}"
  }

  private static let windows1252: [UInt16] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
    0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
  ]

  // MARK: Names

  private static let isBareMark: UInt64 = 1 << 63

  private static func reading(_ value: UInt64, _ end: Int) -> Reading {
    let second = UInt32(truncatingIfNeeded: (value & ~isBareMark) >> 32)
    return Reading(
      first: Unicode.Scalar(UInt32(truncatingIfNeeded: value)) ?? "\u{fffd}",
      second: second == 0 ? nil : Unicode.Scalar(second), end: end)
  }

  /// The scalars of a name, the second in the upper half, with `isBareMark` where it may lack its semicolon.
  private static let table: NameTable = names.withUTF8Buffer { text in
    var entries: [(PackedName, UInt64)] = []
    entries.reserveCapacity(2200)
    for entry in text.split(separator: .space) {
      guard let mark = entry.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "!") }) else {
        continue
      }
      let values = entry[(mark + 1)...].split(separator: UInt8(ascii: "+")).map { digits in
        digits.reduce(UInt64(0)) { $0 << 4 | UInt64($1.isASCIIDigit ? $1 - 0x30 : ($1 | 0x20) - 0x57) }
      }
      var value = values[0]
      if values.count > 1 { value |= values[1] << 32 }
      if entry[mark] == UInt8(ascii: "!") { value |= isBareMark }
      entries.append((PackedName(entry[..<mark]), value))
    }
    return NameTable(entries)
  }
}

extension [UInt8] {
  /// Adds a scalar in UTF-8.
  mutating func append(scalar: Unicode.Scalar) {
    if scalar.isASCII {
      append(UInt8(truncatingIfNeeded: scalar.value))
    } else {
      append(contentsOf: UTF8.encode(scalar) ?? .replacement)
    }
  }
}

extension UTF8.EncodedScalar {
  fileprivate static var replacement: UTF8.EncodedScalar { UTF8.encodedReplacementCharacter }
}
