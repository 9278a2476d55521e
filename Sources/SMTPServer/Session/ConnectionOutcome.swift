import Bytes
import Filtering
import MailSyntax
import SMTPProtocol

/// How a message that was taken ended.
enum DisposalEnd {
  /// The backend has spoken; nil where there was nothing for it.
  case handedOver(HandedOver?)
  /// It could not be put away, and so nobody is told 250.
  case notKept(WaitingFault)
}

/// What is logged of a message, and what the client reads in the end.
extension Connection {
  func finish(_ disposal: Disposal, _ end: DisposalEnd) -> Answer? {
    switch end {
    case .notKept(let fault): return finish(disposal, notKept: fault)
    case .handedOver(let ended):
      let inline = ended.map { answer(to: $0, disposal) }
      // What was not told counts for nothing.
      let countsKept = ended?.isTaken ?? true || disposal.answersEach
      if countsKept { recordKept(disposal) }
      let said =
        disposal.answersEach ? answerEach(disposal, inline) : inline ?? .proceedSaying(taken(.messageHeld))
      let sent = disposal.sent
      if sent.isIdentifiable,
        let told = TakenMessage(
          said, id: disposal.id, giver: facts.trust.giver, recipients: sent.recipients, in: policy.catalogue)
      {
        watch(sent, told, id: disposal.id)
      }
      return said
    }
  }

  private func finish(_ disposal: Disposal, notKept fault: WaitingFault) -> Answer {
    let response = Response(fault.reason, variables())
    var event = event(disposal, .defer, Array(disposal.recipients.indices), disposal.verdicts[0])
    event.found = .message
    event.code = fault.reason
    event.severity = .warning
    event.reply = policy.catalogue.reply(response)
    // It can never be kept: for good, and somebody has to see to the bounds.
    if event.reply?.isPermanent == true { (event.kind, event.severity) = (.reject, .error) }
    event.detail = fault.detail
    context.events.record(event)
    return .refuse(response)
  }

  // MARK: The backend's part

  private func answer(to ended: HandedOver, _ disposal: Disposal) -> Answer {
    let share = disposal.disposition.shares[0]
    let decision = share.verdict.decision
    var event = event(disposal, .accept, share.recipients, share.verdict)
    event.redirected = disposal.disposition.legs.filter { $0.kind == .copy }.map(\.address)
    let answer: Answer
    switch ended.outcome {
    case .delivered(let reply, let backend, let isRepeat):
      event.code = decision.verdict == .tag ? .messageTagged : .messageAccepted
      event.reply = reply
      event.backend = backend
      if isRepeat { event.detail = "repeat of a message that the backend has; not sent again" }
      answer = .proceedSaying(Response(.messageAccepted, reply: reply.withEnhancedCode))
      if decision.verdict == .accept, policy.greeting.waits, facts.isStranger, told == nil,
        facts.isAddressKnown
      {
        context.known.passed(facts.address, at: Clock.now)
      }
    case .refused(let reply, let backend):
      event.kind = reply.isPermanent ? .reject : .defer
      event.found = .message
      event.code = .backendRefused
      event.reply = reply
      event.backend = backend
      answer = .refuse(Response(.backendRefused, reply: reply.withEnhancedCode))
    case .unavailable(let reason, let detail, let backend):
      event.kind = .defer
      event.severity = .warning
      event.found = .message
      event.code = reason
      event.backend = backend
      event.detail = detail
      let response = Response(
        policy.catalogue[reason]?.reply == nil ? .backendUnavailable : reason, variables())
      event.reply = policy.catalogue.reply(response)
      answer = .refuse(response)
    }
    context.events.record(event)
    return answer
  }

  // MARK: What is kept or thrown away

