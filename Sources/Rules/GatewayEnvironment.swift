internal import Bytes
internal import Filtering
internal import MailSyntax
internal import RuleLanguage

/// Answers a run of one folder's rules for one recipient.
struct GatewayEnvironment: RuleEnvironment {
  let sight: Sight
  let part: RulePart
  let recipient: Path
  /// All that was found for this recipient, by rules before these too.
  let findings: [WeighedFinding]
  /// Of views that differ between recipients.
  private var own: [Int: ViewAnswers] = [:]
  /// By recipe: what looking for its expressions took, in nanoseconds.
  private(set) var costs: [Int: UInt64] = [:]
  private let start: UInt64
  /// How long programs ran, in nanoseconds.
  var pauses: UInt64 = 0

  init(sight: Sight, part: RulePart, recipient: Path, findings: [WeighedFinding]) {
    self.sight = sight
    self.part = part
    self.recipient = recipient
    self.findings = findings
    start = sight.terms.clock()
  }

  var messageSize: Int { sight.messageSize }

  func octets(of area: MessageArea, decoded: Bool) -> RuleAnswer<[UInt8]> {
    sight.octets(of: area, isDecoded: decoded)
  }

  func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    switch variable {
    case .recipient: .text(recipient.mailbox)
    case .score: .text(Score.text(acting.total))
    case .findings: .lines(names)
    default: sight.value(of: variable)
    }
  }

  private var acting: [WeighedFinding] { findings.filter { $0.mode == .enforce } }

  /// Each code once.
  private var names: [String] {
    var seen: Set<String> = []
    return acting.map(\.finding.code.name).filter { seen.insert($0).inserted }
  }

  mutating func isFound(_ pattern: RulePattern) -> RuleAnswer<Bool>? {
    guard let place = place(of: pattern) else { return nil }
    guard pattern.view.isOfRecipient, case .variable(let variable) = pattern.view else {
      return charged(sight.isFound(place), pattern)
    }
    if own[place.view] == nil, case .known(let octets) = value(of: variable) {
      own[place.view] = ViewAnswers(sight.views.views[place.view], octets ?? [], gap: nil)
    }
    return own[place.view].flatMap { charged(sight.isFound(place, in: $0), pattern) }
  }

  func isMissing(_ pattern: Int) -> Bool {
    guard pattern < part.places.count, let place = part.places[pattern] else { return false }
    return sight.isMissing(place)
  }

  private func place(of pattern: RulePattern) -> PatternViews.Place? {
    part.places.indices.contains(pattern.id) ? part.places[pattern.id] : nil
  }

  private mutating func charged(
    _ outcome: (answer: RuleAnswer<Bool>?, took: UInt64), _ pattern: RulePattern
  ) -> RuleAnswer<Bool>? {
    if outcome.took > 0, let recipe = part.owners[pattern.id] { costs[recipe, default: 0] &+= outcome.took }
    return outcome.answer
  }

  func captures(of pattern: RulePattern, in octets: [UInt8]) -> RuleAnswer<RuleCaptures?> {
    guard let place = place(of: pattern) else { return .unknown("an expression that PCRE2 does not take") }
    return sight.captures(pattern.groups, of: place, in: octets)
  }

  /// From the beginning of the stage on; time does not pass while a program runs.
  var now: UInt64 { sight.terms.clock() &- start &- pauses }

  func list(_ name: String, contains value: [UInt8]) -> RuleAnswer<Bool> {
    guard let list = part.lists[name] else {
      return .unknown("there is no list \(name.printable(limit: 60))")
    }
    return .known(list.contains(value, at: sight.mail.time))
  }

  func file(named name: [UInt8]) -> RuleFile? {
    String(validating: name, as: UTF8.self).flatMap { part.files($0) }
  }
}
