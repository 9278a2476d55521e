import Bytes
import Filtering
import NIOCore
import NIOSSL
import SMTPProtocol

/// How a session ends: by QUIT, by us, by the client, by the clock.
extension Connection {
  /// Says what is left to say and closes.
  ///
  /// - Parameter lingering: the peer may still be sending, and gets a moment to read why: closing with unread
  ///   octets would reset the connection and take the reply with it.
  func close(lingering: Bool) {
    abandonLogin()
    abandonInquiries()
    session.disconnected()
    endTransaction()
    flush()
    inbound = ByteBuffer()
    guard !unread.isEmpty || (lingering && !isInputClosed) else {
      phase = .gone
      channel.close(promise: nil)
      return
    }
    phase = .lingering(until: Clock.monotonic + (context.isDraining ? 1000 : StepClock.lingering))
    adjustReading()
    // With both sides closed nobody could be heard to have gone.
    if isInputClosed { awaitAcknowledgement() } else { channel.close(mode: .output, promise: nil) }
  }

  /// The client closed its sending side; what it sent before is still answered.
  func inputClosed() {
    isInputClosed = true
    // With its end a client's system nearly always acknowledges what it had.
    lookAfterReply(Clock.monotonic)
    switch phase {
    case .open: pump()
    case .waiting:
      // Nobody is made to wait who says nothing more.
      if greetingDelay != nil { spokeNothing() }
    case .handshaking: handshakeFailed("the client closed the connection in the middle of it")
    case .lingering where !unread.isEmpty: break
    case .lingering, .gone: hangUp()
    }
  }

  /// Closes the socket without a word. What is said by TLS at the end needs somebody who listens: else it would
  /// keep the connection for seconds.
  func hangUp() {
    abandonLogin()
    abandonInquiries()
    phase = .gone
    guard let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) else {
      channel.close(promise: nil)
      return
    }
    tls.close(promise: nil)
  }

  /// All that a client sent before it closed its side is answered: it reads the answers, then the end.
  func finishForClosedInput() {
    abandonLogin()
    abandonInquiries()
    noteLoss()
    session.disconnected()
    endTransaction()
    phase = .lingering(until: Clock.monotonic + StepClock.lingering)
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
      self.assumeIsolated {
        // TLS says goodbye too; nobody is waited for to say it back, whose side is closed.
        $0.channel.close(promise: nil)
        $0.hangUp()
      }
    }
  }

  private func noteLoss() {
    guard let transaction, !transaction.isHandedOver else { return }
    var event = event(.session, stage: nil, nil)
    event.code = .connectionLost
    event.detail = "\(transaction.octets) octets of content had come"
    context.events.record(event)
  }

  /// The connection broke: what the system had taken for the client did not reach it. An end by the client's
  /// wish comes as `inputClosed` first, one by ours finds the session gone.
  func broke() {
    if !isGone { replyWasLost() }
  }

  /// The connection is gone, or as good as gone.
  func lost() {
    if case .gone = phase { return }
    let wasLingering = if case .lingering = phase { true } else { false }
    if !wasLingering { noteLoss() }
    phase = .gone
    abandonLogin()
    // What the backend is being given goes on without the client, and is logged when it is through.
    if transaction?.isHandedOver != true {
      abandonInquiries()
      endTransaction()
    }
    session.disconnected()
    channel.close(promise: nil)
  }

  /// Whether a message is being judged or handed over: that has a time of its own.
  private var isDelivering: Bool {
    guard case .waiting = phase, let transaction else { return false }
    return transaction.isComplete
  }

  /// Takes its place with the keeper.
  ///
  /// - Returns: when to look at it first.
  func settle(at place: Int, _ now: Int64) -> Int64 {
    self.place = place
    return now + policy.timeouts.shortest
  }

  /// Looks whether the client has run out of time.
  ///
  /// - Returns: when to look again; no time runs out before that, whatever begins meanwhile.
  func tick(_ now: Int64) -> Int64 {
    lookAfterReply(now)
    let limit = limit
    switch phase {
    case .gone: break
    case .waiting:
      // The disk may hang, the backends may not: they have a budget of their own.
      if !isDelivering, let transaction, transaction.contentBegan != 0, now > limit.end {
        end(.timeout, limit.step)
      }
    case .lingering(let until):
      if now >= until { hangUp() }
    case .handshaking:
      if context.isDraining {
        hangUp()
      } else if now > limit.end {
        handshakeFailed("it was not done in time")
      }
    case .open:
      if context.isDraining, transaction?.contentBegan ?? 0 == 0 {
        end(.shuttingDown, "")
      } else if now > limit.end {
        end(.timeout, limit.step)
      } else if isTooSlow(now) {
        end(.dataTooSlow, "")
      }
    }
    let next = now + min(policy.timeouts.shortest, max(1, limit.end - now + 1))
    return unread.isEmpty ? next : min(next, now + 1000)
  }

  /// When the client's time is up, and for what.
  private var limit: (end: Int64, step: String) {
    let timeouts = policy.timeouts
    if case .handshaking = phase { return (clock.lastCommand + timeouts.greeting.milliseconds, "TLS") }
    let step: (end: Int64, step: String)
    switch session.need {
    case .data, .chunk, .drain: step = (clock.last + timeouts.data.milliseconds, "Message data")
    default:
      step =
        session.commands == 0
        ? (clock.opened + timeouts.greeting.milliseconds, "Greeting")
        : (clock.lastCommand + timeouts.command.milliseconds, "Command")
    }
    let began: Int64
    if let transaction {
      began = transaction.began
    } else if session.need == .drain {
      began = clock.drainBegan
    } else {
      return step
    }
    let whole = began + timeouts.message.milliseconds
    return whole < step.end ? (whole, "Transaction") : step
  }

  private func isTooSlow(_ now: Int64) -> Bool {
    guard policy.timeouts.leastDataRate > 0 else { return false }
    let (octets, began): (UInt64, Int64)
    switch session.need {
    case .data, .chunk: (octets, began) = (transaction?.octets ?? 0, transaction?.contentBegan ?? 0)
    case .drain: (octets, began) = (clock.drained, clock.drainBegan)
    default: return false
    }
    let elapsed = now - began
    guard began != 0, elapsed > policy.timeouts.dataRateGrace.milliseconds else { return false }
    return Int64(clamping: octets) < elapsed * Int64(policy.timeouts.leastDataRate) / 1000
  }

  /// Ends the session for a reason of our own.
  func end(_ reason: ReasonCode, _ text: String) {
    var variables = variables()
    variables.reason = text
    guard case .close = session.ended(reason) else { return }
    let response = Response(reason, variables)
    if reason != .shuttingDown || transaction != nil {
      var event = event(.session, stage: nil, response)
      if let transaction, transaction.contentBegan != 0 {
        event.detail = "\(transaction.octets) octets of content had come"
      }
      context.events.record(event)
    }
    say(response)
    close(lingering: reason != .timeout)
  }

  /// Ends the session in the middle of whatever it does; a message that is being handed over goes on.
  func cutOff(_ reason: ReasonCode) {
    let response = Response(reason, variables())
    logRefusal(response, stage: transaction == nil ? .mail : .message, detail: "sent ahead of its turn")
    say(response)
    close(lingering: false)
  }

  /// The drain's deadline has passed: whatever is left is closed.
  func cut() {
    switch phase {
    case .open: end(.shuttingDown, "")
    case .waiting:
      noteLoss()
      hangUp()
    case .lingering, .handshaking: hangUp()
    case .gone: break
    }
  }
}
