import Bytes
import DNS
import Filtering
import MailAuthentication
import MailSyntax
import NetAddress
import SMTPProtocol
import Settings
import TestSupport
import Testing

@testable import Checks

/// What DKIM says for an allowed author.
@Suite struct SenderAllowedTests {
  private func found(_ signatures: [DKIMVerification], from: String = "news.partner.example") async throws
    -> [Finding]
  {
    let gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    let reading = Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml")
    let settings = try #require(reading.settings)
    let now = try #require(Timestamp(year: 2026, month: 11, day: 20))
    let lists = ListSnapshot.parse(
      [ListSource(file: "allow.domains", text: Array("partner.example\n".utf8))], at: now
    ).snapshot
    let relay = RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks, restrictions: settings.relay.senders
    )
    var materials = CheckMaterials(lists: lists, relay: relay, settings: settings)
    materials.resolves = true
    var plan = CheckPlan()
    var keys = CheckKeys.none
    SenderAllowedCheck(materials, keys: &keys).enlist(in: &plan, mode: .enforce, enforceAt: .recipient)
    let connect = ConnectFacts(
      address: try #require(IPAddress("203.0.113.66")), port: 1, listener: "x", isRelayNetwork: false,
      time: now)
    let mail = MailFacts(
      connect: connect, hello: Hello(name: "list.example", isExtended: true),
      sender: try #require(PathParser.parse(whole: "bounce@list.example")), parameters: .none, time: now)
    let text = Array("From: a@\(from)\r\n\r\nx\r\n".utf8)
    let facts = MessageFacts(
      mail: mail, recipients: [], header: MessageHeader(text), message: HeldMessage(memory: text))
    _ = await facts.evidence.dkim.value { signatures }
    let lookups = Lookups(DNSTable(), until: .now + .seconds(5))
    return await CheckPlan.examineWaiting(
      plan.message, facts, at: .message, scores: ScoreTable(SenderAllowedCheck.weights), lookups
    ).map(\.finding)
  }

  private func signature(
    _ status: DKIMStatus, _ domain: String, isTesting: Bool = false, inPart: Bool = false
  )
    -> DKIMVerification
  {
    DKIMVerification(status, domain: DNSName(domain), isTesting: isTesting, signsPartOfBody: inPart)
  }

  @Test func anAlignedSignatureVouches() async throws {
    let findings = try await found([
      signature(.fail, "partner.example"), signature(.pass, "mail.partner.example"),
    ])
    #expect(findings.map(\.code) == ["SENDER_ALLOWED"])
    #expect(findings.first?.evidence == "allow.domains:1 partner.example, DKIM of mail.partner.example")
  }

  @Test func othersDoNot() async throws {
    for one in [
      signature(.fail, "partner.example"), signature(.pass, "list.example"),
      signature(.temperror, "partner.example"), signature(.pass, "partner.example", isTesting: true),
      signature(.pass, "partner.example", inPart: true),
    ] {
      #expect(try await found([one]).isEmpty)
    }
    #expect(try await found([]).isEmpty)
    // The signature is right, and the author is not allowed.
    #expect(try await found([signature(.pass, "other.example")], from: "other.example").isEmpty)
  }
}
