internal import Bytes
internal import Filtering
internal import NIOCore
internal import SMTPProtocol
internal import TransportSecurity

/// One login at a backend, from the connection to its end. Lives on its event loop.
final class LoginSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let user: String
  private let password: [UInt8]
  private let queue: LoginQueue
  private var answer: ((PasswordVerdict) -> Void)?
  private var machine: ClientSession
  private var context: ChannelHandlerContext?
  /// What came behind the last line.
  private var partial: [UInt8] = []
  private var owesHandshake = false
  private var expiry: Scheduled<Void>?
  /// Whether it has its turn, until its connection is gone.
  private var isOpen = false

  var isAnswered: Bool { answer == nil }

  init(
    _ user: String, _ password: [UInt8], queue: LoginQueue, _ answer: @escaping (PasswordVerdict) -> Void
  ) {
    self.user = user
    self.password = password
    self.queue = queue
    self.answer = answer
    let encryption: ClientOpening.Encryption =
      switch queue.backend.encryption.mode {
      case .off: .none
      case .optional: .whereOffered
      case .required, .verify: .always
      }
    machine = ClientSession(
      dialect: queue.backend.isLMTP ? .lmtp : .smtp, hostname: queue.hostname,
      opening: ClientOpening(encryption: encryption))
  }

  /// Begins to count its time.
  func expire(after time: TimeAmount) {
    expiry = queue.loop.assumeIsolated().scheduleTask(in: time) {
      self.apply(self.machine.timedOut())
      self.tell(.unavailable("it did not answer in time"))
      self.close()
    }
  }

  /// Has its turn.
  func open() {
    isOpen = true
    let timeout = TimeAmount(queue.backend.connectTimeout)
    Dialing.connect(to: queue.backend.endpoint, on: queue.loop, timeout: timeout).assumeIsolated()
      .whenComplete { result in
        do {
          let channel = try result.get()
          guard !self.isAnswered else {
            channel.close(promise: nil)
            return self.ended()
          }
          try channel.pipeline.syncOperations.addHandler(self)
        } catch {
          self.tell(.unavailable(Dialing.words(error)))
          self.ended()
        }
      }
  }

  private func ended() {
    guard isOpen else { return }
    isOpen = false
    expiry?.cancel()
    expiry = nil
    queue.ended()
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    guard queue.backend.identity == .proxy else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: ClientProxyHeader.local)), promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    ended()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !machine.isOver else { return }
    if owesHandshake { return injected() }
    let received = unwrapInboundIn(data)
    partial.append(contentsOf: received.readableBytesView)
    while !machine.isOver, let end = partial.firstIndex(of: .lineFeed) {
      let line = Array(partial[..<end])
      partial.removeSubrange(...end)
      apply(machine.received(line: line.span.bytes))
      if owesHandshake, !partial.isEmpty { return injected() }
    }
    if partial.count > ReplyParser.longestLine { apply(machine.lineOverflowed()) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard owesHandshake else { return }
    owesHandshake = false
    do throws(TLSFault) {
      try queue.secrecy.begin(on: context)
    } catch {
      apply(machine.handshakeFailed(error.description))
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is TLSEstablished, machine.isHandshaking else {
      return context.fireUserInboundEventTriggered(event)
    }
    apply(machine.encrypted())
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    apply(
      machine.isHandshaking ? machine.handshakeFailed(queue.secrecy.words(error)) : machine.disconnected())
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    apply(machine.disconnected())
    close()
  }

  private func injected() {
    owesHandshake = false
    apply(machine.spokeBeforeHandshake())
  }

  // MARK: Actions

  private func apply(_ action: ClientAction) {
    writeOutput()
    switch action {
    case .wait, .rest, .report, .sendContent: break
    case .startTLS: owesHandshake = true
    case .open: logIn()
    case .loggedIn(let answer): answered(answer)
    case .close(let fault):
      tell(.unavailable(fault.description))
      close()
    }
  }

  private func logIn() {
    guard machine.isEncrypted || Self.isLocal(context?.remoteAddress) else {
      tell(
        .unavailable("a password is not sent in the clear to another machine: write tls = \"required\" there")
      )
      return leave()
    }
    apply(machine.logIn(user: user, password: password))
  }

  /// Whether what is said to `peer` stays on this machine.
  static func isLocal(_ peer: SocketAddress?) -> Bool {
    guard let peer else { return false }
    if case .unixDomainSocket = peer { return true }
    return peer.numeric?.address.isLoopback ?? false
  }

  private func answered(_ answer: LoginAnswer) {
    switch answer {
    case .right: tell(.accepted(name: user))
    case .wrong(let reply): tell(.refused(reply.summary))
    case .unavailable(let words): tell(.unavailable(words))
    }
    leave()
  }

  private func leave() {
    guard !machine.isOver else { return close() }
    apply(machine.quit())
    // Its own end of the session may take so long.
    queue.loop.assumeIsolated().scheduleTask(in: .seconds(2)) { self.close() }
  }

  private func tell(_ verdict: PasswordVerdict) {
    guard let answer else { return }
    self.answer = nil
    expiry?.cancel()
    if case .unavailable(let words) = verdict {
      return answer(.unavailable("\(queue.backend.name): \(words)"))
    }
    answer(verdict)
  }

  private func close() { context?.close(promise: nil) }

  private func writeOutput() {
    guard !machine.output.isEmpty, let context else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: machine.output)), promise: nil)
    machine.outputTaken()
  }
}
