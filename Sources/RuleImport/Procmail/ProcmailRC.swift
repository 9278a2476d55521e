import Bytes

/// procmail's rc files, which nearly are rule files already.
///
/// What differs is where they stand: an rc file sorts one person's mail that was accepted long ago; a rule file of the
/// gateway decides on everybody's before that. So what files a message into a folder, forwards it or hands it to a
/// program becomes the end of the file (`SWITCHRC` without a value): the message goes its way to the backend, and the
/// recipes behind do not see it, as before. What throws away stays, and folders of spam become folders of the
/// quarantine. Programs are not run.
struct ProcmailRC {
  /// Bounds: blocks inside of blocks, and lines of one text in quotes.
  static let mostNesting = 64
  static let mostQuotedLines = 400

  var lines: [ImportSource.Line]
  var index = 0
  var depth = 0

  static func read(_ desk: inout ImportDesk, _ options: ImportOptions) {
    var reader = ProcmailRC(lines: desk.source.lines)
    while reader.index < reader.lines.count { reader.statement(&desk) }
    if reader.depth > 0 { desk.note("\(reader.depth) blocks are not closed at the end of the file") }
    for _ in 0..<reader.depth { desk.copy("}") }
    desk.note(
      "an rc file sorts one person's mail, a gateway decides on everybody's: put the file below Rules/users/ of whom "
        + "it belongs to, or read every rule")
    desk.note("lock files have no meaning here and are dropped")
  }

  private init(lines: [ImportSource.Line]) { self.lines = lines }

  // MARK: Lines

  /// The next line joined with those that a backslash at its end continues.
  mutating func logicalLine() -> (text: [UInt8], range: Range<Int>) {
    let start = index
    var text: [UInt8] = []
    while index < lines.count {
      let octets = lines[index].octets
      index += 1
      let slashes = octets.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
      // Bound: what is joined stays a line.
      guard slashes % 2 == 1, text.count + octets.count <= ImportSource.mostLineOctets, index < lines.count
      else {
        text += octets
        break
      }
      text += octets.dropLast()
    }
    return (text, start..<index)
  }

  func range(_ lines: Range<Int>) -> ClosedRange<Int> {
    let first = self.lines[lines.lowerBound].number
    return first...max(first, lines.isEmpty ? first : self.lines[lines.upperBound - 1].number)
  }

  /// The lines as they stand, in UTF-8; control characters would make the file unreadable.
  func copies(_ lines: Range<Int>, _ desk: ImportDesk) -> [String] {
    self.lines[lines].map { line in
      var text = String.UnicodeScalarView()
      for scalar in desk.source.text(line.octets).unicodeScalars {
        let isPlain = scalar == "\t" || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
        text.append(isPlain ? scalar : " ")
      }
      return String(text)
    }
  }

  /// A comment of the source; one that would be a directive here is made none.
  static func comment(_ text: String) -> String {
    let body = text.trimmed.drop { $0 == "#" }.trimmed
    return body.lowercasedASCII.hasPrefix("weir:") ? "# (\(body))" : text
  }

  // MARK: Statements

  private mutating func statement(_ desk: inout ImportDesk) {
    let line = lines[index]
    if line.isBlank || line.first == UInt8(ascii: "#") {
      for text in copies(index..<(index + 1), desk) { desk.copy(Self.comment(text)) }
      desk.skip()
      index += 1
      return
    }
    switch line.first {
    case UInt8(ascii: "}"): closing(&desk)
    case UInt8(ascii: ":"): recipe(&desk)
    default: assignment(&desk)
    }
  }

  private mutating func closing(_ desk: inout ImportDesk) {
    let (text, range) = logicalLine()
    let id = desk.begin(self.range(range), desk.source.text(text))
    guard depth > 0 else {
      desk.wrong(id, "a `}` without its `{`")
      return
    }
    depth -= 1
    desk.copy(indent + "}", for: id)
  }

  var indent: String { String(repeating: "  ", count: depth) }

