/// Lines for a terminal: titles, keys with their texts, and items, none wider than it.
struct ReportPage {
  enum Style {
    case plain, strong, faint, warning
  }

  private static let keyWidth = 10

  let terminal: Terminal
  private(set) var lines: [String] = []

  init(_ terminal: Terminal) { self.terminal = terminal }

  /// One empty line, unless there is one.
  mutating func gap() {
    if lines.last.map({ !$0.isEmpty }) ?? false { lines.append("") }
  }

  mutating func title(_ text: String) {
    gap()
    lines.append(terminal.strong(TextWidth.cut(text, to: terminal.width)))
  }

  /// `key       text`, the text in as many lines as it takes.
  mutating func say(_ key: String, _ text: String, _ style: Style = .plain) {
    let width = max(20, terminal.width - Self.keyWidth)
    for (index, line) in TextWidth.folded(text, to: width).enumerated() {
      lines.append(TextWidth.padded(index == 0 ? key : "", to: Self.keyWidth) + styled(line, style))
    }
  }

  /// One thing of a list, its further lines set in.
  mutating func item(_ text: String, _ style: Style = .plain) {
    for (index, line) in TextWidth.folded(text, to: max(20, terminal.width - 6)).enumerated() {
      lines.append((index == 0 ? "  " : "      ") + styled(line, style))
    }
  }

  /// `head` and a text behind it; the text's further lines stand under it.
  mutating func add(_ head: String, followedBy text: String, _ style: Style = .plain) {
    // Where little room is left they stand set in below.
    let indent = TextWidth.of(head) > terminal.width / 2 ? 9 : TextWidth.of(head)
    var left = text
    var first = head
    if indent != TextWidth.of(head), TextWidth.of(head + text) > terminal.width {
      lines.append(styled(head, style))
      first = String(repeating: " ", count: indent)
    } else if TextWidth.of(head + text) <= terminal.width {
      lines.append(styled(head + text, style))
      left = ""
    }
    guard !left.isEmpty else { return }
    for (index, line) in TextWidth.folded(left, to: max(20, terminal.width - indent)).enumerated() {
      lines.append(styled((index == 0 ? first : String(repeating: " ", count: indent)) + line, style))
    }
  }

  /// A line as it is, no wider than the terminal.
  mutating func add(_ line: String, _ style: Style = .plain) {
    lines.append(styled(TextWidth.cut(line, to: terminal.width), style))
  }

  private func styled(_ text: String, _ style: Style) -> String {
    var text = text
    while text.hasSuffix(" ") { text.removeLast() }
    switch style {
    case .plain: return text
    case .strong: return terminal.strong(text)
    case .faint: return terminal.faint(text)
    case .warning: return terminal.warning(text)
    }
  }
}
