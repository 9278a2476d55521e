extension MessageViews {
  /// Letters that a text has at least, for its language to be told.
  private static let fewest = 4
  /// Of the letters, in hundredths: a language with fewer is not told.
  private static let share = 30

  /// The languages of the text, as far as they are cheap to tell, the one with the most letters first; empty where
  /// none is.
  public var languages: [String] {
    let letters = TextLetters(text)
    guard letters.total >= Self.fewest else { return [] }
    var found = letters.counts.filter { 100 * $0.count >= Self.share * letters.total }
    if 100 * letters.latin >= Self.share * letters.total, let language = LatinWords.language(of: text) {
      found.append((language, letters.latin))
    }
    // Those of as many letters stay in the order in which they are listed.
    return found.enumerated().sorted { left, right in
      left.element.count != right.element.count
        ? left.element.count > right.element.count : left.offset < right.offset
    }.map(\.element.language)
  }

  /// What the texts leave out; the links are not looked for.
  public var omittedText: Omissions {
    var omitted = omittedParts
    if readings.contains(where: \.isCut) { omitted.insert(.text) }
    return omitted
  }
}
