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
      let common = written.marks.count(where: shown.marks.contains)
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
  private(set) var marks: Set<UInt64> = []
  private(set) var letters = 0

  init(_ text: String, most: Int) {
    for word in text.unicodeScalars.split(whereSeparator: { $0.properties.isWhitespace }) where letters < most
    {
      // A plain text spells out the links that HTML hides behind words.
      if word.contains("/") || word.contains("@") || word.count > 60 && word.allSatisfy(\.isASCII) {
        continue
      }
      for scalar in word where scalar.properties.isAlphabetic { add(scalar) }
    }
  }

  private var window: UInt64 = 0

  private mutating func add(_ scalar: Unicode.Scalar) {
    letters += 1
    let small = (0x41...0x5a).contains(scalar.value) ? scalar.value | 0x20 : scalar.value
    window = window << 10 | UInt64((small &* 0x9e37_79b1) >> 22)
    window &= 1 << 60 - 1
    let digest = window &* 0x9e37_79b9_7f4a_7c15
    if letters >= 6, digest >> 61 == 0 { marks.insert(window) }
  }
}
