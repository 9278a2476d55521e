import Bytes

extension RuleParser {
  /// A recipe, from its `:` on; nil where it has no action.
  mutating func recipe() -> Recipe? {
    let start = text.index
    text.index += 1
    let head = head(from: start)
    let directive = directive
    self.directive = nil
    guard countRecipe(at: start..<head.end) else { return nil }
    var conditions: [RuleCondition] = []
    guard readConditions(head, into: &conditions) else {
      error(
        "this recipe has no action", cure: "write what it is to do on a line behind its conditions",
        at: start..<head.end)
      return nil
    }
    let actionStart = text.index
    guard let action = action(head) else { return nil }
    var recipe = Recipe(
      place: source.place(start..<head.end), flags: head.flags, lockFile: head.lockFile,
      conditions: conditions, action: action, actionPlace: source.place(actionStart..<text.index))
    recipe.actionText = actionText(action, actionStart)
    recipe.line = source.text(ofLine: recipe.place.line - 1)
    if let directive {
      recipe.name = directive.name
      recipe.mode = directive.mode ?? .enforce
      recipe.stage = directive.stage
      recipe.isOptional = directive.isOptional
    }
    if let mode = options.modes[recipe.id] {
      recipe.mode = min(mode, recipe.mode)
      recipe.isSwitchedOff = mode == .off
    }
    return recipe
  }

  /// The action's line, those that continue it joined; of a block its brace alone.
  private func actionText(_ action: RuleAction, _ start: Int) -> String {
    if case .block = action { return "{" }
    var words = source.octets[text.offset(start)..<max(text.offset(start), text.offset(text.index))]
      .split(whereSeparator: \.isBlankOrEnd)
    words.removeAll { $0.elementsEqual("\\".utf8) }
    return words.map(\.shown).joined(separator: " ").printable(limit: 200)
  }

  /// `:0 flags:lockfile`.
  struct Head {
    /// How many lines are conditions without a star; nil where no number stands there.
    var number: Int?
    var flags: RecipeFlags = []
    var flagPlaces: [(RecipeFlags, Range<Int>)] = []
    var lockFile: String?
    var start = 0
    var end = 0

    func place(of flag: RecipeFlags) -> Range<Int> {
      flagPlaces.first { $0.0 == flag }?.1 ?? start..<end
    }
  }

  private mutating func head(from start: Int) -> Head {
    var head = Head(start: start)
    text.skipBlanks()
    let digits = text.index
    while let octet = text.next, octet.isASCIIDigit { text.index += 1 }
    if text.index > digits {
      head.number = Int(text.octets[digits..<text.index].shown) ?? 1000
      if text.index - digits > 3 {
        error("a recipe with so many conditions", cure: "write :0", at: digits..<text.index)
        head.number = 0
      }
    }
    head.end = text.index
    flags(&head)
    skipLine()
    text.index = min(text.index + 1, text.octets.count)
    review(head)
    return head
  }

  private mutating func flags(_ head: inout Head) {
    while let octet = text.next, octet != .lineFeed {
      let start = text.index
      text.index += 1
      if octet.isWhiteSpace { continue }
      if octet == UInt8(ascii: "#"), text.octets[start - 1].isWhiteSpace { return }
      if octet == UInt8(ascii: ":") { return lockFile(&head, from: start) }
      if octet == UInt8(ascii: "\\"), text.next == .lineFeed {
        text.index += 1
        continue
      }
      head.end = text.index
      guard let flag = RecipeFlags(letter: octet) else {
        unknownFlag(octet, at: start)
        continue
      }
      head.flags.insert(flag)
      head.flagPlaces.append((flag, start..<text.index))
    }
  }

  private mutating func unknownFlag(_ octet: UInt8, at start: Int) {
    if octet == UInt8(ascii: "$") {
      let end = skipLine()
      error("flags do not come from variables here", cure: "write the letters", at: start..<end)
      return
    }
    var end = text.index
    while end < text.octets.count, text.octets[end] & 0xc0 == 0x80 { end += 1 }
    text.index = end
    let letter = text.octets[start..<end].shown
    let other = octet.lowercasedASCII == octet ? octet.uppercasedASCII : octet.lowercasedASCII
    let hint = RecipeFlags.letters.contains(other) ? "; did you mean \([other].shown)?" : ""
    error(
      "there is no flag '\(letter)'\(hint)", cure: "flags are H B D A a E e c h b f w W i r", at: start..<end)
  }

