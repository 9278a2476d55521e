internal import Cryptography

/// SHA-256 values of a message as it was received.
public struct MessageDigest: Hashable, Sendable {
  /// Of the sender and the message: the same for every retry, whoever is still among its recipients.
  public let content: [UInt8]
  /// Of the same and the sorted recipients.
  public let whole: [UInt8]

  /// Bound: what of a spool file is in memory at once.
  private static let piece = 256 * 1024

  /// Reads the whole message: waits for the disk where part of it lies in a spool file. nil where that cannot be read.
  public init?(_ sent: SentMessage) {
    guard let hash = IncrementalHash(.sha256) else { return nil }
    hash.update(text: sent.sender.text)
    let memory = sent.message.memory
    hash.update(memory.span.bytes)
    if let spool = sent.message.spool {
      let length = spool.length
      for start in stride(from: 0, to: length, by: Self.piece) {
        guard let octets = spool.octets(start..<min(length, start + Self.piece)) else { return nil }
        hash.update(octets.span.bytes)
      }
    }
    let content = hash.finish()
    guard let all = IncrementalHash(.sha256) else { return nil }
    all.update(content.span.bytes)
    for recipient in sent.recipients.map(\.text).sorted() { all.update(text: recipient) }
    self.content = content
    whole = all.finish()
  }
}

extension IncrementalHash {
  /// A text and its end: no address has a NUL.
  fileprivate func update(text: String) {
    let octets = Array(text.utf8) + [0]
    update(octets.span.bytes)
  }
}
