internal import Dispatch
internal import Synchronization
internal import Turns

/// Whether who asked is still interested.
final class Interest: Sendable {
  private let isGone = Atomic(false)

  var isLost: Bool { isGone.load(ordering: .relaxed) }

  func lose() { isGone.store(true, ordering: .relaxed) }
}

/// Work that takes a processor for a while, on threads of its own: so much at once and no more, the rest in turn.
final class WorkDesk: Sendable {
  private let turns: TurnQueue
  private let threads = DispatchQueue(label: "weir.inspection", attributes: .concurrent)

  init(atOnce: Int) { turns = TurnQueue(atOnce) }

  /// How many wait or run.
  var load: Int { turns.load }

  /// Does the work when its turn comes; nil where the task was cancelled before. Work that has begun is told by its
  /// `Interest` that nobody wants it any more.
  func run<Value: Sendable>(_ work: @escaping @Sendable (Interest) -> Value) async -> Value? {
    guard await turns.take() else { return nil }
    let interest = Interest()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        threads.async { [turns] in
          let value = work(interest)
          turns.giveBack()
          continuation.resume(returning: value)
        }
      }
    } onCancel: {
      interest.lose()
    }
  }
}
