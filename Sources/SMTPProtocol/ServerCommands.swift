internal import Bytes
internal import MailSyntax

/// The first two steps of each command: is it legal here, and is it well made?
extension ServerSession {
  /// The refusal of a command that comes at the wrong time, before its argument is read; nil where it may come.
  mutating func refusalOfOrder(_ verb: String, _ line: [UInt8]) -> ServerAction? {
    switch (state, verb) {
    case (.greeted, "MAIL"), (.greeted, "RCPT"), (.greeted, "DATA"):
      return refuse(Response(.commandOrder, because: "say EHLO or HELO first"))
    case (.envelope, "MAIL"), (.betweenChunks, "MAIL"):
      return refuse(Response(.commandOrder, because: "a transaction is open already; RSET ends it"))
    case (.ready, "RCPT"):
      return refuse(Response(.commandOrder, because: "MAIL comes before RCPT"))
    case (.ready, "DATA"):
      return refuse(Response(.commandOrder, because: "MAIL and RCPT come before DATA"))
    case (.betweenChunks, "RCPT"), (.betweenChunks, "DATA"):
      return refuse(Response(.commandOrder, because: "BDAT has begun; only BDAT or RSET may follow"))
    case (_, "STARTTLS"): return refusalOfStartTLS()
    case (_, "AUTH"): return refusalOfAuthentication()
    case (_, "XCLIENT"), (_, "XFORWARD"): return refusalOfIdentity(verb)
    default: return nil
    }
  }

  mutating func perform(_ command: Command) -> ServerAction {
    switch command {
    case .ehlo(let name): return introduce(Hello(name: name, isExtended: true))
    case .helo(let name): return introduce(Hello(name: name, isExtended: false))
    case .lhlo: return refuse(Response(.commandUnknown, because: "LHLO: this is SMTP, not LMTP"))
    case .mail(let path, let parameters): return mail(path, parameters)
    case .recipient(let path, let parameters): return recipient(path, parameters)
    case .data: return data()
    case .chunk(let size, let isLast): return chunk(size, isLast)
    case .reset: return reset()
    case .noop: return .reply(Response(.ok))
    case .quit:
      state = .closed
      return .close(Response(.closing))
    case .help(let topic): return .reply(HelpText.response(topic))
    case .verify(let text): return verify(text)
    case .expand: return .reply(Response(.expandRefused))
    case .startTLS: return ask(.startTLS)
    case .authenticate(let mechanism, let initial): return authenticate(mechanism, initial)
    case .client(let attributes): return identify(attributes, offer.clientAttributes, .client(attributes))
    case .forward(let attributes): return identify(attributes, offer.forwardAttributes, .forward(attributes))
    case .obsolete(let verb): return refuse(Response(.commandObsolete, because: verb))
    case .unknown(let verb):
      let echo = hasSeenAuthentication ? "" : Command.echo(ofUnknown: verb)
      return refuse(Response(.commandUnknown, because: echo))
    }
  }

  private mutating func introduce(_ hello: Hello) -> ServerAction {
    // EHLO in the middle of a transaction ends it, unless it is refused: then all stays as it was (§4.1.4).
    let from: ReturnState
    switch state {
    case .ready(let hello): from = .ready(hello)
    case .envelope(let hello, let envelope): from = .envelope(hello, envelope)
    case .betweenChunks(let hello, let envelope): from = .betweenChunks(hello, envelope)
    default: from = .greeted
    }
    state = .asking(.hello(hello), from: from)
    return .ask(.hello(hello))
  }

  private mutating func mail(_ path: Path, _ parameters: MailParameters) -> ServerAction {
    guard case .ready(let hello) = state else {
      return refuse(Response(.commandOrder, because: "MAIL is not due"))
    }
    if terms.requiresAuthentication, !isAuthenticated { return refuse(Response(.authRequired)) }
    if let most = terms.mostTransactions, transactions >= most { return close(.limitTransactions) }
    if let refusal = refusal(of: parameters, path) { return refuse(refusal) }
    if let size = parameters.size, let limit = offer.size, size > limit {
      return .reply(Response(.messageTooLarge, Self.variables(reason: "\(limit)", sender: path)))
    }
    failedChunk = nil
    var sender = path
    if !sender.isNull, sender.domain == nil, !sender.isPostmaster {
      guard let domain = terms.completingDomain else {
        return refuse(Response(.senderNotQualified, Self.variables(sender: path)))
      }
      sender = sender.completed(with: domain)
    }
    let question = Question.mail(sender, parameters)
    state = .asking(question, from: .ready(hello))
    return .ask(question)
  }

