import Bytes

/// One thing that is wrong in a rule file, or that its author should know, with the cure.
public struct RuleProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// An error keeps the whole edit from going live; a warning does not.
  public enum Severity: String, Sendable, Hashable {
    case error
    case warning
  }

  public let place: RulePlace
  public let severity: Severity
  /// What is wrong, in one line.
  public let message: String
  /// What to write instead, in one line; empty where there is nothing to say.
  public let cure: String
  /// The offending line as it stands in the file, control characters made visible, bounded.
  public let line: String
  /// Spaces and then `^~~~` under the offending text of `line`.
  public let underline: String

  init(
    _ severity: Severity, _ message: String, cure: String, at place: RulePlace, in text: String
  ) {
    self.place = place
    self.severity = severity
    self.message = message.printable(limit: 400)
    self.cure = cure.printable(limit: 400)
    (line, underline) = Self.shown(text, column: place.column, length: place.length)
  }

  public var isError: Bool { severity == .error }

  /// `file:line:column: error: what is wrong`, the line, its underline, and the cure; several lines.
  public var description: String {
    var text = "\(place): \(severity.rawValue): \(message)\n    \(line)\n    \(underline)"
    if !cure.isEmpty { text += "\n  \(cure)" }
    return text
  }

  /// Bound: characters of a line that are shown.
  private static let window = 120

  private static func shown(_ text: String, column: Int, length: Int) -> (String, String) {
    let scalars = Array(text.unicodeScalars)
    let start = min(column - 1, scalars.count)
    let first = start > window * 3 / 4 ? start - window / 2 : 0
    let last = min(scalars.count, first + window)
    var line = first > 0 ? "…" : ""
    var under = first > 0 ? " " : ""
    for index in first..<max(first, last) {
      // A tab is as wide as it likes; a blank is one wide, and so is what stands for a control.
      let scalar = scalars[index]
      let plain: Unicode.Scalar = scalar == "\t" ? " " : isDrawable(scalar) ? scalar : "\u{fffd}"
      line.unicodeScalars.append(plain)
      let cells = width(plain)
      guard index >= start, index < start + max(1, length) else {
        if index < start { under += String(repeating: " ", count: cells) }
        continue
      }
      under += (index == start ? "^" : "~") + String(repeating: "~", count: cells - 1)
    }
    if last < scalars.count { line += "…" }
    if start >= last { under += "^" }
    return (line, under)
  }

  private static func isDrawable(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 0x7f { return value >= 0x20 }
    return value >= 0xa0 && !scalar.properties.isBidiControl && !(0x2028...0x2029).contains(value)
  }

  /// Cells of a terminal: two for what East Asian writing draws wide.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
      2
    default: 1
    }
  }
}

extension [RuleProblem] {
  /// Whether any of them keeps the edit from going live.
  public var hasErrors: Bool { contains(where: \.isError) }

  /// In the order of the file, errors before warnings at one place, each once.
  func inFileOrder() -> [RuleProblem] {
    var seen = Set<RuleProblem>()
    return filter { seen.insert($0).inserted }.sorted { left, right in
      if left.place.position != right.place.position { return left.place.position < right.place.position }
      return left.isError && !right.isError
    }
  }
}
