/// How often something happened in the last while: eight counters, each of an eighth of the span.
///
/// The counter of the eighth that runs is one of the eight, so what is counted is the last 7/8 to 8/8 of the
/// span. A client that keeps to its rate is never refused; one that does not gets at most 8/7 of it; and what
/// happened is surely forgotten when the span is over.
struct SlidingWindow {
  private static let parts = 8
  private var counts = InlineArray<8, UInt32>(repeating: 0)
  /// The number of the newest eighth since time 0.
  private var newest: Int64 = 0
  /// Milliseconds of an eighth; 0 where nothing was counted yet.
  private var width: Int64 = 0

  /// How often `add` was called in the span that ends at `now`.
  mutating func count(at now: Int64, width: Int64) -> Int {
    advance(to: now, width: width)
    return total
  }

  mutating func add(at now: Int64, width: Int64) {
    advance(to: now, width: width)
    let part = Int(newest & Int64(Self.parts - 1))
    if counts[part] < .max { counts[part] &+= 1 }
  }

  /// Whether nothing is left of what was counted.
  func isEmpty(at now: Int64) -> Bool {
    width == 0 || now / width - newest >= Int64(Self.parts) || total == 0
  }

  /// What is left at `now`, for a report.
  func remaining(at now: Int64) -> Int {
    guard width > 0 else { return 0 }
    var copy = self
    return copy.count(at: now, width: width)
  }

  private var total: Int {
    var sum = 0
    for part in 0..<Self.parts { sum &+= Int(counts[part]) }
    return sum
  }

  private mutating func advance(to now: Int64, width: Int64) {
    if self.width != width { rescale(to: now, width: width) }
    let part = now / width
    // The clocks of two event loops are some milliseconds apart: time never runs backwards here.
    guard part > newest else { return }
    let passed = min(part - newest, Int64(Self.parts))
    for step in 0..<passed { counts[Int((part - step) & Int64(Self.parts - 1))] = 0 }
    newest = part
  }

  /// A reload changed the span: each counter goes to the eighth in which it began.
  private mutating func rescale(to now: Int64, width: Int64) {
    let old = self
    self = SlidingWindow()
    self.width = width
    newest = now / width
    guard old.width > 0 else { return }
    for step in 0..<Int64(Self.parts) {
      let oldPart = old.newest - step
      let part = min(oldPart * old.width / width, newest)
      guard oldPart >= 0, newest - part < Int64(Self.parts) else { continue }
      let index = Int(part & Int64(Self.parts - 1))
      let amount = old.counts[Int(oldPart & Int64(Self.parts - 1))]
      let (sum, overflows) = counts[index].addingReportingOverflow(amount)
      counts[index] = overflows ? .max : sum
    }
  }
}
