import Bytes
import Settings

extension RuleParser {
  /// The action line; nil where it is none.
  mutating func action(_ head: Head) -> RuleAction? {
    let start = text.index
    guard let octet = text.next else { return nil }
    let action: RuleAction?
    switch octet {
    case UInt8(ascii: "!"):
      text.index += 1
      action = forward(from: start)
    case UInt8(ascii: "|"):
      text.index += 1
      action = .program(command(from: start), into: nil)
    case UInt8(ascii: "{"): return block(head)
    default: action = word(from: start, head)
    }
    reviewFlags(head, action)
    unstarredNext()
    return action
  }

  private mutating func forward(from start: Int) -> RuleAction? {
    let addresses = template(.words)
    let line = start..<endOfLine(start)
    if addresses.constant?.isEmpty == true || addresses.pieces.isEmpty {
      error("no address to redirect to", cure: "write ! user@example.org", at: line)
    } else if source.octets[line].contains(UInt8(ascii: "^")) {
      error(
        "this looks like a condition, and without a star it is an action: redirect to these addresses",
        cure: "put * before it", at: line)
    }
    return .forward(addresses)
  }

  private mutating func command(from start: Int) -> RuleCommand {
    let line = logicalLine()
    let source = source
    var reader = TemplateReader(line, .words) { source.place($0) }
    let end = max(start + 1, line.octets.isEmpty ? start : line.offset(line.octets.count - 1) + 1)
    let command = RuleCommand(
      place: source.place(start..<end), text: line.octets.shown, words: reader.read())
    note(reader.faults)
    if line.octets.allSatisfy(\.isWhiteSpace) {
      error("no program", cure: "write | and a program's name", at: start..<end)
    } else {
      check(command)
    }
    return command
  }

  private mutating func block(_ head: Head) -> RuleAction? {
    let start = text.index
    text.index += 1
    guard text.next == nil || text.next?.isBlankOrEnd == true else {
      error(
        "a blank or the end of the line follows the brace that opens a block", cure: "write { and a blank",
        at: start..<skipLine())
      return nil
    }
    for (flag, letter) in [
      (RecipeFlags.passHeader, "h"), (.passBody, "b"), (.ignoreWriteErrors, "i"), (.raw, "r"), (.filter, "f"),
    ] where head.flags.contains(flag) {
      warn("\(letter) has no meaning before a block", cure: "take it out", at: head.place(of: flag))
    }
    return .block(statements(openedAt: start..<(start + 1)))
  }

  /// An action that begins with a word: Weir's, `VAR=| program`, or a mailbox.
  private mutating func word(from start: Int, _ head: Head) -> RuleAction? {
    if let name = text.takeName() {
      let nameEnd = text.index
      text.skipBlanks()
      if text.next == UInt8(ascii: "=") {
        text.index += 1
        text.skipBlanks()
        return captured(into: name, from: start)
      }
      text.index = nameEnd
      if text.next == nil || text.next?.isBlankOrEnd == true {
        if WeirAction.words.contains(name) { return weirAction(name, from: start).map { .weir($0) } }
        misspelt(name, start..<nameEnd)
      }
      text.index = start
    }
    let mailbox = template(.words)
    mailboxTraps(mailbox, start..<endOfLine(start))
    return .mailbox(mailbox)
  }

  private mutating func captured(into name: String, from start: Int) -> RuleAction? {
    let isProgram = text.next == UInt8(ascii: "|")
    guard isProgram else {
      error(
        "an assignment is no action: procmail takes this for a mailbox of that name",
        cure: "put it into a block: {, the assignment, and } on lines of their own", at: start..<skipLine())
      return nil
    }
    text.index += 1
    return .program(command(from: start), into: name)
  }

  private mutating func misspelt(_ name: String, _ range: Range<Int>) {
    guard name.utf8.count >= 3, let meant = Suggestion.nearest(to: name, in: WeirAction.words) else { return }
    let rest = source.octets[range.upperBound..<endOfLine(range.lowerBound)]
    let message = "there is no action '\(name)', and as a mailbox it is close to '\(meant)'"
    let cure = "write \(meant), or ./\(name) for the folder"
    if rest.contains(where: { !$0.isWhiteSpace }) || name.utf8.count >= 5 {
      error(message, cure: cure, at: range)
    } else {
      warn(message, cure: cure, at: range)
    }
  }

  private mutating func mailboxTraps(_ mailbox: Template, _ line: Range<Int>) {
    let octets = source.octets[line]
    let text = octets.shown
    let looksLikeCondition =
      octets.first.map { Array("^<>?([*\\".utf8).contains($0) } == true || text.contains(".*")
      || text.contains("??")
    if looksLikeCondition {
      error(
        "this looks like a condition, and without a star it is the action: a mailbox of that name",
        cure: "put * before it", at: line)
    } else if mailbox.constant?.isEmpty == true || mailbox.pieces.isEmpty {
      error("no mailbox", cure: "name one, or write discard", at: line)
    } else {
      checkFolder(mailbox, at: line, isMailbox: true)
    }
  }

  /// A line behind the action that begins with a star: the action was meant to be a condition.
  private mutating func unstarredNext() {
    var index = text.index
    while index < text.octets.count, text.octets[index].isBlankOrEnd { index += 1 }
    guard index < text.octets.count, text.octets[index] == UInt8(ascii: "*") else { return }
    let last = source.lineIndex(of: max(0, text.index - 1))
    let start = text.offset(index)
    error(
      "a condition behind the action of its recipe",
      cure: "the action stands last; if line \(last + 1) was meant as a condition, put * before it",
      at: start..<endOfLine(start))
    while index < text.octets.count, text.octets[index] == UInt8(ascii: "*") {
      text.index = index
      _ = logicalLine()
      index = text.index
      while index < text.octets.count, text.octets[index].isBlankOrEnd { index += 1 }
    }
  }

  private mutating func reviewFlags(_ head: Head, _ action: RuleAction?) {
    guard head.flags.contains(.filter) else { return }
    switch action {
    case .program(_, into: nil): return
    default: warn("f has no meaning but before a program", cure: "take it out", at: head.place(of: .filter))
    }
  }

  /// The offset of the end of the line that an offset stands in.
  func endOfLine(_ start: Int) -> Int { source.line(source.lineIndex(of: start)).endIndex }

  /// Programs are off, and there is no shell.
  mutating func check(_ command: RuleCommand) {
    let name = command.programName
    let message: (String, String)
    if let meta = command.text.utf8.first(where: { Array("&|<>~;?*[".utf8).contains($0) }) {
      message = (
        "'\([meta].shown)' is for a shell, and there is no shell here",
        "write the program and its arguments alone, or put the pipeline into a script of its own"
      )
    } else if let name {
      if options.programs.contains(name) { return }
      message = ("programs are off", "allow '\(name)' by its name in [rules] programs, or do without it")
    } else {
      message = ("a program's name cannot come from a variable", "write the name")
    }
    guard problems.count < 1000 else { return }
    problems.append(
      RuleProblem(
        .error, message.0, cure: message.1, at: command.place,
        in: source.text(ofLine: command.place.line - 1)))
  }
}
