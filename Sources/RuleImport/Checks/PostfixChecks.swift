import Bytes

/// Postfix's header_checks(5), body_checks(5) and their kin.
///
/// Postfix asks each logical header, or each line of the body, for itself: the first line of the table that matches it
/// acts, then comes the next header. A rule here searches all headers at once. So each expression is kept within a
/// line, and lines of the table before it that take a header for themselves are exceptions of it.
struct PostfixChecks {
  /// Which lines of a message the table is for.
  enum Area: String, CaseIterable, Hashable, Sendable { case header, body, mime, nested }

  /// Bounds: nested `if`s, and lines of the table that one rule has as exceptions.
  static let mostNesting = 32
  static let mostShields = 24

  let area: Area
  let dialect: PatternParser.Dialect
  private var blocks: [(terms: [LineTest.Term], isKnown: Bool, line: ImportDesk.Line)] = []
  /// What takes a line away from all that stands behind it.
  var shields: [LineTest] = []
  /// A line of the table that does so and was not understood.
  var unknownShield: ImportDesk.Line?
  /// Whether the table has a PASS before this line.
  var canPass = false

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var reader = PostfixChecks(
      area: area(desk.source.name, options), dialect: dialect(desk.source, options))
    for line in desk.source.continuedLines {
      if line.isBlank || line.first == UInt8(ascii: "#") {
        desk.skip()
        continue
      }
      let id = desk.begin(line)
      do {
        try reader.take(CheckTable.read(line.octets), id, &desk)
      } catch {
        desk.wrong(id, column: error.offset + 1, error.message)
      }
    }
    for block in reader.blocks {
      desk.changed(block.line, "an `if` without its `endif`: it goes to the end of the file")
    }
    reader.tellNotes(&desk)
  }

  private init(area: Area, dialect: PatternParser.Dialect) {
    self.area = area
    self.dialect = dialect
  }

  private static func area(_ name: String, _ options: ImportOptions) -> Area {
    if let role = options.role, let area = Area(rawValue: role) { return area }
    let name = name.lowercasedASCII
    if name.contains("body") { return .body }
    if name.contains("mime") { return .mime }
    return name.contains("nested") ? .nested : .header
  }

  private static func dialect(_ source: ImportSource, _ options: ImportOptions) -> PatternParser.Dialect {
    if let syntax = options.syntax { return syntax == "regexp" ? .posix : .pcre }
    return source.name.lowercasedASCII.contains("regexp") ? .posix : .pcre
  }

  private func tellNotes(_ desk: inout ImportDesk) {
    guard !desk.rules.isEmpty else { return }
    desk.note(
      "where several rules match one message the first of this file counts; Postfix goes by the order of the "
        + "message's lines")
    switch area {
    case .header:
      desk.note(
        "headers of parts and of attached messages: only for expressions about Content-… and names of files")
    case .body:
      desk.note("the whole body is searched, not the first body_checks_size_limit octets of each part")
    case .mime, .nested:
      desk.note("a line of the body that begins as a header does counts as one, wherever it stands")
    }
  }

  // MARK: Lines of the table

  private mutating func take(
    _ line: CheckLine, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) throws(CheckTable.Fault) {
    if line.form == .endif {
      guard blocks.popLast() != nil else {
        throw CheckTable.Fault(offset: 0, message: "an `endif` without its `if`")
      }
      desk.carried(id)
      return
    }
    let outer = blocks.last?.terms ?? []
    let isKnown = blocks.last?.isKnown ?? true
    do {
      let pattern = try CheckTable.pattern(line, dialect, isUTF8: desk.source.isUTF8)
      let terms = outer + [LineTest.Term(pattern: pattern, isNegated: line.isNegated)]
      if line.form == .if {
        guard blocks.count < Self.mostNesting else {
          throw CheckTable.Fault(offset: 0, message: "nested deeper than \(Self.mostNesting)")
        }
        blocks.append((terms, isKnown, id))
        desk.carried(id)
        return
      }
      let text = desk.source.text(line.result)
      guard isKnown else {
        desk.left(id, "the `if` around it was not understood")
        unknownShield = unknownShield ?? id
        return
      }
      act(CheckRule(test: LineTest(terms: terms), result: text, line: id), &desk)
    } catch let error as PatternError {
      notUnderstood(line, error, id, &desk)
    } catch let fault as CheckTable.Fault {
      throw fault
    } catch {
      desk.left(id, "not understood")
    }
  }

  /// An expression beyond the parser: nobody knows what it takes from those behind it.
  private mutating func notUnderstood(
    _ line: CheckLine, _ error: PatternError, _ id: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    if error.isWrong {
      desk.wrong(id, column: line.offset + error.offset + 1, error.message)
    } else {
      desk.left(id, "not understood: \(error.message)")
    }
    if line.form == .if {
      blocks.append(([], false, id))
    } else if !error.isWrong {
      unknownShield = unknownShield ?? id
    }
  }

  /// `reject 550 5.7.1 "…"`; Postfix defers where the text begins with 4.x.x.
  static func rejection(_ text: SubstitutedText) -> String {
    var text = text
    var enhanced = "5.7.1"
    if case .text(let first)? = text.parts.first {
      let (word, rest) = first[...].firstWord
      if TableReply.isEnhanced(word) {
        enhanced = String(word)
        let isLast = text.parts.count == 1
        text.parts[0] = .text(String(rest) + (isLast || rest.isEmpty || !first.hasSuffix(" ") ? "" : " "))
      }
    }
    let words = text.ruleText
    let verb = enhanced.hasPrefix("4") ? "defer 450" : "reject 550"
    return "\(verb) \(enhanced)" + (words.isEmpty ? "" : " \"\(words)\"")
  }
}

/// A line of the table: what a line of the message has to be, and what follows.
struct CheckRule: Hashable, Sendable {
  var test: LineTest
  var result: String
  var line: ImportDesk.Line
}