  /// Variables that steer procmail itself and nothing here.
  private static let idle: Set<String> = [
    "LOGFILE", "VERBOSE", "LOGABSTRACT", "COMSAT", "UMASK", "SHELL", "SHELLFLAGS", "SHELLMETAS", "SENDMAIL",
    "SENDMAILFLAGS", "LOCKFILE", "LOCKEXT", "LOCKSLEEP", "LOCKTIMEOUT", "TIMEOUT", "NORESRETRY", "SUSPEND",
    "MSGPREFIX", "LINEBUF", "ORGMAIL", "DEFAULT", "MAILDIR", "DROPPRIVS", "PATH",
  ]

  private mutating func assignment(_ desk: inout ImportDesk) {
    var (text, range) = logicalLine()
    while Self.isOpen(text), index < lines.count, range.count < Self.mostQuotedLines {
      let (more, next) = logicalLine()
      text += [.lineFeed] + more
      range = range.lowerBound..<next.upperBound
    }
    let id = desk.begin(self.range(range), desk.source.text(text.prefix(400)))
    let name = Self.name(text)
    guard let name, !Self.isOpen(text) else {
      let column = (text.firstIndex { !$0.isWhiteSpace } ?? 0) + 1
      desk.wrong(
        id, column: column,
        name == nil ? "neither recipe nor assignment; procmail skips it" : "quotes that do not end")
      drop(range, &desk)
      return
    }
    let value = Self.value(text)
    if Self.runsProgram(text) {
      desk.left(id, "a program's output, and programs are off")
    } else if name == "INCLUDERC" || name == "SWITCHRC", !value.isEmpty {
      desk.left(id, "another rc file: bring it over by itself, and name it here")
    } else if name == "HOST" {
      desk.left(id, "ends the file on another host, and procmail's host is not this one")
    } else if name == "TRAP", !value.isEmpty {
      desk.left(id, "a program at the end, and programs are off")
    } else {
      for text in copies(range, desk) { desk.copy(text, for: id) }
      if Self.idle.contains(name) { desk.changed(id, "steers nothing here, and is a variable like others") }
      return
    }
    drop(range, &desk)
  }

  /// Lines that go as comments.
  private func drop(_ range: Range<Int>, _ desk: inout ImportDesk) {
    for text in copies(range, desk) { desk.copy("\(indent)# not carried over: \(text.trimmed)") }
  }

  /// Whether quotes are open at the end.
  private static func isOpen(_ text: [UInt8]) -> Bool { quoting(text).isOpen }

  private static func quoting(_ text: [UInt8]) -> (isOpen: Bool, hasBackquote: Bool) {
    var quote: UInt8?
    var hasBackquote = false
    var index = 0
    while index < text.count {
      let octet = text[index]
      if octet == UInt8(ascii: "\\"), quote != UInt8(ascii: "'") {
        index += 2
        continue
      }
      if octet == UInt8(ascii: "`"), quote != UInt8(ascii: "'") { hasBackquote = true }
      if let open = quote {
        if octet == open { quote = nil }
      } else if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "'") || octet == UInt8(ascii: "`") {
        quote = octet
      } else if octet == UInt8(ascii: "#"),
        index == 0 || text[index - 1].isWhiteSpace || text[index - 1] == .lineFeed
      {
        while index < text.count, text[index] != .lineFeed { index += 1 }
        continue
      }
      index += 1
    }
    return (quote != nil, hasBackquote)
  }

  static func runsProgram(_ text: [UInt8]) -> Bool { quoting(text).hasBackquote }

  /// The name in front of `=`, or alone; nil where the line is no assignment.
  static func name(_ text: [UInt8]) -> String? {
    let text = text.drop { $0.isWhiteSpace }
    guard let first = text.first, first.isASCIILetter || first == UInt8(ascii: "_") else { return nil }
    let name = text.prefix { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }
    let rest = text.dropFirst(name.count).drop { $0.isWhiteSpace }
    guard rest.isEmpty || rest.first == UInt8(ascii: "=") || rest.first == UInt8(ascii: "#") else {
      return nil
    }
    return String(decoding: name, as: UTF8.self)
  }

  /// What stands behind `=`, without comment.
  private static func value(_ text: [UInt8]) -> ArraySlice<UInt8> {
    guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return [] }
    return text[(equals + 1)...].drop { $0.isWhiteSpace }.prefix { $0 != UInt8(ascii: "#") }
  }
}
