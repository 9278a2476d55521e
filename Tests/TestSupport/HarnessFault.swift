import Foundation

/// What the harness itself could not do, in words for whoever reads the failed test.
public struct HarnessFault: Error, CustomStringConvertible, Sendable {
  public let description: String

  /// A fault with a sentence that names what was tried.
  public init(_ description: String) {
    self.description = description
  }

  /// The sentence with the system's own word for `errno` behind it.
  static func system(_ what: String, _ code: Int32 = errno) -> HarnessFault {
    HarnessFault("\(what): \(String(cString: strerror(code)))")
  }
}

/// Asks `condition` again and again until it holds or the time is over; the answer is whether it held.
///
/// Blocks the calling thread: for tests, which have nothing better to do.
@discardableResult
public func eventually(
  within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(10),
  _ condition: () throws -> Bool
) rethrows -> Bool {
  // On a busy machine all takes longer; who waits for what does come loses nothing by patience.
  let deadline = ContinuousClock.now + limit * 4
  while true {
    if try condition() { return true }
    if ContinuousClock.now >= deadline { return false }
    block(for: pause)
  }
}

/// Puts the calling thread to sleep.
public func block(for pause: Duration) {
  Thread.sleep(forTimeInterval: pause.inSeconds)
}

extension Duration {
  /// The duration as a number of seconds.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  /// The duration in whole milliseconds, at least 0.
  var inMilliseconds: Int32 {
    Int32(clamping: max(0, Int64(inSeconds * 1000)))
  }
}
