internal import Bytes
internal import Filtering
internal import SMTPProtocol
internal import Synchronization

/// Messages that a retry must not deliver again: the reply to them was lost, or an LMTP backend has them for
/// some of their recipients.
///
/// Bound: `capacity` entries, each for `lifetime`; past that the oldest goes.
final class DigestStore: Sendable {
  enum Memory: Sendable {
    /// Delivered to all; the reply that the client did not read.
    case whole(Reply, backend: String)
    /// Delivered to these, as said in RCPT.
    case partial(Set<String>, Reply, backend: String)
  }

  fileprivate struct Entry {
    let digest: [UInt8]
    var memory: Memory
    let expires: Timestamp
    let serial: UInt64
  }

  fileprivate struct State {
    var entries: [Int: [Entry]] = [:]
    var count = 0
    var order = Ring<(Int, UInt64)>()
    var serial: UInt64 = 0
  }

  private let capacity: Int
  private let lifetime: Duration
  private let state = Mutex(State())
  private let isFilled = Atomic<Bool>(false)

  init(capacity: Int, lifetime: Duration) {
    self.capacity = max(1, capacity)
    self.lifetime = lifetime
  }

  var count: Int { state.withLock { $0.count } }

  /// Whether the digest of `delivery` is worth its computing. Cheap: nearly always the store is empty.
  func mayKnow(_ delivery: Delivery, at time: Timestamp) -> Bool {
    guard isFilled.load(ordering: .relaxed), delivery.isIdentifiable else { return false }
    let key = Self.key(delivery)
    return state.withLock { state in
      state.expire(key, at: time)
      return state.entries[key] != nil
    }
  }

  /// Answers what is known of `delivery`; a message delivered to all is forgotten thereby.
  func recall(_ delivery: Delivery, _ digest: MessageDigest, at time: Timestamp) -> Memory? {
    let key = Self.key(delivery)
    return state.withLock { state in
      state.expire(key, at: time)
      if let memory = state.take(key, digest.whole) { return memory }
      return state.entries[key]?.first { $0.digest == digest.content }?.memory
    }
  }

  /// Keeps that `delivery` was delivered to all.
  func keep(
    _ delivery: Delivery, _ digest: MessageDigest, _ reply: Reply, backend: String, at time: Timestamp
  ) {
    keep(Self.key(delivery), digest.whole, .whole(reply, backend: backend), at: time)
  }

  /// Keeps that `delivery` was delivered to `recipients`, and those of earlier attempts.
  func keep(
    _ delivery: Delivery, _ digest: MessageDigest, _ recipients: Set<String>, _ reply: Reply, backend: String,
    at time: Timestamp
  ) {
    let key = Self.key(delivery)
    var all = recipients
    if case .partial(let earlier, _, _)? = state.withLock({ $0.take(key, digest.content) }) {
      all.formUnion(earlier)
    }
    keep(key, digest.content, .partial(all, reply, backend: backend), at: time)
  }

  /// Forgets that `delivery` was delivered to some: now all have it.
  func forget(_ delivery: Delivery, _ digest: MessageDigest) {
    let key = Self.key(delivery)
    _ = state.withLock { $0.take(key, digest.content) }
  }

  private func keep(_ key: Int, _ digest: [UInt8], _ memory: Memory, at time: Timestamp) {
    state.withLock { state in
      _ = state.take(key, digest)
      state.serial += 1
      state.entries[key, default: []].append(
        Entry(digest: digest, memory: memory, expires: time + lifetime, serial: state.serial))
      state.count += 1
      state.order.append((key, state.serial))
      while state.count > capacity || state.order.count > 2 * capacity {
        guard let (oldest, serial) = state.order.popFirst() else { break }
        state.remove(oldest) { $0.serial == serial }
      }
    }
    isFilled.store(true, ordering: .relaxed)
  }

  private static func key(_ delivery: Delivery) -> Int {
    var hasher = Hasher()
    hasher.combine(delivery.sender.text)
    hasher.combine(delivery.message.octets)
    return hasher.finalize()
  }
}

extension DigestStore.State {
  fileprivate mutating func expire(_ key: Int, at time: Timestamp) { remove(key) { $0.expires <= time } }

  fileprivate mutating func take(_ key: Int, _ digest: [UInt8]) -> DigestStore.Memory? {
    guard let found = entries[key]?.first(where: { $0.digest == digest }) else { return nil }
    remove(key) { $0.serial == found.serial }
    return found.memory
  }

  fileprivate mutating func remove(_ key: Int, where isUnwanted: (DigestStore.Entry) -> Bool) {
    guard var list = entries[key] else { return }
    let before = list.count
    list.removeAll(where: isUnwanted)
    count -= before - list.count
    entries[key] = list.isEmpty ? nil : list
  }
}
