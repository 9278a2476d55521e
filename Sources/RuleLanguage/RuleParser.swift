import Bytes
import Settings

/// What a rule file may ask for, and how large it may be.
public struct RuleParserOptions: Sendable {
  /// Programs that may be run, by name; none unless the operator allows it.
  public var programs: Set<String> = []
  /// Modes that the operator gives to rules, by their ids; of it and of the rule's own the lesser counts.
  public var modes: [String: RuleMode] = [:]
  /// Octets of a file.
  public var fileSize = 1 << 20
  /// Recipes of a file.
  public var recipes = 10_000
  /// Blocks in blocks.
  public var nesting = 64

  public init() {}
}

/// Reads a rule file: procmail's syntax, and Weir's words in it. Whatever the octets are, there is a result.
public struct RuleParser {
  let source: RuleSource
  let options: RuleParserOptions
  var text: RuleText
  var file: RuleFile
  var problems: [RuleProblem] = []
  var directive: Directive?
  private var recipeCount = 0
  private var depth = 0

  /// - Parameters:
  ///   - name: the file as the operator names it.
  ///   - octets: what stands in it.
  public static func parse(
    name: String, octets: some Sequence<UInt8>, options: RuleParserOptions = RuleParserOptions()
  ) -> RuleFile {
    var parser = RuleParser(RuleSource(name: name, octets: octets), options)
    parser.readAll()
    return parser.file
  }

  private init(_ source: RuleSource, _ options: RuleParserOptions) {
    self.source = source
    self.options = options
    text = RuleText(source.octets)
    file = RuleFile(source: source)
  }

  private mutating func readAll() {
    if source.octets.count > options.fileSize {
      error(
        "the file has \(source.octets.count) octets; \(options.fileSize) are the most",
        cure: "divide it: INCLUDERC=another.rc", at: 0..<0)
    } else if let place = source.octets.firstIndex(of: 0) {
      error("a NUL stands here: this is no text", cure: "save it as text", at: place..<(place + 1))
    } else {
      if source.hadCarriageReturns {
        warn("lines end in CR LF", cure: "save it with the line ends of Unix, LF alone", at: 0..<0)
      }
      file.statements = statements(openedAt: nil)
      endDirective()
      problems += RuleReview.problems(of: file)
    }
    file.problems = problems.inFileOrder()
  }

  // MARK: - Problems

  mutating func error(_ message: String, cure: String, at range: Range<Int>) {
    // Bound: a file in which more is wrong is no rule file.
    guard problems.count < 1000 else { return }
    problems.append(source.problem(.error, message, cure: cure, at: range))
  }

  mutating func warn(_ message: String, cure: String, at range: Range<Int>) {
    guard problems.count < 1000 else { return }
    problems.append(source.problem(.warning, message, cure: cure, at: range))
  }

  mutating func note(_ faults: [TemplateReader.Fault]) {
    for fault in faults { error(fault.message, cure: fault.cure, at: fault.range) }
  }

  // MARK: - Statements

  /// Reads statements to the end of the block or the file.
  mutating func statements(openedAt opening: Range<Int>?) -> [RuleStatement] {
    depth += 1
    defer { depth -= 1 }
    if depth > options.nesting + 1, let opening {
      error("blocks are nested deeper than \(options.nesting)", cure: "write it flatter", at: opening)
      text.index = text.octets.count
      return []
    }
    var statements: [RuleStatement] = []
    while true {
      while let octet = text.next, octet.isBlankOrEnd { text.index += 1 }
      guard let octet = text.next else { break }
      switch octet {
      case UInt8(ascii: "#"): comment()
      case UInt8(ascii: ":"):
        if let recipe = recipe() { statements.append(.recipe(recipe)) }
      case UInt8(ascii: "}"):
        text.index += 1
        endDirective()
        if opening != nil { return statements }
        error(
          "this brace closes no block", cure: "take it out, or open a block with a recipe and { on a line",
          at: (text.index - 1)..<text.index)
      default:
        endDirective()
        if let assignment = assignment() { statements.append(.assignment(assignment)) }
      }
    }
    if let opening {
      error("this block is never closed", cure: "close it with } on a line of its own", at: opening)
    }
    return statements
  }

  mutating func countRecipe(at range: Range<Int>) -> Bool {
    recipeCount += 1
    guard recipeCount > options.recipes else { return true }
    error("more than \(options.recipes) recipes", cure: "divide the file: INCLUDERC=another.rc", at: range)
    text.index = text.octets.count
    return false
  }

  /// `NAME=value` or `NAME`; anything else is an error and its line is passed over.
  private mutating func assignment() -> Assignment? {
    let start = text.index
    guard let name = text.takeName(),
      text.next == nil || text.next == UInt8(ascii: "=")
        || text.next?.isBlankOrEnd == true
    else {
      strayLine(from: start)
      return nil
    }
    let nameEnd = text.index
    text.skipBlanks()
    guard text.next == UInt8(ascii: "=") else {
      return Assignment(
        place: source.place(start..<nameEnd), name: name, value: nil, sharesLine: sharesLine(start))
    }
    text.index += 1
    let value = template(.value)
    return Assignment(
      place: source.place(start..<text.index), name: name, value: value,
      text: source.octets[start..<text.index].shown)
  }

  /// Whether another assignment stands on the line, before or behind.
  private func sharesLine(_ start: Int) -> Bool {
    if let next = text.next, next != .lineFeed, next != UInt8(ascii: "#"), next != UInt8(ascii: "}") {
      return true
    }
    let line = source.line(source.lineIndex(of: start))
    return line[line.startIndex..<start].contains { !$0.isWhiteSpace && $0 != UInt8(ascii: "{") }
  }

  private mutating func strayLine(from start: Int) {
    let first = source.octets[start]
    let end = skipLine()
    switch first {
    case UInt8(ascii: "*"):
      error(
        "a condition that belongs to no recipe",
        cure: "put :0 before its first condition, and leave no action between",
        at: start..<end)
    case UInt8(ascii: "{"):
      error("a block that belongs to no recipe", cure: "put :0 on a line before it", at: start..<(start + 1))
      // What is in it is read, so that its end is known.
      text.index = start + 1
      _ = statements(openedAt: start..<(start + 1))
    case UInt8(ascii: "|"), UInt8(ascii: "!"):
      error("an action that belongs to no recipe", cure: "put :0 on a line before it", at: start..<end)
    default:
      error(
        "this is neither a recipe nor an assignment",
        cure: "a recipe begins with :0, a condition with *, an assignment is NAME=value", at: start..<end)
    }
  }

  /// Passes over the rest of the line and says where it ended.
  @discardableResult
  mutating func skipLine() -> Int {
    while let octet = text.next, octet != .lineFeed { text.index += 1 }
    return text.index
  }

  mutating func template(_ extent: TemplateReader.Extent, quoted: Bool = false) -> Template {
    let source = source
    var reader = TemplateReader(text, extent, quoted: quoted) { source.place($0) }
    let template = reader.read()
    text = reader.text
    note(reader.faults)
    for command in template.commands { check(command) }
    return template
  }
}
