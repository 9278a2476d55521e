internal import Bytes
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import SMTPProtocol

/// One session: feeds the machine from the socket, answers its questions, carries its actions out.
final class MaildirConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Bound: a command line, CRLF included (RFC 5321 §4.5.3.1.4 asks for 512; extensions need more).
  private static let longestLine = 8192

  private let server: MaildirServer
  private let channel: any Channel
  private let peer: PeerName
  private var session: ServerSession
  private var inbound = ByteBuffer()
  private var outbound: [UInt8] = []
  private var client = ForwardedClient.none
  private var content: IncomingContent?
  private var draining: UInt64 = 0
  private var isInTransaction = false
  private var isSkippingLine = false
  private var isInputClosed = false
  private var isStopping = false
  private var phase = Phase.open

  private enum Phase {
    case open
    /// The disk has a message to write; nothing is read meanwhile.
    case waiting
    /// The last reply is out.
    case ended
  }

  init(_ server: MaildirServer, _ channel: any Channel) {
    self.server = server
    self.channel = channel
    peer = PeerName(channel.remoteAddress)
    session = ServerSession(
      terms: .init(mostErrors: 100, mostCommands: nil, mostRecipients: 1000),
      offer: Offer(
        eightBit: true, internationalized: true, deliveryStatus: true, size: server.configuration.messageSize,
        mostRecipients: 1000))
  }

  // MARK: Events of the socket

  func channelActive(context: ChannelHandlerContext) {
    if server.admit(channel) {
      perform(session.opened())
    } else {
      perform(session.ended(.tooManySessions))
    }
    pump()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .ended = phase { return }
    var buffer = unwrapInboundIn(data)
    inbound.writeBuffer(&buffer)
    pump()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent, case .open = phase {
      perform(session.ended(.silence))
      flush()
    } else if event is MaildirServer.StopOrder {
      isStopping = true
      stopIfIdle()
    } else if let event = event as? ChannelEvent, event == .inputClosed {
      isInputClosed = true
      pump()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard channel.isWritable, case .open = phase else { return }
    setReading(true)
    pump()
  }

  func channelInactive(context: ChannelHandlerContext) {
    phase = .ended
    session.disconnected()
    dropContent()
    server.forget(channel)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  // MARK: Feeding

  private func pump() {
    feeding: while case .open = phase, channel.isWritable {
      switch session.need {
      case .line: guard takeLine() else { break feeding }
      case .data: guard takeData() else { break feeding }
      case .chunk: guard takeChunk() else { break feeding }
      case .drain: guard drainChunk() else { break feeding }
      // None is due where none of it is offered.
      case .answer, .nothing, .response, .handshake, .identity: break feeding
      }
      if outbound.count > 65_536 { flush() }
    }
    flush()
    if inbound.readableBytes == 0 { inbound = ByteBuffer() }
    if isInputClosed, case .open = phase, channel.isWritable { channel.close(promise: nil) }
    if isStopping { stopIfIdle() }
  }

  private func takeLine() -> Bool {
    guard let end = inbound.readableBytesView.firstIndex(of: .lineFeed) else {
      if isSkippingLine || inbound.readableBytes > Self.longestLine {
        isSkippingLine = true
        inbound.clear()
      }
      return false
    }
    let length = end + 1 - inbound.readerIndex
    guard var line = inbound.readBytes(length: length) else { return false }
    if isSkippingLine || length > Self.longestLine {
      isSkippingLine = false
      perform(session.receivedMalformedLine(.commandLineTooLong))
      return true
    }
    line.removeLast()
    let hasReturn = line.last == .carriageReturn
    if hasReturn { line.removeLast() }
    if !hasReturn || line.contains(where: { $0 == .carriageReturn || $0 == 0 }) {
      perform(session.receivedMalformedLine(.commandLineEnding))
    } else if peer.isLoopback, ForwardedClient.isCommand(line) {
      forward(line)
    } else {
      perform(session.received(line: line))
    }
    return true
  }

  /// XFORWARD is no command that the machine knows; it is believed from this machine only.
  private func forward(_ line: [UInt8]) {
    if session.envelope != nil {
      perform(.reply(Response(.commandOrder, because: "XFORWARD comes before MAIL")))
    } else if let fault = client.receive(line) {
      perform(.reply(Response(.forwardSyntax, because: fault)))
    } else {
      perform(.reply(Response(.forwardOK)))
    }
  }

  private func takeData() -> Bool {
    guard inbound.readableBytes > 0, let content else { return false }
    let (taken, isComplete) = content.take(inbound, limit: session.sizeLimit, server)
    inbound.moveReaderIndex(forwardBy: taken)
    guard isComplete else { return false }
    if let refusal = content.refusal {
      dropContent()
      perform(session.refusedData(refusal))
    } else {
      perform(session.receivedData())
    }
    return true
  }

  private func takeChunk() -> Bool {
    guard let content else { return false }
    if content.chunkLeft > 0 {
      let count = Int(min(UInt64(inbound.readableBytes), content.chunkLeft))
      guard count > 0, let slice = inbound.readSlice(length: count) else { return false }
      content.chunkLeft -= UInt64(count)
      _ = content.take(slice, limit: session.sizeLimit, server)
      guard content.chunkLeft == 0 else { return false }
    }
    if let refusal = content.refusal {
      dropContent()
      perform(session.refusedChunk(refusal))
    } else {
      perform(session.receivedChunk())
    }
    return true
  }

  private func drainChunk() -> Bool {
    let count = Int(min(UInt64(inbound.readableBytes), draining))
    inbound.moveReaderIndex(forwardBy: count)
    draining -= UInt64(count)
    guard draining == 0 else { return false }
    perform(session.drainedChunk())
    return true
  }

  // MARK: Actions

  private func perform(_ action: ServerAction) {
    var action = action
    while true {
      switch action {
      case .reply(let response):
        say(response)
        noteTransaction()
        return
      case .replies(let responses):
        for response in responses { say(response) }
        noteTransaction()
        return
      case .greet(let keywords):
        noteTransaction()
        greet(keywords)
        return
      case .ask(let question):
        guard let answer = answer(question) else { return }
        action = session.answered(answer)
      case .receiveData(let response):
        content = IncomingContent(.dotTerminated)
        say(response)
        return
      case .receiveChunk(let size):
        let content = self.content ?? IncomingContent(.counted)
        content.chunkLeft = size
        self.content = content
        return
      case .drainChunk(let size):
        dropContent()
        draining = size
        return
      case .close(let response):
        say(response)
        end()
        return
      case .challenge, .startTLS, .restart: preconditionFailure("what is not offered is not asked for")
      }
    }
  }

  /// nil where the answer comes later.
  private func answer(_ question: Question) -> Answer? {
    switch question {
    case .connect, .hello, .mail, .content, .verify: return .proceed
    case .startTLS, .authenticate, .authenticationResponse, .client, .forward:
      return .refuse(Response(.commandNotOffered))
    case .recipient(let recipient):
      let isKnown =
        recipient.path.isPostmaster
        || server.configuration.mailboxes.contains(recipient.path.localPart.lowercasedASCII)
      if isKnown { return .proceed }
      var variables = ReplyVariables()
      variables.recipient = recipient.path.text.printable(limit: 254)
      return .refuse(Response(.noSuchMailbox, variables))
    case .message: return store()
    }
  }

  /// Writes the message, away from the event loop; the answer follows.
  private func store() -> Answer? {
    guard let content, let envelope = session.envelope, let hello = session.hello else {
      return .refuse(Response(.notStored))
    }
    if let refusal = content.finish() { return .refuse(refusal) }
    let stored = StoredMessage(
      envelope: envelope, hello: hello, peer: peer.text, client: client,
      hostname: server.configuration.hostname, date: Self.now.rfc5322)
    let bytes = content.buffer
    let maildir = server.maildir
    phase = .waiting
    setReading(false)
    NIOThreadPool.singleton.runIfActive(eventLoop: channel.eventLoop) {
      try maildir.deliver(stored.bytes(bytes))
    }
    .assumeIsolated().whenComplete { self.finished($0) }
    return nil
  }

  private func finished(_ result: Result<String, any Error>) {
    guard case .waiting = phase else { return }
    phase = .open
    setReading(true)
    switch result {
    case .success(let name):
      var variables = ReplyVariables()
      variables.id = name
      perform(session.answered(.proceedSaying(Response(.stored, variables))))
    case .failure(let fault):
      Self.complain("a message could not be written: \(fault)")
      perform(session.answered(.refuse(Response(.notStored))))
    }
    pump()
  }

  private func greet(_ keywords: [String]) {
    var variables = ReplyVariables()
    variables.client = session.hello?.name.printable(limit: 255) ?? ""
    var reply = server.catalogue.reply(.helloAnswer, variables)
    reply.lines += keywords
    if peer.isLoopback, !keywords.isEmpty { reply.lines.append(ForwardedClient.keyword) }
    reply.write(into: &outbound)
  }

  private func say(_ response: Response) { server.catalogue.write(response, into: &outbound) }

  private func flush() {
    guard !outbound.isEmpty else { return }
    channel.writeAndFlush(ByteBuffer(bytes: outbound), promise: nil)
    outbound.removeAll(keepingCapacity: outbound.capacity <= 4096)
    // Abuse: who does not read the replies is not read either.
    if !channel.isWritable { setReading(false) }
  }

  private func setReading(_ isReading: Bool) {
    try? channel.syncOptions?.setOption(.autoRead, value: isReading)
  }

  /// What came in a transaction, and what was said about its client, goes with it.
  private func noteTransaction() {
    let wasInTransaction = isInTransaction
    isInTransaction = session.envelope != nil
    guard !isInTransaction else { return }
    dropContent()
    if wasInTransaction { client = .none }
  }

  private func dropContent() {
    content?.release(server)
    content = nil
  }

  private func stopIfIdle() {
    guard case .open = phase, content == nil else { return }
    perform(session.ended(.stopping))
    flush()
  }

  /// Closes behind the last reply. What still comes is dropped for a moment, since a close with unread octets
  /// would take the reply with it.
  private func end() {
    phase = .ended
    dropContent()
    flush()
    inbound = ByteBuffer()
    setReading(true)
    let channel = channel
    if isInputClosed { return channel.close(promise: nil) }
    channel.close(mode: .output, promise: nil)
    channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
  }

  private static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000)
  }

  private static func complain(_ text: String) {
    let line = Array("demo-backend: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}
