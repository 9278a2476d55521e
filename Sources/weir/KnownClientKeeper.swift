import Filtering
import NIOCore
import NIOPosix
import Storage

/// The clients that passed, between runs: the file `clients` of the state folder, read at the start, written every
/// hour and at the end. Without it strangers wait for their greeting once more, and nothing else.
final class KnownClientKeeper: Sendable {
  static let name = "clients"

  private let state: StateFolder
  private let clients: KnownClients
  private let hourly: RepeatedTask

  /// Takes up what was kept, and begins to keep.
  init(
    _ clients: KnownClients, in state: StateFolder, on loop: any EventLoop,
    every interval: TimeAmount = .hours(1)
  ) {
    self.state = state
    self.clients = clients
    if let bytes = try? state.read(Self.name) {
      _ = clients.adopt(String(decoding: bytes, as: UTF8.self).split(separator: "\n"))
    }
    hourly = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      NIOThreadPool.singleton.submit { _ in Self.write(clients, in: state) }
    }
  }

  /// Writes for the last time. Blocks.
  func stop() {
    hourly.cancel()
    Self.write(clients, in: state)
  }

  private static func write(_ clients: KnownClients, in state: StateFolder) {
    let lines = clients.lines().sorted()
    // A gateway that makes nobody wait has no such file.
    guard !lines.isEmpty else { return }
    try? state.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
  }
}
