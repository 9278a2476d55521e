public import Bytes
internal import Synchronization

/// What is remembered of messages that may be sent again, by their digests.
///
/// Bound: entries of `capacity` together, each for `lifetime`; past that the oldest go.
public final class DigestStore<Memory: Sendable>: Sendable {
  private let state: Mutex<DigestTable<Memory>>
  private let isFilled = Atomic<Bool>(false)

  /// - Parameter capacity: what all entries may weigh together; 0: nothing is remembered.
  public init(capacity: Int, lifetime: Duration) {
    state = Mutex(DigestTable(capacity: capacity, lifetime: lifetime))
  }

  /// From now on these bounds hold; what is remembered already stays for as long as it was to.
  public func adopt(capacity: Int, lifetime: Duration) {
    change { state in
      state.capacity = capacity
      state.lifetime = lifetime
      state.shrink()
    }
  }

  public var count: Int { state.withLock { $0.count } }

  /// Whether nothing is remembered, as nearly always. Costs nothing.
  public var isEmpty: Bool { !isFilled.load(ordering: .relaxed) }

  /// Whether the digest of `sent` is worth its computing. Cheap.
  public func mayKnow(_ sent: SentMessage, at time: Timestamp) -> Bool {
    guard !isEmpty, sent.isIdentifiable else { return false }
    let key = Self.key(sent)
    return change { state in
      state.expire(at: time)
      return state.knows(key, at: time)
    }
  }

  /// What is known under that digest.
  public func recall(_ sent: SentMessage, _ digest: [UInt8], at time: Timestamp) -> Memory? {
    let key = Self.key(sent)
    return state.withLock { state in state.find(key, digest, at: time).flatMap { state.memory($0) } }
  }

  /// What is known under that digest, and no longer is thereafter.
  public func take(_ sent: SentMessage, _ digest: [UInt8], at time: Timestamp) -> Memory? {
    let key = Self.key(sent)
    return change { state in state.find(key, digest, at: time).flatMap { state.remove($0) } }
  }

  /// Keeps `memory` under that digest, in place of what was there.
  ///
  /// - Parameter weight: how much of the capacity it takes: 1, and more where it is large.
  public func keep(
    _ memory: Memory, of sent: SentMessage, _ digest: [UInt8], weight: Int = 1, at time: Timestamp
  ) {
    guard sent.isIdentifiable else { return }
    let key = Self.key(sent)
    change { state in
      if let known = state.find(key, digest, at: time) { _ = state.remove(known) }
      state.add(memory, key, digest, weight: max(1, weight), at: time)
      state.shrink()
    }
  }

  private func change<Value>(_ work: (inout DigestTable<Memory>) -> Value) -> Value {
    state.withLock { state in
      let value = work(&state)
      isFilled.store(state.count > 0, ordering: .relaxed)
      return value
    }
  }

  /// What is there without reading the content.
  private static func key(_ sent: SentMessage) -> Int {
    var hasher = Hasher()
    hasher.combine(sent.sender.text)
    hasher.combine(sent.message.octets)
    return hasher.finalize()
  }
}

private struct DigestTable<Memory: Sendable> {
  struct Entry {
    let key: Int
    let digest: [UInt8]
    let memory: Memory
    let weight: Int
    let expires: Timestamp
  }

  var capacity: Int
  var lifetime: Duration
  private var entries: [UInt64: Entry] = [:]
  private var numbers: [Int: [UInt64]] = [:]
  private var weight = 0
  /// No entry has a smaller number than the first; the next one gets the second.
  private var oldest: UInt64 = 0
  private var next: UInt64 = 0

  init(capacity: Int, lifetime: Duration) {
    self.capacity = capacity
    self.lifetime = lifetime
  }

  var count: Int { entries.count }

  func memory(_ number: UInt64) -> Memory? { entries[number]?.memory }

  func knows(_ key: Int, at time: Timestamp) -> Bool {
    numbers[key]?.contains { entries[$0].map { time < $0.expires } ?? false } ?? false
  }

  func find(_ key: Int, _ digest: [UInt8], at time: Timestamp) -> UInt64? {
    numbers[key]?.first { number in
      entries[number].map { $0.digest == digest && time < $0.expires } ?? false
    }
  }

  mutating func add(_ memory: Memory, _ key: Int, _ digest: [UInt8], weight: Int, at time: Timestamp) {
    entries[next] = Entry(
      key: key, digest: digest, memory: memory, weight: weight, expires: time + lifetime)
    numbers[key, default: []].append(next)
    self.weight += weight
    next += 1
  }

  mutating func remove(_ number: UInt64) -> Memory? {
    guard let entry = entries.removeValue(forKey: number) else { return nil }
    weight -= entry.weight
    numbers[entry.key]?.removeAll { $0 == number }
    if numbers[entry.key]?.isEmpty == true { numbers[entry.key] = nil }
    return entry.memory
  }

  /// Gives up the oldest until the rest has room.
  mutating func shrink() {
    while weight > capacity, oldest < next {
      _ = remove(oldest)
      oldest += 1
    }
  }

  /// Gives up those whose time is over, from the oldest on.
  mutating func expire(at time: Timestamp) {
    while oldest < next {
      if let entry = entries[oldest] {
        guard entry.expires <= time else { return }
        _ = remove(oldest)
      }
      oldest += 1
    }
  }
}
