internal import DNS

/// The questions under way and who waits for each: a machine without threads, sockets or clocks.
///
/// Equal questions are one. At most so many are with libunbound at once, the others wait their turn, in order.
struct QuestionDesk {
  struct Terms: Sendable {
    /// Bound: questions under way, waiting ones included.
    var most = 10_000
    /// Bound: with libunbound at once.
    var mostAsked = 450
    /// A question that nobody waits for goes on so long: its answer is remembered.
    var patience = Duration.seconds(30)
    /// Whose time is over sooner learns nothing about the question.
    var leastWait = Duration.seconds(2)
  }

  enum Entry: Equatable {
    /// The queue is full.
    case refused
    /// The answer of an equal question will be its own.
    case merged
    case queued
  }

  struct Asking: Equatable {
    let number: UInt64
    let question: DNSQuestion
  }

  private enum Progress: Equatable {
    case queued
    /// On its way to libunbound.
    case asking
    case asked(id: Int32)
  }

  private struct Item {
    let question: DNSQuestion
    let begin: ContinuousClock.Instant
    var progress = Progress.queued
    var waiters: [Waiter] = []
    /// Nobody waits, by its nature: it is to tell whether there is a network.
    var isProbe = false
    /// Somebody's deadline has passed, and it had been waited for long enough.
    var hasFailed = false
  }

  private let terms: Terms
  private var items: [UInt64: Item] = [:]
  private var underWay: [DNSQuestion: UInt64] = [:]
  /// Items that nobody waits for, probes among them: few, so that nobody has to look through all.
  private var abandoned: Set<UInt64> = []
  /// In order; numbers of items that are gone are skipped.
  private var queue: [UInt64] = []
  private var head = 0
  private var asked = 0
  private var cancels: [Int32] = []
  private var deadlines = Deadlines()
  private var nextNumber: UInt64 = 1

  init(_ terms: Terms = Terms()) { self.terms = terms }

  /// Questions under way.
  var count: Int { items.count }

  // MARK: From who asks

  mutating func enter(
    _ waiter: Waiter, _ question: DNSQuestion, until deadline: ContinuousClock.Instant,
    at now: ContinuousClock.Instant
  ) -> Entry {
    if let number = underWay[question] {
      abandoned.remove(number)
      items[number]?.waiters.append(waiter)
      deadlines.insert(deadline, number, waiter)
      return .merged
    }
    guard items.count < terms.most else { return .refused }
    var item = Item(question: question, begin: now)
    item.waiters = [waiter]
    deadlines.insert(deadline, add(item), waiter)
    return .queued
  }

  /// A question whose answer nobody waits for. It goes before the others, and is never merged.
  mutating func probe(_ question: DNSQuestion, at now: ContinuousClock.Instant) -> UInt64 {
    var item = Item(question: question, begin: now)
    item.isProbe = true
    let number = nextNumber
    nextNumber = number % (1 << 40 - 1) + 1
    items[number] = item
    abandoned.insert(number)
    queue.insert(number, at: head)
    return number
  }

  /// Who asked does not want to know any more; with the last of them the question ends.
  mutating func leave(_ waiter: Waiter, _ question: DNSQuestion) {
    guard let number = underWay[question], var item = items[number] else { return }
    guard let place = item.waiters.firstIndex(where: { $0 === waiter }) else { return }
    item.waiters.remove(at: place)
    items[number] = item
    if item.waiters.isEmpty { drop(number) }
  }

  private mutating func add(_ item: Item) -> UInt64 {
    let number = nextNumber
    nextNumber = number % (1 << 40 - 1) + 1
    items[number] = item
    underWay[item.question] = number
    queue.append(number)
    return number
  }

  /// Ends a question, wherever it is.
  private mutating func drop(_ number: UInt64) {
    guard let item = items.removeValue(forKey: number) else { return }
    abandoned.remove(number)
    if underWay[item.question] == number { underWay[item.question] = nil }
    switch item.progress {
    case .queued: break
    case .asking: asked -= 1
    case .asked(let id):
      asked -= 1
      cancels.append(id)
    }
  }

  // MARK: From the thread that asks

  /// The next questions to put, as many as may be on their way.
  mutating func take(at now: ContinuousClock.Instant) -> [Asking] {
    if asked >= terms.mostAsked, head < queue.count { dropAbandoned() }
    var askings: [Asking] = []
    while asked < terms.mostAsked, head < queue.count {
      let number = queue[head]
      head += 1
      guard items[number]?.progress == .queued, let question = items[number]?.question else { continue }
      items[number]?.progress = .asking
      asked += 1
      askings.append(Asking(number: number, question: question))
    }
    if head == queue.count || head > 1024 {
      queue.removeFirst(head)
      head = 0
    }
    return askings
  }

