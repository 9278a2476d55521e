import Bytes
import Checks
import Filtering
import Foundation
import MailAuthentication
import MailSyntax
import MessageViews
import NetAddress
import SMTPProtocol

/// A message, judged: what it says, what was found, and what the gateway would have done with it.
struct Scan: Sendable {
  let name: String
  let envelope: ScanEnvelope
  let outcome: Rehearsal.Outcome
  let views: MessageViews
  let files: [FileInspection]
  let thresholds: Thresholds
  /// What the client would have read in the end.
  let reply: Reply
  let notes: [String]

  /// Judges a message.
  static func of(_ item: ScanItem, _ octets: [UInt8], _ given: ScanEnvelope.Given, _ context: ScanContext)
    async
    -> Scan
  {
    let lines = WireMessage.lines(octets)
    var rest: [UInt8] = []
    let envelope = ScanEnvelope(given, of: lines, context, rest: &rest)
    let message = WireMessage(rest, context.rehearsal.bounds, size: context.messageSize)
    let rehearsal = rehearsal(envelope, context)
    let mail = facts(envelope, context)
    let outcome = await rehearsal.judge(
      mail, recipients: envelope.recipients, message: message.held, fault: message.refusal, id: "scan")
    let views = await outcome.facts?.views() ?? MessageViews(rest)
    var notes = item.notes + envelope.notes
    if !views.isWhole { notes.append("the message is longer than checks look at (limits.content_size)") }
    return Scan(
      name: item.name, envelope: envelope, outcome: outcome, views: views,
      files: outcome.facts?.evidence.files.known ?? [], thresholds: rehearsal.recipients.standard.thresholds,
      reply: refusal(outcome)?.reply ?? acceptance(rehearsal.catalogue), notes: notes)
  }

  /// The checks that can be asked about this message.
  private static func rehearsal(_ envelope: ScanEnvelope, _ context: ScanContext) -> Rehearsal {
    var rehearsal = context.rehearsal
    let mayBeUser = envelope.isUserGiven || envelope.user == nil
    if context.isConfigured, mayBeUser, envelope.isUserGiven || envelope.areRecipientsGiven {
      rehearsal.relay = context.relay
    }
    if envelope.client == nil {
      rehearsal.plan.connect = []
      rehearsal.plan.hello = []
      // SPF is about the client; what else is asked about a sender is not.
      rehearsal.plan.mail.removeAll { $0.check == "spf" }
    }
    if envelope.helo == nil { rehearsal.plan.hello = [] }
    rehearsal.unproven = Set(envelope.unproven.keys)
    return rehearsal
  }

  private static func facts(_ envelope: ScanEnvelope, _ context: ScanContext) -> MailFacts {
    let address = envelope.client ?? IPAddress(v4: 0)
    var connect = ConnectFacts(
      address: address, port: 0, listener: "", isRelayNetwork: context.relay.isRelayNetwork(address),
      time: envelope.time)
    connect.isAddressKnown = envelope.client != nil
    connect.toldName = envelope.name
    connect.user = envelope.user.map { AuthenticatedUser(name: $0, mechanism: "PLAIN") }
    let mail = MailFacts(
      connect: connect, hello: Hello(name: envelope.helo ?? "", isExtended: true), sender: envelope.sender,
      parameters: .none, time: envelope.time)
    return mail
  }

  private static func acceptance(_ catalogue: ReasonCatalogue) -> Reply {
    var variables = ReplyVariables()
    variables.id = "scan"
    return catalogue.reply(Response(.messageAccepted, variables))
  }

  /// The first refusal of the session; of recipients only where all were refused.
  private static func refusal(_ outcome: Rehearsal.Outcome) -> Rehearsal.Step? {
    let recipients = outcome.steps.filter { $0.recipient != nil }
    let areAllRefused = !recipients.isEmpty && recipients.allSatisfy(\.isRefusal)
    return outcome.steps.first { $0.isRefusal && ($0.recipient == nil || areAllRefused) }
  }
}

extension Scan {
  /// Where it would have been refused; nil where it would not.
  var refusal: Rehearsal.Step? { Self.refusal(outcome) }

  var verdict: Verdict {
    refusal?.decision.verdict ?? outcome.steps.last?.decision.verdict ?? .accept
  }

  /// The score of all that was found, at all stages.
  var score: Double {
    Decision(of: outcome.findings, at: .message, thresholds: thresholds).score
  }

  /// What SPF, DKIM, DMARC and ARC came to; nil what was not looked at.
  var spf: SPFOutcome? { envelope.client == nil ? nil : outcome.facts?.mail.evidence.spf.known }
  var dkim: [DKIMVerification]? { outcome.facts?.evidence.dkim.known }
  var dmarc: DMARCOutcome? { outcome.facts?.evidence.dmarc.known }
  var arc: ARCOutcome? { outcome.facts?.evidence.arc.known }

  /// What its signatures come to together: one that passes is enough (RFC 6376 §6.1).
  var dkimResult: String? {
    guard let dkim else { return nil }
    return dkim.first { $0.status == .pass }?.status.rawValue ?? dkim.first?.status.rawValue ?? "none"
  }

  /// As in Authentication-Results (RFC 8617 §5): what could not be found out is no result.
  var arcResult: String? { arc.map { $0.isUnavailable ? "temperror" : $0.status.rawValue } }

  /// The first field of that name as a person reads it.
  func header(_ name: String) -> String? { views.header(name).first?.text }
}
