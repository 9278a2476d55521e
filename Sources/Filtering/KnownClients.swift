public import Bytes
public import NetAddress
internal import Synchronization

/// The clients of which a message was taken lately: they are not made to wait for their greeting.
///
/// Bound: a full table gives up who was seen longest ago of sixteen.
public final class KnownClients: Sendable {
  private let table: Mutex<SampledTable<IPAddress, Timestamp>>

  /// - Parameter bound: the most clients.
  public init(bound: Int = 65_536) {
    table = Mutex(SampledTable(bound: bound))
  }

  public var count: Int { table.withLock { $0.count } }

  /// A message of this client was taken.
  public func passed(_ client: IPAddress, at now: Timestamp) {
    table.withLock { table in
      table.update(client, used: now.milliseconds, makingIt: { now }) { $0 = max($0, now) }
    }
  }

  /// Whether one was within that time.
  public func isKnown(_ client: IPAddress, at now: Timestamp, within time: Duration) -> Bool {
    guard let last = table.withLock({ $0.find(client) }) else { return false }
    let age = now.milliseconds - last.milliseconds
    // What came from another clock is not known for ever.
    return age <= time.milliseconds && age >= -time.milliseconds
  }

  /// One line a client, for the next run: `192.0.2.1 1763683200`, the time in seconds since 1970.
  public func lines() -> [String] {
    table.withLock { $0.all }.map { "\($0.key) \($0.value.milliseconds / 1000)" }
  }

  /// Takes up lines of an earlier run; those that cannot be read are passed over.
  ///
  /// - Returns: how many were taken.
  public func adopt(_ lines: some Sequence<Substring>) -> Int {
    var count = 0
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count == 2, let client = IPAddress(String(words[0])), let seconds = Int64(words[1]),
        (0...9_999_999_999).contains(seconds)
      else { continue }
      passed(client, at: Timestamp(milliseconds: seconds * 1000))
      count += 1
    }
    return count
  }
}
