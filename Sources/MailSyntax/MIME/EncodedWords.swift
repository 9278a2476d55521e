internal import Bytes

/// Unstructured text of a header, split into what stands there and encoded words (RFC 2047).
public enum EncodedWords {
  public enum Segment: Sendable, Hashable {
    /// Text as it stands, unfolded; perhaps with octets above 127.
    case raw([UInt8])
    /// Encoded words of one charset side by side, their octets joined: characters may be split between words.
    case word(charset: String, language: String?, octets: [UInt8])
  }

  /// The segments of a field's value, folded or not, without the white space around it.
  ///
  /// Tolerant as mail clients are: words count inside quotes and comments, without space around them, with spaces in
  /// them, folded in their middle, longer than 75 octets; base64 that was cut between two words is joined. White space
  /// between two words vanishes. What is no word stands as it is.
  public static func segments(_ octets: ArraySlice<UInt8>) -> [Segment] {
    let text = unfolded(octets)
    // Most text has no word in it.
    guard text.contains(UInt8(ascii: "=")) else { return text.isEmpty ? [] : [.raw(text)] }
    var splitter = Splitter(text)
    return splitter.split()
  }

  /// The value without line ends and without the white space around it; a tab that folds is a space (RFC 5322 §2.2.3).
  static func unfolded(_ octets: ArraySlice<UInt8>) -> [UInt8] {
    var slice = octets
    while let first = slice.first, isSpace(first) { slice.removeFirst() }
    while let last = slice.last, isSpace(last) { slice.removeLast() }
    guard slice.contains(where: { $0 == .lineFeed || $0 == .carriageReturn }) else { return Array(slice) }
    var text: [UInt8] = []
    text.reserveCapacity(slice.count)
    var isFolded = false
    for byte in slice {
      if byte == .lineFeed || byte == .carriageReturn {
        isFolded = true
      } else {
        text.append(isFolded && byte == 0x09 ? .space : byte)
        isFolded = false
      }
    }
    return text
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == .space || byte == 0x09 || byte == .carriageReturn || byte == .lineFeed
  }
}

/// Goes through unfolded text once.
private struct Splitter {
  private struct Word {
    var charset: Range<Int>
    var language: Range<Int>?
    var isBase64: Bool
    var text: Range<Int>
    /// Behind the last `?=`.
    var end: Int
  }

  private let text: [UInt8]
  private var segments: [EncodedWords.Segment] = []
  /// Where the raw text began that was not yet given out.
  private var rawStart = 0
  private var pending: (word: Word, octets: [UInt8], base64: [UInt8])?
  /// Every search for `?=` ended here or before: beyond it there is none.
  private var noEndFrom = Int.max

  init(_ text: [UInt8]) { self.text = text }

  mutating func split() -> [EncodedWords.Segment] {
    var index = 0
    while index + 1 < text.count {
      guard text[index] == UInt8(ascii: "="), text[index + 1] == UInt8(ascii: "?"), let word = word(at: index)
      else {
        index += 1
        continue
      }
      take(word, at: index)
      index = word.end
      rawStart = word.end
    }
    flush()
    if rawStart < text.count { appendRaw(text[rawStart...]) }
    return segments
  }

  private mutating func take(_ word: Word, at start: Int) {
    let between = text[rawStart..<start]
    let isSide = pending != nil && between.allSatisfy(EncodedWords.isSpace)
    if !isSide {
      flush()
      if !between.isEmpty { appendRaw(between) }
    }
    if let before = pending, !isSameCharset(before.word, word) { flush() }
    if pending == nil { pending = (word, [], []) }
    if word.isBase64 {
      let digits = text[word.text].filter { !EncodedWords.isSpace($0) }
      pending?.base64 += digits
      // Base64 that ends in the middle of a group goes on in the next word, if that is base64 too.
      if digits.last == UInt8(ascii: "=") || (pending?.base64.count ?? 0) % 4 == 0 { flushBase64() }
    } else {
      flushBase64()
      let octets = quoted(word.text)
      pending?.octets += octets
    }
  }

