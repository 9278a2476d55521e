internal import Bytes
internal import Filtering
internal import MailSyntax
internal import RuleLanguage

/// The rules of a chain over one stage, for a recipient or several alike.
struct Judgement {
  let chain: RuleChain
  let stage: RuleStage
  let sight: Sight
  let keepsTrace: Bool

  func outcome(for recipient: Path, findings: [WeighedFinding], early: EarlyRuns?) async -> RuleOutcome {
    var writer = OutcomeWriter(sight.terms, at: stage == .recipient ? .recipient : .message)
    var runs: [RuleRun] = []
    var reports: [RuleReport?] = []
    for (index, link) in chain.links.enumerated() {
      if stage == .recipient, !link.part.plan.hasRecipientStage {
        // It all waits for the message.
        runs.append(RuleRun(link.part.plan, options: options(link)))
        reports.append(nil)
        continue
      }
      var run: RuleRun
      if let early, early.runs.indices.contains(index) {
        run = early.runs[index]
        run.grant(steps: sight.terms.steps(of: sight.messageSize))
      } else {
        run = RuleRun(link.part.plan, options: options(link))
      }
      let environment = GatewayEnvironment(
        sight: sight, part: link.part, recipient: recipient, findings: findings + writer.findings)
      let (report, costs, faults) = await proceed(&run, environment)
      for fault in faults { writer.note(programFault: fault) }
      let before = early.flatMap { $0.reports.indices.contains(index) ? $0.reports[index] : nil }
      if stage == .recipient {
        runs.append(run)
        reports.append(report)
      }
      writer.add(report, of: link.part.plan)
      sight.terms.counters.add(
        report, after: before, costs, of: link.part.plan, isShadow: sight.terms.mode == .shadow)
      if writer.isEnded { break }
    }
    return writer.outcome(progress: stage == .recipient ? EarlyRuns(runs, reports) : nil)
  }

  private func options(_ link: RuleChain.Link) -> RuleRunOptions {
    var options = RuleRunOptions()
    options.hostName = sight.terms.hostName
    options.keepsTrace = keepsTrace
    options.skipped = link.skipped
    options.steps = sight.terms.steps(of: sight.messageSize)
    // Time of a clock on the wall: others who compute may hold a run up, and that is no fault of its own.
    // At RCPT nobody knows how large the message will be.
    options.deadline = sight.terms.deadline(of: stage == .recipient ? 64 << 20 : sight.messageSize)
    return options
  }

  private func proceed(
    _ run: inout RuleRun, _ environment: GatewayEnvironment
  ) async -> (RuleReport, costs: [Int: UInt64], faults: [String]) {
    var environment = environment
    var faults: [String] = []
    while true {
      switch run.proceed(stage, asking: &environment) {
      case .finished(let report): return (report, environment.costs, faults)
      case .program(let question):
        let start = sight.terms.clock()
        let result = await sight.run(question)
        if let fault = result.fault {
          faults.append("\(question.place.fileAndLine): the program \(fault.words)")
        }
        run.answered(result.outcome)
        environment.pauses &+= sight.terms.clock() &- start
      }
    }
  }
}

extension Sight {
  /// How a program ended; without one who runs them none does.
  func run(_ question: ProgramQuestion) async -> ProgramResult {
    guard let runner = terms.runner else { return ProgramResult(.notStarted("programs are not run here")) }
    return await runner.run(question.arguments, input: input(of: question), within: terms.programLimits)
  }

  private func input(of question: ProgramQuestion) -> [UInt8] {
    var octets = question.text ?? []
    if let area = question.input, case .known(let known) = self.octets(of: area, isDecoded: false) {
      octets = known
    }
    guard question.endsInEmptyLine, question.input != nil else { return octets }
    if octets.last != .lineFeed { octets.append(.lineFeed) }
    if octets.dropLast().last != .lineFeed { octets.append(.lineFeed) }
    return octets
  }
}

extension ProgramResult.Fault {
  /// What became of it, for people: `took too long`.
  fileprivate var words: String {
    switch self {
    case .notAllowed: "is not allowed"
    case .notStarted(let why): "did not start: \(why.printable(limit: 80))"
    case .tooLong: "took too long"
    case .tooMuchOutput: "printed too much"
    case .signalled(let signal): "was ended by signal \(signal)"
    }
  }
}