  /// Parameters of extensions that were not offered (RFC 5321 §4.1.1.11), and what SMTPUTF8 asks for.
  private func refusal(of parameters: MailParameters, _ path: Path) -> Response? {
    if parameters.isInternationalized, !offer.internationalized {
      return Response(.parameterUnknown, because: "SMTPUTF8")
    }
    switch parameters.body {
    case .eightBit where !offer.eightBit: return Response(.parameterUnknown, because: "BODY=8BITMIME")
    case .binary where !offer.binary: return Response(.parameterUnknown, because: "BODY=BINARYMIME")
    default: break
    }
    if !offer.deliveryStatus {
      if parameters.returnKind != nil { return Response(.parameterUnknown, because: "RET") }
      if parameters.envelopeID != nil { return Response(.parameterUnknown, because: "ENVID") }
    }
    if parameters.authenticatedSender != nil, !offersAuthentication {
      return Response(.parameterUnknown, because: "AUTH")
    }
    if parameters.requireTLS, !(offer.requireTLS && isEncrypted) {
      return Response(.parameterUnknown, because: "REQUIRETLS")
    }
    if parameters.repliesEach, !offer.repliesEach { return Response(.parameterUnknown, because: "PRDR") }
    if path.isInternationalized, !parameters.isInternationalized {
      return Response(.internationalizedAddress)
    }
    return nil
  }

  private mutating func recipient(_ path: Path, _ parameters: RecipientParameters) -> ServerAction {
    guard case .envelope(let hello, let envelope) = state else {
      return refuse(Response(.commandOrder, because: "MAIL comes before RCPT"))
    }
    if let most = terms.mostRecipients, envelope.recipients.count >= most {
      return .reply(Response(.limitRecipients, Self.variables(reason: "\(most)", recipient: path)))
    }
    if !offer.deliveryStatus {
      if parameters.notify != nil { return refuse(Response(.parameterUnknown, because: "NOTIFY")) }
      if parameters.originalRecipient != nil { return refuse(Response(.parameterUnknown, because: "ORCPT")) }
    }
    let isASCII =
      !path.isInternationalized && parameters.originalRecipient?.utf8.allSatisfy { $0 < 0x80 } ?? true
    if !isASCII, !envelope.parameters.isInternationalized {
      return refuse(Response(.internationalizedAddress))
    }
    var path = path
    if path.domain == nil, !path.isPostmaster {
      guard let domain = terms.completingDomain else {
        return refuse(Response(.recipientNotQualified, Self.variables(recipient: path)))
      }
      path = path.completed(with: domain)
    }
    let question = Question.recipient(Envelope.Recipient(path: path, parameters: parameters))
    state = .asking(question, from: .envelope(hello, envelope))
    return .ask(question)
  }

  /// What a refusal says about the address that it refuses.
  private static func variables(reason: String = "", sender: Path? = nil, recipient: Path? = nil)
    -> ReplyVariables
  {
    var variables = ReplyVariables()
    variables.reason = reason
    variables.sender = sender?.text.printable(limit: 254) ?? ""
    variables.recipient = recipient?.text.printable(limit: 254) ?? ""
    return variables
  }

  private mutating func data() -> ServerAction {
    guard case .envelope(let hello, let envelope) = state else {
      return refuse(Response(.commandOrder, because: "MAIL and RCPT come before DATA"))
    }
    if let refusal = refusalOfContent(envelope) { return refuse(refusal) }
    if envelope.parameters.body == .binary { return refuse(Response(.binaryNeedsChunks)) }
    state = .asking(.content, from: .envelope(hello, envelope))
    pendingChunk = nil
    return .ask(.content)
  }

  private func refusalOfContent(_ envelope: Envelope) -> Response? {
    if let spoiled = envelope.spoiled { return Response(.transactionSpoiled, because: spoiled.name) }
    guard envelope.recipients.isEmpty else { return nil }
    return envelope.refusals > 0
      ? Response(.noRecipients) : Response(.commandOrder, because: "RCPT comes before DATA")
  }

