internal import Bytes

/// The third step: what the answers bring about, and how content ends.
extension ServerSession {
  /// The answer to the question that is open.
  public mutating func answered(_ answer: Answer) -> ServerAction {
    guard case .asking(let question, let from) = state else {
      preconditionFailure("an answer without a question")
    }
    switch answer {
    case .close(let response):
      state = .closed
      return .close(response)
    case .encrypt(let octetsBehind): return encrypt(question, octetsBehind)
    case .challenge(let challenge): return self.challenge(question, from, challenge)
    case .refuse(let response): return refused(question, from, response, spoils: false)
    case .refuseTransaction(let response): return refused(question, from, response, spoils: true)
    case .proceed: return proceed(question, from, saying: nil)
    case .proceedSaying(let response): return proceed(question, from, saying: response)
    case .proceedEach(let replies, let last):
      // The transaction is over, whatever the recipients' own replies are.
      _ = proceed(question, from, saying: last)
      return .replies([Response(.recipientsDiffer)] + replies + [last])
    }
  }

  private mutating func refused(
    _ question: Question, _ from: ReturnState, _ response: Response, spoils: Bool
  ) -> ServerAction {
    state = from.state
    switch question {
    case .recipient:
      if case .envelope(let hello, var envelope) = from {
        envelope.refusals += 1
        if spoils { envelope.spoiled = response.reason }
        state = .envelope(hello, envelope)
      }
    case .content:
      if let chunk = pendingChunk, let hello = from.hello {
        pendingChunk = nil
        failedChunk = chunk.isLast ? nil : response
        state = .drainingChunk(response, from: .ready(hello))
        return .drainChunk(chunk.size)
      }
    case .message:
      // The transaction is over either way (RFC 5321 §4.1.1.4).
      if let hello = from.hello { state = .ready(hello) }
      forwarded = nil
    case .connect:
      state = .closed
      return .close(response)
    case .authenticate, .authenticationResponse: return refusedLogin(response)
    case .hello, .mail, .verify, .startTLS, .client, .forward: break
    }
    return .reply(response)
  }

  private mutating func proceed(_ question: Question, _ from: ReturnState, saying: Response?) -> ServerAction
  {
    switch question {
    case .connect:
      state = .greeted
      return .reply(saying ?? Response(.greeting))
    case .hello(let hello):
      failedChunk = nil
      forwarded = nil
      state = .ready(hello)
      return .greet(
        keywords: hello.isExtended
          ? offer.keywords(isEncrypted: isEncrypted, isAuthenticated: isAuthenticated) : [])
    case .mail(let sender, let parameters):
      guard let hello = from.hello else { preconditionFailure("MAIL before EHLO") }
      transactions += 1
      state = .envelope(hello, Envelope(sender: sender, parameters: parameters))
      return .reply(saying ?? Response(.senderOK))
    case .recipient(let recipient):
      guard case .envelope(let hello, var envelope) = from else { preconditionFailure("RCPT before MAIL") }
      envelope.recipients.append(recipient)
      state = .envelope(hello, envelope)
      return .reply(saying ?? Response(.recipientOK))
    case .content:
      guard case .envelope(let hello, let envelope) = from else { preconditionFailure("DATA before MAIL") }
      if let chunk = pendingChunk {
        pendingChunk = nil
        state = .receivingChunk(hello, envelope, size: chunk.size, isLast: chunk.isLast)
        return .receiveChunk(chunk.size)
      }
      state = .receivingData(hello, envelope)
      return .receiveData(Response(.sendData))
    case .message:
      guard let hello = from.hello else { preconditionFailure("a message before EHLO") }
      state = .ready(hello)
      forwarded = nil
      return .reply(saying ?? Response(.messageAccepted))
    case .verify:
      state = from.state
      return .reply(saying ?? Response(.verifyUnsure))
    case .startTLS: preconditionFailure("STARTTLS is answered by .encrypt, which tells what lies behind it")
    case .authenticate, .authenticationResponse:
      state = from.state
      isAuthenticated = true
      return .reply(saying ?? Response(.authOK))
    case .client:
      state = .restarting
      return .restart
    case .forward(let attributes):
      state = from.state
      forwarded = forwarded.map { $0.overlaid(with: attributes) } ?? attributes
      return .reply(saying ?? Response(.forwardOK))
    }
  }

  /// The content of DATA has ended with CRLF.CRLF and is sound.
  public mutating func receivedData() -> ServerAction {
    guard case .receivingData(let hello, let envelope) = state else { preconditionFailure("no DATA was due") }
    state = .asking(.message, from: .envelope(hello, envelope))
    return .ask(.message)
  }

  /// The content of DATA has ended and is refused: wrong line ends, too large, no room.
  public mutating func refusedData(_ response: Response) -> ServerAction {
    guard case .receivingData(let hello, _) = state else { preconditionFailure("no DATA was due") }
    state = .ready(hello)
    forwarded = nil
    return .reply(response)
  }

  /// All octets of a chunk have come and are sound so far.
  public mutating func receivedChunk() -> ServerAction {
    guard case .receivingChunk(let hello, let envelope, let size, let isLast) = state else {
      preconditionFailure("no chunk was due")
    }
    guard isLast else {
      state = .betweenChunks(hello, envelope)
      return .reply(Response(.chunkOK, because: "\(size)"))
    }
    state = .asking(.message, from: .envelope(hello, envelope))
    return .ask(.message)
  }

  /// A chunk has come whole and spoils the message; the transaction is over (RFC 3030 §2).
  public mutating func refusedChunk(_ response: Response) -> ServerAction {
    guard case .receivingChunk(let hello, _, _, let isLast) = state else {
      preconditionFailure("no chunk was due")
    }
    fail(hello, response, isLast: isLast)
    return .reply(response)
  }

  /// The octets of an unwanted chunk have passed.
  public mutating func drainedChunk() -> ServerAction {
    guard case .drainingChunk(let response, let from) = state else {
      preconditionFailure("nothing was drained")
    }
    state = from.state
    return .reply(response)
  }
}

/// A BDAT command that waits for the answer whether content is welcome.
struct PendingChunk: Sendable {
  let size: UInt64
  let isLast: Bool
}
