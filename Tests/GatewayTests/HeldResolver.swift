import DNS
import Filtering
import SMTPProtocol
import Synchronization
import TestSupport

@testable import weir

/// A resolver whose answers come when the test says so; until then a question is open, to its deadline at most.
final class HeldResolver: Resolver {
  private struct State {
    var answers: [DNSQuestion: DNSAnswer] = [:]
    var waiting: [Int: (question: DNSQuestion, continuation: CheckedContinuation<DNSAnswer, Never>)] = [:]
    var asked: [DNSQuestion] = []
    var cancelled: [DNSQuestion] = []
    var next = 0
  }

  private let state = Mutex(State())

  var asked: [DNSQuestion] { state.withLock { $0.asked } }
  var cancelled: [DNSQuestion] { state.withLock { $0.cancelled } }
  var open: [DNSQuestion] { state.withLock { $0.waiting.values.map(\.question) } }

  func remembered(_ question: DNSQuestion) -> DNSAnswer? { state.withLock { $0.answers[question] } }

  /// From now on this is the answer, also for those that wait for it.
  func answer(_ question: DNSQuestion, _ answer: DNSAnswer) {
    let waiting = state.withLock { state in
      state.answers[question] = answer
      let waiting = state.waiting.filter { $0.value.question == question }
      for key in waiting.keys { state.waiting[key] = nil }
      return waiting.values.map(\.continuation)
    }
    for continuation in waiting { continuation.resume(returning: answer) }
  }

  func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    let key = state.withLock { state in
      state.next += 1
      state.asked.append(question)
      return state.next
    }
    let alarm = Task.detached {
      try await Task.sleep(until: deadline, clock: .continuous)
      self.end(key, .failed(.timeout))
    }
    defer { alarm.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> DNSAnswer? in
          if let answer = state.answers[question] { return answer }
          state.waiting[key] = (question, continuation)
          return nil
        }
        if let known { continuation.resume(returning: known) }
        if Task.isCancelled { end(key, .failed(.cancelled)) }
      }
    } onCancel: {
      state.withLock { $0.cancelled.append(question) }
      end(key, .failed(.cancelled))
    }
  }

  private func end(_ key: Int, _ answer: DNSAnswer) {
    state.withLock { $0.waiting.removeValue(forKey: key) }?.continuation.resume(returning: answer)
  }
}

/// Checks that a test makes up, in place of the configuration's own.
struct ScriptedChecks: Sendable {
  var plan = CheckPlan()
  var weights: [ReasonCode: Weight] = [:]

  func replacing(in configuration: Configuration) -> Configuration {
    var plan = plan
    plan.narrow(
      by: ["a": [weights["A"]], "b": [weights["B"]], "c": [weights["C"]]].mapValues { $0.compactMap { $0 } })
    var own = configuration
    own.plan = plan
    own.scores = ScoreTable(weights)
    let reasons = weights.keys.map {
      Reason(
        $0, Reply(550, 7, 1, "Refused by \($0)"), .refusal, cause: "A test.", effect: "None.", remedy: "None."
      )
    }
    own.catalogue = ReasonCatalogue(
      Configuration.reasons + reasons, hostname: configuration.settings.hostname)
    return own
  }

  /// A check that asks for the address of `NAME.test`, and reports its code where there is one.
  static func ask(_ name: String) -> @Sendable (Lookups) async -> [Finding] {
    return { lookups in
      guard let domain = DNSName("\(name).test") else { return [] }
      let code = ReasonCode(name.uppercased())
      switch await lookups.resolve(domain, .a) {
      case .records: return [Finding(code)]
      case .failed(let why): return [Finding(ReasonCode("\(code.name)_UNAVAILABLE"), evidence: "\(why)")]
      case .noData, .noName: return []
      }
    }
  }
}

extension DNSQuestion {
  static func address(of name: String) -> DNSQuestion { DNSQuestion(DNSName("\(name).test") ?? .root, .a) }
}
