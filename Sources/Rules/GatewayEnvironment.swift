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

  init(sight: Sight, part: RulePart, recipient: Path, findings: [WeighedFinding]) {
    self.sight = sight
    self.part = part
    self.recipient = recipient
    self.findings = findings
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
    guard pattern.id < part.places.count, let place = part.places[pattern.id] else { return nil }
    guard pattern.view.isOfRecipient, case .variable(let variable) = pattern.view else {
      return sight.isFound(place)
    }
    if let known = own[place.view] { return sight.isFound(place, own: known) }
    guard case .known(let octets) = value(of: variable) else { return nil }
    let answers = ViewAnswers(sight.views.views[place.view].set, octets ?? [])
    own[place.view] = answers
    return sight.isFound(place, own: answers)
  }

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
