internal import NetAddress

/// Whom a tally counts: an address, a subnet, or a network with a bound of its own.
struct TallyKey: Hashable {
  enum Role: UInt8 { case address, subnet, network }

  let address: IPAddress
  let length: UInt8
  let role: Role

  init(_ prefix: IPPrefix, _ role: Role) {
    address = prefix.address
    length = UInt8(prefix.length)
    self.role = role
  }

  var prefix: IPPrefix { IPPrefix(containing: address, length: Int(length)) }

  // The hot path asks two or three times a connection: one word less to hash, equality still decides.
  func hash(into hasher: inout Hasher) {
    hasher.combine(address.high)
    hasher.combine(address.low ^ (UInt64(length) << 2 | UInt64(role.rawValue)) << 40)
  }
}

/// What is counted of one client, subnet or network.
struct Tally {
  var key: TallyKey?
  /// Open connections, and the questions under way that hold the entry.
  var open = 0
  var connections = SlidingWindow()
  var messages = SlidingWindow()
  var unknownRecipients = SlidingWindow()

  /// Whether nothing would be lost without it.
  func isIdle(at now: Int64) -> Bool {
    open == 0 && connections.isEmpty(at: now) && messages.isEmpty(at: now)
      && unknownRecipients.isEmpty(at: now)
  }
}

/// The tallies in a slab of bounded size. Each new entry looks at a few others and drops the idle among them,
/// so that no call ever walks the whole table.
struct TallyTable {
  /// The most entries; existing ones stay where it is lowered.
  var bound: Int
  private(set) var tallies: [Tally] = []
  private var index: [TallyKey: Int32] = [:]
  private var free: [Int32] = []
  private var hand = 0

  init(bound: Int) { self.bound = bound }

  var count: Int { index.count }

  subscript(_ slot: Int) -> Tally {
    _read { yield tallies[slot] }
    _modify { yield &tallies[slot] }
  }

  func find(_ key: TallyKey) -> Int? { index[key].map(Int.init) }

  /// The slot of `key`, made if need be; nil where the table is full of entries in use.
  ///
  /// A slot that is idle may be given to another key by the next call: hold it by `open`.
  mutating func place(_ key: TallyKey, at now: Int64) -> Int? {
    if let slot = index[key] { return Int(slot) }
    sweep(4, at: now)
    // Bound: a full table is searched a stretch at a time; the next call goes on where this one stopped.
    var tries = 16
    while index.count >= bound {
      guard tries > 0, !tallies.isEmpty else { return nil }
      tries -= 1
      sweep(32, at: now)
    }
    return insert(key)
  }

  /// Makes an entry, the bound aside: a reload counts those who are here already.
  mutating func insert(_ key: TallyKey) -> Int {
    if let slot = index[key] { return Int(slot) }
    let slot: Int
    if let reused = free.popLast() {
      slot = Int(reused)
    } else {
      slot = tallies.count
      tallies.append(Tally())
    }
    tallies[slot].key = key
    index[key] = Int32(slot)
    return slot
  }

  mutating func forgetOpen() {
    for slot in tallies.indices { tallies[slot].open = 0 }
  }

  private mutating func sweep(_ steps: Int, at now: Int64) {
    for _ in 0..<min(steps, tallies.count) {
      hand = hand + 1 < tallies.count ? hand + 1 : 0
      guard let key = tallies[hand].key, tallies[hand].isIdle(at: now) else { continue }
      index[key] = nil
      tallies[hand] = Tally()
      free.append(Int32(hand))
    }
  }
}
