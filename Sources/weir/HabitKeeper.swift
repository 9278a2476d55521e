import Filtering
import NIOCore
import NIOPosix
import Storage

/// Users' habits between runs: the file `habits` of the state folder, read at the start, written every hour and at
/// the end. What it says is needed for no mail: where it cannot be read or written the gateway goes on without.
final class HabitKeeper: Sendable {
  static let name = "habits"

  private let state: StateFolder
  private let users: UserRates
  private let hourly: RepeatedTask

  /// Takes up what was kept, and begins to keep.
  init(
    _ users: UserRates, in state: StateFolder, on loop: any EventLoop, every interval: TimeAmount = .hours(1)
  ) {
    self.state = state
    self.users = users
    if let bytes = try? state.read(Self.name) {
      _ = users.adopt(habits: String(decoding: bytes, as: UTF8.self).split(separator: "\n"))
    }
    hourly = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      NIOThreadPool.singleton.submit { _ in Self.write(users, in: state) }
    }
  }

  /// Writes for the last time. Blocks.
  func stop() {
    hourly.cancel()
    Self.write(users, in: state)
  }

  private static func write(_ users: UserRates, in state: StateFolder) {
    let lines = users.habits().sorted()
    // A gateway where nobody logs in has no such file.
    guard !lines.isEmpty else { return }
    try? state.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
  }
}
