public import NetAddress

/// The way of a message by its Received lines, the newest hop first.
public struct Trace: Sendable {
  /// Who handed the message to the first server that is trusted: an address that cannot be forged; nil without any.
  public var origin: IPAddress?

  public init(origin: IPAddress? = nil) { self.origin = origin }
}
