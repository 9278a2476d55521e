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

  /// The lines as they stand.
  func copies(_ lines: Range<Int>, _ desk: ImportDesk) -> [String] {
    self.lines[lines].map { printed($0.octets, desk)[0] }
  }

  /// Octets as lines of text.
  func printed(_ octets: [UInt8], _ desk: ImportDesk) -> [String] {
    octets.split(separator: .lineFeed, omittingEmptySubsequences: false).map { desk.source.text($0) }
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
    let rest = text.drop { $0.isWhiteSpace }.dropFirst().drop { $0.isWhiteSpace }
    if let first = rest.first, first != UInt8(ascii: "#") {
      index -= 1
      lines[index].octets = Array(rest)
    }
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

  /// `NAME=value` or `NAME`; what else stands on the line is read as the next statement.
  private mutating func assignment(_ desk: inout ImportDesk) {
    var (text, range) = logicalLine()
    while Self.isOpen(text), index < lines.count, range.count < Self.mostQuotedLines {
      let (more, next) = logicalLine()
      text += [.lineFeed] + more
      range = range.lowerBound..<next.upperBound
    }
    let id = desk.begin(self.range(range), desk.source.text(text.prefix(400)))
    guard let name = Self.name(text), let end = Self.end(text) else {
      let column = (text.firstIndex { !$0.isWhiteSpace } ?? 0) + 1
      let isOpen = Self.name(text) != nil
      desk.wrong(
        id, column: column,
        isOpen ? "quotes that do not end" : "neither recipe nor assignment; procmail skips it")
      drop(Array(text), &desk)
      return
    }
    let rest = text[end...].drop { $0.isWhiteSpace }
    let own = Array(text[..<end])
    let opened = own.indices.dropLast().count {
      own[$0] == UInt8(ascii: "$") && own[$0 + 1] == UInt8(ascii: "{")
    }
    guard opened <= own.count(where: { $0 == UInt8(ascii: "}") }) else {
      desk.wrong(id, column: end, "a blank ends the value before the `}` of a `${`")
      drop(text, &desk)
      return
    }
    if let first = rest.first, first != UInt8(ascii: "#") {
      // The line goes on with another statement.
      index -= 1
      lines[index].octets = Array(rest)
    }
    let value = Self.value(own)
    if Self.runsProgram(own) {
      desk.left(id, "a program's output, and programs are off")
    } else if name == "INCLUDERC" || name == "SWITCHRC", !value.isEmpty {
      desk.left(id, "another rc file: bring it over by itself, and name it here")
    } else if name == "HOST" {
      desk.left(id, "ends the file on another host, and procmail's host is not this one")
    } else if name == "TRAP", !value.isEmpty {
      desk.left(id, "a program at the end, and programs are off")
    } else {
      let comment = rest.first == UInt8(ascii: "#") ? "   " + printed(Array(rest), desk)[0] : ""
      var copies = printed(own, desk)
      copies[copies.count - 1] += comment
      copies[0] = indent + copies[0].trimmed
      for text in copies { desk.copy(text, for: id) }
      if Self.idle.contains(name) { desk.changed(id, "steers nothing here, and is a variable like others") }
      return
    }
    drop(own, &desk)
  }

  /// Octets that go as comments.
  private func drop(_ octets: [UInt8], _ desk: inout ImportDesk) {
    for text in printed(octets, desk) { desk.copy("\(indent)# not carried over: \(text.trimmed)") }
  }

  /// Whether the quotes of the first assignment are open at the end.
  private static func isOpen(_ text: [UInt8]) -> Bool { name(text) != nil && end(text) == nil }

  /// Where the assignment that begins the text ends; nil where its quotes do not.
  private static func end(_ text: [UInt8]) -> Int? {
    var index = text.firstIndex { !$0.isWhiteSpace } ?? 0
    while index < text.count, text[index].isASCIILetterOrDigit || text[index] == UInt8(ascii: "_") {
      index += 1
    }
    var equals = index
    while equals < text.count, text[equals].isWhiteSpace { equals += 1 }
    guard equals < text.count, text[equals] == UInt8(ascii: "=") else { return index }
    index = equals + 1
    while index < text.count, text[index].isWhiteSpace { index += 1 }
    if index < text.count, text[index] == UInt8(ascii: "#") { return equals + 1 }
    var quote: UInt8?
    while index < text.count {
      let octet = text[index]
      if octet == UInt8(ascii: "\\"), quote != UInt8(ascii: "'") {
        index += 2
        continue
      }
      if let open = quote {
        if octet == open { quote = nil }
      } else if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "'") || octet == UInt8(ascii: "`") {
        quote = octet
      } else if octet == .lineFeed || octet.isWhiteSpace {
        break
      }
      index += 1
    }
    return quote == nil ? min(index, text.count) : nil
  }

  /// Whether a backquote stands in it that is not quoted.
  static func runsProgram(_ text: [UInt8]) -> Bool {
    var isSingle = false
    var isDouble = false
    var index = 0
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\\") where !isSingle: index += 1
      case UInt8(ascii: "'") where !isDouble: isSingle.toggle()
      case UInt8(ascii: "\"") where !isSingle: isDouble.toggle()
      case UInt8(ascii: "`") where !isSingle: return true
      default: break
      }
      index += 1
    }
    return false
  }

  /// The name in front of `=`, or alone; nil where the line is no assignment.
  static func name(_ text: [UInt8]) -> String? {
    let text = text.drop { $0.isWhiteSpace }
    guard let first = text.first, first.isASCIILetter || first == UInt8(ascii: "_") else { return nil }
    let name = text.prefix { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }
    let behind = text.dropFirst(name.count).first
    guard behind.map({ $0.isWhiteSpace || $0 == UInt8(ascii: "=") || $0 == .lineFeed }) ?? true else {
      return nil
    }
    return String(decoding: name, as: UTF8.self)
  }

  /// What stands behind `=`, without comment.
  private static func value(_ text: [UInt8]) -> ArraySlice<UInt8> {
    guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return [] }
    return text[(equals + 1)...].drop { $0.isWhiteSpace }
  }
}
