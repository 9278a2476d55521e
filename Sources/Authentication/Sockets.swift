internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NetAddress

extension ClientBootstrap {
  /// Connects to an endpoint of the configuration.
  func connect(to endpoint: Endpoint) -> EventLoopFuture<any Channel> {
    switch endpoint {
    case .ip(let address, let port): connect(host: "\(address)", port: Int(port))
    case .name(let name, let port): connect(host: name, port: Int(port))
    case .unix(let path): connect(unixDomainSocketPath: path)
    }
  }
}

/// What went wrong with a socket, in words for the operator.
enum SocketWords {
  static func of(_ error: any Error) -> String {
    switch error {
    case let error as IOError:
      String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { of($0.error) } ?? error.dnsAError.map { of($0) }
        ?? error.dnsAAAAError.map { of($0) } ?? "cannot be reached"
    case ChannelError.connectTimeout: "no connection in time"
    default: "\(error)"
    }
  }
}
