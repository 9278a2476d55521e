internal import Bytes

/// Tells languages of Latin letters by the small words that stand in nearly every sentence.
public enum LatinWords {
  private static let words: [(language: String, words: String)] = [
    ("en", "the and of to in is that for you it with this are on your we have be not from our"),
    ("de", "der die das und ist nicht zu den mit sie von ein eine für auf wir ihre sich auch wird im"),
    ("fr", "le la les et des est une vous pour que dans nous qui votre sur avec pas du ce au"),
    ("es", "el la los las que y en un una para por con su se es del al más lo como"),
    ("it", "il la che di e un una per è con non sono del della le gli nel alla più si"),
    ("pt", "o a os que e do da em um uma para não com você seu por mais dos das ao"),
    ("nl", "de het een en van is dat niet op te voor met zijn u uw wij aan ook bij naar"),
    ("pl", "i w na z się nie do to że jest dla oraz od jak są przez po lub o za"),
    ("cs", "a je v na se že to pro jsou s z o nebo by jako ale k do které si"),
    ("sv", "och att det är en som för på av med till den har inte vi du kan om ett från"),
    ("da", "og at det er en som for på af med til den har ikke vi du kan om et fra"),
    ("fi", "ja on ei se että tämä olla mutta voit kun niin joka tai myös sinun ovat kanssa ole sen jos"),
    ("hu", "a az és hogy nem is egy ez van meg csak már vagy de ha lehet mint azt volt önnek"),
    ("ro", "și de la în nu este cu pentru care o un din mai sau pe vă sunt să ai prin"),
    ("tr", "ve bir bu için ile de da çok daha olarak en olan gibi ne var size veya ya her kadar"),
    (
      "id",
      "yang dan di untuk dengan ini anda dari pada ke tidak akan dalam kami atau itu adalah juga bisa ada"
    ),
    ("vi", "và của là có không cho các được trong một với người những này để tôi bạn đã khi từ"),
  ]
  /// Those that are told.
  public static let languages = words.map(\.language)

  /// Which languages each word is one of, as places in `words`.
  private static let places: [String: [Int]] = {
    var places: [String: [Int]] = [:]
    for (place, one) in words.enumerated() {
      for word in one.words.split(separator: " ") { places[String(word), default: []].append(place) }
    }
    return places
  }()

  /// Bound: words of a text that are looked at.
  private static let most = 2000
  private static let fewest = 12

  /// The language of most of a text; nil where it is not clear.
  public static func language(of text: String) -> String? {
    var hits = [Int](repeating: 0, count: words.count)
    var total = 0
    var word = String.UnicodeScalarView()
    func end() {
      guard !word.isEmpty else { return }
      total += 1
      if word.count <= 8 { for place in places[String(word)] ?? [] { hits[place] += 1 } }
      word.removeAll(keepingCapacity: true)
    }
    for scalar in text.unicodeScalars where total < most {
      guard scalar.isAlphabetic else {
        end()
        continue
      }
      // What is longer than the longest of them is none of them.
      if word.count <= 8 { word.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars) }
    }
    end()
    guard total >= fewest else { return nil }
    let order = hits.indices.sorted { hits[$0] > hits[$1] || hits[$0] == hits[$1] && $0 < $1 }
    let best = hits[order[0]]
    // One word of eight, and half as many again as of any other.
    guard 8 * best >= total, best >= 4, 2 * best >= 3 * hits[order[1]] else { return nil }
    return words[order[0]].language
  }
}
