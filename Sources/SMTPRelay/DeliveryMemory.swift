internal import Bytes
internal import Filtering
internal import SMTPProtocol

/// What a backend has of a message whose client was told to come again.
enum DeliveryMemory: Sendable {
  /// Delivered to all; the backend's reply.
  case whole(Reply, backend: String)
  /// Delivered to these, as said in RCPT.
  case partial(Set<String>, Reply, backend: String)
}

extension RelayCore {
  /// What is known of a message; that it was delivered to all is forgotten thereby.
  func recall(_ sent: SentMessage, _ digest: MessageDigest, at time: Timestamp) -> DeliveryMemory? {
    digests.take(sent, digest.whole, at: time) ?? digests.recall(sent, digest.content, at: time)
  }

  /// Keeps that `delivery` was delivered to `recipients`, and those of earlier attempts.
  func keepPart(
    _ delivery: Delivery, _ digest: MessageDigest, _ recipients: Set<String>, _ reply: Reply, backend: String,
    at time: Timestamp
  ) {
    let sent = delivery.sent
    var all = recipients
    if case .partial(let earlier, _, _)? = digests.take(sent, digest.content, at: time) {
      all.formUnion(earlier)
    }
    digests.keep(
      .partial(all, reply, backend: backend), of: sent, digest.content, weight: all.count, at: time)
  }

  /// Forgets that `delivery` was delivered to some: now all have it.
  func forgetPart(_ delivery: Delivery, _ digest: MessageDigest, at time: Timestamp) {
    _ = digests.take(delivery.sent, digest.content, at: time)
  }
}
