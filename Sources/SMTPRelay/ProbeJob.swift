internal import Bytes
internal import Filtering
internal import MailSyntax
internal import NIOCore
internal import SMTPProtocol

/// What makes two probes equal.
struct ProbeKey: Hashable, Sendable {
  let route: Route
  let recipient: String
  let sender: String

  init(_ query: RecipientQuery) {
    route = query.recipient.route
    recipient = RecipientKey.recipientText(query.recipient.path)
    sender = query.sender.text
  }
}

/// Asks the backends of a route for one recipient: MAIL, RCPT, RSET.
final class ProbeJob: RouteJob {
  private let query: RecipientQuery
  private let time: Timestamp
  /// Whether the answer is kept.
  private let isKept: Bool
  private let done: (RecipientAnswer) -> Void

  init(
    _ query: RecipientQuery, relay: LoopRelay, isKept: Bool = true, at time: Timestamp,
    _ done: @escaping (RecipientAnswer) -> Void
  ) {
    self.query = query
    self.time = time
    self.isKept = isKept
    self.done = done
    super.init(
      relay: relay, kind: .probe, route: query.recipient.route, budget: relay.core.configuration.probeBudget)
  }

  override func transaction(on session: ClientSession, identity: BackendConfiguration.Identity)
    -> ClientTransaction
  {
    // SIZE, BODY and DSN are about one message, the answer is about every message.
    let isASCII = !query.sender.isInternationalized && !query.recipient.path.isInternationalized
    var parameters = MailParameters()
    parameters.isInternationalized = !isASCII
    return ClientTransaction(
      client: identity.forwards && !session.capabilities.forwardAttributes.isEmpty ? query.client : nil,
      sender: query.sender, parameters: parameters,
      recipients: [Envelope.Recipient(path: query.recipient.path)], content: .probe, isASCII: isASCII)
  }

  override func gaveUp(_ trouble: Trouble) { done(.unavailable(trouble.detail)) }

  override func concluded(_ result: ClientResult, _ backend: BackendState) {
    backend.counts.probes.add(1, ordering: .relaxed)
    switch result {
    case .taken:
      keep(.known, sender: nil, for: relay.core.configuration.knownLifetime)
      done(.known)
    case .senderRefused(let reply):
      // An answer about the sender, whoever the recipient.
      let answer = RecipientAnswer.refused(reply, isUnknown: false)
      if RecipientVerdict.scope(reply) != .nobody, isKept {
        relay.core.keep(
          answer, route: query.recipient.route, recipient: "", sender: query.sender,
          until: time + relay.core.configuration.unknownLifetime)
      }
      done(answer)
    case .recipientsRefused(let refusals):
      guard let reply = refusals.first?.reply else { return done(.unavailable("no reply")) }
      let answer = RecipientAnswer.refused(reply, isUnknown: RecipientVerdict.isUnknown(reply))
      let lifetime = relay.core.configuration.unknownLifetime
      switch RecipientVerdict.scope(reply) {
      case .everySender: keep(answer, sender: nil, for: lifetime)
      case .thisSender: keep(answer, sender: query.sender, for: lifetime)
      case .nobody: break
      }
      done(answer)
    case .refused(let reply), .identityRefused(let reply): done(.unavailable(reply.summary))
    case .answered: done(.unavailable("an answer to no question"))
    case .lost(let fault, _): done(.unavailable("\(backend.name): \(fault)"))
    }
  }

  private func keep(_ answer: RecipientAnswer, sender: Path?, for lifetime: Duration) {
    guard isKept else { return }
    relay.core.keep(answer, query.recipient, sender: sender, until: time + lifetime)
  }
}
