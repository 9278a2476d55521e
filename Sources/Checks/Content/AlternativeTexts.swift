internal import Bytes
internal import MailSyntax
internal import MessageViews

/// The plain text and the HTML of which a reader sees one (RFC 2046 §5.1.4): whether they say the same.
enum AlternativeTexts {
  /// Letters that a text has at least: a shorter one says that the reader cannot show HTML.
  private static let fewest = 400
  /// Bound: letters of a text that are looked at, and alternatives.
  private static let most = 100_000
  private static let mostAlternatives = 10

  /// How a plain text differs from the HTML beside it, in words; nil where they agree.
  static func difference(_ tree: MIMETree, _ texts: [TextView]) -> String? {
    guard texts.count > 1 else { return nil }
    let alternatives = tree.parts.lazy.filter { $0.type.name == "multipart/alternative" }
    for alternative in alternatives.prefix(mostAlternatives) {
      // An invitation has a calendar beside both.
      let own = texts.filter {
        isWithin($0.part, alternative.index, tree) && ($0.isHTML || isText($0.part, tree))
      }
      guard own.count == 2, let plain = own.first(where: { !$0.isHTML }),
        let html = own.first(where: \.isHTML), html.html?.isCut == false
      else { continue }
      let written = TextSample(plain.visible, most: most)
      let shown = TextSample(html.visible, most: most)
      guard written.letters >= fewest, shown.letters >= fewest, written.marks.count >= 20 else { continue }
      let common = written.common(with: shown)
      if 20 * common < written.marks.count {
        return "\(100 * common / written.marks.count) of 100 in common, of \(written.letters) letters"
      }
    }
    return nil
  }

  private static func isText(_ part: Int, _ tree: MIMETree) -> Bool {
    tree.parts.indices.contains(part) && tree.parts[part].type.name == "text/plain"
  }

  private static func isWithin(_ part: Int, _ ancestor: Int, _ tree: MIMETree) -> Bool {
    var index: Int? = part
    while let place = index, tree.parts.indices.contains(place) {
      if place == ancestor { return true }
      index = tree.parts[place].parent
    }
    return false
  }
}

/// A sample of what stands in a text: of its runs of six letters every eighth, by their digest, so that two texts are
/// sampled alike. White space and punctuation count for nothing; links are left out.
private struct TextSample {
  /// In order, each once.
  private(set) var marks: [UInt64] = []
  private(set) var letters = 0
  private var window: UInt64 = 0

  init(_ text: String, most: Int) {
    var text = text
    text.withUTF8 { octets in
      var place = 0
      while place < octets.count, letters < most {
        let start = place
        var isASCII = true
        var isLink = false
        while place < octets.count, !Self.isBlank(octets[place]) {
          let octet = octets[place]
          isASCII = isASCII && octet < 0x80
          isLink = isLink || octet == UInt8(ascii: "/") || octet == UInt8(ascii: "@")
          place += 1
        }
        let word = UnsafeBufferPointer(rebasing: octets[start..<place])
        place += 1
        if !isASCII {
          addWords(String(decoding: word, as: UTF8.self))
        } else if !isLink, word.count <= Self.longest {
          for octet in word where octet.isASCIILetter { add(UInt32(octet | 0x20)) }
        }
      }
    }
    marks.sort()
    var unique: [UInt64] = []
    for mark in marks where unique.last != mark { unique.append(mark) }
    marks = unique
  }

  /// Longer words of ASCII are no words.
  private static let longest = 60

  private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet &- 0x09 < 5 }

  /// White space past ASCII parts words, too.
  private mutating func addWords(_ text: String) {
    for word in text.unicodeScalars.split(whereSeparator: \.isWhitespace) {
      // A plain text spells out the links that HTML hides behind words.
      if word.contains("/") || word.contains("@") || word.count > Self.longest && word.allSatisfy(\.isASCII) {
        continue
      }
      for scalar in word where scalar.isAlphabetic {
        add((0x41...0x5a).contains(scalar.value) ? scalar.value | 0x20 : scalar.value)
      }
    }
  }

  private mutating func add(_ small: UInt32) {
    letters += 1
    window = window << 10 | UInt64((small &* 0x9e37_79b1) >> 22)
    window &= 1 << 60 - 1
    let digest = window &* 0x9e37_79b9_7f4a_7c15
    if letters >= 6, digest >> 61 == 0 { marks.append(window) }
  }

  /// How many marks both have.
  func common(with other: TextSample) -> Int {
    var count = 0
    var place = 0
    for mark in marks {
      while place < other.marks.count, other.marks[place] < mark { place += 1 }
      if place < other.marks.count, other.marks[place] == mark { count += 1 }
    }
    return count
  }
}
