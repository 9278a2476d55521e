import Bytes
import Foundation

/// How wide texts are on a terminal: Chinese, Japanese and Korean characters take two columns (UAX #11).
enum TextWidth {
  static func of(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

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

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value < 0x20 || (0x7f..<0xa0).contains(value) ? 0 : 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    return wide.contains { $0.contains(value) } ? 2 : 1
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

  /// Standard output: `COLUMNS` says how wide, else the terminal itself; colours only on a terminal.
  static var standardOutput: Terminal {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let environment = ProcessInfo.processInfo.environment
    var width = environment["COLUMNS"].flatMap { Int($0) }
    if width == nil, isTerminal {
      var size = winsize()
      if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { width = Int(size.ws_col) }
    }
    return Terminal(
      width: min(max(width ?? 120, 30), 400),
      hasColour: isTerminal && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb")
  }

  func strong(_ text: String) -> String { hasColour ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
  func warning(_ text: String) -> String { hasColour ? "\u{1b}[31m\(text)\u{1b}[0m" : text }
  func faint(_ text: String) -> String { hasColour ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
}
