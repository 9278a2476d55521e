import Foundation

/// A numeric IPv4 or IPv6 address with a port, or the path of a local socket, as the system calls want it.
struct SocketName {
  let family: Int32
  private let bytes: [UInt8]

  /// `host` is `127.0.0.1`, `::1` or `unix:/path` (whose port is not looked at).
  init(host: String, port: UInt16) throws {
    if host.hasPrefix("unix:") {
      family = AF_UNIX
      bytes = try Self.local(String(host.dropFirst(5)))
      return
    }
    var v4 = sockaddr_in()
    var v6 = sockaddr_in6()
    if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = port.bigEndian
      family = AF_INET
      bytes = withUnsafeBytes(of: v4) { Array($0) }
    } else if inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 {
      v6.sin6_family = sa_family_t(AF_INET6)
      v6.sin6_port = port.bigEndian
      family = AF_INET6
      bytes = withUnsafeBytes(of: v6) { Array($0) }
    } else {
      throw HarnessFault("not a numeric address: \(host)")
    }
  }

  private static func local(_ path: String) throws -> [UInt8] {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else { throw HarnessFault("socket path too long: \(path)") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafeBytes(of: address) { Array($0) }
  }

  /// Lends the address to a system call.
  func withPointer<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) throws -> Result {
    try bytes.withUnsafeBytes { raw in
      guard let start = raw.baseAddress else { throw HarnessFault("empty address") }
      return try body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
    }
  }
}
