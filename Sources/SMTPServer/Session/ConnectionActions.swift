import Bytes
import NIOCore
import SMTPProtocol

/// What the machine wants done, and what is said.
extension Connection {
  /// Carries out what the machine wants; answers that are found at once are fed straight back.
  ///
  /// - Parameter isLogged: whether what is said here has its log line already.
  func perform(_ action: ServerAction, isLogged: Bool) {
    var action = action
    var isLogged = isLogged
    while true {
      switch action {
      case .reply(let response):
        let response = completed(standIn(for: response))
        if !isLogged { logMistake(response) }
        say(response)
        if login != nil, !session.isAuthenticating { abandonLogin() }
        if transaction != nil || told != nil, !session.isInTransaction { endTransaction() }
        return
      case .replies(let responses):
        for response in responses { say(completed(response)) }
        endTransaction()
        return
      case .greet(let keywords):
        greet(keywords)
        return
      case .ask(let question):
        guard let answer = consider(question) else {
          phase = .waiting
          return
        }
        action = session.answered(answer)
        isLogged = true
      case .receiveData(let response):
        beginContent(binary: false, isChunked: false)
        say(response)
        return
      case .receiveChunk(let size):
        if transaction?.decoder == nil {
          beginContent(binary: session.envelope?.parameters.body == .binary, isChunked: true)
        }
        transaction?.chunkLeft = size
        return
      case .drainChunk(let size):
        clock.drains(size, Clock.monotonic)
        return
      case .startTLS(let response):
        say(response)
        flush()
        // A write may have ended the session.
        if case .gone = phase { return }
        if case .lingering = phase { return }
        beginTLS()
        return
      case .challenge(let line):
        outbound += line
        return
      case .restart:
        action = restarted()
        isLogged = true
      case .close(let response):
        let response = completed(response)
        if !isLogged || Self.endings.contains(response.reason) { logMistake(response) }
        say(response)
        close(lingering: response.reason != .closing && session.commands > 0)
        return
      }
    }
  }

  /// Ends that the machine makes of an answer of ours.
  private static let endings: Set<ReasonCode> = [.limitErrors, .tlsInjection]

  /// The answer to an open question has been found elsewhere.
  func resume(_ answer: Answer) {
    guard case .waiting = phase else { return }
    phase = .open
    clock.answered(Clock.monotonic)
    perform(session.answered(answer), isLogged: true)
    pump()
  }

  func say(_ response: Response) {
    if policy.catalogue.writeFixed(response, into: &outbound) { return }
    policy.catalogue.write(completed(response), into: &outbound)
  }

  private func greet(_ keywords: [String]) {
    var variables = ReplyVariables()
    variables.client = session.hello?.name.printable(limit: 255) ?? ""
    var reply = policy.catalogue.reply(.helloAnswer, variables)
    reply.lines.append(contentsOf: keywords)
    reply.write(into: &outbound)
    endTransaction()
  }

  func flush() {
    guard !outbound.isEmpty else { return }
    // Taken out first: a write may come back here by way of `writabilityChanged`.
    var taken: [UInt8] = []
    swap(&taken, &outbound)
    channel.writeAndFlush(ByteBuffer(bytes: taken), promise: promiseOfReply())
    guard outbound.isEmpty, taken.capacity <= 1024 else { return }
    taken.removeAll(keepingCapacity: true)
    outbound = taken
  }
}
