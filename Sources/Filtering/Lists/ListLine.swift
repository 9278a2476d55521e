import Bytes

/// Something wrong in one line of a list, at an offset of its bytes.
struct ListLineError: Error, Hashable, Sendable {
  var offset: Int
  var message: String
}

/// A line of a list cut into its parts: `ENTRY [trap] [until=YYYY-MM-DD] [reason words…]`.
///
/// The ranges are offsets in the text that the line was cut from.
struct ListLine: Equatable, Sendable {
  /// Bound: bytes of a line without its end.
  static let limit = 4096
  /// Bound: bytes of a reason; it has to fit into a reply.
  static let reasonLimit = 400

  var entry: Range<Int>
  var isTrap = false
  /// Midnight at the beginning of the last day on which the entry is valid.
  var until: Timestamp?
  var reason: Range<Int>
  /// Where a word `trap` stands that has no meaning in this kind of list.
  var strayTrap: Int?

  /// True once the last valid day is over, in UTC.
  func isExpired(at now: Timestamp) -> Bool {
    guard let until else { return false }
    return now.milliseconds >= until.milliseconds + 86_400_000
  }

  /// Cuts `line` of `text`; nil for an empty line or a comment.
  init?(_ text: Span<UInt8>, _ line: Range<Int>, kind: ListKind) throws(ListLineError) {
    var words = ListWords(text, line)
    guard let entry = words.nextEntry(in: text, kind), text[entry.lowerBound] != UInt8(ascii: "#") else {
      return nil
    }
    try Self.checkCharacters(text, line)
    self.entry = entry
    reason = line.upperBound..<line.upperBound
    while let word = words.next(in: text) {
      if Self.isWord(text, word, "trap"), !isTrap {
        if kind == .recipients {
          isTrap = true
          continue
        }
        strayTrap = word.lowerBound
      }
      if Self.isUntil(text, word) {
        guard until == nil else {
          throw ListLineError(offset: word.lowerBound, message: "until= stands here a second time")
        }
        until = try Self.day(text, word)
        continue
      }
      reason = try Self.reason(text, from: word.lowerBound, to: words.end)
      break
    }
  }

  /// The reason with its `#` or `;` in front dropped: what was written as a comment is a reason as well.
  private static func reason(
    _ text: Span<UInt8>, from start: Int, to end: Int
  ) throws(ListLineError) -> Range<Int> {
    var first = start
    while first < end,
      text[first] == UInt8(ascii: "#") || text[first] == UInt8(ascii: ";") || text[first].isWhiteSpace
    {
      first += 1
    }
    guard end - first <= reasonLimit else {
      throw ListLineError(
        offset: first, message: "the reason is longer than \(reasonLimit) bytes: shorten it")
    }
    var words = ListWords(text, first..<end)
    while let word = words.next(in: text) {
      guard isUntil(text, word) else { continue }
      throw ListLineError(
        offset: word.lowerBound,
        message: "until= stands before the reason: ENTRY until=YYYY-MM-DD reason")
    }
    return first..<end
  }

  private static func isUntil(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
    word.count >= 6 && isWord(text, word.lowerBound..<word.lowerBound + 6, "until=")
  }

  private static func isWord(_ text: Span<UInt8>, _ word: Range<Int>, _ name: String) -> Bool {
    guard word.count == name.utf8.count else { return false }
    for (index, byte) in zip(word, name.utf8) where text[index].lowercasedASCII != byte { return false }
    return true
  }

  private static func day(_ text: Span<UInt8>, _ word: Range<Int>) throws(ListLineError) -> Timestamp {
    let first = word.lowerBound + 6
    if let day = isoDay(text, first..<word.upperBound) { return day }
    throw ListLineError(offset: first, message: "not a day: write until=YYYY-MM-DD")
  }

  /// `YYYY-MM-DD` without building a string, for this is read again at each match.
  private static func isoDay(_ text: Span<UInt8>, _ range: Range<Int>) -> Timestamp? {
    guard range.count == 10 else { return nil }
    var parts = (0, 0, 0)
    for index in 0..<10 {
      let byte = text[range.lowerBound + index]
      if index == 4 || index == 7 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard byte.isASCIIDigit else { return nil }
      let digit = Int(byte - UInt8(ascii: "0"))
      switch index {
      case 0..<4: parts.0 = parts.0 * 10 + digit
      case 5..<7: parts.1 = parts.1 * 10 + digit
      default: parts.2 = parts.2 * 10 + digit
      }
    }
    return Timestamp(year: parts.0, month: parts.1, day: parts.2)
  }
}

extension ListLine {
  /// Control characters have no place in a line whose reason reaches a reply and the log; neither has text
  /// that is not UTF-8.
  static func checkCharacters(_ text: Span<UInt8>, _ line: Range<Int>) throws(ListLineError) {
    var isASCII = true
    for index in line {
      let byte = text[index]
      if byte >= 0x80 {
        isASCII = false
      } else if byte.isASCIIControl, byte != 0x09 {
        throw ListLineError(offset: index, message: "a control character: delete it")
      }
    }
    if isASCII { return }
    var bytes: [UInt8] = []
    for index in line { bytes.append(text[index]) }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw ListLineError(offset: line.lowerBound, message: "not UTF-8: save the file as UTF-8")
    }
    var offset = line.lowerBound
    for scalar in decoded.unicodeScalars {
      if isForging(scalar) {
        throw ListLineError(
          offset: offset, message: "an invisible character U+\(String(scalar.value, radix: 16)): delete it")
      }
      offset += UTF8.width(scalar)
    }
  }

  /// Characters that can make a line look like another one.
  private static func isForging(_ scalar: Unicode.Scalar) -> Bool {
    (0x80...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value)
      || scalar.properties.isBidiControl || scalar.value == 0xFEFF || scalar.value == 0x200B
  }
}

/// The words of a line, between blanks and tabs.
struct ListWords {
  private var position: Int
  /// The end of the last word.
  let end: Int

  init(_ text: Span<UInt8>, _ line: Range<Int>) {
    position = line.lowerBound
    var end = line.upperBound
    while end > line.lowerBound, text[end - 1].isWhiteSpace { end -= 1 }
    self.end = end
  }

  mutating func next(in text: Span<UInt8>) -> Range<Int>? {
    skipWhiteSpace(in: text)
    let start = position
    while position < end, !text[position].isWhiteSpace { position += 1 }
    return start < position ? start..<position : nil
  }

  /// The first word; a quoted local part may hold white space.
  mutating func nextEntry(in text: Span<UInt8>, _ kind: ListKind) -> Range<Int>? {
    skipWhiteSpace(in: text)
    let start = position
    position = Self.entryEnd(text, start..<end, kind)
    return start < position ? start..<position : nil
  }

  /// Where the entry that begins the range ends: at white space or a control character outside quotes.
  static func entryEnd(_ text: Span<UInt8>, _ range: Range<Int>, _ kind: ListKind) -> Int {
    var index = range.lowerBound
    if kind == .senders || kind == .recipients, index < range.upperBound, text[index] == UInt8(ascii: "\"") {
      index += 1
      while index < range.upperBound, text[index] != UInt8(ascii: "\""), text[index] != .lineFeed {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
      }
    }
    while index < range.upperBound, text[index] > .space { index += 1 }
    return min(index, range.upperBound)
  }

  private mutating func skipWhiteSpace(in text: Span<UInt8>) {
    while position < end, text[position].isWhiteSpace { position += 1 }
  }
}
