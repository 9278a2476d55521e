import Bytes

/// What a recipe that matched does.
extension RuleRun {
  mutating func act(_ recipe: PlanRecipe, _ environment: inout some RuleEnvironment) throws(ProgramNeeded) {
    let isCopy = recipe.flags.contains(.copy)
    let rule = recipe.reference
    switch recipe.action {
    case .block:
      enterBlock(recipe, isCopy: isCopy)
      return
    case .mailbox(let template):
      state.pc = recipe.after
      guard let words = try words(template, &environment), let name = words.first, !name.isEmpty else {
        state.succeeded = false
        return
      }
      state.succeeded = true
      state.lastFolder = name
      set("LASTFOLDER", name)
      let isDropped = name.elementsEqual("/dev/null".utf8)
      deliver(
        isDropped ? .discard : .quarantine(folder: folder(name, template, rule)), rule, recipe, isCopy: isCopy
      )
    case .forward(let template):
      state.pc = recipe.after
      guard let words = try words(template, &environment), !words.isEmpty else {
        state.succeeded = false
        return
      }
      state.succeeded = true
      deliver(.redirect(words.map(\.shown)), rule, recipe, isCopy: isCopy)
    case .program(let command, let name):
      try program(command, into: name, recipe, &environment)
    case .weir(let action):
      state.pc = recipe.after
      state.succeeded = true
      try perform(action, recipe, isCopy: isCopy, &environment)
    }
  }

  private mutating func enterBlock(_ recipe: PlanRecipe, isCopy: Bool) {
    state.succeeded = true
    let isShadow = recipe.mode == .shadow
    if isCopy || isShadow {
      var parent = state
      parent.pc = recipe.after
      // Bound: clones of clones.
      guard clones.count < 16 else {
        state.pc = recipe.after
        return
      }
      clones.append(
        Clone(parent: parent, isShadow: isShadow, endsBelow: isCopy ? nil : state.frames.count + 1))
    }
    state.frames.append(.block(previous: state.previous, last: state.last))
    state.pc += 1
  }

  /// Where a recipe of procmail's delivers to.
  private mutating func deliver(
    _ verdict: RuleVerdict, _ rule: RuleReference, _ recipe: PlanRecipe, isCopy: Bool
  ) {
    guard isCopy else { return end(verdict, by: rule, isShadow: recipe.mode == .shadow) }
    if let kind = Self.copied(verdict) { effect(kind, rule, isShadow: recipe.mode == .shadow) }
  }

  private static func copied(_ verdict: RuleVerdict) -> RuleEffect.Kind? {
    switch verdict {
    case .quarantine(let folder): .quarantineCopy(folder: folder)
    case .redirect(let addresses): .copy(addresses)
    case .reject, .defer, .discard, .accept, .stop: nil
    }
  }

  private mutating func perform(
    _ action: WeirAction, _ recipe: PlanRecipe, isCopy: Bool, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    let rule = recipe.reference
    let isShadow = recipe.mode == .shadow
    func value(_ octets: [UInt8]?) -> String { Self.oneLine(octets ?? []) }
    switch action {
    case .tag: effect(.tag, rule, isShadow: isShadow)
    case .score(let amount, let name): effect(.score(amount, name), rule, isShadow: isShadow)
    case .removeHeader(let name): effect(.removeHeader(name), rule, isShadow: isShadow)
    case .addHeader(let name, let template):
      effect(.addHeader(name, value(try text(template, &environment))), rule, isShadow: isShadow)
    case .replaceHeader(let name, let template):
      effect(.replaceHeader(name, value(try text(template, &environment))), rule, isShadow: isShadow)
    case .copy(let template):
      if let words = try words(template, &environment), !words.isEmpty {
        effect(.copy(words.map(\.shown)), rule, isShadow: isShadow)
      } else {
        state.succeeded = false
      }
    case .redirect(let template):
      guard let words = try words(template, &environment), !words.isEmpty else {
        state.succeeded = false
        return
      }
      deliver(.redirect(words.map(\.shown)), rule, recipe, isCopy: isCopy)
    case .quarantine(let template):
      var folder: String?
      if let template {
        guard let words = try words(template, &environment) else {
          state.succeeded = false
          return
        }
        folder = self.folder(words.first ?? [], template, rule)
      }
      deliver(.quarantine(folder: folder), rule, recipe, isCopy: isCopy)
    case .reject(let refusal):
      let reply = try reply(refusal, &environment)
      decide(.reject(reply), rule, recipe, isCopy: isCopy)
    case .defer(let refusal):
      let reply = try reply(refusal, &environment)
      decide(.defer(reply), rule, recipe, isCopy: isCopy)
    case .discard: decide(.discard, rule, recipe, isCopy: isCopy)
    case .accept: decide(.accept, rule, recipe, isCopy: isCopy)
    case .stop: decide(.stop, rule, recipe, isCopy: isCopy)
    }
  }

  /// The folder that a text means; the folder of all where it came out as none that a rule may name, and that is told.
  private mutating func folder(_ octets: [UInt8], _ template: Template, _ rule: RuleReference) -> String? {
    let folder = FolderName.of(octets, isMade: template.constant == nil)
    if let folder, template.mayName(folder) { return folder }
    if report.strayFolders.count < 100 {
      report.strayFolders.append(RuleReport.StrayFolder(rule: rule, name: octets.shown.printable(limit: 64)))
    }
    return nil
  }

