/// Answers as long as they hold: at most so many octets of them, those that nobody asks for leave first.
///
/// Two generations: what is asked for moves to the young one; when that is full the old one goes, and the young one is
/// the old one from then on.
public struct AnswerCache: Sendable {
  /// How long answers are kept, whatever they say themselves.
  public struct Lifetimes: Sendable, Hashable {
    /// Bounds of what a server says of its records.
    public var least = Duration.seconds(5)
    public var most = Duration.seconds(86_400)
    /// Bound of "no such name" and "no such record" (RFC 2308 §5).
    public var mostNegative = Duration.seconds(3600)
    /// A failure, the first time and at most: it doubles with each one in a row (RFC 9520 §3.2, RFC 2308 §7).
    public var failure = Duration.seconds(5)
    public var mostFailure = Duration.seconds(60)

    public init() {}
  }

  private struct Entry {
    let answer: DNSAnswer
    let end: ContinuousClock.Instant
    /// Failures in a row.
    var failures: UInt8 = 0
    /// Failures of an earlier time than this do not count.
    var epoch = 0
  }

  public let lifetimes: Lifetimes
  private let mostOctets: Int
  private var young: [DNSQuestion: Entry] = [:]
  private var old: [DNSQuestion: Entry] = [:]
  private var youngOctets = 0
  private var oldOctets = 0
  private var epoch = 0

  /// - Parameter octets: what all answers may take, at least 64 KiB.
  public init(octets: Int, lifetimes: Lifetimes = Lifetimes()) {
    mostOctets = max(octets, 64 << 10)
    self.lifetimes = lifetimes
  }

  /// Answers that are kept, some of them perhaps past their time.
  public var count: Int { young.count + old.count }
  /// What they take, by a careful guess.
  public var octets: Int { youngOctets + oldOctets }

  /// The answer that holds now; nil where there is none.
  public mutating func answer(to question: DNSQuestion, at now: ContinuousClock.Instant) -> DNSAnswer? {
    if let entry = young[question] { return holds(entry, at: now) ? entry.answer : nil }
    guard let entry = old[question], holds(entry, at: now) else { return nil }
    forgetOld(question)
    put(question, entry)
    return entry.answer
  }

  /// Keeps an answer.
  ///
  /// - Parameter lifetime: what the server says; of a failure it does not matter.
  public mutating func keep(
    _ answer: DNSAnswer, to question: DNSQuestion, for lifetime: Duration, at now: ContinuousClock.Instant
  ) {
    let before = young[question] ?? old[question]
    forgetOld(question)
    var entry: Entry
    switch answer {
    case .failed(.unavailable), .failed(.cancelled): return
    case .failed:
      let failures = before.map { $0.epoch == epoch ? $0.failures : 0 } ?? 0
      let length = min(lifetimes.failure * (1 << Int(min(failures, 16))), lifetimes.mostFailure)
      entry = Entry(answer: answer, end: now + length, failures: min(failures, 16) + 1, epoch: epoch)
    case .noData, .noName:
      entry = Entry(answer: answer, end: now + max(lifetimes.least, min(lifetime, lifetimes.mostNegative)))
    case .records:
      entry = Entry(answer: answer, end: now + max(lifetimes.least, min(lifetime, lifetimes.most)))
    }
    put(question, entry)
  }

  /// No failure of before is remembered: the network is back.
  public mutating func forgetFailures() { epoch += 1 }

  private func holds(_ entry: Entry, at now: ContinuousClock.Instant) -> Bool {
    entry.end > now && (entry.failures == 0 || entry.epoch == epoch)
  }

  private mutating func forgetOld(_ question: DNSQuestion) {
    guard let entry = old.removeValue(forKey: question) else { return }
    oldOctets -= Self.octets(question, entry.answer)
  }

  private mutating func put(_ question: DNSQuestion, _ entry: Entry) {
    let octets = Self.octets(question, entry.answer)
    if youngOctets + octets > mostOctets / 2 {
      old = young
      oldOctets = youngOctets
      young = [:]
      youngOctets = 0
      forgetOld(question)
    }
    // Bound: an answer of more than half of all would be alone; there is none, with texts bounded as they are.
    if let before = young.updateValue(entry, forKey: question) {
      youngOctets -= Self.octets(question, before.answer)
    }
    youngOctets += octets
  }

  /// What a question and its answer take, tables and headers of arrays and texts counted by the dozen.
  private static func octets(_ question: DNSQuestion, _ answer: DNSAnswer) -> Int {
    var octets = 160 + question.name.text.utf8.count
    guard case .records(let records) = answer else { return octets }
    for record in records {
      octets += 64
      switch record {
      case .address: break
      case .name(let name), .exchange(_, let name): octets += 32 + name.text.utf8.count
      case .text(let text): octets += 32 + text.count
      case .authority(let primary, let mailbox):
        octets += 64 + primary.text.utf8.count + mailbox.text.utf8.count
      }
    }
    return octets
  }
}