  private mutating func lockFile(_ head: inout Head, from start: Int) {
    text.skipBlanks()
    let nameStart = text.index
    // A comment may follow the colon at once, behind a blank.
    let isComment = text.next == UInt8(ascii: "#") && nameStart > start + 1
    while !isComment, let octet = text.next, !octet.isBlankOrEnd { text.index += 1 }
    let end = text.index
    head.lockFile = text.octets[nameStart..<end].shown
    head.end = end > nameStart ? end : start + 1
    warn("a lock file has no meaning here", cure: "leave out ':' and what follows it", at: start..<head.end)
    text.skipBlanks()
    if let octet = text.next, octet != .lineFeed, octet != UInt8(ascii: "#") {
      let rest = text.index
      error("nothing may follow the lock file", cure: "take it out", at: rest..<skipLine())
    }
  }

  private mutating func review(_ head: Head) {
    let flags = head.flags
    if flags.contains(.onError) {
      for (other, letter) in [(RecipeFlags.otherwise, "E"), (.alsoIfSucceeded, "a")]
      where flags.contains(other) {
        warn("\(letter) is ignored beside e", cure: "take one of them out", at: head.place(of: other))
      }
    }
  }

  // MARK: - Conditions

  /// Reads conditions up to the action; false where there is none.
  private mutating func readConditions(_ head: Head, into conditions: inout [RuleCondition]) -> Bool {
    var unstarred = head.number ?? (head.flags.isDisjoint(with: .chain) ? 1 : 0)
    var skippedEmpty = false
    while true {
      text.skipBlanks()
      guard let octet = text.next else { return false }
      unstarred -= 1
      if octet == UInt8(ascii: "*") {
        text.index += 1
      } else if unstarred < 0 {
        switch octet {
        case UInt8(ascii: "#"):
          comment(inRecipe: true)
          continue
        case .lineFeed:
          skippedEmpty = true
          text.index += 1
          continue
        case UInt8(ascii: ":"), UInt8(ascii: "}"):
          // procmail takes a recipe's head for a mailbox where no empty line is before it.
          _ = skippedEmpty
          return false
        default: return true
        }
      }
      text.skipBlanks()
      conditions.append(condition(isStarred: octet == UInt8(ascii: "*")))
    }
  }

  private mutating func condition(isStarred: Bool) -> RuleCondition {
    let start = text.index
    var line = logicalLine()
    line.trimEnd()
    let end = line.octets.isEmpty ? start : line.offset(line.octets.count - 1) + 1
    let source = source
    var reader = ConditionReader(line) { source.place($0) }
    let result = reader.read()
    note(result.faults)
    if line.octets.isEmpty {
      warn(
        "a condition that asks nothing always holds", cure: "take the line out",
        at: (isStarred ? start - 1 : start)..<start)
    }
    ConditionTraps.report(result, in: line, to: &self)
    if case .program(let command) = result.body.test { check(command) }
    return RuleCondition(place: source.place(start..<end), text: line.octets.shown, body: result.body)
  }

  /// A line and those that continue it: a backslash at the end is gone, and so are the blanks that begin the next.
  mutating func logicalLine() -> RuleText {
    let start = text.index
    var octets: [UInt8] = []
    var offsets: [Int] = []
    var isContinued = false
    while let octet = text.take(), octet != .lineFeed {
      if octet == UInt8(ascii: "\\"), text.next == .lineFeed {
        isContinued = true
        text.index += 1
        text.skipBlanks()
        continue
      }
      octets.append(octet)
      offsets.append(text.index - 1)
    }
    guard isContinued else { return RuleText(octets, base: start) }
    return RuleText(octets, offsets: offsets, end: text.index)
  }
}
