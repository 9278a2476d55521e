import Bytes
import DNS
import EventLoops
import Filtering
import NIOCore
import SMTPProtocol

/// What the answer to a question waits for.
struct Wait {
  let stage: Stage
  /// Monotonic milliseconds.
  let began: Int64
  let then: (isolated Connection) -> Answer?
  /// Whether all that is under way is waited for, and not only what the decision hangs on.
  let isForAll: Bool
  /// Ends the wait for what does not keep to its time.
  let deadline: Scheduled<Void>
}

/// The checks of a stage: begun when it begins, waited for where something may come of them.
///
/// What asks DNS begins with its stage and is waited for at the first stage whose outcome it can change, with
/// message content at the latest. All run on the session's event loop, each at once up to the point where it has to
/// wait.
extension Connection {
  /// What was found about the client and its greeting, as far as it is known.
  var standing: [WeighedFinding] {
    if aboutHello.isNothing { return aboutClient.findings }
    return aboutClient.isNothing ? aboutHello.findings : aboutClient.findings + aboutHello.findings
  }

  func beginAboutClient() {
    began.aboutClient = Clock.monotonic
    let plan = policy.plan(for: facts.trust).connect
    aboutClient = begin(plan, facts, at: .connect, reverseNameOf: nameSought)
  }

  func beginAboutHello(_ hello: Hello) {
    began.aboutHello = Clock.monotonic
    let plan = policy.plan(for: facts.trust).hello
    aboutHello = begin(plan, HelloFacts(connect: facts, hello: hello), at: .hello)
  }

  /// Asks once more, for the transaction that begins, about a client or a greeting of which somebody could not tell: a
  /// session may outlast the failure by hours.
  func askAgain(_ hello: Hello) {
    let latest = Clock.monotonic - context.askAgainAfter.milliseconds
    let isNameless = if case .unknown? = facts.evidence.reverseName.known { true } else { false }
    if began.aboutClient <= latest, aboutClient.leftOpen || isNameless, !aboutClient.isOpen {
      facts.evidence = ClientEvidence()
      beginAboutClient()
    }
    if began.aboutHello <= latest, aboutHello.leftOpen, !aboutHello.isOpen { beginAboutHello(hello) }
  }

  /// Begins the examinations of a stage.
  ///
  /// - Parameter reverseName: whether the client's name is to be found out besides.
  func begin<Facts: Sendable>(
    _ examinations: [Examination<Facts>], _ facts: Facts, at stage: Stage,
    reverseNameOf client: ConnectFacts? = nil
  ) -> Found {
    if client == nil {
      if examinations.isEmpty { return .nothing }
      if !examinations.contains(where: { $0.isAwaited }) {
        return .known(CheckPlan.examine(examinations, facts, at: stage, scores: policy.scores) ?? [])
      }
    }
    let scores = policy.scores
    let lookups = lookups(at: stage)
    let inquiry = Inquiry(stage)
    if let client {
      let name = OpenExamination(
        check: "", mode: .enforce, enforceAt: .message, audience: .everyone, prospect: .nothing)
      inquiry.open(name) {
        _ = await client.clientName(lookups)
        return []
      }
    }
    for examination in examinations {
      let open = OpenExamination(examination)
      switch examination.work {
      case .immediate(let look):
        inquiry.add(open, found: look(facts).map { CheckPlan.weigh($0, examination, stage, scores) })
      case .awaited(let look):
        inquiry.open(open) {
          await look(facts, lookups).map { CheckPlan.weigh($0, examination, stage, scores) }
        }
      }
    }
    run(inquiry)
    guard inquiry.openCount > 0 else { return .known(inquiry.findings) }
    hasAsked = true
    return .sought(inquiry)
  }

  /// What a stage that begins now may ask.
  private func lookups(at stage: Stage) -> Lookups {
    let now = ContinuousClock.now
    let lookups = policy.lookups(from: now)
    guard stage == .message else { return lookups }
    return Lookups(lookups.resolver, until: now + messageBudget)
  }

  private var messageBudget: Duration { min(policy.lookupBudget, policy.timeouts.judging) }

  /// Begins what has not begun.
  ///
  /// One task does one after the other until one of them has to wait; then there is another task for the rest. So
  /// where all is answered from memory it is one task, and no turn of the loop: 1 µs, measured.
  private func run(_ inquiry: Inquiry) {
    let bound = NIOLoopBound(inquiry, eventLoop: loop)
    while inquiry.isUnclaimed {
      // Isolated to the session, or with the loop preferred and not detached, it would begin a turn later.
      let task = Task.immediateDetached(executorPreference: executor) { @concurrent in
        while let (place, look) = bound.value.claim() {
          let found = await look()
          self.tell(found, bound, place)
        }
      }
      inquiry.begun(task)
    }
  }

