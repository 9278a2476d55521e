internal import AsyncHTTPClient
public import NIOCore
internal import Synchronization

/// The HTTP client for all introspection of a gateway, whatever its configuration becomes: made when it is first
/// needed, and shut down with the gateway.
public final class IntrospectionClient: Sendable {
  private enum State {
    case unused
    case open(HTTPClient)
    case closed
  }

  private let group: any EventLoopGroup
  private let state = Mutex(State.unused)

  public init(group: any EventLoopGroup) {
    self.group = group
  }

  deinit {
    // Whoever forgot to shut it down.
    if case .open(let http) = state.withLock({ $0 }) { http.shutdown { _ in } }
  }

  /// nil after `shutdown`.
  var http: HTTPClient? {
    state.withLock { state in
      switch state {
      case .open(let http): return http
      case .closed: return nil
      case .unused:
        let http = HTTPClient(eventLoopGroup: group, configuration: Self.configuration)
        state = .open(http)
        return http
      }
    }
  }

  /// Ends what is under way; who asks after that reads "unavailable".
  public func shutdown() async {
    let http = state.withLock { state -> HTTPClient? in
      defer { state = .closed }
      if case .open(let http) = state { return http }
      return nil
    }
    try? await http?.shutdown()
  }

  /// No redirection (the token would go elsewhere), no decompression (a small answer could be a large one).
  private static var configuration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.decompression = .disabled
    configuration.httpVersion = .http1Only
    configuration.timeout = .init(connect: .seconds(5), read: .seconds(30))
    // A refusal is an answer now, not after the deadline.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
    return configuration
  }
}