  /// Makes room: who is waited for goes before who is not.
  private mutating func dropAbandoned() {
    for number in abandoned where items[number]?.isProbe == false { drop(number) }
  }

  /// It was put; `id` nil: it could not be.
  ///
  /// - Returns: who is to be told that it could not be.
  mutating func wasAsked(_ number: UInt64, id: Int32?) -> [Waiter] {
    guard let id else { return remove(number)?.waiters ?? [] }
    guard items[number]?.progress == .asking else {
      // Dropped meanwhile.
      cancels.append(id)
      return []
    }
    items[number]?.progress = .asked(id: id)
    return []
  }

  /// What is to be cancelled in libunbound.
  mutating func takeCancels() -> [Int32] {
    defer { cancels = [] }
    return cancels
  }

  /// An answer came in.
  ///
  /// - Returns: its question and who waits; nil where nobody wants it any more.
  mutating func answered(_ number: UInt64) -> (question: DNSQuestion, waiters: [Waiter], isProbe: Bool)? {
    guard let item = remove(number) else { return nil }
    return (item.question, item.waiters, item.isProbe)
  }

  private mutating func remove(_ number: UInt64) -> Item? {
    guard let item = items.removeValue(forKey: number) else { return nil }
    abandoned.remove(number)
    if underWay[item.question] == number { underWay[item.question] = nil }
    if item.progress != .queued { asked -= 1 }
    return item
  }

  // MARK: Time

  /// A waiter whose time is over.
  struct Late {
    let waiter: Waiter
    let question: DNSQuestion
    /// Whether that is a failure of the question: it was put, and waited for long enough. It fails once, however
    /// many wait.
    let isFailure: Bool
  }

  /// When `expire` has something to do.
  var nextDeadline: ContinuousClock.Instant? { deadlines.first }

  /// Waiters past their deadlines. Their questions go on.
  mutating func expire(at now: ContinuousClock.Instant) -> [Late] {
    var late: [Late] = []
    for (number, waiter) in deadlines.take(until: now) {
      guard var item = items[number], let place = item.waiters.firstIndex(where: { $0 === waiter }) else {
        continue
      }
      item.waiters.remove(at: place)
      let wasAsked = item.progress != .queued
      let isFailure = wasAsked && !item.hasFailed && now - item.begin >= terms.leastWait
      if isFailure { item.hasFailed = true }
      items[number] = item
      late.append(Late(waiter: waiter, question: item.question, isFailure: isFailure))
      guard item.waiters.isEmpty else { continue }
      // What was never put need not be.
      if wasAsked { abandoned.insert(number) } else { drop(number) }
    }
    return late
  }

  /// Ends questions that nobody waits for and that go on too long.
  mutating func tidy(at now: ContinuousClock.Instant) {
    for number in abandoned {
      guard let item = items[number], now - item.begin > terms.patience else { continue }
      drop(number)
    }
  }

  /// Ends a probe that takes too long.
  ///
  /// - Returns: whether it was still under way.
  mutating func giveUp(_ number: UInt64) -> Bool {
    guard items[number]?.isProbe == true else { return false }
    drop(number)
    return true
  }

  /// Everybody who waits for what `isConcerned` says; their questions go on.
  mutating func release(where isConcerned: (DNSQuestion) -> Bool) -> [Waiter] {
    var released: [Waiter] = []
    for (number, item) in items where !item.waiters.isEmpty && isConcerned(item.question) {
      released += item.waiters
      items[number]?.waiters = []
      if item.progress == .queued { drop(number) } else { abandoned.insert(number) }
    }
    return released
  }
}

/// Deadlines of waiters, the next one first: a heap.
struct Deadlines {
  private var heap: [(time: ContinuousClock.Instant, number: UInt64, waiter: Waiter)] = []

  var first: ContinuousClock.Instant? { heap.first?.time }

  mutating func insert(_ time: ContinuousClock.Instant, _ number: UInt64, _ waiter: Waiter) {
    heap.append((time, number, waiter))
    var place = heap.count - 1
    while place > 0, heap[(place - 1) / 2].time > heap[place].time {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func take(until now: ContinuousClock.Instant) -> [(UInt64, Waiter)] {
    var taken: [(UInt64, Waiter)] = []
    while let first = heap.first, first.time <= now {
      taken.append((first.number, first.waiter))
      removeFirst()
    }
    return taken
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].time < heap[least].time {
        least = child
      }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
