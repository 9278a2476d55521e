import Glibc
import NIOCore

/// Holds an address while the sockets of all event loops are bound to it.
///
/// Sockets with SO_REUSEPORT would share the address with whoever else of the same user listens there, without
/// a word. This one is without that option: it finds out whether the address is in use, and finds the port
/// where any will do. It never listens, so that it stands in nobody's way.
struct AddressClaim {
  /// With the port that the system gave.
  let address: SocketAddress
  private let descriptor: Int32

  /// Throws what the system says: the address in use, not here, or a port that needs root.
  init(_ wanted: SocketAddress) throws {
    let family = wanted.protocol == .inet6 ? AF_INET6 : AF_INET
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    guard wanted.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw IOError(errnoCode: code, reason: "bind")
    }
    self.descriptor = descriptor
    address =
      wanted.port == 0 ? Self.port(of: descriptor).map { Self.with(wanted, port: $0) } ?? wanted : wanted
  }

  func release() { Glibc.close(descriptor) }

  private static func port(of descriptor: Int32) -> Int? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let found = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard found == 0 else { return nil }
    // The port stands at the same place in both families.
    let port = withUnsafeBytes(of: &storage) { $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self) }
    return Int(UInt16(bigEndian: port))
  }

  private static func with(_ address: SocketAddress, port: Int) -> SocketAddress {
    var copy = address
    copy.port = port
    return copy
  }
}
