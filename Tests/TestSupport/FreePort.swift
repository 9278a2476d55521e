import Foundation
import Synchronization

/// Loopback ports that nothing listens on.
public enum FreePort {
  private static let given = Mutex<Set<UInt16>>([])

  /// A TCP port that is free on every loopback address now and that this process was not given before.
  ///
  /// Taken from below the system's range for outgoing connections, so that no client of another test
  /// sits on it by chance.
  public static func take() throws -> UInt16 {
    for _ in 0..<500 {
      let port = UInt16.random(in: 15_000..<32_000)
      guard given.withLock({ $0.insert(port).inserted }) else { continue }
      if isFree(port) { return port }
    }
    throw HarnessFault("no free port found in 500 tries")
  }

  /// Whether nothing is bound to `port` on any IPv4 address.
  public static func isFree(_ port: UInt16) -> Bool {
    guard let probe = try? TCPSocket.bound(to: "0.0.0.0", port: port, reuse: false) else { return false }
    probe.close()
    return true
  }

  /// Whether something accepts connections at `host`:`port`.
  public static func answers(_ host: String = "127.0.0.1", _ port: UInt16) -> Bool {
    guard let probe = try? TCPSocket.connected(to: host, port: port, timeout: .seconds(1)) else {
      return false
    }
    probe.close()
    return true
  }
}
