import Bytes
import Filtering
import NIOCore
import SMTPProtocol

/// A message that was taken, while it is not known whether the client has read so.
struct UnreadReply {
  let sent: SentMessage
  /// What the client is told, under which id.
  let taken: TakenMessage
  /// The transaction's id.
  let id: String
  /// Whether the reply was handed to the system.
  var isWritten = false
  /// Whether the client had spoken on before the reply was there: then its next octets show nothing.
  let isAhead: Bool
  /// Monotonic milliseconds at which it was decided.
  let since: Int64
}

/// Whether a client has read that its message was taken. If not it will send the message again, and that one has to be
/// known: whatever became of the first, nothing of it is done a second time.
///
/// What shows that it was read: further octets. What shows that it was not: a reset, since a system resets a
/// connection whose user went with octets unread; a failed write; no acknowledgement for a long time.
extension Connection {
  func watch(_ sent: SentMessage, _ taken: TakenMessage, id: String) {
    guard sent.isIdentifiable else { return }
    // Bound: the oldest counts as read.
    if unread.count >= Self.mostUnread { unread.removeFirst() }
    unread.append(
      UnreadReply(
        sent: sent, taken: taken, id: id, isAhead: inbound.readableBytes > 0, since: Clock.monotonic))
  }

  /// A promise for the write that carries the reply; nil where this is any other write.
  func promiseOfReply() -> EventLoopPromise<Void>? {
    guard unread.contains(where: { !$0.isWritten }) else { return nil }
    for index in unread.indices { unread[index].isWritten = true }
    let written = loop.makePromise(of: Void.self)
    written.futureResult.whenFailure { _ in self.assumeIsolated { $0.replyWasLost() } }
    return written
  }

  /// The client went without having read the reply.
  func replyWasLost() {
    let lost = unread
    unread = []
    for reply in lost { keep(reply) }
  }

  private func keep(_ unread: UnreadReply) {
    var event = event(.session, stage: nil, nil)
    event.id = unread.id
    event.code = .connectionLost
    event.sender = unread.sent.sender.text
    event.recipients = unread.sent.recipients.map(\.text)
    let (store, taken) = (context.taken, unread.taken.spelled(in: policy.catalogue))
    let intake = context.intake
    let lost = event
    _ = awaiting {
      await intake.digest(of: unread.sent)
    } then: { connection, digest in
      var event = lost
      if let digest {
        store.keep(taken, of: unread.sent, digest.whole, weight: taken.weight, at: event.time)
        event.detail =
          "the client hung up before it read the reply; for its retry nothing will be done a second time"
      } else {
        event.detail =
          "the client hung up before it read the reply; its retry will not be known, the spool file failed"
      }
      // Said when it is true.
      connection.context.events.record(event)
      return nil
    }
  }

  /// Asks until there is an answer, at growing pauses: the client waits for our end.
  func awaitAcknowledgement(after pause: Int64 = 10) {
    lookAfterReply(Clock.monotonic)
    guard !unread.isEmpty, !isGone else { return }
    loop.scheduleTask(in: .milliseconds(pause)) {
      self.assumeIsolated { $0.awaitAcknowledgement(after: min(2 * pause, 1000)) }
    }
  }

  /// Asks the system whether the reply has arrived, and ends a session that waits for nothing else.
  func lookAfterReply(_ now: Int64) {
    guard let oldest = unread.first else { return }
    // The message is not held for long: what was acknowledged counts as read then, what was not as lost.
    let isLate = now - oldest.since >= 5000
    guard isInputClosed || now - oldest.since >= 1000 else { return }
    // A Unix socket acknowledges nothing: what was written was read, as far as can be told.
    guard !isUnixSocket, let options = channel as? any SocketOptionProvider else {
      return replyAcknowledged(true, isLost: false)
    }
    options.getTCPInfo().whenComplete { result in
      let info = try? result.get()
      // A connection that was reset has nothing unacknowledged either; its event is still to come.
      let isBroken = info.map { $0.tcpi_state == Self.closed } ?? true
      let isRead = !isBroken && info?.tcpi_unacked == 0
      self.assumeIsolated { $0.replyAcknowledged(isRead, isLost: isBroken || isLate) }
    }
  }

  /// Bound: messages kept for one session.
  private static let mostUnread = 8

  var isUnixSocket: Bool {
    if case .unixDomainSocket = channel.localAddress { true } else { false }
  }

  /// TCP_CLOSE of Linux.
  private static let closed: UInt8 = 7

  private func replyAcknowledged(_ isRead: Bool, isLost: Bool) {
    if isRead { unread.removeAll(where: \.isWritten) } else if isLost { replyWasLost() }
    guard unread.isEmpty, isInputClosed, case .lingering = phase else { return }
    hangUp()
  }
}
