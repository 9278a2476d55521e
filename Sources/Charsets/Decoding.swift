extension Charset {
  /// Reads `octets` by this charset and by no other, whatever comes out: malformed sequences become U+FFFD as the WHATWG
  /// standard counts them, a byte order mark is left out, the text is in NFC.
  public func decode(_ octets: ArraySlice<UInt8>) -> DecodedText {
    octets.withUnsafeBufferPointer { Decoding.text($0, self, isGuessed: false, .standard) }
  }

  /// Reads `octets` as a person's mail client would at its best.
  ///
  /// A label is honoured where it fits: `gb2312` is read as GB18030, which it often is, `iso-8859-1` as windows-1252.
  /// Where it does not fit, is none or is missing, the charset is guessed. ASCII, and UTF-8 that is in NFC, are not
  /// converted at all.
  ///
  /// - Parameter declared: the `charset` parameter or the charset of an encoded word, as written.
  /// - Parameter isHeader: whether they are a header's, which has no byte order mark but in encoded words.
  public static func decode(
    _ octets: ArraySlice<UInt8>, declared: String?, isHeader: Bool = false
  ) -> DecodedText {
    octets.withUnsafeBufferPointer { Decoding.lenient($0, declared: declared, isHeader: isHeader) }
  }
}

/// From octets to text, by a charset that is known or one that seems to be meant.
enum Decoding {
  /// What is forgiven.
  enum Manner: Hashable, Sendable {
    /// What the WHATWG standard calls malformed is malformed.
    case standard
    /// Encoded words and lines that were each switched back to ASCII, joined.
    case mail
    /// And `_` for an octet of a character, where the Q encoding has a space (RFC 2047 §4.2).
    case header
  }

  static func lenient(
    _ octets: UnsafeBufferPointer<UInt8>, declared: String?, isHeader: Bool
  ) -> DecodedText {
    let row = declared.flatMap { CharsetRegister.shared.row(label: $0) }
    if UTF8Text.isASCII(octets), let plain = plain(octets, row, isLabelled: declared != nil) { return plain }
    if !isHeader || row != nil, let mark = ByteOrderMark.of(octets), mark.isMeant(octets, row?.scheme) {
      let isGuessed = row.map { $0.scheme != mark.scheme } ?? true
      return text(octets, Charset(known: mark.name), isGuessed: isGuessed, .mail)
    }
    guard let row else { return text(octets, CharsetGuess.of(octets).charset, isGuessed: true, .mail) }
    return DeclaredCharset(row: row, manner: isHeader ? .header : .mail).decode(octets)
  }

  /// Text of ASCII octets; nil where they stand for something else.
  private static func plain(
    _ octets: UnsafeBufferPointer<UInt8>, _ row: CharsetRegister.Row?, isLabelled: Bool
  ) -> DecodedText? {
    switch row?.scheme {
    case .utf7, .hz, .iso2022, .utf16, .utf32: return nil
    case .single(let name) where !SingleByteTable.named(name).holdsASCII: return nil
    case .multi(let charset) where charset == .johab || charset == .shiftjisx0213: return nil
    case nil, .ascii:
      if let guess = CharsetGuess.byEscapes(octets) {
        let read = text(octets, guess.charset, isGuessed: true, .mail)
        if read.malformed == 0 { return read }
      }
    default: break
    }
    return DecodedText(
      text: String(decoding: octets, as: UTF8.self), charset: row.map { Charset(known: $0.name) } ?? .ascii,
      isGuessed: row == nil && isLabelled, malformed: 0)
  }

