import Bytes
import Foundation

/// How wide texts are on a terminal: Chinese, Japanese and Korean characters take two columns (UAX #11).
enum TextWidth {
  static func of(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + of($1) } }

  /// The text cut in its middle where it is wider than `limit`.
  static func fitted(_ text: String, to limit: Int) -> String {
    guard of(text) > limit else { return text }
    guard limit > 4 else { return head(text, limit) }
    let first = (limit - 1) / 2
    return head(text, first) + "…" + tail(text, limit - 1 - first)
  }

  /// The text with spaces behind it up to `width` columns.
  static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - of(text)))
  }

  /// The text in lines of at most `limit` columns, broken between words where there are such.
  static func wrapped(_ text: String, to limit: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      let word = of(String(word)) > limit ? fitted(String(word), to: limit) : String(word)
      if line.isEmpty {
        line = word
      } else if of(line) + 1 + of(word) <= limit {
        line += " " + word
      } else {
        lines.append(line)
        line = word
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// The text cut at its end where it is wider than `limit`.
  static func cut(_ text: String, to limit: Int) -> String {
    of(text) > limit ? head(text, max(0, limit - 1)) + "…" : text
  }

  /// The text in lines of at most `limit` columns, nothing of it left out: broken behind spaces where there are such,
  /// beside wide characters, else anywhere.
  static func folded(_ text: String, to limit: Int) -> [String] {
    guard of(text) > limit, limit > 1 else { return [text] }
    var lines: [String] = []
    var line: [Character] = []
    var width = 0
    // How many characters of the line may go without the others.
    var gap = 0
    for character in text {
      let own = of(String(character))
      if let last = line.last, mayBreak(between: last, character) { gap = line.count }
      // What stands behind the gap may be too much still.
      while width + own > limit, character != " ", !line.isEmpty {
        let end = gap > 0 ? gap : line.count
        lines.append(trimmed(line[..<end]))
        line.removeFirst(end)
        width = line.reduce(0) { $0 + of(String($1)) }
        gap = 0
      }
      line.append(character)
      width += own
    }
    return lines + [trimmed(line[...])]
  }

  private static func mayBreak(between last: Character, _ next: Character) -> Bool {
    if last == " " { return next != " " }
    // What closes does not begin a line, what opens does not end one.
    if "，。！？：；、）】》」』”’…,.!?:;)]}".contains(next) || "（【《「『“‘([{".contains(last) { return false }
    return isWide(last) || isWide(next)
  }

  private static func isWide(_ character: Character) -> Bool { character.unicodeScalars.first.map(of) == 2 }

  private static func trimmed(_ line: ArraySlice<Character>) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return String(line)
  }

  private static func head(_ text: String, _ limit: Int) -> String {
    var result = ""
    var used = 0
    for character in text {
      let width = of(String(character))
      guard used + width <= limit else { break }
      result.append(character)
      used += width
    }
    return result
  }

  private static func tail(_ text: String, _ limit: Int) -> String {
    String(head(String(text.reversed()), limit).reversed())
  }

  static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value < 0x20 || (0x7f..<0xa0).contains(value) ? 0 : 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    return wide.contains { $0.contains(value) } || scalar.properties.isEmojiPresentation ? 2 : 1
  }

  /// The blocks whose characters are wide or full-width.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x231a...0x231b, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
    0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff01...0xff60,
    0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
  ]
}

/// What the output goes to.
struct Terminal {
  let width: Int
  let hasColour: Bool

  static var standardOutput: Terminal { standardOutput(unknown: 120) }

  /// Standard output: `COLUMNS` says how wide, else the terminal itself; colours only on a terminal.
  ///
  /// - Parameter unknown: how wide it is taken to be where nobody says.
  static func standardOutput(unknown: Int) -> Terminal {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let environment = ProcessInfo.processInfo.environment
    var width = environment["COLUMNS"].flatMap { Int($0) }
    if width == nil, isTerminal {
      var size = winsize()
      if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { width = Int(size.ws_col) }
    }
    return Terminal(
      width: min(max(width ?? unknown, 30), 400),
      hasColour: isTerminal && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb")
  }

  func strong(_ text: String) -> String { hasColour ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
  func warning(_ text: String) -> String { hasColour ? "\u{1b}[31m\(text)\u{1b}[0m" : text }
  func faint(_ text: String) -> String { hasColour ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
}
