internal import Bytes
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NetAddress

/// Connections to backends.
enum Dialing {
  /// A connection, which reads little at a time: what comes back are replies.
  static func connect(to endpoint: Endpoint, on loop: any EventLoop, timeout: TimeAmount)
    -> EventLoopFuture<any Channel>
  {
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
    switch endpoint {
    case .ip(let address, let port):
      do {
        return bootstrap.connect(to: try SocketAddress(ipAddress: address.description, port: Int(port)))
      } catch {
        return loop.makeFailedFuture(error)
      }
    case .name(let name, let port): return bootstrap.connect(host: name, port: Int(port))
    case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
    }
  }

  /// Why it could not be had.
  static func words(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError where !error.connectionErrors.isEmpty:
      words(error.connectionErrors[0].error)
    case let error as IOError: strerror(error.errnoCode).map { String(cString: $0) } ?? "\(error)".printable()
    case ChannelError.connectTimeout: "the connection timed out"
    default: "\(error)".printable()
    }
  }
}

extension SocketAddress {
  /// Address and port; nil for a local socket.
  var numeric: (address: IPAddress, port: UInt16)? {
    guard let text = ipAddress, let address = IPAddress(text), let port else { return nil }
    return (address, UInt16(clamping: port))
  }
}
