internal import Bytes
internal import MailSyntax

/// The text of a header field as mail clients show it.
enum ShownText {
  /// Unfolded, encoded words (RFC 2047) decoded wherever they stand, wide signs for `@` as that one. Octets of any
  /// charset that holds ASCII stay as they are; of UTF-16 the ASCII is left.
  static func of(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for segment in EncodedWords.segments(text) {
      switch segment {
      case .raw(let octets): result.append(contentsOf: octets)
      case .word(_, _, let octets): result.append(contentsOf: octets.lazy.filter { $0 != 0 })
      }
    }
    return narrowed(result)
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