  private nonisolated func tell(_ found: [WeighedFinding], _ inquiry: NIOLoopBound<Inquiry>, _ place: Int) {
    assumeIsolated { $0.came(found, inquiry.value, place) }
  }

  private func came(_ found: [WeighedFinding], _ inquiry: Inquiry, _ place: Int) {
    inquiry.came(found, at: place)
    guard let wait = waiting, wait.isForAll ? !isAsking : isCertain(at: wait.stage) else { return }
    go(on: wait)
  }

  /// Calls `then` as soon as nothing that is under way can change what becomes of the stage; returns its answer
  /// where that is at once.
  func whenCertain(at stage: Stage, then: @escaping (isolated Connection) -> Answer?) -> Answer? {
    guard isAsking else { return then(self) }
    if isCertain(at: stage) {
      for found in concerned { found.inquiry?.passOver() }
      return then(self)
    }
    return wait(at: stage, forAll: false, then: then)
  }

  /// Calls `then` when all that was asked is answered, or has had its time: for those who want to know it all.
  func whenSettled(at stage: Stage, then: @escaping (isolated Connection) -> Answer?) -> Answer? {
    isAsking ? wait(at: stage, forAll: true, then: then) : then(self)
  }

  private func wait(
    at stage: Stage, forAll: Bool, then: @escaping (isolated Connection) -> Answer?
  ) -> Answer? {
    let budget = stage == .message ? messageBudget : policy.lookupBudget
    let deadline = loop.assumeIsolated().scheduleTask(in: .milliseconds(budget.milliseconds + 500)) {
      self.assumeIsolated { $0.waitedTooLong() }
    }
    waiting = Wait(
      stage: stage, began: Clock.monotonic, then: then, isForAll: forAll, deadline: deadline)
    return nil
  }

  private func go(on wait: Wait) {
    waiting = nil
    wait.deadline.cancel()
    for found in concerned { found.inquiry?.passOver() }
    waited = Clock.monotonic - wait.began
    let answer = wait.then(self)
    waited = nil
    if let answer { resume(answer) }
  }

  /// The resolver keeps its time; who does not is done without.
  private func waitedTooLong() {
    guard let wait = waiting else { return }
    for found in concerned { found.inquiry?.abandon() }
    go(on: wait)
  }

  /// What counts for the question that is open, in the order of the findings.
  private var concerned: [Found] {
    var all = [aboutClient, aboutHello]
    if let transaction { all += transaction.found + [transaction.asked] }
    return all
  }

  private var isAsking: Bool {
    guard hasAsked else { return false }
    if aboutClient.isOpen || aboutHello.isOpen { return true }
    guard let transaction else { return false }
    return transaction.asked.isOpen || transaction.found.contains(where: \.isOpen)
  }

  /// Whether nothing that is under way can change what becomes of a stage.
  func isCertain(at stage: Stage) -> Bool {
    if !isAsking { return true }
    let examined = concerned.flatMap { found in
      switch found {
      case .known(let findings): [Examined.found(findings.concerning(facts, at: stage))]
      case .sought(let inquiry): inquiry.examined(facts, at: stage)
      }
    }
    return deciding(at: stage).allSatisfy { policy in
      Certainty.isReached(examined.map { $0.under(policy) }, at: stage, thresholds: policy.thresholds)
    }
  }

  /// Whose thresholds and modes decide at a stage: before there are recipients everybody's.
  private func deciding(at stage: Stage) -> [RecipientPolicy] {
    if policy.recipients.isUniform { return [policy.recipients.standard] }
    if stage == .recipient, let asking = transaction?.asking { return [asking.policy] }
    guard stage == .message, let governed = transaction?.governed, !governed.isEmpty else {
      return [policy.recipients.standard]
    }
    var seen: [RecipientPolicy] = []
    for one in governed where !seen.contains(where: { $0 === one.policy }) { seen.append(one.policy) }
    return seen
  }

  /// The checks that the decision did without.
  var unfinished: [String] { !hasAsked ? [] : concerned.flatMap { $0.inquiry?.unfinished ?? [] } }

  /// What came after the stage that it belongs to; told once.
  func takeLate() -> [WeighedFinding] { !hasAsked ? [] : concerned.flatMap { $0.inquiry?.takeLate() ?? [] } }

  /// Nobody wants to know any more what is asked about the client.
  func abandonInquiries() {
    abandonGreeting()
    waiting?.deadline.cancel()
    waiting = nil
    guard hasAsked else { return }
    for found in concerned { found.inquiry?.abandon() }
  }
}
