import Bytes
import DNS
import Dispatch
import MailAuthentication
import NetAddress
import Synchronization

/// SPF: a record, one that it includes, an explanation and a sender, each a line. Whatever they say, the check ends,
/// asks a bounded number of questions, says nothing but printable ASCII, and says the same again.
let fuzzSPF: @Sendable ([UInt8]) -> Void = { bytes in
  let lines = bytes.split(separator: 0x0a, maxSplits: 3, omittingEmptySubsequences: false).map { Array($0) }
  waiting { await judge(lines) }
}

private func judge(_ lines: [[UInt8]]) async {
  func line(_ index: Int) -> [UInt8] { index < lines.count ? lines[index] : [] }
  let resolver = Zone(record: line(0), included: line(1), explanation: line(2))
  let sender = String(decoding: line(3), as: UTF8.self) + "@a.example"
  for ip in [IPAddress(v4: 0xC000_0207), IPAddress(high: 0x2001_0db8_0000_0000, low: 7)] {
    let first = await check(ip, sender, resolver)
    promise(resolver.asked.withLock { $0 } <= 400, "too many questions")
    resolver.asked.withLock { $0 = 0 }
    promise(await check(ip, sender, resolver) == first, "another result")
    promise(first.explanation.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "an explanation that is not plain")
    promise(first.explanation.utf8.count <= SPFLimits().explanation, "a long explanation")
    promise(first.explanation.isEmpty || first.result == .fail, "explained without need")
    promise(
      first.mechanism.utf8.isPlain && first.mechanism.utf8.count <= 1000, "a mechanism that is not plain")
    promise(first.problem.utf8.isPlain && first.problem.utf8.count <= 2000, "a problem that is not plain")
    promise(
      first.problem.isEmpty == ![.permerror, .temperror].contains(first.result), "a problem without a fault")
    promise(!first.mechanism.isEmpty || ![.pass, .fail, .softfail].contains(first.result), "nothing matched")
    resolver.asked.withLock { $0 = 0 }
  }
}

private func check(_ ip: IPAddress, _ sender: String, _ resolver: Zone) async -> SPFOutcome {
  await SPFEvaluator(hostname: "mx.example").check(
    ip: ip, sender: sender, helo: "helo.example", now: Timestamp(milliseconds: 0),
    Lookups(resolver, until: .now + .seconds(60)))
}

/// Answers every question by what its type is: names that lead to each other, and an address of each family.
private final class Zone: Resolver {
  let record: [UInt8]
  let included: [UInt8]
  let explanation: [UInt8]
  let asked = Mutex(0)

  init(record: [UInt8], included: [UInt8], explanation: [UInt8]) {
    self.record = record
    self.included = included
    self.explanation = explanation
  }

  func remembered(_ question: DNSQuestion) -> DNSAnswer? {
    asked.withLock { $0 += 1 }
    promise(question.name.text.utf8.count <= 253, "a long name")
    promise(question.name.labels.allSatisfy { (1...63).contains($0.utf8.count) }, "a label")
    switch question.type {
    case .txt:
      if question.name.text == "a.example" { return .records([.text(Array("v=spf1 ".utf8) + record)]) }
      if question.name.text.hasPrefix("why.") { return .records([.text(explanation)]) }
      return .records([.text(included)])
    case .a: return .records([.address(IPAddress(v4: 0xC000_0201))])
    case .aaaa: return .noData
    case .mx:
      return .records(
        (0..<12).compactMap { index in DNSName("m\(index).example").map { .exchange(preference: 1, $0) } })
    case .ptr:
      return .records((0..<12).compactMap { index in DNSName("p\(index).a.example").map { .name($0) } })
    default: return .noName
    }
  }

  func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    remembered(question) ?? .noName
  }
}

/// Runs what never waits for anybody to its end.
func waiting(_ work: @escaping @Sendable () async -> Void) {
  let end = DispatchSemaphore(value: 0)
  Task.detached {
    await work()
    end.signal()
  }
  end.wait()
}
