public import DNS
internal import Synchronization

/// The resolver in this process: libunbound, asked by a thread of its own; in front of it answers that are remembered,
/// questions that are asked once for all who want to know, a deadline for each of them, and a bound on all of it.
///
/// An answer that comes after everybody's deadline is remembered all the same. When the last one who waits is
/// cancelled, so is the question. While nobody out there answers at all, questions about the world fail at once with
/// `.unavailable`, and a question every few seconds tells when that is over.
///
/// It ends with the last reference to it; whoever waits then is answered `.unavailable`.
public final class UnboundResolver: Resolver {
  private let core: ResolverCore

  /// - Parameter news: told of the network's loss and return, from the resolver's thread; must not wait.
  /// - Throws: where libunbound does not take the options, or the system has no descriptors left.
  public init(
    _ options: ResolverOptions, news: @escaping @Sendable (ResolverNews) -> Void = { _ in }
  ) throws(ResolverError) {
    core = try ResolverCore(options, news: news)
    core.start()
  }

  deinit { core.stop() }

  /// Whether libunbound takes these options; nobody is asked anything.
  public static func check(_ options: ResolverOptions) throws(ResolverError) {
    try UnboundContext(options).close()
  }

  public func remembered(_ question: DNSQuestion) -> DNSAnswer? {
    if let answer = core.cache.answer(to: question) { return answer }
    return core.isLost && core.isFar(question.name) ? core.refuse(question) : nil
  }

  public func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    if let answer = remembered(question) { return answer }
    guard !Task.isCancelled else { return .failed(.cancelled) }
    let core = core
    let waiter = Waiter()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // Once it is answered nobody has to be asked.
        if waiter.begin(continuation) { core.enter(waiter, question, until: deadline) }
      }
    } onCancel: {
      waiter.finish(.failed(.cancelled))
      core.leave(waiter, question)
    }
  }

  public var status: ResolverStatus { core.status }
}

/// Answers from memory, from any thread: in parts, so that event loops do not wait for each other.
final class SharedAnswers: Sendable {
  private final class Part: Sendable {
    let state: Mutex<(cache: AnswerCache, hits: Int)>

    init(_ cache: AnswerCache) { state = Mutex((cache, 0)) }
  }

  private let parts: [Part]

  init(octets: Int, lifetimes: AnswerCache.Lifetimes) {
    // Bound: a part of its own must hold the largest answer.
    let count = max(1, min(16, octets / (256 << 10)))
    parts = (0..<count).map { _ in Part(AnswerCache(octets: octets / count, lifetimes: lifetimes)) }
  }

  private func part(of question: DNSQuestion) -> Part {
    var sum = UInt(question.type.rawValue)
    for octet in question.name.text.utf8.prefix(6) { sum = sum &* 31 &+ UInt(octet) }
    return parts[Int(sum % UInt(parts.count))]
  }

  func answer(to question: DNSQuestion) -> DNSAnswer? {
    let now = ContinuousClock.now
    return part(of: question).state.withLock { state in
      guard let answer = state.cache.answer(to: question, at: now) else { return nil }
      state.hits += 1
      return answer
    }
  }

  func keep(_ answer: DNSAnswer, to question: DNSQuestion, for lifetime: Duration) {
    let now = ContinuousClock.now
    part(of: question).state.withLock { $0.cache.keep(answer, to: question, for: lifetime, at: now) }
  }

  func forgetFailures() {
    for part in parts { part.state.withLock { $0.cache.forgetFailures() } }
  }

  /// Hits, answers and octets.
  func count(into status: inout ResolverStatus) {
    for part in parts {
      part.state.withLock { state in
        status.hits += state.hits
        status.remembered += state.cache.count
        status.octets += state.cache.octets
      }
    }
  }
}
