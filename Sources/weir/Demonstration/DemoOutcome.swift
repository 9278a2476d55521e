/// What came of one scenario.
struct DemoOutcome {
  let scenario: DemoScenario
  /// The reply that decided: the first refusal, or the one behind the message.
  let reply: String
  /// A reply that nobody had asked for.
  let surplusReply: String?
  let log: String?
  /// Files of the Maildir that came with it.
  let arrived: [String]
  /// nil where there is none to look into.
  let maildir: String?

  /// What is not as intended, in words; empty where all is.
  var faults: [String] {
    var faults: [String] = []
    let expected = scenario.expectation
    if reply.first != expected.replyClass {
      faults.append("the reply should begin with \(expected.replyClass)")
    }
    if let surplusReply { faults.append("one reply too many: \(surplusReply)") }
    if !(log.map { DemoLog.says("code", expected.code, in: $0) } ?? false) {
      faults.append("the log should say code=\(expected.code)")
    }
    if maildir == nil, expected.arrives {
      faults.append("there is no Maildir to see whether it arrived; --maildir names it")
    } else if expected.arrives, arrived.count != 1 {
      faults.append("\(arrived.count) messages arrived instead of one")
    } else if !expected.arrives, !arrived.isEmpty {
      faults.append("it arrived: \(arrived.joined(separator: ", "))")
    }
    return faults
  }

  var isAsIntended: Bool { faults.isEmpty }
}

/// The form of an outcome for programs.
struct DemoRow: Encodable {
  let title: String
  let attempt: String
  let client: String
  let reply: String
  let log: String?
  let arrived: [String]
  let isAsIntended: Bool
  let faults: [String]

  init(_ outcome: DemoOutcome) {
    title = outcome.scenario.title
    attempt = outcome.scenario.attempt
    client = outcome.scenario.client
    reply = outcome.reply
    log = outcome.log
    arrived = outcome.arrived
    isAsIntended = outcome.isAsIntended
    faults = outcome.faults
  }
}
