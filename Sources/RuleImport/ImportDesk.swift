import Bytes
import NetAddress

/// Where an importer lays down what it reads, and what the files are written from.
struct ImportDesk {
  typealias Line = Int

  /// What the files are called.
  let name: String
  let source: ImportSource
  private var entries: [Entry] = []
  private var notes: [String] = []
  private(set) var lists: [ListName: [ListRow]] = [:]
  private(set) var rules: [RuleText] = []
  private(set) var snippets: [Snippet] = []
  /// A rule file that keeps the order and the comments of its source: lines, and where they come from.
  private(set) var verbatim: [(text: String, line: Line?)] = []
  /// Lines that are neither blank nor comments, for the count of what is.
  private var comments = 0

  private struct Entry {
    var lines: ClosedRange<Int>
    var text: String
    var differences: [String] = []
    var reasons: [String] = []
    var fault: (message: String, column: Int)?
    var isSettled = false
  }

  struct ListName: Hashable {
    var verdict: String
    var kind: String
  }

  struct ListRow {
    var entry: String
    var reason: String?
    var isTrap = false
    var line: Line
  }

  /// A recipe or an assignment, whole.
  struct RuleText {
    /// The lines of it, conditions and action; the comment in front is made from `lines`.
    var text: [String]
    var lines: [Line]
    /// What it says in front beside whence it comes.
    var comment: String?
  }

  /// A value for the configuration: of a list `key = [ … ]`, or alone.
  struct Snippet {
    var table: String
    var key: String
    var value: String
    var isElement: Bool
    var line: Line
  }

  init(_ source: ImportSource, _ options: ImportOptions) {
    self.source = source
    name = Self.fileName(options.name ?? source.name)
    if !source.isUTF8 { notes.append("not UTF-8: read as Latin-1") }
  }

  /// Letters, digits, `-` and `_` of a name; what a shell or a folder could take amiss becomes `-`.
  static func fileName(_ text: String) -> String {
    var name = ""
    for octet in text.lowercasedASCII.utf8.prefix(64) {
      let isPlain = octet.isASCIILetterOrDigit || octet == UInt8(ascii: "_")
      if isPlain {
        name.unicodeScalars.append(Unicode.Scalar(octet))
      } else if !name.isEmpty, name.utf8.last != UInt8(ascii: "-") {
        name += "-"
      }
    }
    while name.utf8.last == UInt8(ascii: "-") { name.removeLast() }
    return name.isEmpty ? "imported" : name
  }

  // MARK: Lines of the source

  /// Begins a line that has to end somehow.
  mutating func begin(_ lines: ClosedRange<Int>, _ text: String) -> Line {
    entries.append(Entry(lines: lines, text: text.replacing("\t", with: " ").printable(limit: 160)))
    return entries.count - 1
  }

  mutating func begin(_ line: ImportSource.Line) -> Line {
    begin(line.number...max(line.number, line.last), source.text(line.octets.prefix(640)))
  }

  /// A line that says nothing.
  mutating func skip(_ count: Int = 1) { comments += count }

  mutating func carried(_ line: Line) { entries[line].isSettled = true }

  mutating func changed(_ line: Line, _ difference: String) {
    entries[line].isSettled = true
    if !entries[line].differences.contains(difference) { entries[line].differences.append(difference) }
  }

  mutating func left(_ line: Line, _ reason: String) {
    entries[line].isSettled = true
    if !entries[line].reasons.contains(reason) { entries[line].reasons.append(reason) }
  }

  /// - Parameter column: counted from 1, in octets.
  mutating func wrong(_ line: Line, column: Int = 1, _ message: String) {
    entries[line].isSettled = true
    if entries[line].fault == nil { entries[line].fault = (message, max(1, column)) }
  }

  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  /// `access:12`, for comments and reasons.
  func place(_ line: Line) -> String {
    "\(source.name.printable(limit: 80)):\(entries[line].lines.lowerBound)"
  }

  func sourceText(_ line: Line) -> String { entries[line].text }

  // MARK: What is written

  mutating func list(
    _ verdict: String, _ kind: String, _ entry: String, reason: String?, isTrap: Bool = false, for line: Line
  ) {
    entries[line].isSettled = true
    lists[ListName(verdict: verdict, kind: kind), default: []].append(
      ListRow(entry: entry, reason: reason, isTrap: isTrap, line: line))
  }

  mutating func rule(_ text: [String], for lines: [Line], comment: String? = nil) {
    for line in lines { entries[line].isSettled = true }
    rules.append(RuleText(text: text, lines: lines, comment: comment))
  }

  /// A line of a rule file that goes as it stands, but for control characters, which would make it unreadable.
  mutating func copy(_ text: String, for line: Line? = nil) {
    if let line { entries[line].isSettled = true }
    verbatim.append((Self.plain(text), line))
  }

  /// The text with blanks for control characters.
  static func plain(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 0x09 }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isPlain = scalar == "\t" || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
      result.append(isPlain ? scalar : " ")
    }
    return String(result)
  }

  mutating func element(_ table: String, _ key: String, _ value: String, for line: Line) {
    entries[line].isSettled = true
    snippets.append(Snippet(table: table, key: key, value: TOML.string(value), isElement: true, line: line))
  }

  mutating func setting(_ table: String, _ key: String, _ value: String, for line: Line) {
    entries[line].isSettled = true
    snippets.append(Snippet(table: table, key: key, value: value, isElement: false, line: line))
  }

  // MARK: The result

  func finish() -> ImportResult {
    var result = ImportResult(notes: notes, comments: comments)
    var targets: [Line: [ImportTarget]] = [:]
    for file in ImportFiles(self).all() {
      result.files.append(file.file)
      // Of lines in a row the first one is told.
      var last: [Line: Int] = [:]
      for (line, place) in file.places {
        if let before = last[line], place == before || place == before + 1 {
          last[line] = place
          continue
        }
        last[line] = place
        targets[line, default: []].append(ImportTarget(file: file.file.name, line: place))
      }
    }
    for (index, entry) in entries.enumerated() {
      result.lines.append(
        ImportedLine(
          lines: entry.lines, text: entry.text, outcome: Self.outcome(entry, targets[index] ?? []),
          targets: targets[index] ?? []))
    }
    return result
  }

  private static func outcome(_ entry: Entry, _ targets: [ImportTarget]) -> ImportedLine.Outcome {
    if let fault = entry.fault { return .wrong(fault.message, column: fault.column) }
    guard entry.isSettled else { return .left("not understood") }
    if !entry.reasons.isEmpty {
      let text = (entry.reasons + entry.differences).joined(separator: "; ")
      return .left(targets.isEmpty ? text : "in part: " + text)
    }
    return entry.differences.isEmpty ? .carried : .changed(entry.differences.joined(separator: "; "))
  }
}

enum TOML {
  /// A basic string (TOML 1.0 “String”).
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
