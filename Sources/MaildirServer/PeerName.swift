internal import NIOCore

/// Who is at the other end of the socket.
struct PeerName: Sendable {
  /// An address without its port; `unix` for a Unix socket.
  let text: String
  let isLoopback: Bool

  init(_ address: SocketAddress?) {
    switch address {
    case .v4, .v6:
      let ip = address?.ipAddress ?? "unknown"
      text = ip.hasPrefix("::ffff:") ? String(ip.dropFirst(7)) : ip
      isLoopback = text.hasPrefix("127.") || text == "::1"
    case .unixDomainSocket:
      text = "unix"
      isLoopback = true
    case nil:
      text = "unknown"
      isLoopback = false
    }
  }
}
