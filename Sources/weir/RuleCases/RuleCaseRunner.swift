import Bytes
import DNS
import Filtering
import MailSyntax
import NetAddress
import RuleLanguage
import SMTPServer
import TraceAnalysis

/// What came of a case.
struct RuleCaseResult: Sendable {
  let one: RuleCase
  /// The rules that matched, in their order; those in shadow among them.
  let matched: [String]
  let verdict: Verdict
  let score: Double
  /// What is not as the case says; empty where all is.
  let complaints: [Complaint]
  /// The rules for which it was not run: the configuration switches them off.
  var skippedFor: [String] = []

  struct Complaint: Sendable {
    let text: String
    /// Why the rule that it is about matched or did not; nil where it was not judged, or it is about none.
    let trace: RuleTrace?
  }

  var holds: Bool { complaints.isEmpty }
}

/// Judges the messages of cases on the path of `weir scan`, without a network: names are asked of the case alone.
struct RuleCaseRunner: Sendable {
  let folder: RuleCaseFolder
  /// Where nobody is asked about names.
  let offline: Configuration
  /// Where a case says what DNS says; nil where none does.
  let resolving: Configuration?

  func run(_ one: RuleCase) async -> RuleCaseResult {
    let off = folder.skipped(one)
    if !off.isEmpty {
      return RuleCaseResult(
        one: one, matched: [], verdict: .accept, score: 0, complaints: [], skippedFor: off)
    }
    let envelope = CaseEnvelope(one, home: folder.home(of: one))
    let context = ScanContext(
      judging: envelope.table == nil ? offline : resolving ?? offline, names: envelope.table,
      at: envelope.now ?? Self.date(of: one.message) ?? Clock.now)
    let item = ScanItem(name: "\(one.file):\(one.line)", octets: one.message)
    let scan = await Scan.of(item, one.message, envelope.given, context)
    var matched: [String] = []
    for rule in JudgedRule.fired(scan) where !matched.contains(rule.reference.id) {
      matched.append(rule.reference.id)
    }
    return RuleCaseResult(
      one: one, matched: matched, verdict: scan.verdict, score: scan.score,
      complaints: complaints(one, matched, scan))
  }

  /// A case is judged at the moment that its message tells: what it comes to is the same on every day.
  private static func date(of message: [UInt8]) -> Timestamp? {
    let lines = WireMessage.lines(message)
    return ScanOrigin.text("Date", MessageHeader(lines), lines).flatMap { MailDate($0)?.moment }
  }

  private func complaints(_ one: RuleCase, _ matched: [String], _ scan: Scan) -> [RuleCaseResult.Complaint] {
    switch one.expectation {
    case .matches(let names):
      let missing = names.map(\.text).filter { !matched.contains($0) }
      let silent = JudgedRule.silent(scan)
      return missing.map { id in
        let trace = silent.first { $0.reference.id == id }?.trace
        let text =
          if folder.isOff(id) {
            "\(id) does not match: its mode is off"
          } else {
            trace == nil ? "\(id) was not judged" : "\(id) does not match"
          }
        return .init(text: text, trace: trace)
      }
    case .spares(let names):
      let spared = names.map { Set($0.map(\.text)) } ?? folder.rules(meantBy: one)
      let fired = JudgedRule.fired(scan)
      return matched.filter(spared.contains).map { id in
        .init(text: "\(id) matches", trace: fired.first { $0.reference.id == id }?.trace)
      }
    case .sends(let isCopy, let wanted):
      let sent = isCopy ? scan.outcome.copied : scan.outcome.redirected
      let missing = wanted.filter { one in !sent.contains { $0.equalsIgnoringASCIICase(one) } }
      guard wanted.isEmpty ? sent.isEmpty : !missing.isEmpty else { return [] }
      let words = isCopy ? "copied" : "redirected"
      let whom = sent.isEmpty ? "nobody" : sent.joined(separator: ", ")
      let lack = missing.isEmpty ? "" : "it is not \(words) to \(missing.joined(separator: ", ")): "
      return [
        .init(
          text: "\(lack)it is \(words) to \(whom), the verdict is \(scan.verdict.rawValue)", trace: nil)
      ]
    case .verdict(let verdict):
      guard scan.verdict != verdict else { return [] }
      return [
        .init(
          text: "the verdict is \(scan.verdict.rawValue), the score \(Score.text(scan.score))", trace: nil)
      ]
    }
  }
}

extension Rehearsal.Outcome {
  /// To whom rules send the message instead of to its recipients.
  fileprivate var redirected: [String] { each.flatMap { $0.verdict.decision.redirect ?? [] } }
  /// To whom as well.
  fileprivate var copied: [String] { each.flatMap { $0.verdict.outcome?.copies ?? [] } }
}

extension ScanContext {
  /// For messages that nobody sent: whether recipients may be relayed to is not asked.
  init(judging configuration: Configuration, names: DNSTable?, at time: Timestamp) {
    let settings = configuration.settings
    let budget = settings.dns.timeout
    var rehearsal = Rehearsal(
      plan: configuration.plan, scores: configuration.scores, recipients: Wiring.recipients(settings),
      catalogue: configuration.catalogue, bounds: Wiring.bounds(settings),
      lookups: {
        let resolver: any DNS.Resolver = if let names { names } else { NoResolver() }
        return Lookups(resolver, until: .now + budget)
      })
    rehearsal.rules = configuration.rules
    self.rehearsal = rehearsal
    relay = configuration.relay
    networks = IPPrefixSet(settings.relay.networks.prefixes + settings.trustedNetworks.prefixes)
    messageSize = settings.limits.client.messageSize.count
    isConfigured = false
    self.time = time
    now = time
    notes = []
  }
}
