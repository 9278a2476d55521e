import Bytes
import Settings

/// Comments, and those of them that speak to Weir.
extension RuleParser {
  /// `# weir: name NAME, mode shadow, on message, optional`
  struct Directive {
    var range: Range<Int>
    var name: String?
    var mode: RuleMode?
    var stage: RuleStage?
    var isOptional = false
  }

  private static let words = ["name", "mode", "on", "optional", "decoded"]

  /// Reads a comment's line; the cursor stands at `#`.
  mutating func comment(inRecipe: Bool = false) {
    let start = text.index
    let end = skipLine()
    let line = source.octets[start..<end].drop { $0 == UInt8(ascii: "#") || $0.isWhiteSpace }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let word = line[..<colon].shown.lowercasedASCII
    guard word == "weir" else {
      if word.utf8.count == 4, Suggestion.distance(Array(word.utf8), Array("weir".utf8)) == 1 {
        warn(
          "this is a plain comment", cure: "write # weir: if it is to speak to Weir", at: start..<end)
      }
      return
    }
    if inRecipe {
      error(
        "this stands between a recipe's head and its action", cure: "put it before the recipe's :0",
        at: start..<end)
      return
    }
    if directive == nil { directive = Directive(range: start..<end) }
    for item in line[(colon + 1)...].split(separator: UInt8(ascii: ",")) { read(item, start) }
    if let read = directive, read.name == nil, read.mode == nil, read.stage == nil, !read.isOptional {
      directive = nil
    }
  }

  private mutating func read(_ item: ArraySlice<UInt8>, _ start: Int) {
    let parts = item.split(whereSeparator: \.isWhiteSpace)
    guard let first = parts.first, let last = parts.last else { return }
    let range = first.startIndex..<last.endIndex
    let word = first.shown
    let value = parts.dropFirst().map(\.shown)
    switch (word, value.count) {
    case ("decoded", 0):
      if source.lineIndex(of: start) == 0 {
        file.isDecoded = true
      } else {
        error("this counts for the whole file", cure: "put it on the first line", at: range)
      }
    case ("optional", 0): directive?.isOptional = true
    case ("name", 1):
      if !RuleParser.isSymbol(value[0]) {
        error("'\(value[0])' is no rule's name", cure: "write capital letters, digits and _", at: range)
      }
      directive?.name = value[0]
    case ("mode", 1):
      directive?.mode = RuleMode(rawValue: value[0])
      if directive?.mode == nil {
        unknown(value[0], "mode", RuleMode.allCases.map(\.rawValue), range)
      }
    case ("on", 1):
      directive?.stage = RuleStage(rawValue: value[0])
      if directive?.stage == nil {
        unknown(value[0], "stage", RuleStage.allCases.map(\.rawValue), range)
      }
    default:
      if Self.words.contains(word) {
        error(
          "'\(word)' is followed by \(["decoded", "optional"].contains(word) ? "nothing" : "one word")",
          cure: "write # weir: name INVOICE_CN, mode shadow", at: range)
      } else {
        unknown(word, "word of Weir's", Self.words, range)
      }
    }
  }

  private mutating func unknown(_ word: String, _ what: String, _ known: [String], _ range: Range<Int>) {
    error(
      "there is no \(what) '\(word)'" + Suggestion.clause(for: word, in: known),
      cure: "there are \(known.joined(separator: ", "))", at: range)
  }

  /// A directive that no recipe follows.
  mutating func endDirective() {
    guard let directive else { return }
    error("no recipe follows this", cure: "put it on the line before a recipe's :0", at: directive.range)
    self.directive = nil
  }
}
