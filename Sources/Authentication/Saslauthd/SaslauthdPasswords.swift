public import Filtering
public import NIOCore
internal import NIOPosix
public import NetAddress

/// The users that a saslauthd knows, and through it PAM, the shadow file, sasldb, Kerberos, IMAP, LDAP.
///
/// A name with a domain is asked as Cyrus SASL asks it: what stands before the `@` as user, what stands behind as
/// realm.
public final class SaslauthdPasswords: PasswordSource {
  let endpoint: Endpoint
  let timeout: Duration
  private let service: String
  let loops: any EventLoopGroup
  private let turnstile: Turnstile

  /// - Parameters:
  ///   - endpoint: its mux socket, `unix:/var/run/saslauthd/mux` as a rule.
  ///   - timeout: for the whole login, waiting for a place included.
  ///   - mostAtOnce: saslauthd has five processes unless told otherwise; the others wait in the socket's queue.
  public init(
    endpoint: Endpoint, timeout: Duration, service: String = "smtp", group: any EventLoopGroup,
    mostAtOnce: Int = 16
  ) {
    self.endpoint = endpoint
    self.timeout = timeout
    self.service = service
    loops = group
    turnstile = Turnstile(room: mostAtOnce, waitingRoom: mostAtOnce * 16)
  }

  public func verify(user: String, password: [UInt8], for request: AuthenticationRequest) async
    -> PasswordVerdict
  {
    if let fault = UserName.fault(user) ?? UserName.fault(password: password) { return .refused(fault) }
    let (local, realm) = UserName.parts(user)
    guard !local.isEmpty,
      let question = SaslauthdProtocol.question(
        user: Array(local.utf8), password: password, service: Array(service.utf8), realm: Array(realm.utf8))
    else { return .refused("name or password longer than saslauthd takes") }
    let begun = ContinuousClock.now
    let loop = loops.next()
    guard await turnstile.enter(within: timeout, on: loop) else {
      return .unavailable("too many logins wait for saslauthd at \(endpoint)")
    }
    defer { turnstile.leave() }
    let left = max(.milliseconds(1), timeout - (ContinuousClock.now - begun))
    return verdict(await ask(question, on: loop, within: left), user)
  }

  private func verdict(_ answer: SaslauthdAnswerReader.Reading, _ user: String) -> PasswordVerdict {
    switch answer {
    case .yes: .accepted(name: UserName.normalised(user))
    case .no(let reason): .refused(reason.isEmpty ? "saslauthd said NO" : "saslauthd said NO: \(reason)")
    case .broken(let why): .unavailable("saslauthd at \(endpoint): \(why)")
    case .needsMore: .unavailable("saslauthd at \(endpoint) gave no answer in \(timeout)")
    }
  }

  private func ask(_ question: [UInt8], on loop: any EventLoop, within limit: Duration) async
    -> SaslauthdAnswerReader.Reading
  {
    let promised = Promised<SaslauthdAnswerReader.Reading>()
    let timer = loop.scheduleTask(in: TimeAmount(limit)) { promised.settle(.needsMore) }
    defer { timer.cancel() }
    ClientBootstrap(group: loop).connectTimeout(TimeAmount(limit))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            SaslauthdHandler(question: question, promised: promised))
        }
      }
      .connect(to: endpoint).whenComplete { result in
        switch result {
        case .failure(let error): promised.settle(.broken(SocketWords.of(error)))
        // Whoever waits no longer leaves no connection behind.
        case .success(let channel):
          loop.scheduleTask(in: TimeAmount(limit)) { channel.close(promise: nil) }
        }
      }
    return await promised.value()
  }
}

/// One question and its answer.
private final class SaslauthdHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let question: [UInt8]
  private let promised: Promised<SaslauthdAnswerReader.Reading>
  private var reader = SaslauthdAnswerReader()

  init(question: [UInt8], promised: Promised<SaslauthdAnswerReader.Reading>) {
    self.question = question
    self.promised = promised
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(NIOAny(ByteBuffer(bytes: question)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch reader.received(unwrapInboundIn(data).readableBytesView) {
    case .needsMore: break
    case let answer: end(answer, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(.broken(SocketWords.of(error)), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    promised.settle(.broken("it closed the connection without an answer"))
  }

  private func end(_ answer: SaslauthdAnswerReader.Reading, _ context: ChannelHandlerContext) {
    promised.settle(answer)
    context.close(promise: nil)
  }
}
