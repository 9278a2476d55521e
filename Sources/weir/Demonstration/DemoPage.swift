import Foundation

/// How the demo's outcomes look on a terminal.
struct DemoPage {
  let width: Int
  let isColoured: Bool

  /// The terminal's own width and taste; 96 columns and no colour where there is no terminal.
  static var ofTerminal: DemoPage {
    guard isatty(1) == 1 else { return DemoPage(width: 96, isColoured: false) }
    var size = winsize()
    let columns = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    let environment = ProcessInfo.processInfo.environment
    let isPlain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
    return DemoPage(width: min(max(columns, 60), 120), isColoured: !isPlain)
  }

  func text(_ outcome: DemoOutcome, number: Int) -> String {
    let verdict = outcome.isAsIntended ? paint("as intended", "32") : paint("NOT AS INTENDED", "1;31")
    let title = "\(number). \(outcome.scenario.title)"
    var lines = ["\(paint(title, "1")): \(verdict)"]
    lines += field("tried", outcome.scenario.attempt)
    lines += field("client", outcome.scenario.client)
    lines += field("reply", outcome.reply)
    lines += field("log", outcome.log ?? "no line came")
    for name in outcome.arrived { lines += field("mail", "\(Self.short(outcome.maildir ?? ""))/new/\(name)") }
    for fault in outcome.faults { lines += field("fault", fault) }
    return lines.joined(separator: "\n")
  }

  private func field(_ name: String, _ text: String) -> [String] {
    let label = "   " + name.padding(toLength: 8, withPad: " ", startingAt: 0)
    let rest = String(repeating: " ", count: label.count)
    return wrapped(text, to: width - label.count).enumerated().map { ($0 == 0 ? label : rest) + $1 }
  }

  /// Breaks a text at its spaces; a word longer than a line stands alone.
  func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if line.isEmpty {
        line = String(word)
      } else if line.count + 1 + word.count <= columns {
        line += " " + word
      } else {
        lines.append(line)
        line = String(word)
      }
    }
    return lines + [line]
  }

  private func paint(_ text: String, _ colour: String) -> String {
    isColoured ? "\u{1b}[\(colour)m\(text)\u{1b}[0m" : text
  }

  /// A path below the current folder is shown from there.
  static func short(_ path: String) -> String {
    let path = URL(fileURLWithPath: path).standardizedFileURL.path
    let here = FileManager.default.currentDirectoryPath + "/"
    return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
  }
}