  private func recordKept(_ disposal: Disposal) {
    let reply = policy.catalogue.reply(taken(.messageHeld))
    for hold in disposal.disposition.holds {
      var event = event(disposal, .quarantine, hold.recipients, hold.verdict)
      event.code = hold.code
      event.folder = hold.folder.description
      event.reply = reply
      if hold.isUnsaidRefusal {
        event.severity = .warning
        event.detail = "refused by its rules, and one reply is for all: \(hold.verdict.decision.reason.name)"
      }
      context.events.record(event)
    }
    for other in disposal.disposition.shares.dropFirst() {
      var event = event(disposal, .accept, other.recipients, other.verdict)
      event.code = other.verdict.decision.verdict == .tag ? .messageTagged : .messageAccepted
      event.detail = "goes out in another form than to the others, by the outbox"
      event.reply = reply
      context.events.record(event)
    }
    let lost = disposal.disposition.legs.filter { $0.path == nil }
    for (place, legs) in Dictionary(grouping: lost, by: \.recipient).sorted(by: { $0.key < $1.key }) {
      var event = event(disposal, .quarantine, [place], disposal.verdicts[place])
      event.code = .ruleRedirect
      event.folder = QuarantineFolder.undeliverable.description
      event.severity = .warning
      event.reply = reply
      event.detail =
        "no address to send it to: \(legs.map(\.address).joined(separator: " ").printable(limit: 300))"
      context.events.record(event)
    }
    let sent = disposal.disposition.legs.filter { $0.path != nil }
    let redirects = sent.filter { $0.kind == .redirect }
    for (place, legs) in Dictionary(grouping: redirects, by: \.recipient).sorted(by: { $0.key < $1.key }) {
      var event = event(disposal, .accept, [place], disposal.verdicts[place])
      event.code = .ruleRedirect
      event.redirected = legs.map(\.address)
      event.reply = reply
      context.events.record(event)
    }
    // Copies of what nobody else gets are told here.
    if disposal.disposition.shares.isEmpty, redirects.isEmpty {
      let copies = sent.filter { $0.kind == .copy }
      if let first = copies.first {
        var event = event(disposal, .accept, [first.recipient], disposal.verdicts[first.recipient])
        event.code = .ruleRedirect
        event.redirected = copies.map(\.address)
        event.reply = reply
        context.events.record(event)
      }
    }
    for (place, verdict) in disposal.verdicts.enumerated()
    where disposal.disposition.discarded.contains(place) {
      var event = event(disposal, .discard, [place], verdict)
      event.code = .ruleDiscard
      event.reply = reply
      context.events.record(event)
    }
  }

  // MARK: Replies

  private func taken(_ reason: ReasonCode) -> Response { Response(reason, variables()) }

  /// A reply for each recipient, then one for the message (PRDR).
  private func answerEach(_ disposal: Disposal, _ inline: Answer?) -> Answer {
    var replies: [Response] = []
    var refusal: Response?
    var isTaken = false
    for (place, verdict) in disposal.verdicts.enumerated() {
      let own = variables(recipient: disposal.recipients[place].recipient.path)
      var response = Response(.recipientTaken, own)
      if disposal.disposition.refused.contains(place) {
        guard let transaction else { return .refuse(Response(.internalFault, variables())) }
        response = refusalOfOne(place, verdict, transaction)
      } else if disposal.disposition.shares.first?.recipients.contains(place) == true,
        case .refuse(let backend)? = inline
      {
        response = backend
      }
      if policy.catalogue.reply(response).isPositive { isTaken = true } else { refusal = refusal ?? response }
      replies.append(response)
    }
    let last = isTaken ? taken(.messageHeld) : refusal ?? taken(.messageHeld)
    return .proceedEach(replies, last)
  }

  /// The refusal that one recipient of several is told, logged.
  func refusalOfOne(_ place: Int, _ verdict: RecipientVerdict, _ transaction: Transaction) -> Response {
    let recipient = transaction.recipients[place].recipient.path
    var variables = variables(recipient: recipient)
    variables.take(verdict.decision.speaker(among: verdict.findings))
    let reply = verdict.decision.reply(at: .message, in: policy.catalogue, variables)
    let response = Response(verdict.decision.reason, variables, reply: reply)
    var event = event(
      verdict.decision.verdict == .defer ? .defer : .reject, stage: .message, response, recipient: recipient)
    event.found = verdict.decision.decisive?.found ?? .message
    event.score = verdict.decision.score
    event.findings = verdict.findings
    event.tell(verdict.outcome, verdict.decision)
    context.events.record(event)
    return response
  }

  private func event(
    _ disposal: Disposal, _ kind: Event.Kind, _ places: [Int], _ verdict: RecipientVerdict
  ) -> Event {
    var event = Event(kind, .info, at: Clock.now)
    event.id = disposal.id
    event.stage = .message
    describeClient(in: &event)
    event.helo = disposal.matter.mail.hello.name
    event.sender = disposal.matter.mail.sender.text
    event.recipients = places.map { disposal.recipients[$0].recipient.path.text }
    event.octets = disposal.matter.message.octets
    event.score = verdict.decision.score
    event.findings = verdict.findings
    event.unfinished = unfinished
    event.took = .milliseconds(Clock.monotonic - disposal.began)
    event.tell(verdict.outcome, verdict.decision)
    return event
  }
}