  static func text(
    _ octets: UnsafeBufferPointer<UInt8>, _ charset: Charset, isGuessed: Bool, _ manner: Manner
  ) -> DecodedText {
    let scheme = CharsetRegister.shared.scheme(of: charset) ?? .ascii
    var body = octets
    if let mark = ByteOrderMark.of(octets), mark.scheme == scheme {
      body = UnsafeBufferPointer(rebasing: octets[mark.length...])
    }
    if scheme == .utf8 { return utf8(body, isGuessed: isGuessed) }
    var sink = TextSink(capacity: body.count + body.count / 2 + 16)
    read(body, scheme, manner, into: &sink)
    return DecodedText(
      text: Normalization.composed(sink.octets), charset: charset, isGuessed: isGuessed,
      malformed: sink.malformed)
  }

  private static func utf8(_ octets: UnsafeBufferPointer<UInt8>, isGuessed: Bool) -> DecodedText {
    if let text = String(validating: octets, as: UTF8.self) {
      return DecodedText(
        text: Normalization.composed(text), charset: .utf8, isGuessed: isGuessed, malformed: 0)
    }
    return DecodedText(
      text: Normalization.composed(String(decoding: octets, as: UTF8.self)), charset: .utf8,
      isGuessed: isGuessed, malformed: UTF8Text.count(octets).malformed)
  }

  private static func read(
    _ octets: UnsafeBufferPointer<UInt8>, _ scheme: CharsetScheme, _ manner: Manner, into sink: inout TextSink
  ) {
    switch scheme {
    case .utf8: break
    case .ascii: for octet in octets { if octet < 0x80 { sink.append(ascii: octet) } else { sink.fail() } }
    case .utf7: UnicodeDecoders.utf7(octets, into: &sink)
    case .utf16(let isBigEndian): UnicodeDecoders.utf16(octets, isBigEndian: isBigEndian, into: &sink)
    case .utf32(let isBigEndian): UnicodeDecoders.utf32(octets, isBigEndian: isBigEndian, into: &sink)
    case .single(let name): SingleByteTable.named(name).decode(octets, into: &sink)
    case .multi(let charset):
      MultiByteDecoder(table: .of(charset), mendsUnderscores: manner == .header).decode(octets, into: &sink)
    case .iso2022(.iso2022jp):
      var decoder = ISO2022JPDecoder(allowsEmptyRuns: manner != .standard)
      decoder.decode(octets, into: &sink)
    case .iso2022(let variant):
      var decoder = ISO2022Decoder(variant)
      decoder.decode(octets, into: &sink)
    case .hz: HZDecoder.decode(octets, into: &sink)
    }
  }
}

/// What the first octets of a text say of the rest.
struct ByteOrderMark {
  let name: String
  let scheme: CharsetScheme
  let length: Int

  static func of(_ octets: UnsafeBufferPointer<UInt8>) -> ByteOrderMark? {
    if octets.starts(with: [0xef, 0xbb, 0xbf]) {
      return ByteOrderMark(name: "UTF-8", scheme: .utf8, length: 3)
    }
    if octets.starts(with: [0xff, 0xfe, 0, 0]) {
      return ByteOrderMark(name: "UTF-32LE", scheme: .utf32(isBigEndian: false), length: 4)
    }
    if octets.starts(with: [0, 0, 0xfe, 0xff]) {
      return ByteOrderMark(name: "UTF-32BE", scheme: .utf32(isBigEndian: true), length: 4)
    }
    if octets.starts(with: [0xff, 0xfe]) {
      return ByteOrderMark(name: "UTF-16LE", scheme: .utf16(isBigEndian: false), length: 2)
    }
    if octets.starts(with: [0xfe, 0xff]) {
      return ByteOrderMark(name: "UTF-16BE", scheme: .utf16(isBigEndian: true), length: 2)
    }
    return nil
  }

  /// Whether it is a mark, in a text of that label, and not two letters of another charset.
  func isMeant(_ octets: UnsafeBufferPointer<UInt8>, _ declared: CharsetScheme?) -> Bool {
    if scheme == .utf8 || scheme == declared { return true }
    switch declared {
    case .utf16?, .utf32?: return true
    default: return octets.count.isMultiple(of: 2) && octets.dropFirst(2).prefix(256).contains(0)
    }
  }
}