  private mutating func decide(
    _ verdict: RuleVerdict, _ rule: RuleReference, _ recipe: PlanRecipe, isCopy: Bool
  ) {
    // A copy that is refused or thrown away is none.
    guard !isCopy else { return }
    let isShadow = recipe.mode == .shadow || isInShadow
    if !isShadow, clones.isEmpty {
      finish(verdict, by: rule)
    } else {
      leave(verdict, by: rule, isShadow: isShadow, inBlock: recipe.mode == .shadow)
    }
  }

  private mutating func reply(
    _ refusal: Refusal, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> RefusalReply {
    var text: String?
    if let template = refusal.text, let octets = try self.text(template, &environment) {
      text = Self.oneLine(octets)
    }
    return RefusalReply(code: refusal.code, enhanced: refusal.enhanced, text: text)
  }

  /// A value as it may stand in a header field or a reply: line ends and controls are blanks.
  private static func oneLine(_ octets: [UInt8]) -> String {
    let plain = octets.map { $0 < 0x20 || $0 == 0x7f ? UInt8.space : $0 }
    return plain.shown
  }

  // MARK: - Ends

  /// The rules end in a delivery of procmail's; EXITCODE turns it into a refusal.
  mutating func end(_ verdict: RuleVerdict, by rule: RuleReference?, isShadow: Bool = false) {
    let isShadow = isShadow || isInShadow
    guard !isShadow, clones.isEmpty else {
      return leave(verdict, by: rule, isShadow: isShadow, inBlock: false)
    }
    guard let status = state.exitCode, status > 0 else { return finish(verdict, by: rule) }
    // What was delivered is delivered, and the sender hears the status.
    if let kind = Self.copied(verdict) { effect(kind, rule) }
    let (code, enhanced) = ExitStatus.reply(status)
    let reply = RefusalReply(code: code, enhanced: enhanced, text: nil)
    finish(code < 500 ? .defer(reply) : .reject(reply), by: rule)
  }

  /// A clone's end, or one that is only told.
  private mutating func leave(
    _ verdict: RuleVerdict, by rule: RuleReference?, isShadow: Bool, inBlock: Bool
  ) {
    if isShadow {
      effect(.verdict(verdict), rule, isShadow: true)
      // A recipe in shadow of its own goes on; one in a block that is in shadow ends the block.
      if !isInShadow || inBlock { return }
    } else if let kind = Self.copied(verdict) {
      effect(kind, rule)
    }
    if clones.isEmpty { return }
    endClone()
  }

  mutating func effect(_ kind: RuleEffect.Kind, _ rule: RuleReference?, isShadow: Bool = false) {
    let isShadow = isShadow || isInShadow
    if !isShadow, !clones.isEmpty {
      // A clone has copies to make, and nothing to say about the message itself.
      switch kind {
      case .copy, .quarantineCopy, .log: break
      default: return
      }
    }
    // Bound: effects of a message.
    guard report.effects.count < 10_000 else { return }
    report.effects.append(RuleEffect(kind: kind, rule: rule, isShadow: isShadow))
  }

  // MARK: - Programs

  private mutating func program(
    _ command: RuleCommand, into name: String?, _ recipe: PlanRecipe,
    _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    let flags = recipe.flags
    state.pc = recipe.after
    if recipe.mode == .shadow || isInShadow { return }
    let area: MessageArea =
      flags.contains(.passHeader) == flags.contains(.passBody)
      ? .whole : flags.contains(.passHeader) ? .header : .body
    let isFilter = flags.contains(.filter)
    let purpose: ProgramQuestion.Purpose = name != nil ? .output : isFilter ? .filter(area) : .delivery
    let outcome = try outcome(
      of: command, purpose: purpose, input: area, text: nil, isRaw: flags.contains(.raw), &environment)
    let waits = flags.contains(.wait) || flags.contains(.waitQuietly)
    state.succeeded = waits ? outcome.status == 0 : outcome.status != nil
    if let name {
      // A program that failed and was waited for leaves the value as it was.
      if waits, outcome.status != 0 { return }
      set(name, Self.withoutLastLineEnd(outcome.output))
    } else if !isFilter, !flags.contains(.copy), outcome.status == 0 || !waits && outcome.status != nil {
      // The program has the message now.
      end(.discard, by: recipe.reference)
    }
  }

  mutating func run(
    _ command: RuleCommand, for condition: PlanCondition, _ recipe: PlanRecipe,
    _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> ProgramOutcome {
    var input: MessageArea? = recipe.flags.area
    var octets: [UInt8]?
    switch condition.subject {
    case .area(let area)?: input = area
    case .variable(let slot)?:
      input = nil
      if case .known(let value?) = value(slot, &environment) { octets = value }
    case nil: break
    }
    return try outcome(of: command, purpose: .status, input: input, text: octets, &environment)
  }

  /// How a program ended: what the statement was told before, or a question.
  mutating func outcome(
    of command: RuleCommand, purpose: ProgramQuestion.Purpose, input: MessageArea?, text: [UInt8]?,
    isRaw: Bool = false, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> ProgramOutcome {
    // The words may hold programs of their own, which come first.
    let arguments = try words(command.words, &environment) ?? []
    if outcomesUsed < outcomes.count {
      defer { outcomesUsed += 1 }
      state.status = outcomes[outcomesUsed].status ?? 1
      return outcomes[outcomesUsed]
    }
    throw ProgramNeeded(
      question: ProgramQuestion(
        arguments: arguments, input: input, text: text, endsInEmptyLine: !isRaw, purpose: purpose,
        place: command.place))
  }
}
