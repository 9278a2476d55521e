/// A label that names a charset, and whether the octets bear it out.
struct DeclaredCharset {
  let row: CharsetRegister.Row
  let manner: Decoding.Manner

  private var charset: Charset { Charset(known: row.name) }

  private func text(
    _ octets: UnsafeBufferPointer<UInt8>, _ charset: Charset, isGuessed: Bool
  ) -> DecodedText {
    Decoding.text(octets, charset, isGuessed: isGuessed, manner)
  }

  func decode(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    switch row.scheme {
    case .utf8: return utf8(octets)
    case .ascii: return self.text(octets, CharsetGuess.of(octets).charset, isGuessed: true)
    case .utf16, .utf32: return wide(octets)
    case .single: return single(octets)
    case .multi: return multi(octets)
    case .utf7, .iso2022, .hz: return stateful(octets)
    }
  }

  /// A few broken characters are broken UTF-8; when most are, it is something else.
  private func utf8(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    let text = self.text(octets, .utf8, isGuessed: false)
    guard text.malformed > 0 else { return text }
    let count = UTF8Text.count(octets)
    guard count.malformed > 1, count.long < 4 * count.malformed else { return text }
    let guess = CharsetGuess.of(octets)
    guard guess.confidence > 0.4 else { return text }
    let other = self.text(octets, guess.charset, isGuessed: true)
    return other.malformed < text.malformed ? other : text
  }

  /// Two or four octets a character, unless it is plain text that somebody labelled so.
  private func wide(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    let sample = octets.prefix(512)
    if !sample.contains(0), octets.count > 2, UTF8Text.count(octets).malformed == 0 {
      // Ideographs have no zero octets either; but they are no UTF-8 beyond ASCII's look-alikes in pairs.
      let text = self.text(octets, charset, isGuessed: false)
      let isPlain = sample.allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
      if isPlain || text.malformed > 0 {
        return self.text(octets, CharsetGuess.of(octets).charset, isGuessed: true)
      }
      return text
    }
    // RFC 2781 would have UTF-16 without a mark big-endian, and the WHATWG standard little-endian: what is sent tells.
    if case .utf16(let isBigEndian) = row.scheme, UTF16Order.isSwapped(sample, isBigEndian: isBigEndian) {
      let other = Charset(known: isBigEndian ? "UTF-16LE" : "UTF-16BE")
      return self.text(octets, other, isGuessed: false)
    }
    return self.text(octets, charset, isGuessed: false)
  }

  /// Each octet is some character, so the label always fits; what makes sense only otherwise was labelled wrongly.
  private func single(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    let text = self.text(octets, charset, isGuessed: false)
    let count = UTF8Text.count(octets)
    if count.malformed == 0, count.long > 1 || count.ideographs > 0 {
      return self.text(octets, .utf8, isGuessed: true)
    }
    // Those that stand in settings nobody made, and those of which several are in use for one language.
    let isDefault = charset == .windows1252
    let isCyrillic = CyrillicMark.names.contains { $0.0 == charset.name }
    guard isDefault || isCyrillic else { return text }
    let guess = CharsetGuess.of(octets)
    guard guess.charset != charset, guess.confidence > 0.6 else { return text }
    let other = self.text(octets, guess.charset, isGuessed: true)
    return other.malformed == 0 ? other : text
  }

  private func multi(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    let text = self.text(octets, charset, isGuessed: false)
    let count = UTF8Text.count(octets)
    if count.malformed == 0, count.ideographs > 1 || text.malformed > 0 {
      return self.text(octets, .utf8, isGuessed: true)
    }
    let high = octets.count { $0 >= 0x80 }
    guard text.malformed > max(1, high / 50) || !isPlausible(octets) else { return text }
    let guess = CharsetGuess.of(octets)
    guard guess.charset != charset, guess.confidence > 0.5 else { return text }
    let other = self.text(octets, guess.charset, isGuessed: true)
    return other.malformed <= text.malformed ? other : text
  }

  /// Whether the characters that come out are such as people write; true where nobody can tell.
  private func isPlausible(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
    let sample = UnsafeBufferPointer(rebasing: octets.prefix(512))
    guard let language = MultiByteMark.Language.of(charset) else { return true }
    let mark = MultiByteMark.of(sample, language, isCut: octets.count > 512)
    return mark.characters < 4 || mark.mean > 0.25
  }

  /// Seven bits: where there are more, and they are nothing, the label was that of another text.
  private func stateful(_ octets: UnsafeBufferPointer<UInt8>) -> DecodedText {
    let text = self.text(octets, charset, isGuessed: false)
    // HZ lets pairs of eight bits pass, and they are not its own.
    guard text.malformed > 0 || row.scheme == .hz, octets.contains(where: { $0 >= 0x80 }) else { return text }
    let guess = CharsetGuess.of(octets)
    guard guess.confidence > 0.4 else { return text }
    let other = self.text(octets, guess.charset, isGuessed: true)
    return other.malformed < text.malformed || text.malformed == 0 && other.malformed == 0 ? other : text
  }
}

/// Which octet of a UTF-16 unit comes first, to go by the text.
enum UTF16Order {
  /// Whether the units are characters that people write only if they are read the other way round.
  static func isSwapped(_ sample: Slice<UnsafeBufferPointer<UInt8>>, isBigEndian: Bool) -> Bool {
    let octets = UnsafeBufferPointer(rebasing: sample)
    guard octets.count > 3 else { return false }
    var asDeclared = 0
    var swapped = 0
    for at in stride(from: 0, to: octets.count - 1, by: 2) {
      let (high, low) = isBigEndian ? (octets[at], octets[at + 1]) : (octets[at + 1], octets[at])
      if isUsual(high, low) { asDeclared += 1 }
      if isUsual(low, high) { swapped += 1 }
    }
    let units = octets.count / 2
    return swapped * 10 >= units * 9 && asDeclared * 10 < units * 7
  }

  /// ASCII, the alphabets of Europe and the Near East, kana, ideographs, Hangul, wide forms.
  private static func isUsual(_ high: UInt8, _ low: UInt8) -> Bool {
    switch high {
    case 0x00: low >= 0x20 && low != 0x7f || low >= 0x09 && low <= 0x0d
    case 0x01...0x06, 0x0e, 0x20, 0x30, 0x4e...0x9f, 0xac...0xd7, 0xff: true
    default: false
    }
  }
}

extension MultiByteMark.Language {
  static func of(_ charset: Charset) -> MultiByteMark.Language? {
    switch charset.name {
    case "GB18030": .gb18030
    case "Big5": .big5
    case "Shift_JIS": .shiftJIS
    case "EUC-JP": .eucJP
    case "EUC-KR": .eucKR
    default: nil
    }
  }
}
