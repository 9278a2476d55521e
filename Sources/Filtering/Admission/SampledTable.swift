/// Values by key, a bounded number of them: a full table gives up the entry that was unused longest of sixteen, so
/// that no call ever walks the whole of it.
struct SampledTable<Key: Hashable, Value> {
  private struct Entry {
    var key: Key
    var value: Value
    var used: Int64
  }

  /// The most entries; those that are there stay where it is lowered.
  var bound: Int
  private var entries: [Entry] = []
  private var index: [Key: Int32] = [:]
  private var hand = 0

  init(bound: Int) { self.bound = bound }

  var count: Int { index.count }

  /// All of them, in no order.
  var all: [(key: Key, value: Value)] { entries.map { ($0.key, $0.value) } }

  func find(_ key: Key) -> Value? { index[key].map { entries[Int($0)].value } }

  /// Changes the value of a key; one that is not there is made first.
  ///
  /// - Parameter used: until when the entry is of use, on the caller's clock: the lowest is given up first.
  mutating func update<Result>(
    _ key: Key, used: Int64, makingIt make: () -> Value, _ body: (inout Value) -> Result
  ) -> Result {
    let place: Int
    if let known = index[key] {
      place = Int(known)
    } else {
      place = room(for: Entry(key: key, value: make(), used: used))
      index[key] = Int32(place)
    }
    if used > entries[place].used { entries[place].used = used }
    return body(&entries[place].value)
  }

  private mutating func room(for entry: Entry) -> Int {
    if entries.count < min(max(1, bound), Int(Int32.max)) {
      entries.append(entry)
      return entries.count - 1
    }
    var oldest = hand % entries.count
    for _ in 0..<min(16, entries.count) {
      hand = (hand + 1) % entries.count
      if entries[hand].used < entries[oldest].used { oldest = hand }
    }
    index[entries[oldest].key] = nil
    entries[oldest] = entry
    return oldest
  }
}
