internal import Bytes

/// A file of expressions, one a line: `#` begins a comment, white space ends the expression, what follows is the
/// reason; with `!` in front it is an exception, which wins over all others.
///
/// An expression sees no white space and holds none (`\x20` stands for a space).
public struct PatternFile: Sendable {
  public struct Entry: Sendable {
    public let pattern: Pattern
    /// From 1.
    public let line: Int
    /// Empty where none is written.
    public let reason: String
  }

  /// What is wrong with a line; line and column from 1, the column in characters.
  public struct Problem: Hashable, Sendable {
    public let line: Int
    public let column: Int
    public let message: String
  }

  /// Bound: entries of a file. Each costs every name that is asked about.
  public static let mostEntries = 1000

  /// The name by which an entry is spoken of: `dynamic.patterns`.
  public let name: String
  public private(set) var entries: [Entry] = []
  public private(set) var exceptions: [Entry] = []
  public private(set) var problems: [Problem] = []

  /// A file without entries.
  public init(name: String) { self.name = name }

  /// Reads a file's text; a line that is wrong is left out and told in `problems`.
  public init(name: String, _ text: [UInt8], options: Pattern.Options = .caseless) {
    self.init(name: name)
    var number = 0
    var isFull = false
    for line in text.split(separator: .lineFeed, omittingEmptySubsequences: false) {
      number += 1
      var line = line
      if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
      let start = line.startIndex
      while line.last?.isBlank == true { line = line.dropLast() }
      while line.first?.isBlank == true { line = line.dropFirst() }
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      guard entries.count + exceptions.count < Self.mostEntries else {
        if !isFull { report(number, 1, "more than \(Self.mostEntries) expressions: the rest is not read") }
        isFull = true
        continue
      }
      read(line, number, column: line.startIndex - start + 1, options)
    }
  }

  public var isEmpty: Bool { entries.isEmpty }

  /// The first entry that fits `name`, unless an exception does. One that came to no end on it fits nothing.
  public func match(_ name: String) -> Entry? {
    guard let entry = entries.first(where: { $0.pattern.firstMatch(in: name).isFound }) else { return nil }
    return exceptions.contains { $0.pattern.firstMatch(in: name).isFound } ? nil : entry
  }

  private mutating func read(
    _ line: ArraySlice<UInt8>, _ number: Int, column: Int, _ options: Pattern.Options
  ) {
    let isException = line.first == UInt8(ascii: "!")
    let expression = (isException ? line.dropFirst() : line).prefix { !$0.isBlank }
    let rest = line[expression.endIndex...].drop(while: \.isBlank)
    let column = column + (isException ? 1 : 0)
    guard let text = String(validating: expression, as: UTF8.self), !text.isEmpty,
      let reason = String(validating: rest, as: UTF8.self)
    else {
      return report(
        number, column, expression.isEmpty ? "no expression stands behind the !" : "not UTF-8 text")
    }
    do throws(PatternError) {
      let pattern = try Pattern(text, options)
      // It would fit every name there is.
      guard !pattern.firstMatch(in: "").isFound else {
        return report(number, column, "the expression fits every name: it would find everybody")
      }
      let entry = Entry(pattern: pattern, line: number, reason: reason.hasPrefix("#") ? "" : reason)
      if isException { exceptions.append(entry) } else { entries.append(entry) }
    } catch {
      let before = expression.prefix(error.offset).reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
      report(number, column + before, "no regular expression: \(error.message)")
    }
  }

  private mutating func report(_ line: Int, _ column: Int, _ message: String) {
    // Bound: whoever names a wrong file reads this many problems.
    if problems.count < 100 { problems.append(Problem(line: line, column: column, message: message)) }
  }
}

extension UInt8 {
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0d }
}
