import Bytes

/// Reads a template as procmail's `readparse` does: blanks, quotes, backslashes, `$` and back quotes.
struct TemplateReader {
  /// What ends the template, and what blanks mean.
  enum Extent {
    /// Words up to the end of the line (actions, recipe heads, commands).
    case words
    /// One word: an assignment's value ends at the first blank.
    case value
    /// All there is, blanks between words made one (conditions that begin with `$`).
    case line
  }

  /// Where the reader stands; the raw values are ordered as procmail orders its own.
  enum Mode: Int {
    case nothing, blank, plain, double, single
  }

  /// An open `${name…`.
  struct Brace {
    let choice: (name: Template.Name, whenSet: Bool, emptyIsUnset: Bool, splits: Bool)
    let outer: [Template.Piece]
    let mode: Mode
    let start: Int
  }

  /// What went wrong, and where.
  struct Fault {
    let message: String
    let cure: String
    let range: Range<Int>
  }

  var text: RuleText
  let extent: Extent
  let place: (Range<Int>) -> RulePlace
  var mode = Mode.nothing
  var pieces: [Template.Piece] = []
  var literal: [UInt8] = []
  var braces: [Brace] = []
  /// How many braces were open when the double quotes were opened.
  private var quotedBraces = 0
  private var quoteStart = 0
  private(set) var faults: [Fault] = []
  /// Whether a comment ended it.
  private(set) var endedByComment = false
  /// Bound: braces in braces.
  static let deepest = 32

  init(
    _ text: RuleText, _ extent: Extent, quoted: Bool = false, place: @escaping (Range<Int>) -> RulePlace
  ) {
    self.text = text
    self.extent = extent
    self.place = place
    if quoted { mode = .double }
    startsQuoted = quoted
  }
  private let startsQuoted: Bool

  /// Reads to the end of the template and leaves `text` behind it.
  mutating func read() -> Template {
    while step() {}
    if mode.rawValue > Mode.plain.rawValue, !startsQuoted {
      fault(
        "the quote opened here is never closed", cure: "close it with \(mode == .single ? "'" : "\"")",
        quoteStart..<(quoteStart + 1))
    }
    while let brace = braces.last {
      fault("this brace is never closed", cure: "write ${name} or ${name:-text}", brace.start..<text.index)
      close(brace)
    }
    flush()
    return Template(pieces)
  }

  mutating func fault(_ message: String, cure: String, _ range: Range<Int>) {
    faults.append(Fault(message: message, cure: cure, range: text.range(range)))
  }

  mutating func flush() {
    guard !literal.isEmpty else { return }
    pieces.append(.text(literal))
    literal = []
  }

  mutating func add(_ piece: Template.Piece) {
    flush()
    pieces.append(piece)
  }

  mutating func put(_ octet: UInt8) {
    literal.append(octet)
    beginWord()
  }

  mutating func beginWord() {
    if mode.rawValue <= Mode.blank.rawValue { mode = .plain }
  }

  var isInBrace: Bool {
    mode.rawValue <= Mode.plain.rawValue && !braces.isEmpty
      || mode == .double && braces.count > quotedBraces
  }

  /// Reads one octet or what it begins; false at the end.
  private mutating func step() -> Bool {
    let start = text.index
    guard let octet = text.take() else { return false }
    switch octet {
    case UInt8(ascii: "\\") where mode != .single: escape()
    case UInt8(ascii: "`") where mode != .single: command(from: start)
    case UInt8(ascii: "\""): doubleQuote(start)
    case UInt8(ascii: "'"): singleQuote(start)
    case UInt8(ascii: "}") where isInBrace:
      if let brace = braces.last { close(brace) }
    case UInt8(ascii: "#") where mode.rawValue <= Mode.blank.rawValue:
      while let next = text.take(), next != .lineFeed {}
      endedByComment = true
      return false
    case UInt8(ascii: "$") where mode != .single: dollar(start)
    case UInt8.space, 0x09: return blank(octet)
    case UInt8.lineFeed where mode.rawValue <= Mode.plain.rawValue: return false
    default: put(octet)
    }
    return true
  }

  private mutating func blank(_ octet: UInt8) -> Bool {
    switch mode {
    case .nothing, .blank: return true
    case .double, .single: put(octet)
    case .plain:
      switch extent {
      case .value: return false
      case .words:
        add(.wordEnd)
        mode = .blank
      case .line:
        literal.append(.space)
        mode = .blank
      }
    }
    return true
  }

  private mutating func doubleQuote(_ start: Int) {
    switch mode {
    case .double where quotedBraces < braces.count: put(UInt8(ascii: "\""))
    case .single: put(UInt8(ascii: "\""))
    case .double: mode = .plain
    case .nothing, .blank, .plain:
      quotedBraces = braces.count
      quoteStart = start
      mode = .double
      add(.wordMark)
    }
  }

  private mutating func singleQuote(_ start: Int) {
    switch mode {
    case .double: put(UInt8(ascii: "'"))
    case .single: mode = .plain
    case .nothing, .blank, .plain:
      quoteStart = start
      mode = .single
      add(.wordMark)
    }
  }

  private mutating func escape() {
    guard let octet = text.take() else {
      literal.append(UInt8(ascii: "\\"))
      return
    }
    var keepsBackslash = mode == .double
    switch octet {
    case .lineFeed: return
    case UInt8(ascii: "#"): keepsBackslash = mode.rawValue > Mode.blank.rawValue
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"): keepsBackslash = false
    case UInt8(ascii: "}") where isInBrace: keepsBackslash = false
    default: break
    }
    if keepsBackslash { literal.append(UInt8(ascii: "\\")) }
    put(octet)
  }
}
