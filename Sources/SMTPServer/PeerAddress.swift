import Glibc
import NIOCore
import NetAddress

/// The address and port at the other end of a socket. A Unix socket's peer is this host.
struct PeerAddress {
  let address: IPAddress
  let port: UInt16

  init(_ socket: SocketAddress?) {
    switch socket {
    case .v4(let v4):
      address = IPAddress(v4: UInt32(bigEndian: v4.address.sin_addr.s_addr))
      port = UInt16(bigEndian: v4.address.sin_port)
    case .v6(let v6):
      let (high, low) = withUnsafeBytes(of: v6.address.sin6_addr) { bytes in
        (
          UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      address = IPAddress(high: high, low: low)
      port = UInt16(bigEndian: v6.address.sin6_port)
    default:
      address = IPAddress(v4: 0x7f00_0001)
      port = 0
    }
  }
}
