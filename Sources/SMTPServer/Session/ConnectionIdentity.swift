import Filtering
import SMTPProtocol

/// What a server in front told of the client that it speaks for.
final class ToldClient {
  /// The session as it was before XFORWARD, and is again when the message is through.
  struct Peer {
    let facts: ConnectFacts
    let aboutClient: Found
    let aboutHello: Found
    let told: ToldClient?
  }

  let attributes: ClientAttributes
  /// nil for XCLIENT, which is for good.
  let peer: Peer?

  init(_ attributes: ClientAttributes, peer: Peer? = nil) {
    self.attributes = attributes
    self.peer = peer
  }
}

/// XCLIENT and XFORWARD of servers in front (Postfix, XCLIENT_README and XFORWARD_README).
extension Connection {
  /// How the client introduced itself, by its own words or by those of the server in front.
  func hello(_ said: Hello) -> Hello {
    guard let attributes = told?.attributes, attributes.helo != nil || attributes.proto != nil else {
      return said
    }
    let isExtended = attributes.proto?.value.map { $0.uppercased().hasPrefix("E") } ?? said.isExtended
    return Hello(
      name: attributes.helo?.value ?? (attributes.helo == nil ? said.name : ""), isExtended: isExtended)
  }

  /// Whose right to relay counts: what XFORWARD tells grants nothing and takes nothing.
  var relaying: ConnectFacts { told?.peer?.facts ?? facts }

  /// The client whose name is to be found out in DNS; nil where it is told, cannot be, or is nobody's business.
  var nameSought: ConnectFacts? {
    policy.resolver != nil && facts.isNameSought ? facts : nil
  }

  // MARK: XCLIENT

  /// May the session go on as that client's? It is counted where that client is, or not at all.
  func considerClient(_ attributes: ClientAttributes) -> Answer? {
    guard isTrustedClient else { return .refuse(Response(.clientIdentityRefused)) }
    if context.isDraining { return .close(Response(.shuttingDown)) }
    let all = told?.attributes.overlaid(with: attributes) ?? attributes
    var client = facts
    client.adopt(attributes, policy)
    // A login of the server in front is its own.
    // So is its TLS, and its certificate.
    client.tls = nil
    client.user = all.login?.value.map { AuthenticatedUser(name: $0, mechanism: "XCLIENT") }
    client.toldName = all.name?.value
    told = ToldClient(all)
    facts = client
    abandonInquiries()
    aboutClient = .nothing
    aboutHello = .nothing
    lastHello = nil
    if let reason = ticket?.take(
      client.address, isRelayNetwork: client.isRelayNetwork, at: Clock.monotonic)
    {
      let response = Response(reason, variables())
      logRefusal(response, stage: .connect)
      return .close(response)
    }
    return .proceed
  }

  /// The session begins again as the client's that XCLIENT told.
  func restarted() -> ServerAction {
    let terms = terms
    return session.reidentified(
      terms: terms.session, offer: terms.offer, isAuthenticated: facts.user != nil)
  }

  // MARK: XFORWARD

  /// Takes on, for one message, the client that XFORWARD told. Whoever the server in front speaks for itself is
  /// judged as that server.
  func adoptForwarded() {
    returnToPeer()
    guard let attributes = session.forwarded, attributes.source?.value != .local else { return }
    var client = facts
    client.adopt(attributes, policy)
    // These are the server's own.
    client.user = nil
    client.tls = nil
    // A client whose address is not told is a stranger, not the server in front.
    if attributes.address == nil {
      client.isAddressKnown = false
      client.port = 0
      client.isRelayNetwork = false
      client.isRelayCertificate = false
    }
    client.toldName = attributes.name?.value
    told = ToldClient(
      attributes, peer: .init(facts: facts, aboutClient: aboutClient, aboutHello: aboutHello, told: told))
    facts = client
    aboutClient = .nothing
    aboutHello = .nothing
  }

  /// The message is through: the session is the peer's own again.
  func returnToPeer() {
    guard let peer = told?.peer else { return }
    aboutClient.inquiry?.abandon()
    aboutHello.inquiry?.abandon()
    facts = peer.facts
    aboutClient = peer.aboutClient
    aboutHello = peer.aboutHello
    told = peer.told
  }
}

extension ConnectFacts {
  /// The client's name, as far as it is known now.
  var knownName: String? { toldName ?? evidence.reverseName.known?.confirmedName }

  /// The address that was told, and the trust that belongs to it: none where nobody knows it.
  fileprivate mutating func adopt(_ attributes: ClientAttributes, _ policy: Policy) {
    isRelayCertificate = false
    // What is known of the server in front says nothing of its client.
    evidence = ClientEvidence()
    manners = ClientManners()
    if let told = attributes.address {
      if let address = told.value {
        self.address = address
        isAddressKnown = true
        isRelayNetwork = policy.relay.isRelayNetwork(address)
      } else {
        isAddressKnown = false
        isRelayNetwork = false
      }
      port = 0
    }
    if let told = attributes.port { port = told.value ?? 0 }
  }
}