  private mutating func flushBase64() {
    guard let digits = pending?.base64, !digits.isEmpty else { return }
    pending?.base64 = []
    pending?.octets += TransferDecoding.decode(digits[...], .base64, most: .max).octets
  }

  private mutating func flush() {
    flushBase64()
    guard let (word, octets, _) = pending else { return }
    pending = nil
    let charset = String(decoding: text[word.charset], as: UTF8.self)
    let language = word.language.map { String(decoding: text[$0], as: UTF8.self) }
    segments.append(.word(charset: charset, language: language, octets: octets))
  }

  private mutating func appendRaw(_ octets: ArraySlice<UInt8>) { segments.append(.raw(Array(octets))) }

  private func isSameCharset(_ one: Word, _ other: Word) -> Bool {
    text[one.charset].lazy.map(\.lowercasedASCII).elementsEqual(
      text[other.charset].lazy.map(\.lowercasedASCII))
  }

  /// The word that begins here; nil where what begins here is none.
  private mutating func word(at start: Int) -> Word? {
    // Bound: no charset has a name of more than 75 octets, the bound of a whole word.
    let charsetStart = start + 2
    var index = charsetStart
    var star: Int?
    while index < text.count, text[index] != UInt8(ascii: "?") {
      guard index - charsetStart < 75, text[index] > 0x20, text[index] < 0x7f,
        text[index] != UInt8(ascii: "=")
      else { return nil }
      if text[index] == UInt8(ascii: "*"), star == nil { star = index }
      index += 1
    }
    let charsetEnd = star ?? index
    guard charsetEnd > charsetStart, index + 2 < text.count, text[index + 2] == UInt8(ascii: "?") else {
      return nil
    }
    let encoding = text[index + 1].lowercasedASCII
    guard encoding == UInt8(ascii: "b") || encoding == UInt8(ascii: "q") else { return nil }
    let textStart = index + 3
    let isBase64 = encoding == UInt8(ascii: "b")
    guard let end = wordEnd(from: textStart, isBase64: isBase64) else { return nil }
    return Word(
      charset: charsetStart..<charsetEnd, language: star.map { ($0 + 1)..<index }, isBase64: isBase64,
      text: textStart..<end, end: end + 2)
  }

  /// Where the `?=` of a word stands whose text begins at `start`.
  private mutating func wordEnd(from start: Int, isBase64: Bool) -> Int? {
    guard start < noEndFrom else { return nil }
    var index = start
    while index + 1 < text.count {
      if text[index] == UInt8(ascii: "?"), text[index + 1] == UInt8(ascii: "=") {
        // Deviation: a question mark that somebody left as it is, before an encoded octet: `what?=20now?=`.
        if !isBase64, index + 3 < text.count, text[index + 2].hexValue != nil,
          text[index + 3].hexValue != nil, endsLater(index + 4)
        {
          index += 2
          continue
        }
        return index
      }
      // A word that was never closed ends where the next one begins.
      if text[index] == UInt8(ascii: "="), text[index + 1] == UInt8(ascii: "?"), index > start,
        index + 2 >= text.count || text[index + 2] != UInt8(ascii: "=")
      {
        return nil
      }
      index += 1
    }
    noEndFrom = start
    return nil
  }

  /// Whether a `?=` comes before white space and before another word, not far from here.
  private func endsLater(_ start: Int) -> Bool {
    var index = start
    while index + 1 < text.count, index - start < 75, !EncodedWords.isSpace(text[index]) {
      if text[index] == UInt8(ascii: "?"), text[index + 1] == UInt8(ascii: "=") { return true }
      if text[index] == UInt8(ascii: "="), text[index + 1] == UInt8(ascii: "?") { return false }
      index += 1
    }
    return false
  }

  /// The Q encoding (RFC 2047 §4.2).
  private func quoted(_ range: Range<Int>) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      if byte == UInt8(ascii: "="), index + 2 < range.upperBound, let high = text[index + 1].hexValue,
        let low = text[index + 2].hexValue
      {
        octets.append(high << 4 | low)
        index += 3
        continue
      }
      octets.append(byte == UInt8(ascii: "_") ? .space : byte)
      index += 1
    }
    return octets
  }
}
