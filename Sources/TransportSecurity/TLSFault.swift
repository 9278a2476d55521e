/// Why there is no TLS: a file that cannot be used, or a handshake that failed.
public struct TLSFault: Error, Hashable, Sendable {
  /// Who has to look after it.
  public enum Kind: Hashable, Sendable {
    /// A certificate, a key or a setting of our own.
    case configuration
    /// What the peer sent is no TLS, or the handshake failed.
    case handshake
    /// The peer is not who it should be.
    case verification
    /// TLS stood, and broke.
    case broken
  }

  public let kind: Kind
  /// The file at fault; nil where none is.
  public let file: String?
  /// What is wrong, without the file's name.
  public let reason: String

  public init(_ kind: Kind, file: String? = nil, _ reason: String) {
    self.kind = kind
    self.file = file
    self.reason = reason
  }
}

extension TLSFault: CustomStringConvertible {
  /// In words for the operator.
  public var description: String {
    file.map { "\($0): \(reason)" } ?? reason
  }
}
