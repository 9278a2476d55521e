internal import Dispatch
public import Filtering
internal import Turns

/// Runs the programs that rules name as children of this process: without a shell, with an environment of two words,
/// nothing open but its pipes, a session of its own, limits on memory and processor time, and so many at once.
public final class ChildPrograms: ProgramRunner {
  private let allowed: AllowedPrograms
  private let places: TurnQueue
  // Who is let in has a thread of its own: a program is waited for there.
  private let threads = DispatchQueue(label: "weir.programs", attributes: .concurrent)

  /// - Parameter atOnce: how many run side by side; others wait, and their time runs.
  public init(_ allowed: AllowedPrograms, atOnce: Int = 4) {
    self.allowed = allowed
    places = TurnQueue(atOnce)
  }

  public func run(
    _ arguments: [[UInt8]], input: [UInt8], within limits: ProgramLimits
  ) async -> ProgramResult {
    guard let name = arguments.first, let path = allowed.path(of: String(decoding: name, as: UTF8.self))
    else { return ProgramResult(.notAllowed) }
    guard arguments.allSatisfy({ !$0.contains(0) }) else {
      return ProgramResult(.notStarted("an argument holds a NUL"))
    }
    let deadline = ContinuousClock.now + limits.time
    guard await places.take(until: deadline) else { return ProgramResult(.tooLong) }
    let child = Child(
      path: path, arguments: Array(arguments.dropFirst()), limits: limits, deadline: deadline)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        threads.async { [places] in
          let result = child.run(input)
          places.giveBack()
          continuation.resume(returning: result)
        }
      }
    } onCancel: {
      child.abandon()
    }
  }
}
