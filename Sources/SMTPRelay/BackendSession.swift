internal import Bytes
internal import Filtering
internal import NIOCore
internal import SMTPProtocol
internal import TransportSecurity

/// One connection to a backend: frames reply lines, writes what the `ClientSession` says, and hands results to
/// whoever uses it. Lives on its event loop.
final class BackendSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = IOData

  let pool: SessionPool
  private(set) var machine: ClientSession
  /// Whom it was opened for and who has not had it yet; only where sessions are bound to a client.
  var intended: (any SessionUser)?
  /// Version and cipher; nil in the clear.
  private(set) var encryption: String?
  /// Whether QUIT was said, or is about to be.
  private(set) var isLeaving = false
  /// Where it stands among the pool's sessions.
  var place = 0
  private(set) var context: ChannelHandlerContext?
  private(set) var user: (any SessionUser)?
  /// Of a line whose end has not come yet.
  private var partial: [UInt8] = []
  /// Written again and again while it is nobody else's, so that a small message costs no allocation.
  private var buffer = ByteBuffer()
  var deadline: NIODeadline
  private(set) var openedAt = NIODeadline.now()
  private(set) var idleSince = NIODeadline.now()
  /// Whether the greeting is done, so that it counts as established.
  private(set) var isEstablished = false
  /// Whether it lay unused since it was opened, so that it may have died meanwhile.
  private var hasRested = false
  private var isIdle = false
  private var isReading = false
  private(set) var isGone = false
  /// Whether content is due, once it is known that nothing came behind the word to send it.
  private var owesContent = false
  /// Whether somebody is being asked whether it may go.
  private var isAskingForContent = false
  /// The same of the TLS handshake.
  private var owesHandshake = false

  init(pool: SessionPool, opening: ClientOpening, intended: (any SessionUser)?, deadline: NIODeadline) {
    self.pool = pool
    self.intended = intended
    self.deadline = deadline
    machine = ClientSession(
      dialect: pool.backend.configuration.isLMTP ? .lmtp : .smtp, hostname: pool.hostname, opening: opening)
  }

  /// The one client it serves; nil where it serves everybody.
  var owner: ClientIdentity? { machine.opening.client }

  /// Whether it is encrypted, and with the right peer.
  var isVerified: Bool { machine.isEncrypted && pool.backend.configuration.encryption.mode == .verify }

  /// What the backend offers to the gateway itself, REQUIRETLS only where it can be honoured on the way there; nil
  /// where what it offers may be meant for the client.
  var offered: Capabilities? {
    if owner != nil, !machine.opening.tellsClient { return nil }
    var offered = machine.ownCapabilities
    offered.requireTLS = offered.requireTLS && isVerified
    return offered
  }

  // MARK: Use

  /// Whether it may carry another transaction.
  func isFit(_ now: NIODeadline) -> Bool {
    machine.isReady && !isGone && pool.isFit(machine, openedAt: openedAt, now)
  }

  /// Begins a transaction for `user`; the session is ready.
  func begin(_ transaction: ClientTransaction, for user: any SessionUser) {
    self.user = user
    machine.begin(transaction)
    awaitReply()
    writeOutput()
  }

  func leftIdle() { isIdle = false }

  func becameIdle(_ now: NIODeadline) {
    idleSince = now
    isIdle = true
    hasRested = true
    deadline = .distantFuture
  }

  /// QUIT, and the end of the connection when it is answered, or soon.
  func quit() {
    guard !isGone else { return }
    isLeaving = true
    apply(machine.quit())
    deadline = .now() + .seconds(2)
  }

  /// Its user wants it no more, nothing having been said.
  func giveBack() { settle() }

  func timedOut() { apply(machine.timedOut()) }

  /// Closes at once.
  func abort() {
    apply(machine.disconnected())
    finish()
  }

  func couldNotConnect(_ fault: String) {
    pool.failed(self, .unreachable(fault))
    finish()
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    guard !isGone else { return context.close(promise: nil) }
    self.context = context
    openedAt = .now()
    deadline = openedAt + TimeAmount(pool.backend.configuration.connectTimeout)
    guard pool.backend.configuration.identity == .proxy else { return }
    let header =
      owner.map { ClientProxyHeader.octets(of: $0, destination: context.remoteAddress?.numeric) }
      ?? ClientProxyHeader.local
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: header))), promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let received = unwrapInboundIn(data)
    isReading = true
    takeLines(received.readableBytesSpan)
    isReading = false
    settle()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if owesHandshake { return beginHandshake(context) }
    guard owesContent, !isAskingForContent else { return }
    if let ask = user?.delivery?.beforeContent { return askForContent(ask, context.eventLoop) }
    owesContent = false
    if !isGone { sendContent() }
  }

  /// Until the answer the content is owed: what the backend says meanwhile ends the transaction as it does before it.
  private func askForContent(_ ask: Delivery.ContentGate, _ loop: any EventLoop) {
    isAskingForContent = true
    let session = NIOLoopBound(self, eventLoop: loop)
    ask { isAllowed in
      loop.execute { session.value.answered(contentIsAllowed: isAllowed) }
    }
  }

  private func answered(contentIsAllowed: Bool) {
    isAskingForContent = false
    guard owesContent, !isGone else { return }
    owesContent = false
    if contentIsAllowed { sendContent() } else { abort() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    apply(machine.disconnected())
    finish()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    apply(
      machine.isHandshaking
        ? machine.handshakeFailed(pool.backend.secrecy.words(error)) : machine.disconnected())
    finish()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let established = event as? TLSEstablished, machine.isHandshaking else {
      return context.fireUserInboundEventTriggered(event)
    }
    encryption =
      established.cipher.isEmpty ? established.version : "\(established.version) \(established.cipher)"
    apply(machine.encrypted())
  }

  /// Nothing stood behind the word to begin.
  private func beginHandshake(_ context: ChannelHandlerContext) {
    owesHandshake = false
    guard !isGone else { return }
    do throws(TLSFault) {
      try pool.backend.secrecy.begin(on: context)
      awaitReply()
    } catch {
      apply(machine.handshakeFailed(error.description))
    }
  }

  private func takeLines(_ bytes: RawSpan) {
    var position = 0
    if owesContent || owesHandshake, bytes.byteCount > 0 { return answeredTooSoon() }
    while !isGone, let end = bytes.firstLineFeed(from: position) {
      let line = bytes.extracting(position..<end)
      position = end + 1
      guard partial.count + line.byteCount <= ReplyParser.longestLine else {
        return apply(machine.lineOverflowed())
      }
      if partial.isEmpty {
        apply(machine.received(line: line))
      } else {
        line.withUnsafeBytes { partial.append(contentsOf: $0) }
        let action = machine.received(line: partial.span.bytes)
        partial.removeAll(keepingCapacity: true)
        apply(action)
      }
      if owesContent || owesHandshake, position < bytes.byteCount { return answeredTooSoon() }
    }
    guard !isGone, position < bytes.byteCount else { return }
    guard partial.count + bytes.byteCount - position <= ReplyParser.longestLine else {
      return apply(machine.lineOverflowed())
    }
    bytes.extracting(position..<bytes.byteCount).withUnsafeBytes { partial.append(contentsOf: $0) }
  }

  /// Whatever comes before the content is written is no answer to it: it is not written at all. Nor is what comes
  /// before the handshake of the peer that the handshake is with.
  private func answeredTooSoon() {
    let action = owesHandshake ? machine.spokeBeforeHandshake() : machine.spokeBeforeContent()
    owesContent = false
    owesHandshake = false
    apply(action)
  }

  // MARK: Actions

  private func apply(_ action: ClientAction) {
    switch action {
    case .wait:
      writeOutput()
      if !machine.isReady { awaitReply() }
    case .open:
      writeOutput()
      isEstablished = true
      pool.opened(self)
      settle()
    case .startTLS: owesHandshake = true
    case .sendContent: owesContent = true
    case .report(let result): report(result)
    case .rest, .loggedIn: settle()
    case .close(let fault):
      pool.ended(self, fault)
      finish()
    }
  }

  private func report(_ result: ClientResult) {
    writeOutput()
    awaitReply()
    let isReused = machine.transactions > 1 || hasRested
    let waiting = user
    user = nil
    // The slot is free before its user asks for another.
    if machine.isOver { finish() }
    waiting?.reported(result, isReused: isReused)
    settle()
  }

  /// Hands the session on once it is at rest and all that came with the last reply was read.
  private func settle() {
    guard !isReading, !isGone, user == nil, machine.isReady, !isIdle else { return }
    pool.released(self)
  }

  private func finish() {
    guard !isGone else { return }
    isGone = true
    deadline = .distantFuture
    context?.close(promise: nil)
    pool.closed(self)
  }

  private func awaitReply() {
    let configuration = pool.backend.configuration
    let next =
      NIODeadline.now()
      + TimeAmount(isEstablished ? configuration.replyTimeout : configuration.connectTimeout)
    deadline = min(next, user?.deadline ?? .distantFuture)
  }

  // MARK: Writing

  private func writeOutput() {
    guard !machine.output.isEmpty, let context else { return }
    buffer.clear()
    buffer.writeBytes(machine.output)
    machine.outputTaken()
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
  }

  /// Writes what `output` holds (BDAT), the header, the message and, for DATA, the final dot.
  private func sendContent() {
    guard let context, let delivery = user?.delivery else { return abort() }
    let message = delivery.message
    let spool = message.spool.flatMap { $0.length > 0 ? $0 : nil }
    let ending: StaticString = message.isBinary ? "" : ".\r\n"
    let body = message.memory[min(delivery.bodyStart, message.memory.count)...]
    let size = machine.output.count + delivery.header.count + body.count + 3
    // Bound: a session keeps no more than this between messages.
    var content = size <= 64 * 1024 ? buffer : ByteBuffer()
    buffer = ByteBuffer()
    content.clear(minimumCapacity: size)
    content.writeBytes(machine.output)
    machine.outputTaken()
    content.writeBytes(delivery.header)
    content.writeBytes(body)
    guard let spool else {
      content.writeStaticString(ending)
      if size <= 64 * 1024 { buffer = content }
      context.writeAndFlush(wrapOutboundOut(.byteBuffer(content)), promise: nil)
      return contentWritten(context)
    }
    deadline = user?.deadline ?? deadline
    context.write(wrapOutboundOut(.byteBuffer(content)), promise: nil)
    if machine.isEncrypted {
      sendChunks(of: spool, from: 0, delivery, ending)
    } else {
      sendFile(spool, of: delivery, ending, context)
    }
  }

  /// The content of a small message is nearly always with the system at once: then no promise is needed, which
  /// would cost an allocation a message. Else an empty write behind it tells.
  private func contentWritten(_ context: ChannelHandlerContext) {
    let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    guard !isGone else { return }
    if waiting == 0 {
      machine.contentSent()
      return awaitReply()
    }
    deadline = user?.deadline ?? deadline
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenSuccess {
      guard !self.isGone else { return }
      self.machine.contentSent()
      self.awaitReply()
    }
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: sent)
  }

  /// All of a spool file was written.
  func spoolSent() {
    guard !isGone else { return }
    machine.contentSent()
    awaitReply()
  }
}
