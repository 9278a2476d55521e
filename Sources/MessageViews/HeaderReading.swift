internal import Bytes
internal import Charsets
internal import MailSyntax

/// Makes fields of a header into what a person reads.
enum HeaderReading {
  /// The fields of the message's own header, as many as `most` octets hold.
  static func fields(_ tree: MIMETree, most: Int) -> [HeaderView] {
    guard let message = tree.parts.first else { return [] }
    var room = most
    var views: [HeaderView] = []
    views.reserveCapacity(message.fields.count)
    for field in message.fields {
      let value = tree.value(of: field, in: message).prefix(room)
      room -= value.count
      let decoded = text(value)
      views.append(
        HeaderView(
          name: field.name, text: decoded.text, charsets: decoded.charsets, isGuessed: decoded.isGuessed,
          malformed: decoded.malformed))
    }
    return views
  }

  struct Text {
    var text = ""
    var charsets: [Charset] = []
    var isGuessed = false
    var malformed = 0
  }

  /// Unfolds a value, decodes its words, and guesses the charset of what is beyond ASCII and has no label.
  static func text(_ value: ArraySlice<UInt8>) -> Text {
    var result = Text()
    let segments = EncodedWords.segments(value)
    for segment in segments {
      switch segment {
      case .raw(let octets):
        if octets.allSatisfy({ $0 < 0x80 && $0 != 0x1b && $0 != 0x7e }) {
          result.text += String(decoding: octets, as: UTF8.self)
        } else {
          result.add(Charset.decode(octets[...], declared: nil, isHeader: true))
        }
      case .word(let charset, _, let octets):
        result.add(Charset.decode(octets[...], declared: charset, isHeader: true))
      }
    }
    // What is composed in itself need not be where two pieces meet.
    if segments.count > 1 { result.text = NormalText.of(Array(result.text.utf8)) }
    return result
  }
}

extension HeaderReading.Text {
  fileprivate mutating func add(_ decoded: DecodedText) {
    text += decoded.text
    if decoded.charset != .ascii, !charsets.contains(decoded.charset) { charsets.append(decoded.charset) }
    if decoded.isGuessed { isGuessed = true }
    malformed += decoded.malformed
  }
}

/// Text in NFC.
enum NormalText {
  /// Of octets in UTF-8.
  static func of(_ octets: [UInt8]) -> String {
    if octets.allSatisfy({ $0 < 0x80 }) { return String(decoding: octets, as: UTF8.self) }
    // A byte order mark in front is what it shows: nothing.
    return Charset.utf8.decode(octets[...]).text
  }
}
