import Synchronization

/// Counts down from a number, for several threads.
final class Counter: Sendable {
  private let value: Atomic<Int>

  init(_ number: Int) { value = Atomic(number) }

  /// - Returns: the number one lower.
  func next() -> Int { value.subtract(1, ordering: .relaxed).newValue }
}
