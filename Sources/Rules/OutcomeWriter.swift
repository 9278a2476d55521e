internal import Bytes
internal import Filtering
internal import RuleLanguage
internal import SMTPProtocol

/// Puts what runs report, folder after folder, into one outcome.
struct OutcomeWriter {
  private let terms: RuleTerms
  private let stage: Stage
  private(set) var findings: [WeighedFinding] = []
  private(set) var isEnded = false
  private var verdict: RuleVerdict?
  private var decidedBy: RuleReference?
  private var isTagged = false
  private var headers: [HeaderChange] = []
  private var copies: [String] = []
  private var heldCopies: [String?] = []
  private var log: [UInt8] = []
  private var hits: [RuleHitLine] = []
  private var traces: [RuleTrace] = []
  private var unknowns = Unknowns()

  // Bound: of one message, whatever the rules are.
  private static let most = 100
  private static let longestHeader = 998
  private static let mostTraces = 20_000
  private static let longestLog = 8192

  init(_ terms: RuleTerms, at stage: Stage) {
    self.terms = terms
    self.stage = stage
  }

  /// Takes what one folder's rules said.
  mutating func add(_ report: RuleReport, of plan: RulePlan) {
    for hit in report.hits.prefix(5 * Self.most) where plan.recipes.indices.contains(hit.recipe) {
      let recipe = plan.recipes[hit.recipe]
      hits.append(
        RuleHitLine(
          rule: recipe.reference, action: recipe.actionText.printable(limit: 120),
          isShadow: hit.isShadow || isInShadow))
    }
    for effect in Self.inFileOrder(report.effects, plan) { add(effect) }
    for unknown in report.unknowns { unknowns.note(unknown) }
    for stray in report.strayFolders {
      note(
        .ruleFolderRefused, evidence("'\(stray.name)'", stray.rule), stray.rule, isShadow: isInShadow)
    }
    if let fault = report.fault { unknowns.note(fault, plan) }
    traces += report.trace.prefix(max(0, Self.mostTraces - traces.count))
    guard let given = report.verdict else { return }
    isEnded = true
    if isInShadow {
      tell(given, report.decidedBy)
    } else if given != .stop {
      verdict = given
      decidedBy = report.decidedBy
    }
  }

  /// What was done at RCPT stands before the rest, and a field is not to be removed before it was added: changes of the
  /// header take each other's places.
  private static func inFileOrder(_ effects: [RuleEffect], _ plan: RulePlan) -> [RuleEffect] {
    let changes = effects.indices.filter { effects[$0].changesHeader }
    guard changes.count > 1, plan.hasRecipientStage else { return effects }
    var places: [RuleReference: Int] = [:]
    for (index, recipe) in plan.recipes.enumerated() where places[recipe.reference] == nil {
      places[recipe.reference] = index
    }
    func place(_ index: Int) -> Int { effects[index].rule.flatMap { places[$0] } ?? .max }
    let sorted = changes.sorted { (place($0), $0) < (place($1), $1) }
    var result = effects
    for (index, other) in zip(changes, sorted) { result[index] = effects[other] }
    return result
  }

  /// Whether all rules together are.
  private var isInShadow: Bool { terms.mode == .shadow }

  private mutating func add(_ effect: RuleEffect) {
    let isShadow = effect.isShadow || isInShadow
    switch effect.kind {
    case .score(let amount, let name):
      note(.ruleScore, evidence(name, effect.rule), effect.rule, weight: amount, isShadow: isShadow)
    case .tag:
      if isShadow { note(.ruleTag, evidence("tag", effect.rule), effect.rule, isShadow: true) }
      isTagged = isTagged || !isShadow
    case .verdict(let verdict): tell(verdict, effect.rule)
    case .addHeader(let name, let value): change(.add(name, Self.fieldValue(value)), isShadow)
    case .replaceHeader(let name, let value): change(.replace(name, Self.fieldValue(value)), isShadow)
    case .removeHeader(let name): change(.remove(name), isShadow)
    case .copy(let addresses):
      for address in addresses where !isShadow && copies.count < Self.most && !copies.contains(address) {
        copies.append(address)
      }
    case .quarantineCopy(let folder):
      if !isShadow, heldCopies.count < Self.most, !heldCopies.contains(folder) { heldCopies.append(folder) }
    case .log(let octets): if log.count < Self.longestLog { log += octets }
    }
  }

  private mutating func change(_ change: HeaderChange, _ isShadow: Bool) {
    if !isShadow, headers.count < Self.most { headers.append(change) }
  }

  /// A value that cannot break out of its field: no line end, no NUL, and whole characters up to the bound.
  static func fieldValue(_ text: String) -> [UInt8] {
    var octets = text.utf8.map { $0 == .lineFeed || $0 == .carriageReturn || $0 == 0 ? .space : $0 }
    guard octets.count > longestHeader else { return octets }
    octets.removeLast(octets.count - longestHeader)
    // What a cut left of a character.
    while let last = octets.last, last & 0xc0 == 0x80 { octets.removeLast() }
    if let last = octets.last, last >= 0xc0 { octets.removeLast() }
    return octets
  }

