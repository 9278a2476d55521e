import Bytes

/// Variables, and texts that they are put into.
extension RuleRun {
  /// The value of a variable; nil where it is not set.
  func value(_ slot: Int, _ environment: inout some RuleEnvironment) -> RuleAnswer<[UInt8]?> {
    switch stored(slot) {
    case .set(let octets): return .known(octets)
    case .unset: return .known(nil)
    case .untouched:
      if let gateway = symbols.gateway[slot] { return environment.value(of: gateway) }
      return .known(options.variables[symbols.names[slot]])
    }
  }

  /// The value by its name; nil where it is not set or nobody knows.
  mutating func value(_ name: String, _ environment: inout some RuleEnvironment) -> [UInt8]? {
    let slot = slot(name)
    guard case .known(let octets) = value(slot, &environment) else { return nil }
    return octets
  }

  /// What is kept in a slot; a name that came up late has none yet.
  func stored(_ slot: Int) -> Value { slot < state.values.count ? state.values[slot] : .untouched }

  mutating func slot(_ name: String) -> Int { symbols.known(name) ?? symbols.slot(name) }

  mutating func store(_ value: Value, in slot: Int) {
    while state.values.count <= slot { state.values.append(.untouched) }
    state.values[slot] = value
  }

  mutating func set(_ name: String, _ octets: [UInt8]?) {
    let slot = slot(name)
    set(slot, octets)
  }

  mutating func set(_ slot: Int, _ octets: [UInt8]?) {
    let value = octets.map { Value.set($0) } ?? .unset
    store(value, in: slot)
    writes.append((slot, value))
  }

  // MARK: - Assignments

  mutating func assign(
    _ assignment: PlanAssignment, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    var octets: [UInt8]?
    if let template = assignment.value {
      switch try text(template, &environment) {
      case .some(let value): octets = value
      case nil: return
      }
    }
    set(assignment.slot, octets)
    guard let behaviour = assignment.behaviour else { return }
    behave(behaviour, octets ?? [])
  }

  private mutating func behave(_ behaviour: BehaviouralVariable, _ octets: [UInt8]) {
    switch behaviour {
    case .includeFile, .switchFile: break
    case .log: if !octets.isEmpty { effect(.log(octets), nil) }
    case .exitCode: state.exitCode = Self.number(octets)
    case .shift:
      if let count = Self.number(octets), count > 0 {
        state.shifted = min(state.shifted + count, options.arguments.count)
      }
    case .host:
      guard !octets.elementsEqual(options.hostName.utf8) else { return }
      // procmail stops here and is done with the message; EXITCODE says how.
      end(.discard, by: nil)
    }
  }

  /// A number at the start of a text, as procmail reads one; nil where there is none.
  static func number(_ octets: [UInt8]) -> Int? {
    var digits = octets.drop(while: \.isWhiteSpace)
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    let text = digits.prefix(while: \.isASCIIDigit)
    guard !text.isEmpty else { return nil }
    // Bound: what is larger is as good as this.
    let value = text.count > 15 ? 999_999_999_999_999 : Int(text.shown) ?? 0
    return isNegative ? -value : value
  }

  // MARK: - Templates

  /// The text of a template; nil where it is too long.
  mutating func text(
    _ template: Template, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> [UInt8]? {
    var words = Words(limit: options.valueLength, divides: false)
    try put(template.pieces, into: &words, &environment)
    return finished(words).map { $0.first ?? [] }
  }

  /// The words of a template; nil where they are too long.
  mutating func words(
    _ template: Template, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> [[UInt8]]? {
    var words = Words(limit: options.valueLength, divides: true)
    try put(template.pieces, into: &words, &environment)
    return finished(words)
  }

  private mutating func finished(_ words: Words) -> [[UInt8]]? {
    if words.isOverfull {
      set("PROCMAIL_OVERFLOW", Array("yes".utf8))
      return nil
    }
    return words.all
  }

  private mutating func put(
    _ pieces: [Template.Piece], into words: inout Words, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    for piece in pieces {
      switch piece {
      case .text(let octets): words.append(octets)
      case .wordEnd: words.endWord()
      case .wordMark: words.begin()
      case .value(let name, let splits): words.append(value(of: name, &environment) ?? [], splits: splits)
      case .quoted(let name): words.append(Self.quoted(value(of: name, &environment) ?? []))
      case .arguments:
        for (index, argument) in options.arguments.dropFirst(state.shifted).enumerated() {
          if index > 0 { words.divides ? words.endWord() : words.append([.space]) }
          words.append(argument)
        }
      case .command(let command, let splits):
        let outcome = try outcome(
          of: command, purpose: .output, input: .whole, text: nil, &environment)
        words.append(Self.withoutLastLineEnd(outcome.output), splits: splits)
      case .choice(let choice):
        let value = value(of: choice.name, &environment)
        let isSet = value.map { !choice.emptyIsUnset || !$0.isEmpty } ?? false
        if isSet == choice.whenSet {
          try put(choice.text, into: &words, &environment)
        } else if isSet {
          words.append(value ?? [], splits: choice.splits)
        }
      }
      if words.isOverfull { return }
    }
  }

  private mutating func value(
    of name: Template.Name, _ environment: inout some RuleEnvironment
  ) -> [UInt8]? {
    switch name {
    case .variable(let name): return value(name, &environment)
    case .argument(0): return Array("weir".utf8)
    case .argument(let number):
      let index = state.shifted + number - 1
      return index < options.arguments.count ? options.arguments[index] : nil
    case .score: return Array(String(Score.shown(state.score)).utf8)
    case .status: return Array(String(state.status).utf8)
    case .argumentCount: return Array(String(options.arguments.count - state.shifted).utf8)
    case .lastFolder: return state.lastFolder
    case .process: return [UInt8(ascii: "0")]
    case .file:
      for case .file(let name, _) in state.frames.reversed() { return Array(name.utf8) }
      return nil
    }
  }

  static func withoutLastLineEnd(_ octets: [UInt8]) -> [UInt8] {
    octets.last == .lineFeed ? octets.dropLast() : octets
  }

  /// A value as an expression that matches it and nothing else.
  private static func quoted(_ octets: [UInt8]) -> [UInt8] {
    var text = Array("()".utf8)
    for octet in octets {
      if specials.contains(octet) { text.append(UInt8(ascii: "\\")) }
      text.append(octet)
    }
    return text
  }

  private static let specials = Array(#"(|)*?+.^$[\"#.utf8)
}

/// Words as they grow.
struct Words {
  let limit: Int
  /// Whether blanks divide them; otherwise there is one.
  let divides: Bool
  private(set) var all: [[UInt8]] = []
  private var current: [UInt8] = []
  private var isBegun = false
  private var size = 0

  init(limit: Int, divides: Bool) {
    self.limit = limit
    self.divides = divides
    if !divides { all = [[]] }
  }

  var isOverfull: Bool { size > limit }

  mutating func begin() { if divides, !isBegun { startWord() } }

  private mutating func startWord() {
    isBegun = true
    all.append([])
  }

  mutating func endWord() { isBegun = false }

  mutating func append(_ octets: [UInt8], splits: Bool = false) {
    size += octets.count
    guard !isOverfull else { return }
    guard divides else {
      all[0] += octets
      return
    }
    guard splits else {
      guard !octets.isEmpty else { return }
      begin()
      all[all.count - 1] += octets
      return
    }
    for octet in octets {
      if octet.isBlankOrEnd {
        isBegun = false
      } else {
        begin()
        all[all.count - 1].append(octet)
      }
    }
  }
}
