import Foundation
import Synchronization

/// A blocking stream socket with time-outs: what the harness's clients and servers stand on.
///
/// Every socket is close-on-exec, so that no process started by a test inherits a neighbour's session.
final class TCPSocket: Sendable {
  private let descriptor: Mutex<Int32>

  /// Held while an accepted socket is not yet close-on-exec, and while a process is started: a child that
  /// inherited a session would keep it open after the test has closed it.
  static let whileNoneIsHalfMade = Mutex(())

  init(adopting descriptor: Int32) {
    self.descriptor = Mutex(descriptor)
  }

  deinit { close() }

  private var number: Int32 { descriptor.withLock { $0 } }

  // MARK: Opening

  /// Connects to a numeric address or, where `host` starts with `unix:`, to a local socket.
  static func connected(
    to host: String, port: UInt16, from source: String? = nil, timeout: Duration
  ) throws -> TCPSocket {
    let target = try SocketName(host: host, port: port)
    let socket = try make(target)
    if let source {
      // Lets thousands of sessions leave from one chosen address: the port is picked at connect.
      socket.set(Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
      try SocketName(host: source, port: 0).withPointer { address, length in
        guard bind(socket.number, address, length) == 0 else { throw HarnessFault.system("bind \(source)") }
      }
    }
    try target.withPointer { address, length in
      socket.setTimeout(SO_SNDTIMEO, timeout)
      guard connect(socket.number, address, length) == 0 else {
        throw HarnessFault.system("connect to \(host) port \(port)")
      }
    }
    socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    socket.setTimeout(SO_SNDTIMEO, .seconds(60))
    return socket
  }

  /// A socket bound to a numeric address.
  static func bound(to host: String, port: UInt16, reuse: Bool) throws -> TCPSocket {
    let name = try SocketName(host: host, port: port)
    let socket = try make(name)
    if reuse { socket.set(SOL_SOCKET, SO_REUSEADDR, 1) }
    try name.withPointer { address, length in
      guard bind(socket.number, address, length) == 0 else {
        throw HarnessFault.system("bind \(host) port \(port)")
      }
    }
    return socket
  }

  /// A socket that listens on a numeric address.
  static func listening(on host: String, port: UInt16) throws -> TCPSocket {
    let socket = try bound(to: host, port: port, reuse: true)
    guard listen(socket.number, 1024) == 0 else {
      throw HarnessFault.system("listen on \(host) port \(port)")
    }
    // A connection that is gone again before it was accepted must not make the acceptor wait.
    _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
    return socket
  }

  /// The next connection, or nil where none came in time or the listener is closed.
  func accepted(within timeout: Duration) -> TCPSocket? {
    guard waitFor(POLLIN, timeout) else { return nil }
    let peer = Self.whileNoneIsHalfMade.withLock { _ in
      let peer = accept(number, nil, nil)
      if peer >= 0 { _ = fcntl(peer, F_SETFD, FD_CLOEXEC) }
      return peer
    }
    guard peer >= 0 else { return nil }
    let socket = TCPSocket(adopting: peer)
    socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    socket.setTimeout(SO_SNDTIMEO, .seconds(60))
    return socket
  }

  private static func make(_ name: SocketName) throws -> TCPSocket {
    let number = Glibc.socket(name.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw HarnessFault.system("socket") }
    return TCPSocket(adopting: number)
  }

  // MARK: Reading and writing

  /// What reading gave.
  enum Input: Equatable {
    case bytes([UInt8])
    /// The peer has closed its side, or the connection was reset.
    case end
    /// Nothing came in time.
    case silence
  }

  /// The bytes that are there, waiting at most `timeout` for the first.
  func read(within timeout: Duration, atMost limit: Int = 65_536) -> Input {
    guard waitFor(POLLIN, timeout) else { return number < 0 ? .end : .silence }
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
      count = recv(number, buffer.baseAddress, limit, 0)
      filled = max(0, count)
    }
    return count > 0 ? .bytes(bytes) : .end
  }

  /// Whether the peer has closed its side, looked for during `time` without reading anything.
  func hasBeenClosedByPeer(within time: Duration) -> Bool {
    var entry = pollfd(fd: number, events: Int16(0x2000), revents: 0)  // POLLRDHUP
    return poll(&entry, 1, time.inMilliseconds) > 0
  }

  /// Writes everything, or throws where the peer is gone.
  func write(_ bytes: [UInt8]) throws {
    var sent = 0
    try bytes.withUnsafeBytes { buffer in
      while sent < buffer.count {
        let count = send(
          number, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
        guard count > 0 else { throw HarnessFault.system("write") }
        sent += count
      }
    }
  }

  private func waitFor(_ events: Int32, _ timeout: Duration) -> Bool {
    var entry = pollfd(fd: number, events: Int16(events), revents: 0)
    return poll(&entry, 1, timeout.inMilliseconds) > 0
  }

  // MARK: Ending

  /// Says that nothing more will be written; reading goes on.
  func closeWriting() {
    shutdown(number, Int32(SHUT_WR))
  }

  /// Wakes every thread that reads from or accepts on the socket; it stays allocated until `close`.
  func interrupt() {
    shutdown(number, Int32(SHUT_RDWR))
  }

  /// Closes with a reset (RST) instead of the polite end.
  func reset() {
    var value = linger(l_onoff: 1, l_linger: 0)
    setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Closes the socket; closing twice is harmless.
  func close() {
    descriptor.withLock { number in
      if number >= 0 { Glibc.close(number) }
      number = -1
    }
  }

  /// Makes the kernel's receive buffer small, so that a stalled reader is felt by the writer soon.
  func shrinkReceiveBuffer(to bytes: Int32) {
    set(SOL_SOCKET, SO_RCVBUF, bytes)
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  func setTimeout(_ option: Int32, _ timeout: Duration) {
    let milliseconds = Int(timeout.inMilliseconds)
    var value = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    setsockopt(number, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<timeval>.size))
  }
}
