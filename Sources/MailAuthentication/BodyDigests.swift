/// How a body is made canonical (RFC 6376 §3.4).
public enum BodyCanonicalization: String, Hashable, Sendable {
  case simple, relaxed
}

/// Which digest of a body is wanted.
public struct BodyDigestKey: Hashable, Sendable {
  public var canonicalization: BodyCanonicalization
  /// SHA-1 (`rsa-sha1`) instead of SHA-256.
  public var isSHA1: Bool
  /// `l=`: octets of the canonical body; nil for all of it.
  public var length: UInt64?

  public init(_ canonicalization: BodyCanonicalization, isSHA1: Bool = false, length: UInt64? = nil) {
    self.canonicalization = canonicalization
    self.isSHA1 = isSHA1
    self.length = length
  }
}

/// The digests of a body, computed while it came in: one for all signatures that want the same.
public struct BodyDigests: Hashable, Sendable {
  public var digests: [BodyDigestKey: [UInt8]] = [:]
  /// Octets of each canonical body: a signature whose `l=` says more is broken.
  public var lengths: [BodyCanonicalization: UInt64] = [:]

  public init() {}
}
