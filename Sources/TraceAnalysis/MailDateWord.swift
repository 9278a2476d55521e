internal import Bytes

/// A word of a date, or a comment.
struct MailDateWord {
  let text: Substring
  let end: Int
  let isComment: Bool
  /// Whether a comma ends it.
  var hasComma = false

  /// Words, without the commas that end them, and comments; at most 16.
  static func split(_ octets: ArraySlice<UInt8>) -> [MailDateWord] {
    var words: [MailDateWord] = []
    var index = octets.startIndex
    while index < octets.endIndex, words.count < 16 {
      if octets[index] <= 0x20 || octets[index] == UInt8(ascii: ",") {
        index += 1
        continue
      }
      let start = index
      if octets[index] == UInt8(ascii: "(") {
        var depth = 0
        repeat {
          if octets[index] == UInt8(ascii: "(") { depth += 1 }
          if octets[index] == UInt8(ascii: ")") { depth -= 1 }
          index += 1
        } while index < octets.endIndex && depth > 0
        let inside = octets[(start + 1)..<(depth == 0 ? index - 1 : index)]
        words.append(
          MailDateWord(text: Substring(decoding: inside, as: UTF8.self).trimmed, end: index, isComment: true))
        continue
      }
      while index < octets.endIndex, octets[index] > 0x20, octets[index] != UInt8(ascii: ","),
        octets[index] != UInt8(ascii: "("), octets[index] != UInt8(ascii: ";")
      {
        index += 1
      }
      if index == start { break }
      words.append(
        MailDateWord(
          text: Substring(decoding: octets[start..<index], as: UTF8.self), end: index, isComment: false,
          hasComma: index < octets.endIndex && octets[index] == UInt8(ascii: ",")))
    }
    return words
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return text
  }
}

extension Array {
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
