import Bytes
import Checks
import DNS
import Filtering
import MailAuthentication
import MailSyntax
import NetAddress
import SMTPProtocol
import Synchronization
import TestSupport
import Testing

/// A signature whose key nobody serves takes the time of the stage, and nothing of what the author's domain asks for.
@Suite struct DMARCTimeTests {
  /// Answers at once but about keys, and when the time is over not at all.
  private final class Tarpit: Resolver {
    let table: DNSTable
    private let isOver = Atomic<Bool>(false)
    private let isPolicyAsked = Atomic<Bool>(false)

    init(table: DNSTable) { self.table = table }

    func remembered(_ question: DNSQuestion) -> DNSAnswer? { nil }

    func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
      if question.name.text.contains("_domainkey") {
        // As long as a policy that is asked for beside it takes; where it is not, that never comes.
        for _ in 0..<300 where !isPolicyAsked.load(ordering: .relaxed) {
          try? await Task.sleep(for: .milliseconds(100))
        }
        isOver.store(true, ordering: .relaxed)
      }
      if isOver.load(ordering: .relaxed) { return .failed(.timeout) }
      if question.name.text == "_dmarc.bank.example" { isPolicyAsked.store(true, ordering: .relaxed) }
      return await table.resolve(question, until: deadline)
    }
  }

  @Test(
    arguments: ["boss@mail.bank.example", "a@evil.example, boss@bank.example", "boss@a.b.bank.example"],
    DMARCEvaluator.Discovery.allCases)
  func aTarpitSavesNoForger(_ from: String, _ discovery: DMARCEvaluator.Discovery) async throws {
    let zone = """
      _dmarc.bank.example TXT "v=DMARC1; p=reject"
      evil.example TXT "v=spf1 +all"
      """
    let table = DNSTable.parse(Array(zone.utf8), file: "zone").table
    let octets = Array(
      """
      DKIM-Signature: v=1; a=rsa-sha256; d=k.tarpit.example; s=s; h=from; bh=AAAA; b=AAAA\r
      From: \(from)\r
      \r
      x\r

      """.utf8)
    let now = Timestamp(milliseconds: 0)
    let connect = ConnectFacts(
      address: try #require(IPAddress("192.0.2.7")), port: 1, listener: "x", isRelayNetwork: false, time: now)
    let sender = try #require(PathParser.parse(whole: "x@evil.example", limits: .sender))
    let mail = MailFacts(
      connect: connect, hello: Hello(name: "evil.example", isExtended: true), sender: sender,
      parameters: .none,
      time: now)
    let facts = MessageFacts(
      mail: mail, recipients: [], header: MessageHeader(octets), message: HeldMessage(memory: octets))
    let evaluator = DMARCEvaluator(PublicSuffixes.parse(Array("example\n".utf8)), discovery: discovery)
    let lookups = Lookups(Tarpit(table: table), until: .now + .seconds(60))
    let outcome = await DMARCCheck.outcome(facts, lookups, evaluator)
    #expect(await DKIMCheck.verifications(facts, lookups).map(\.status) == [.temperror])
    #expect(outcome.result == .fail && outcome.policy == .reject, "\(outcome)")
  }
}
