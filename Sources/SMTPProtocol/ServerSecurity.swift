internal import Bytes

/// STARTTLS, AUTH, XCLIENT and XFORWARD: who is talking, and who may listen in.
extension ServerSession {
  // MARK: What is legal here

  /// The refusal of what is not to be said in the clear (RFC 3207 §4); nil where it may be.
  mutating func refusalOfPrivacy(_ verb: String, _ line: [UInt8]) -> ServerAction? {
    guard terms.requiresEncryption, !isEncrypted else { return nil }
    switch verb {
    case "EHLO", "STARTTLS", "NOOP", "QUIT": return nil
    case "BDAT":
      // Its octets are on their way, whatever is said to it.
      if case .success(.chunk(let size, _)) = CommandParser.parse(line, verb) {
        return drain(size, true, Response(.tlsRequired), from: hello.map { .ready($0) } ?? .greeted)
      }
    default: break
    }
    if verb == "AUTH" { hasSeenAuthentication = true }
    return refuse(Response(.tlsRequired))
  }

  mutating func refusalOfStartTLS() -> ServerAction? {
    if isEncrypted { return refuse(Response(.commandOrder, because: "TLS is active already")) }
    guard offer.startTLS else { return refuse(Response(.commandNotOffered)) }
    return refusalOutsideExtendedSession("STARTTLS")
  }

  mutating func refusalOfAuthentication() -> ServerAction? {
    hasSeenAuthentication = true
    if isAuthenticated { return refuse(Response(.authDone)) }
    guard !offer.mechanisms.isEmpty || !offer.mechanismsWithTLS.isEmpty else {
      return refuse(Response(.commandNotOffered))
    }
    return refusalOutsideExtendedSession("AUTH")
  }

  mutating func refusalOfIdentity(_ verb: String) -> ServerAction? {
    guard !(verb == "XCLIENT" ? offer.clientAttributes : offer.forwardAttributes).isEmpty else {
      return refuse(Response(.clientIdentityRefused))
    }
    return isInTransaction
      ? refuse(Response(.commandOrder, because: "\(verb) does not come within a transaction")) : nil
  }

  /// What EHLO offers is to be had after EHLO, and not within a transaction (RFC 4954 §4).
  private mutating func refusalOutsideExtendedSession(_ verb: String) -> ServerAction? {
    switch state {
    case .ready(let hello) where hello.isExtended: nil
    case .envelope, .betweenChunks:
      refuse(Response(.commandOrder, because: "\(verb) does not come within a transaction"))
    default: refuse(Response(.commandOrder, because: "say EHLO first"))
    }
  }

  /// Whether MAIL may say AUTH= (RFC 4954 §5).
  var offersAuthentication: Bool {
    !offer.mechanisms.isEmpty || !offer.mechanismsWithTLS.isEmpty || isAuthenticated
  }

  // MARK: What is asked

  /// Asks what leads back to where the session stands.
  mutating func ask(_ question: Question) -> ServerAction {
    let from: ReturnState
    switch state {
    case .ready(let hello), .challenged(let hello): from = .ready(hello)
    case .greeted: from = .greeted
    default: preconditionFailure("\(question) is not asked here")
    }
    // What is asked may be a password: the session keeps that it was asked, and nothing of it.
    switch question {
    case .authenticate(let mechanism, _):
      state = .asking(.authenticate(mechanism: mechanism, initial: nil), from: from)
    case .authenticationResponse: state = .asking(.authenticationResponse([]), from: from)
    default: state = .asking(question, from: from)
    }
    return .ask(question)
  }

  mutating func authenticate(_ mechanism: String, _ initial: [UInt8]?) -> ServerAction {
    guard offer.mechanisms.contains(mechanism) else {
      let needsTLS = !isEncrypted && offer.mechanismsWithTLS.contains(mechanism)
      return refuse(Response(needsTLS ? .authNeedsTLS : .authMechanism))
    }
    return ask(.authenticate(mechanism: mechanism, initial: initial))
  }

  mutating func identify(
    _ attributes: ClientAttributes, _ offered: [ClientAttributes.Name], _ question: Question
  ) -> ServerAction {
    guard attributes.names.allSatisfy(offered.contains) else {
      return refuse(Response(.commandArgument, because: "an attribute that is not offered"))
    }
    return ask(question)
  }

  /// The line that answers a challenge arrived, without its CRLF.
  public mutating func received(response line: [UInt8]) -> ServerAction {
    guard case .challenged(let hello) = state else { preconditionFailure("no challenge is out") }
    commands += 1
    if let most = terms.mostCommands, commands > most { return close(.limitCommands) }
    switch AuthenticationParser.response(line) {
    case .response(let response): return ask(.authenticationResponse(response))
    case .cancelled:
      state = .ready(hello)
      return refuse(Response(.authCancelled))
    case .malformed:
      state = .ready(hello)
      return refuse(Response(.authMalformed))
    }
  }

  // MARK: What the answers bring about

  mutating func encrypt(_ question: Question, _ octetsBehind: Int) -> ServerAction {
    guard case .startTLS = question else { preconditionFailure("nobody asked for TLS, but for \(question)") }
    guard octetsBehind == 0 else { return close(.tlsInjection) }
    state = .handshaking
    return .startTLS(Response(.tlsReady))
  }

  mutating func challenge(_ question: Question, _ from: ReturnState, _ challenge: [UInt8]) -> ServerAction {
    switch question {
    case .authenticate, .authenticationResponse: break
    default: preconditionFailure("a challenge to \(question)")
    }
    guard let hello = from.hello else { preconditionFailure("AUTH before EHLO") }
    state = .challenged(hello)
    return .challenge(Array("334 ".utf8) + Base64.encoded(challenge) + [.carriageReturn, .lineFeed])
  }

  /// A failed login is a mistake, unless it could not be told whether it fails.
  mutating func refusedLogin(_ response: Response) -> ServerAction {
    response.reason == .authUnavailable ? .reply(response) : refuse(response)
  }

  /// The handshake is done: the session begins afresh, without another greeting (RFC 3207 §4.2). The counts
  /// go on, for they are the connection's.
  ///
  /// - Parameter terms: those of the encrypted session, where they differ: a certificate may stand for a login.
  public mutating func encrypted(terms: Terms? = nil, offer: Offer) {
    guard case .handshaking = state else { preconditionFailure("no handshake was due") }
    if let terms { self.terms = terms }
    self.offer = offer
    isEncrypted = true
    begin()
    state = .greeted
  }

  /// The driver has taken on the identity that XCLIENT told: the session begins afresh, and asks whether that
  /// client is welcome. The counts go on.
  ///
  /// - Parameters:
  ///   - terms: what holds for that client.
  ///   - offer: what it is offered.
  ///   - isAuthenticated: whether XCLIENT told a LOGIN.
  public mutating func reidentified(terms: Terms, offer: Offer, isAuthenticated: Bool) -> ServerAction {
    guard case .restarting = state else { preconditionFailure("nobody is to be another") }
    self.terms = terms
    self.offer = offer
    begin()
    self.isAuthenticated = isAuthenticated
    state = .opening
    return opened()
  }

  /// Forgets what was said, not how much.
  private mutating func begin() {
    isAuthenticated = false
    forwarded = nil
    pendingChunk = nil
    failedChunk = nil
    chunkedOctets = 0
  }
}
