import Bytes
import Filtering
import Settings

/// Reads a `*.case` file: messages divided by lines that begin with `--- `.
///
///     --- matches INVOICE_CN, ADV_SUBJECT : what it is
///     client 192.0.2.1
///
///     Subject: …
///
/// A line of a message that begins so has a backslash before it. Whatever the octets are, there is a result.
struct RuleCaseParser {
  // Bounds: of a file, and of one case.
  static let mostOctets = 16 << 20
  static let mostCases = 10_000
  static let mostOptions = 100

  private static let mark = Array("--- ".utf8)

  private let file: String
  private let lines: [ArraySlice<UInt8>]
  private var index = 0
  private var cases: [RuleCase] = []
  private var problems: [SettingsProblem] = []

  /// - Parameter file: as the operator names it.
  static func parse(file: String, octets: [UInt8]) -> (cases: [RuleCase], problems: [SettingsProblem]) {
    var parser = RuleCaseParser(file, octets)
    if octets.count > mostOctets {
      parser.report(1, 1, "the file has \(octets.count) octets; \(mostOctets) are the most")
    } else {
      parser.read()
    }
    return (parser.cases, parser.problems)
  }

  private init(_ file: String, _ octets: [UInt8]) {
    self.file = file
    lines = octets.split(separator: .lineFeed, omittingEmptySubsequences: false)
  }

  private mutating func read() {
    while index < lines.count, !isHead(index) {
      let line = line(index)
      if !isBlank(index), !line.hasPrefix("#") {
        report(index + 1, 1, "no case begins here; a case begins with --- matches, --- spares or --- verdict")
        while index < lines.count, !isHead(index) { index += 1 }
        break
      }
      index += 1
    }
    while index < lines.count {
      guard cases.count < Self.mostCases else {
        return report(index + 1, 1, "a file has \(Self.mostCases) cases at most")
      }
      readCase()
    }
  }

  // MARK: - Lines

  /// A line of ours, as text without its end.
  private func line(_ index: Int) -> String {
    let octets = lines[index]
    return String(decoding: octets.last == .carriageReturn ? octets.dropLast() : octets, as: UTF8.self)
  }

  private func isHead(_ index: Int) -> Bool { lines[index].starts(with: Self.mark) }

  private func isEmpty(_ index: Int) -> Bool {
    lines[index].isEmpty || lines[index].elementsEqual([.carriageReturn])
  }

  /// An editor may leave blanks on a line that looks empty.
  private func isBlank(_ index: Int) -> Bool {
    lines[index].allSatisfy { $0.isWhiteSpace || $0 == .carriageReturn }
  }

  private mutating func report(_ line: Int, _ column: Int, _ message: String) {
    // Bound: problems of a file.
    guard problems.count < 100 else { return }
    problems.append(
      SettingsProblem(file: file, position: SourcePosition(line: line, column: column), message: message))
  }

  // MARK: - Cases

  /// The cursor stands at a head.
  private mutating func readCase() {
    let head = index
    let found = expectation(line(head), head + 1)
    index += 1
    let options = readOptions()
    guard index < lines.count, !isHead(index) else {
      return report(head + 1, 1, "this case has no message; it follows an empty line")
    }
    index += 1
    var message: [UInt8] = []
    var start = index
    while index < lines.count, !isHead(index) { index += 1 }
    // What divides it from the next case, and the file's last line end, are no part of it.
    var end = index
    while end > start, isEmpty(end - 1) { end -= 1 }
    if start == end { return report(head + 1, 1, "this case has no message") }
    while start < end {
      message += Self.unescaped(lines[start])
      message.append(.lineFeed)
      start += 1
    }
    guard let (expectation, title) = found else { return }
    cases.append(
      RuleCase(
        file: file, line: head + 1, expectation: expectation, title: title, options: options, message: message
      ))
  }

  /// `\--- ` stands for `--- `, `\\--- ` for `\--- ` and so on.
  private static func unescaped(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let backslash = UInt8(ascii: "\\")
    guard line.first == backslash, line.drop(while: { $0 == backslash }).starts(with: mark) else {
      return line
    }
    return line.dropFirst()
  }