  // MARK: - Findings

  /// What a rule in shadow would have ended in.
  private mutating func tell(_ verdict: RuleVerdict, _ rule: RuleReference?) {
    guard let code = verdict.code else { return }
    let ruling: Ruling =
      switch verdict {
      case .reject: .reject
      case .defer: .defer
      default: .none
      }
    note(code, evidence(verdict.words, rule), rule, ruling: ruling, isShadow: true)
  }

  private func evidence(_ what: String, _ rule: RuleReference?) -> String {
    [what.printable(limit: 120), rule?.place.fileAndLine ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
  }

  private mutating func note(
    _ code: ReasonCode, _ evidence: String, _ rule: RuleReference?, weight: Double? = nil,
    ruling: Ruling = .none, isShadow: Bool = false
  ) {
    guard findings.count < 2 * Self.most else { return }
    findings.append(
      WeighedFinding(
        Finding(code, evidence: evidence, list: rule?.id ?? "", isShadow: isShadow),
        weight: Weight(weight ?? terms.weights[code] ?? 0, ruling), mode: isShadow ? .shadow : .enforce,
        found: stage, enforceAt: stage))
  }

  /// What a program that had no outcome came to.
  mutating func note(programFault words: String) { note(.ruleUnavailable, words, nil, isShadow: isInShadow) }

  // MARK: - The outcome

  mutating func outcome(progress: (any Sendable)?) -> RuleOutcome {
    for (code, evidence, rule) in unknowns.lines { note(code, evidence, rule, isShadow: isInShadow) }
    return RuleOutcome(
      verdict: verdict, decidedBy: decidedBy, findings: findings, isTagged: isTagged, headers: headers,
      copies: copies, heldCopies: heldCopies, notes: notes, hits: hits, traces: traces, progress: progress)
  }

  /// What LOG said, line by line.
  private var notes: [String] {
    log.split(separator: .lineFeed).prefix(Self.most).map {
      String(decoding: $0, as: UTF8.self).printable(limit: 400)
    }
  }
}

/// Conditions without an answer, told once for each reason and not for each condition.
private struct Unknowns {
  /// By reason, in the order in which they came up: the first rule, and how many rules more.
  private var reasons: [(reason: String, rule: RuleReference, more: Set<String>)] = []
  private var faults: [(String, RuleReference?)] = []

  // Bound: reasons of one message.
  private static let most = 20

  mutating func note(_ unknown: RuleUnknown) {
    if let place = reasons.firstIndex(where: { $0.reason == unknown.reason }) {
      if unknown.rule.id != reasons[place].rule.id, reasons[place].more.count < 1000 {
        reasons[place].more.insert(unknown.rule.id)
      }
    } else if reasons.count < Self.most {
      reasons.append((unknown.reason, unknown.rule, []))
    }
  }

  mutating func note(_ fault: RuleFault, _ plan: RulePlan) {
    switch fault {
    case .tooManySteps: faults.append(("more statements than a message is worth", nil))
    case .tooLong: faults.append((Sight.overBudget, nil))
    case .includedTooDeep: faults.append(("files in files, too deep", nil))
    }
  }

  var lines: [(ReasonCode, String, RuleReference?)] {
    reasons.map { reason, rule, more in
      let others = more.isEmpty ? "" : " and \(more.count) more"
      return (
        reason == Sight.overBudget ? .ruleOverBudget : .ruleUnavailable,
        "\(rule.id)\(others): \(reason)".printable(limit: 240), rule
      )
    } + faults.map { (.ruleOverBudget, $0, $1) }
  }
}

extension RuleEffect {
  fileprivate var changesHeader: Bool {
    switch kind {
    case .addHeader, .removeHeader, .replaceHeader: true
    default: false
    }
  }
}

extension RuleVerdict {
  /// nil for what leaves it to the score.
  var code: ReasonCode? {
    switch self {
    case .reject: .ruleReject
    case .defer: .ruleDefer
    case .discard: .ruleDiscard
    case .quarantine: .ruleQuarantine
    case .accept: .ruleAccept
    case .redirect: .ruleRedirect
    case .stop: nil
    }
  }

  /// What it does, for people.
  var words: String {
    func reply(_ reply: RefusalReply) -> String {
      [reply.code.map(String.init), reply.enhanced, reply.text.map { "\"\($0)\"" }].compactMap { $0 }
        .map { " " + $0 }.joined()
    }
    return switch self {
    case .reject(let words): "reject" + reply(words)
    case .defer(let words): "defer" + reply(words)
    case .discard: "discard"
    case .quarantine(let folder): "quarantine" + (folder.map { " " + $0 } ?? "")
    case .accept: "accept"
    case .redirect(let addresses): "redirect " + addresses.joined(separator: " ")
    case .stop: "stop"
    }
  }
}
