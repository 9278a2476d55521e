internal import COpenSSL

/// A digest of octets that come piece by piece. Owned by one task or event loop.
public final class IncrementalHash {
  private let context: OpaquePointer
  private let length: Int
  private var isFinished = false

  /// nil where this system's libcrypto does not compute `function`.
  public init?(_ function: HashFunction) {
    guard let context = EVP_MD_CTX_new() else { return nil }
    guard EVP_DigestInit_ex(context, function.algorithm, nil) == 1 else {
      EVP_MD_CTX_free(context)
      return nil
    }
    self.context = context
    length = function.length
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Takes the next octets; those after `finish` are dropped.
  public func update(_ octets: UnsafeRawBufferPointer) {
    guard !isFinished, octets.count > 0 else { return }
    let isTaken = EVP_DigestUpdate(context, octets.baseAddress, octets.count)
    precondition(isTaken == 1, "libcrypto lost a digest that it had begun")
  }

  /// Takes the next octets; those after `finish` are dropped.
  public func update(_ octets: borrowing RawSpan) {
    octets.withUnsafeBytes { update($0) }
  }

  /// The digest of all that came; empty the second time.
  public func finish() -> [UInt8] {
    guard !isFinished else { return [] }
    isFinished = true
    var digest = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    let isDone = EVP_DigestFinal_ex(context, &digest, &written)
    precondition(isDone == 1 && Int(written) == length, "libcrypto lost a digest that it had begun")
    return digest
  }
}