  /// The lines between a head and the empty line behind it; the cursor stands at that line then, at the next head, or
  /// behind the file.
  private mutating func readOptions() -> [RuleCase.Option] {
    var options: [RuleCase.Option] = []
    while index < lines.count, !isBlank(index), !isHead(index) {
      let text = line(index)
      index += 1
      if text.hasPrefix("#") { continue }
      guard options.count < Self.mostOptions else {
        report(index, 1, "a case has \(Self.mostOptions) such lines at most")
        continue
      }
      if let option = option(text) { options.append(option) }
    }
    return options
  }

  private mutating func option(_ text: String) -> RuleCase.Option? {
    let name = text.prefix { $0 != " " && $0 != "\t" }
    let value = text.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
    guard let word = RuleCase.Option.Word(rawValue: String(name)) else {
      let known = RuleCase.Option.Word.allCases.map(\.rawValue)
      report(
        index, 1,
        name.hasSuffix(":")
          ? "an empty line is missing between the head of the case and its message"
          : "a case knows no '\(name.prefix(40))'\(Suggestion.clause(for: String(name), in: known)); it knows \(known.joined(separator: ", "))"
      )
      return nil
    }
    let column = text.unicodeScalars.count - value.unicodeScalars.count + 1
    guard !value.isEmpty || word == .from else {
      report(index, column, "\(name) says nothing")
      return nil
    }
    return RuleCase.Option(
      word: word, value: String(value), position: SourcePosition(line: index, column: column))
  }

  // MARK: - Heads

  private mutating func expectation(_ text: String, _ line: Int) -> (RuleCase.Expectation, String)? {
    var words = text.dropFirst(Self.mark.count)
    var title = ""
    if let colon = words.firstRange(of: " : ") {
      title = String(words[colon.upperBound...].drop { $0 == " " })
      words = words[..<colon.lowerBound]
    } else if words.hasSuffix(" :") {
      words = words.dropLast(2)
    }
    words = words.drop { $0 == " " }
    let word = words.prefix { $0 != " " }
    let column = text[..<word.startIndex].unicodeScalars.count + 1
    let rest = words[word.endIndex...]
    switch word {
    case "matches":
      let names = names(rest, in: text, line)
      if names.isEmpty { report(line, column, "which rules does it match? --- matches INVOICE_CN : title") }
      return names.isEmpty ? nil : (.matches(names), title)
    case "spares":
      let names = names(rest, in: text, line)
      if names.isEmpty { report(line, column, "which rules does it spare? --- spares * : title") }
      if names.isEmpty { return nil }
      return (.spares(names.map(\.text) == ["*"] ? nil : names), title)
    case "verdict":
      let words = rest.split(separator: " ")
      if let first = words.first, first == "redirect" || first == "copy" {
        let addresses = words.dropFirst().map { $0.hasSuffix(",") ? String($0.dropLast()) : String($0) }
        return (.sends(isCopy: first == "copy", addresses), title)
      }
      let name = words.joined()
      guard let verdict = Verdict(rawValue: name) else {
        let known = ["accept", "tag", "quarantine", "discard", "defer", "reject", "redirect", "copy"]
        report(
          line, column,
          "there is no verdict '\(name.prefix(40))'\(Suggestion.clause(for: name, in: known)); there are \(known.joined(separator: ", "))"
        )
        return nil
      }
      return (.verdict(verdict), title)
    default:
      report(line, column, "a case says matches, spares or verdict, not '\(word.prefix(40))'")
      return nil
    }
  }

  /// The names that stand in a part of a line, divided by commas.
  private func names(_ part: Substring, in text: String, _ line: Int) -> [RuleCase.Name] {
    part.split(separator: ",").compactMap { piece in
      let start = piece.drop { $0 == " " }
      guard !start.isEmpty else { return nil }
      var name = start
      while name.last == " " { name.removeLast() }
      let column = text[..<start.startIndex].unicodeScalars.count + 1
      return RuleCase.Name(text: String(name), position: SourcePosition(line: line, column: column))
    }
  }
}
