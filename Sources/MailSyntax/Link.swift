internal import Bytes
public import NetAddress

/// A link found in a text.
public struct Link: Hashable, Sendable {
  /// In small letters, percent escapes undone, without a final dot; an address in its canonical form.
  public let host: String
  /// The host as an address, in whatever notation it stood (`0x7f.1`, `2130706433`).
  public let address: IPAddress?
  /// Path and query with their first `/` or `?`, as they stood, at most 500 octets; perhaps empty.
  public let path: String

  public init(host: String, address: IPAddress? = nil, path: String = "") {
    self.host = host
    self.address = address
    self.path = path
  }
}
