internal import Bytes

/// The text of a header field as mail clients show it.
enum ShownText {
  /// Unfolded, encoded words (RFC 2047) decoded wherever they stand, wide signs for `@` as that one. Octets of any
  /// charset that holds ASCII stay as they are; of UTF-16 the ASCII is left.
  static func of(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var behindWord: Int?
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      if byte == UInt8(ascii: "="), let (octets, end) = word(text[index...]) {
        // RFC 2047 §6.2: white space between two words is none.
        if let behindWord, result[behindWord...].allSatisfy(\.isWhiteSpace) {
          result.removeSubrange(behindWord...)
        }
        result.append(contentsOf: octets)
        behindWord = result.count
        index = end
        continue
      }
      if byte != .carriageReturn, byte != .lineFeed { result.append(byte) }
      index += 1
    }
    return narrowed(result)
  }

  /// `=?charset?encoding?text?=` at the beginning of a text; what it says, and where it ends.
  private static func word(_ text: ArraySlice<UInt8>) -> (octets: [UInt8], end: Int)? {
    let mark = UInt8(ascii: "?")
    // Bound: it ends at the fourth mark, so that what begins many words and ends none is gone over four times.
    guard text.dropFirst().first == mark else { return nil }
    let fields = text.split(separator: mark, maxSplits: 4, omittingEmptySubsequences: false)
    guard fields.count == 5, fields[0].count == 1, !fields[1].isEmpty, fields[2].count == 1,
      fields[4].first == UInt8(ascii: "="), let encoding = fields[2].first?.lowercasedASCII
    else { return nil }
    let end = fields[4].startIndex + 1
    switch encoding {
    case UInt8(ascii: "q"): return (quotedPrintable(fields[3]), end)
    case UInt8(ascii: "b"): return (base64(fields[3]), end)
    default: return nil
    }
  }

  /// RFC 2047 §4.2; what is no escape stays as it is.
  private static func quotedPrintable(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var octets: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "="), index + 1 < text.endIndex, text[index].isASCIIHexDigit,
        text[index + 1].isASCIIHexDigit
      {
        octets.append(text[index].hexValue << 4 | text[index + 1].hexValue)
        index += 2
      } else {
        octets.append(byte == UInt8(ascii: "_") ? .space : byte)
      }
    }
    return octets.filter { $0 != 0 }
  }

  private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var digits = text.filter { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
    if digits.count % 4 == 1 { digits.removeLast() }
    while digits.count % 4 != 0 { digits.append(UInt8(ascii: "=")) }
    return (Base64.decoded(digits) ?? []).filter { $0 != 0 }
  }

  /// U+FF20 and U+FE6B are signs at, only wider or smaller.
  private static func narrowed(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(0xef) else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      let rest = text[index...]
      if rest.starts(with: [0xef, 0xbc, 0xa0]) || rest.starts(with: [0xef, 0xb9, 0xab]) {
        result.append(UInt8(ascii: "@"))
        index += 3
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}

extension UInt8 {
  /// Of a hexadecimal digit.
  fileprivate var hexValue: UInt8 { isASCIIDigit ? self - 0x30 : lowercasedASCII - 0x61 + 10 }
}
