internal import Bytes
internal import Charsets
internal import Filtering
internal import MailSyntax

/// Fields of a message's header as text, read from what is in memory anyway.
extension MessageFacts {
  /// Bound: octets of a field that are looked at.
  private static let mostText = 4096

  /// The octets of a field's body, at most 4 KiB.
  func octets(of field: MessageHeader.Field) -> ArraySlice<UInt8> {
    message.memory[field.body].prefix(Self.mostText)
  }

  /// The first field of that name, unfolded and trimmed; what is no UTF-8 is U+FFFD. nil where there is none.
  func headerText(_ name: String) -> String? {
    header.first(name).map { headerText(of: $0) }
  }

  func headerText(of field: MessageHeader.Field) -> String {
    let octets = octets(of: field).filter { $0 != .carriageReturn && $0 != .lineFeed }
    return String(decoding: octets, as: UTF8.self).trimmingSpace
  }

  /// The first field of that name as a person reads it, its encoded words decoded.
  func decodedHeaderText(_ name: String) -> String? {
    header.first(name).map { Self.decodedText(octets(of: $0)) }
  }

  static func decodedText(_ octets: ArraySlice<UInt8>) -> String {
    EncodedWords.segments(octets).map { segment in
      switch segment {
      case .raw(let octets): Charset.decode(octets[...], declared: nil, isHeader: true).text
      case .word(let charset, _, let octets):
        Charset.decode(octets[...], declared: charset, isHeader: true).text
      }
    }.joined()
  }
}

extension String {
  /// Without white space of ASCII at its ends.
  var trimmingSpace: String {
    let text = utf8.drop { $0 == 0x20 || $0 == 0x09 }
    var end = text.endIndex
    while end > text.startIndex, text[text.index(before: end)] <= 0x20 { end = text.index(before: end) }
    return String(self[text.startIndex..<end])
  }
}