  /// A chunk is always read, whatever is said to it: its octets are on their way (RFC 3030 §2).
  private mutating func chunk(_ size: UInt64, _ isLast: Bool) -> ServerAction {
    // Content is bounded by its size, not by the number of commands that it takes.
    // Those behind a failed chunk are wanted by nobody, and count.
    if size >= 1024, envelope != nil { commands -= 1 }
    switch state {
    case .betweenChunks(let hello, let envelope):
      if isTooMuch(size) { return drain(size, isLast, tooLarge, from: .ready(hello)) }
      chunkedOctets += size
      state = .receivingChunk(hello, envelope, size: size, isLast: isLast)
      return .receiveChunk(size)
    case .envelope(let hello, let envelope):
      chunkedOctets = 0
      if isTooMuch(size) { return drain(size, isLast, tooLarge, from: .ready(hello)) }
      chunkedOctets = size
      if let refusal = refusalOfContent(envelope) { return drain(size, isLast, refusal, from: .ready(hello)) }
      state = .asking(.content, from: .envelope(hello, envelope))
      pendingChunk = PendingChunk(size: size, isLast: isLast)
      return .ask(.content)
    case .ready(let hello):
      if let failed = failedChunk {
        return drain(size, isLast, failed, from: .ready(hello), isMistake: false)
      }
      return drain(
        size, true, Response(.commandOrder, because: "MAIL and RCPT come before BDAT"), from: .ready(hello))
    default:
      return drain(size, true, Response(.commandOrder, because: "say EHLO first"), from: .greeted)
    }
  }

  private var tooLarge: Response { Response(.messageTooLarge, because: "\(offer.size ?? Self.mostChunked)") }

  private func isTooMuch(_ size: UInt64) -> Bool {
    let limit = offer.size ?? Self.mostChunked
    return size > limit || chunkedOctets > limit - size
  }

  /// Lets an unwanted chunk pass; the reply follows it. The chunks behind it up to LAST belong to the same
  /// mistake: they hear the same, and do not count.
  mutating func drain(
    _ size: UInt64, _ isLast: Bool, _ response: Response, from: ReturnState, isMistake: Bool = true
  ) -> ServerAction {
    // Bound: nobody means so many octets; they are not waited for.
    if size > max(offer.size ?? 0, Self.mostDrained) {
      state = .closed
      return .close(response)
    }
    if isMistake {
      errors += 1
      if let most = terms.mostErrors, errors >= most { return close(.limitErrors) }
    }
    failedChunk = isLast ? nil : response
    state = .drainingChunk(response, from: from)
    return .drainChunk(size)
  }

  private mutating func reset() -> ServerAction {
    failedChunk = nil
    forwarded = nil
    if let hello { state = .ready(hello) }
    return .reply(Response(.ok))
  }

  private mutating func verify(_ text: String) -> ServerAction {
    guard terms.verifies, let path = PathParser.parse(whole: text), !path.isNull else {
      return .reply(Response(.verifyUnsure))
    }
    let from: ReturnState
    switch state {
    case .ready(let hello): from = .ready(hello)
    case .envelope(let hello, let envelope): from = .envelope(hello, envelope)
    case .betweenChunks(let hello, let envelope): from = .betweenChunks(hello, envelope)
    default: return .reply(Response(.verifyUnsure))
    }
    state = .asking(.verify(path), from: from)
    return .ask(.verify(path))
  }
}

extension CommandFault {
  var response: Response {
    switch self {
    case .syntax(let text): Response(.commandSyntax, because: text)
    case .argument(let text): Response(.commandArgument, because: text)
    case .senderPath(.malformed): Response(.senderSyntax)
    case .senderPath(.tooLong): Response(.senderTooLong)
    case .recipientPath(.malformed): Response(.recipientSyntax)
    case .recipientPath(.tooLong): Response(.recipientTooLong)
    case .parameterUnknown(let name): Response(.parameterUnknown, because: name.printable(limit: 40))
    case .parameterValue(let name): Response(.parameterValue, because: name.printable(limit: 40))
    case .authentication: Response(.authMalformed)
    }
  }
}
