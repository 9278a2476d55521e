internal import COpenSSL
internal import Filtering
internal import Glibc
internal import SMTPProtocol

/// SHA-256 values of a message as it was received.
struct MessageDigest: Hashable, Sendable {
  /// Of the sender and the message: the same for every retry, whoever is still among its recipients.
  let content: [UInt8]
  /// Of the same and the sorted recipients.
  let whole: [UInt8]

  /// Reads the whole message; blocks on the spool file. nil where that cannot be read.
  init?(_ delivery: Delivery) {
    guard let hash = SHA256Hash() else { return nil }
    hash.update(delivery.sender.text.utf8)
    hash.update([0])
    hash.update(delivery.message.memory)
    if let spool = delivery.message.spool, !hash.update(spool) { return nil }
    guard let content = hash.copied()?.finished() else { return nil }
    for recipient in delivery.recipients.map(\.recipient.path.text).sorted() {
      hash.update([0])
      hash.update(recipient.utf8)
    }
    guard let whole = hash.finished() else { return nil }
    self.content = content
    self.whole = whole
  }
}

/// SHA-256 by libcrypto.
private final class SHA256Hash {
  private let context: OpaquePointer

  init?() {
    guard let context = EVP_MD_CTX_new() else { return nil }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
  }

  private init(context: OpaquePointer) { self.context = context }

  deinit { EVP_MD_CTX_free(context) }

  func copied() -> SHA256Hash? {
    guard let copy = EVP_MD_CTX_new() else { return nil }
    let hash = SHA256Hash(context: copy)
    return EVP_MD_CTX_copy_ex(copy, context) == 1 ? hash : nil
  }

  func update(_ bytes: some Collection<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { update($0) }
    if done == nil { Array(bytes).withUnsafeBufferPointer { update($0) } }
  }

  private func update(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard !bytes.isEmpty else { return }
    _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// False where the file is shorter than it should be, or cannot be read.
  func update(_ spool: any SpoolRegion) -> Bool {
    var chunk = [UInt8](repeating: 0, count: min(256 * 1024, max(1, spool.length)))
    var offset = 0
    while offset < spool.length {
      let wanted = min(chunk.count, spool.length - offset)
      let count = chunk.withUnsafeMutableBytes {
        pread(spool.descriptor, $0.baseAddress, wanted, off_t(offset))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      chunk.withUnsafeBufferPointer { update(UnsafeBufferPointer(rebasing: $0[..<count])) }
      offset += count
    }
    return true
  }

  func finished() -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let done = digest.withUnsafeMutableBufferPointer { EVP_DigestFinal_ex(context, $0.baseAddress, &length) }
    return done == 1 && length == 32 ? digest : nil
  }
}
