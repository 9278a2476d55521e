import Filtering
import Foundation
import MailAuthentication
import MailSyntax
import MessageViews

/// A scan as JSON: `verdict`, `score`, `findings`, `rules`, `auth` and `reply` of the interface that stays, and all else
/// that is shown to people.
struct ScanOutput: Encodable {
  let name: String
  let verdict: String
  let score: Double
  let findings: [FoundOutput]
  /// Rules that fired, in their order.
  let rules: [RuleOutput]
  let auth: AuthOutput
  let reply: String
  /// Where it is refused, and under which code; null where it is not.
  let stage: String?
  let code: String?
  let client: ClientOutput
  let recipients: [RecipientOutput]
  /// The first From, To, Cc, Subject, Date and Message-ID.
  let header: [String: String]
  let parts: [PartOutput]
  let text: String
  let hidden: [HiddenOutput]
  let links: [LinkOutput]
  let attachments: [AttachmentOutput]
  let faults: [FaultOutput]
  let notes: [String]

  struct FoundOutput: Encodable {
    let code: String
    let score: Double
    let evidence: String
    let stage: String
    /// `enforce` or `shadow`: what is in shadow mode weighs nothing.
    let mode: String
    /// What it does by itself: `none`, `reject`, `defer`, `limit`, `allow`.
    let ruling: String
    let list: String
    let reason: String
    /// Why it weighs nothing here, where something is not known that could refute it; else empty.
    let unproven: String

    init(_ found: WeighedFinding, unproven: String) {
      self.unproven = unproven
      code = found.finding.code.name
      score = ScanOutput.rounded(found.weight.score)
      evidence = found.finding.evidence
      stage = found.found.description
      mode = found.mode.rawValue
      ruling = found.weight.ruling.rawValue
      list = found.finding.list
      reason = found.finding.reason
    }
  }

  struct AuthOutput: Encodable {
    let spf: String?
    let dkim: String?
    let dmarc: String?
    let arc: String?
    let signatures: [Signature]

    struct Signature: Encodable {
      let domain: String
      let selector: String
      let result: String
      let reason: String
    }

    private enum CodingKeys: String, CodingKey { case spf, dkim, dmarc, arc, signatures }

    /// `null` stands for what was not looked at.
    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      for (key, text) in [(CodingKeys.spf, spf), (.dkim, dkim), (.dmarc, dmarc), (.arc, arc)] {
        try fields.encode(text, forKey: key)
      }
      try fields.encode(signatures, forKey: .signatures)
    }

    init(_ scan: Scan) {
      spf = scan.spf?.result.rawValue
      dkim = scan.dkimResult
      dmarc = scan.dmarc?.result.rawValue
      arc = scan.arcResult
      signatures = (scan.dkim ?? []).map {
        Signature(
          domain: $0.domain?.text ?? "", selector: $0.selector, result: $0.status.rawValue, reason: $0.reason)
      }
    }
  }

  struct ClientOutput: Encodable {
    let ip: String?
    let ptr: String?
    let helo: String?
    let from: String
    let user: String?
    /// `given`, `trace` or `unknown`.
    let source: String
    let time: String

    private enum CodingKeys: String, CodingKey { case ip, ptr, helo, from, user, source, time }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      for (key, text) in [(CodingKeys.ip, ip), (.ptr, ptr), (.helo, helo), (.user, user)] {
        try fields.encode(text, forKey: key)
      }
      try fields.encode(from, forKey: .from)
      try fields.encode(source, forKey: .source)
      try fields.encode(time, forKey: .time)
    }

    init(_ scan: Scan) {
      ip = scan.envelope.client?.description
      ptr = scan.clientName
      helo = scan.envelope.helo
      from = scan.envelope.sender.text
      user = scan.envelope.user
      source = scan.envelope.source.rawValue
      time = scan.envelope.time.rfc3339
    }
  }

  struct RecipientOutput: Encodable {
    let address: String
    let verdict: String
    let code: String?
    let reply: String?
  }

  private enum CodingKeys: String, CodingKey {
    case name, verdict, score, findings, rules, auth, reply, stage, code, client, recipients, header, parts
    case text, hidden, links, attachments, faults, notes
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    for (key, text) in [(CodingKeys.stage, stage), (.code, code)] { try fields.encode(text, forKey: key) }
    for (key, text) in [
      (CodingKeys.name, name), (.verdict, verdict), (.reply, reply), (.text, text),
    ] {
      try fields.encode(text, forKey: key)
    }
    try fields.encode(score, forKey: .score)
    try fields.encode(findings, forKey: .findings)
    try fields.encode(rules, forKey: .rules)
    try fields.encode(auth, forKey: .auth)
    try fields.encode(client, forKey: .client)
    try fields.encode(recipients, forKey: .recipients)
    try fields.encode(header, forKey: .header)
    try fields.encode(parts, forKey: .parts)
    try fields.encode(hidden, forKey: .hidden)
    try fields.encode(links, forKey: .links)
    try fields.encode(attachments, forKey: .attachments)
    try fields.encode(faults, forKey: .faults)
    try fields.encode(notes, forKey: .notes)
  }

  init(_ scan: Scan, notes: [String]) {
    name = scan.name
    verdict = scan.verdict.rawValue
    score = Self.rounded(scan.score)
    let unproven = scan.envelope.unproven
    findings = scan.outcome.findings.map { FoundOutput($0, unproven: unproven[$0.finding.code] ?? "") }
    rules = JudgedRule.fired(scan).map { RuleOutput($0) }
    auth = AuthOutput(scan)
    reply = scan.reply.summary
    stage = scan.refusal?.stage.description
    code = scan.refusal?.reason?.name
    client = ClientOutput(scan)
    recipients = scan.outcome.steps.compactMap { step in
      guard let recipient = step.recipient else { return nil }
      let final = scan.outcome.each.first { $0.recipient.text == recipient.text }?.verdict.decision
      let decision = step.isRefusal ? step.decision : final ?? step.decision
      return RecipientOutput(
        address: recipient.text, verdict: decision.verdict.rawValue,
        code: step.reason?.name ?? (decision.rule == nil ? nil : decision.reason.name),
        reply: step.reply?.summary)
    }
    let names = [
      ("from", "From"), ("to", "To"), ("cc", "Cc"), ("subject", "Subject"), ("date", "Date"),
      ("message_id", "Message-ID"),
    ]
    header = Dictionary(
      uniqueKeysWithValues: names.compactMap { key, name in scan.header(name).map { (key, $0) } })
    parts = PartOutput.all(scan.views)
    text = scan.views.text
    hidden = HiddenOutput.all(scan.views)
    links = scan.views.links.map { LinkOutput($0) }
    attachments = AttachmentOutput.all(scan)
    faults = scan.views.allFaults.map { FaultOutput($0) }
    self.notes = notes + scan.notes
  }

  /// Without the noise of sums of binary fractions.
  static func rounded(_ score: Double) -> Double {
    score.isFinite ? (score * 1000).rounded() / 1000 : 0
  }

  /// - Parameter isLine: on one line, for one of many.
  func json(isLine: Bool) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      isLine
      ? [.sortedKeys, .withoutEscapingSlashes] : [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// A message that could not be read, as JSON.
struct UnreadOutput: Encodable {
  let name: String
  let error: String
}
