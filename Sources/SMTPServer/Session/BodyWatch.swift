import MailAuthentication
import MailSyntax

/// Computes the digests that a message's signatures are about while it comes in, where it is too large to stay in
/// memory: what is on the disk is not read again for them.
struct BodyWatch {
  private let memoryLimit: Int
  private let isBinary: Bool
  private var hasBegun = false
  /// nil too where nothing is signed.
  private var hasher: BodyHasher?

  init(memoryLimit: Int, isBinary: Bool) {
    self.memoryLimit = memoryLimit
    self.isBinary = isBinary
  }

  /// Octets were appended to what has not been put away yet.
  ///
  /// - Parameter start: where they begin in `buffer`.
  mutating func saw(_ buffer: [UInt8], from start: Int) {
    guard hasBegun else {
      // Nothing was put away before this.
      if buffer.count > memoryLimit { begin(buffer) }
      return
    }
    if start < buffer.count { hasher?.update(buffer.span.bytes.extracting(start..<buffer.count)) }
  }

  private mutating func begin(_ buffer: [UInt8]) {
    hasBegun = true
    let beginning = Array(buffer[..<memoryLimit])
    let header = MessageHeader(beginning)
    hasher = BodyHasher(header: header, of: beginning, isBinary: isBinary)
    let body = BodyHasher.bodyStart(of: header)
    if body < buffer.count { hasher?.update(buffer.span.bytes.extracting(body..<buffer.count)) }
  }

  /// The end of the body; nil where all of it is in memory.
  mutating func finish() -> BodyDigests? {
    guard hasBegun else { return nil }
    return hasher?.finish() ?? BodyDigests()
  }
}
