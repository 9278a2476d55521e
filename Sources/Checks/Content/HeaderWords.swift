internal import Bytes
internal import Charsets
internal import MailSyntax

/// The encoded words of one header field (RFC 2047), and what is odd about them.
struct HeaderWords {
  private let segments: [EncodedWords.Segment]
  private let octets: ArraySlice<UInt8>
  /// The names of the charsets that are known, each once.
  private(set) var charsets: [String] = []
  /// Labels that are none.
  private(set) var unknownCharsets: [String] = []

  init(_ octets: ArraySlice<UInt8>) {
    self.octets = octets
    segments = EncodedWords.segments(octets)
    for case .word(let label, _, _) in segments {
      if let charset = Charset.named(label) {
        if !charsets.contains(charset.name) { charsets.append(charset.name) }
      } else if !unknownCharsets.contains(label) {
        unknownCharsets.append(label)
      }
    }
  }

  /// What hides something from a reader of the octets, in words.
  var trick: String? {
    // Lists put their name in front, answers an Re:, each in a charset of its own: two are no trick.
    let families = Set(charsets).subtracting(["US-ASCII"])
    if families.count > 2 { return "charsets \(families.sorted().joined(separator: ", "))" }
    for (index, segment) in segments.enumerated() {
      guard case .word(_, _, let word) = segment else { continue }
      if word.contains(0) { return "NUL" }
      if let end = word.firstIndex(where: { $0 == .lineFeed || $0 == .carriageReturn }),
        word[end...].contains(where: { $0 > 0x20 })
      {
        return "a line end"
      }
      if index > 0, case .raw(let before) = segments[index - 1], Self.cutsWord(before.last, word.first) {
        return "within a word"
      }
      if index + 1 < segments.count, case .raw(let after) = segments[index + 1],
        Self.cutsWord(word.last, after.first)
      {
        return "within a word"
      }
    }
    return nil
  }

  private static func cutsWord(_ left: UInt8?, _ right: UInt8?) -> Bool {
    guard let left, let right else { return false }
    return left.isASCIILetter && right.isASCIILetter
  }

  /// Whether all of it is plain ASCII that stands in base64 nevertheless.
  var isNeedless: Bool {
    var hasWord = false
    for segment in segments {
      guard case .word(let label, _, let word) = segment else { continue }
      guard let name = Charset.named(label)?.name, Self.isByOctets(name),
        word.allSatisfy({ $0 >= 0x20 && $0 < 0x7f })
      else { return false }
      // What would be read as an encoded word has to be encoded.
      if zip(word, word.dropFirst()).contains(where: { $0 == UInt8(ascii: "=") && $1 == UInt8(ascii: "?") }) {
        return false
      }
      hasWord = hasWord || !word.isEmpty
    }
    return hasWord && usesBase64
  }

  /// Whether octets of ASCII are ASCII in it.
  private static func isByOctets(_ charset: String) -> Bool {
    !charset.hasPrefix("ISO-2022") && !charset.hasPrefix("HZ") && !charset.hasPrefix("UTF-7")
      && !charset.hasPrefix("UTF-16") && !charset.hasPrefix("UTF-32")
  }

  private var usesBase64: Bool {
    let text = Array(octets)
    return text.indices.contains {
      $0 + 2 < text.count && text[$0] == UInt8(ascii: "?") && text[$0 + 1] | 0x20 == UInt8(ascii: "b")
        && text[$0 + 2] == UInt8(ascii: "?")
    }
  }
}
