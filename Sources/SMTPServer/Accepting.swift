import Bytes
import Filtering
import NIOCore
import NetAddress
import SMTPProtocol

/// Who has come, by what the socket shows and a believed preamble tells.
struct Arrival {
  var address: IPAddress
  var port: UInt16
  /// False where somebody stands between who does not say for whom: his own address proves nothing then.
  var isAddressKnown = true
  /// TLS that ended at the balancer.
  var tls: TLSFacts?
  /// Whether octets of the client came together with the preamble: before it could have been greeted.
  var hasSpoken = false
}

/// From a socket to a session: PROXY preamble, admission, trust.
extension Gateway {
  /// Takes a connection in, or turns it away.
  func accept(_ channel: any Channel, on listener: String) throws {
    if let options = channel.syncOptions {
      // Set here they cost a third of what they do as options of the bootstrap.
      try options.setOption(.allowRemoteHalfClosure, value: true)
      try options.setOption(.maxMessagesPerRead, value: 2)
      try options.setOption(.recvAllocator, value: ReadSizes())
    }
    let policy = context.policy
    // A listener between two configurations: without its terms nobody can be judged.
    guard let terms = policy.listeners[listener] else { throw ChannelError.inappropriateOperationForState }
    let peer = PeerAddress(channel.remoteAddress)
    let order = context.impersonations.take(.init(address: peer.address, port: peer.port))
    let ticket = AdmissionTicket(context.admission)
    channel.closeFuture.whenComplete { _ in ticket.release() }
    let arrival = Arrival(address: order ?? peer.address, port: peer.port)
    let entry = Entry(
      gateway: self, channel: channel, listener: listener, policy: policy, terms: terms, ticket)
    guard order == nil, terms.proxies.contains(peer.address) else { return try entry.admit(arrival) }
    // A balancer's connections come as fast as all clients together: they count in the total only.
    if let reason = entry.refusal(of: peer.address, isRelayNetwork: true) {
      return try entry.refuse(peer.address, reason)
    }
    try channel.pipeline.syncOperations.addHandler(PreambleHandler(entry, peer: arrival))
  }
}

/// One connection on its way to becoming a session.
struct Entry {
  private let gateway: Gateway
  let channel: any Channel
  private let listener: String
  private let policy: Policy
  private let terms: ListenerTerms
  private let ticket: AdmissionTicket
  var context: GatewayContext { gateway.context }

  init(
    gateway: Gateway, channel: any Channel, listener: String, policy: Policy, terms: ListenerTerms,
    _ ticket: AdmissionTicket
  ) {
    self.gateway = gateway
    self.channel = channel
    self.listener = listener
    self.policy = policy
    self.terms = terms
    self.ticket = ticket
  }

  /// Makes it a session, or turns it away.
  func admit(_ arrival: Arrival) throws {
    guard let keeper = gateway.keepers[ObjectIdentifier(channel.eventLoop)] else {
      throw ChannelError.inappropriateOperationForState
    }
    let isRelayNetwork = arrival.isAddressKnown && policy.relay.isRelayNetwork(arrival.address)
    if let reason = refusal(of: arrival.address, isRelayNetwork: isRelayNetwork) {
      return try refuse(arrival.address, reason)
    }
    var facts = ConnectFacts(
      address: arrival.address, port: arrival.port, listener: listener, isRelayNetwork: isRelayNetwork,
      time: Clock.now)
    facts.isAddressKnown = arrival.isAddressKnown
    if !arrival.isAddressKnown { facts.port = 0 }
    facts.profile = terms.profile
    facts.tls = arrival.tls
    // Where TLS comes first it is the client that begins.
    facts.manners.spokeEarly = arrival.hasSpoken && terms.tls != .implicit
    let connection = Connection(
      channel: channel, context: context, policy: policy, facts: facts, listener: terms, ticket: ticket)
    try channel.pipeline.syncOperations.addHandler(GatewayHandler(connection, keeper: keeper))
  }

  /// Why this connection is not taken; nil where it is, and then it is counted.
  func refusal(of address: IPAddress, isRelayNetwork: Bool) -> ReasonCode? {
    if context.isDraining { return .shuttingDown }
    if let reason = context.overload() { return reason }
    return ticket.take(address, isRelayNetwork: isRelayNetwork, at: Clock.monotonic)
  }

  /// Says why and closes; the connection never becomes a session. Where TLS comes first nothing is said: it could
  /// not be read, and a handshake for a refusal costs more than the client is worth.
  func refuse(_ address: IPAddress, _ reason: ReasonCode) throws {
    var variables = ReplyVariables()
    variables.client = address.description
    variables.id = context.newID()
    // Why it was blocked is for the operator: it would tell a spammer which address is the trap.
    let because =
      reason == .clientBlocked ? context.admission.blocked(address, at: Clock.monotonic) ?? "" : ""
    let response = Response(reason, variables)
    var event = Event(.limit, .info, at: Clock.now)
    event.id = variables.id
    event.stage = .connect
    event.found = .connect
    event.code = reason
    event.client = address
    event.reply = policy.catalogue.reply(response)
    event.detail = because
    var bytes: [UInt8] = []
    if terms.tls == .implicit {
      event.detail += (because.isEmpty ? "" : "; ") + "closed before TLS, so the client did not read it"
    } else {
      policy.catalogue.write(response, into: &bytes)
    }
    context.events.record(event)
    try channel.pipeline.syncOperations.addHandler(RefusalHandler(ByteBuffer(bytes: bytes)))
  }

  /// A line about a connection that has not become a session.
  func note(_ reason: ReasonCode, client: IPAddress, _ detail: String) {
    var event = Event(.session, .info, at: Clock.now)
    event.id = context.newID()
    event.code = reason
    event.client = client
    event.detail = detail
    context.events.record(event)
  }
}

/// Says one reply to a connection that is not wanted, and closes it.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let reply: ByteBuffer

  init(_ reply: ByteBuffer) { self.reply = reply }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { refuse(context) }
  }

  func channelActive(context: ChannelHandlerContext) { refuse(context) }

  private func refuse(_ context: ChannelHandlerContext) {
    if reply.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(reply), promise: nil) }
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
