import Bytes
import Filtering
import NIOCore
import SMTPProtocol

/// How a session ends: by QUIT, by us, by the client, by the clock.
extension Connection {
  /// Says what is left to say and closes.
  ///
  /// - Parameter lingering: the peer may still be sending, and gets a moment to read why: closing with unread
  ///   octets would reset the connection and take the reply with it.
  func close(lingering: Bool) {
    session.disconnected()
    endTransaction()
    flush()
    inbound = ByteBuffer()
    guard unread != nil || (lingering && !isInputClosed) else {
      phase = .gone
      channel.close(promise: nil)
      return
    }
    phase = .lingering(until: Clock.monotonic + (context.isDraining ? 1000 : 5000))
    adjustReading()
    // With both sides closed nobody could be heard to have gone.
    if !isInputClosed { channel.close(mode: .output, promise: nil) }
  }

  /// The client closed its sending side; what it sent before is still answered.
  func inputClosed() {
    isInputClosed = true
    switch phase {
    case .open: pump()
    case .waiting: break
    case .lingering where unread != nil: break
    case .lingering, .gone:
      phase = .gone
      channel.close(promise: nil)
    }
  }

  /// All that a client sent before it closed its side is answered: it reads the answers, then the end.
  func finishForClosedInput() {
    noteLoss()
    session.disconnected()
    endTransaction()
    phase = .lingering(until: Clock.monotonic + 5000)
    let channel = channel
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
  }

  private func noteLoss() {
    guard let transaction, !isDelivering else { return }
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
    if !isDelivering { endTransaction() }
    session.disconnected()
    channel.close(promise: nil)
  }

  /// Whether a message is being judged or handed over: that goes on without the client.
  private var isDelivering: Bool {
    guard case .waiting = phase, let transaction else { return false }
    return transaction.isComplete
  }

  /// Looks whether the client has run out of time. Called once a tick.
  func tick(_ now: Int64) {
    lookAfterReply(now)
    switch phase {
    case .gone: return
    case .waiting:
      // The disk may hang, the backends may not: they have a budget of their own.
      if !isDelivering, let transaction, transaction.contentBegan != 0, let step = overdueStep(now) {
        end(.timeout, step)
      }
    case .lingering(let until):
      if now >= until {
        phase = .gone
        channel.close(promise: nil)
      }
    case .open:
      if context.isDraining, transaction?.contentBegan ?? 0 == 0 {
        end(.shuttingDown, "")
      } else if let step = overdueStep(now) {
        end(.timeout, step)
      } else if isTooSlow(now) {
        end(.dataTooSlow, "")
      }
    }
  }

  /// The step whose time is up; nil where none is.
  private func overdueStep(_ now: Int64) -> String? {
    let silent = now - clock.last
    let timeouts = policy.timeouts
    if let transaction, now - transaction.began > timeouts.message.milliseconds { return "Transaction" }
    switch session.need {
    case .data, .chunk, .drain: return silent > timeouts.data.milliseconds ? "Message data" : nil
    default: break
    }
    if session.commands == 0 { return now - clock.opened > timeouts.greeting.milliseconds ? "Greeting" : nil }
    return now - clock.lastCommand > timeouts.command.milliseconds ? "Command" : nil
  }

  private func isTooSlow(_ now: Int64) -> Bool {
    guard policy.timeouts.leastDataRate > 0, let transaction, transaction.contentBegan != 0 else {
      return false
    }
    switch session.need {
    case .data, .chunk: break
    default: return false
    }
    let elapsed = now - transaction.contentBegan
    guard elapsed > policy.timeouts.dataRateGrace.milliseconds else { return false }
    return Int64(clamping: transaction.octets) * 1000 < elapsed * Int64(policy.timeouts.leastDataRate)
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

  /// The drain's deadline has passed: whatever is left is closed.
  func cut() {
    switch phase {
    case .open: end(.shuttingDown, "")
    case .waiting, .lingering:
      phase = .gone
      channel.close(promise: nil)
    case .gone: break
    }
  }
}
