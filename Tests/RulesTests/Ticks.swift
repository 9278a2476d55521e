import Synchronization

/// A clock that goes on by half a millisecond each time it is looked at.
final class Ticks: Sendable {
  private let time = Atomic<UInt64>(0)

  func next() -> UInt64 { time.wrappingAdd(500_000, ordering: .relaxed).newValue }
}
