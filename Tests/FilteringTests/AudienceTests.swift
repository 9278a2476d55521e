import Bytes
import Checks
import Filtering
import MailSyntax
import NetAddress
import SMTPProtocol
import Settings
import TestSupport
import Testing

/// Who is no stranger meets no check on strangers: the examinations are not in the plan at all.
@Suite struct AudienceTests {
  private static let user = AuthenticatedUser(name: "ann@example.org", mechanism: "PLAIN")

  /// A configuration in which everything about the client is wrong.
  private static func configured(resolves: Bool = false) throws -> (
    plan: CheckPlan, scores: ScoreTable, thresholds: Thresholds
  ) {
    let gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    let settings = try #require(Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml").settings)
    let lines = [
      ("block.cidr", "192.0.2.0/24 spam"), ("block.helo", "evil.example"), ("block.senders", "@example.org"),
      ("block.recipients", "former@example.org"), ("block.domains", "evil.example"),
    ]
    let now = try #require(Timestamp(year: 2026, month: 11, day: 21))
    let lists = ListSnapshot.parse(
      lines.map { ListSource(file: $0.0, text: Array(($0.1 + "\n").utf8)) }, at: now)
    #expect(!lists.hasErrors)
    let relay = RelayControl(domains: settings.relay.domains, networks: settings.relay.networks)
    var materials = CheckMaterials(lists: lists.snapshot, relay: relay, settings: settings)
    materials.resolves = resolves
    let (plan, scores, problems) = Catalogue.plan(materials)
    #expect(problems.isEmpty)
    return (plan, scores, Thresholds())
  }

  private static func facts(_ trust: Trust, profile: ListenerTerms.Profile = .mx) throws -> ConnectFacts {
    var facts = ConnectFacts(
      address: try #require(IPAddress("192.0.2.7")), port: 1, listener: "x",
      isRelayNetwork: trust == .network,
      time: try #require(Timestamp(year: 2026, month: 11, day: 21)))
    facts.profile = profile
    facts.isRelayCertificate = trust == .certificate
    facts.manners.spokeEarly = true
    facts.manners.spokeOutOfTurn = true
    if case .user(let user) = trust { facts.user = user }
    return facts
  }

  /// What all stages find about that client, by check.
  private static func found(_ plan: CheckPlan, _ scores: ScoreTable, _ connect: ConnectFacts) throws
    -> [String]
  {
    let plan = plan.concerning(connect.trust)
    let hello = Hello(name: "evil.example", isExtended: true)
    var all = CheckPlan.examine(plan.connect, connect, at: .connect, scores: scores) ?? []
    all +=
      CheckPlan.examine(plan.hello, HelloFacts(connect: connect, hello: hello), at: .hello, scores: scores)
      ?? []
    for sender in ["ceo@example.org", "<>"] {
      let mail = MailFacts(
        connect: connect, hello: hello,
        sender: try #require(PathParser.parse(whole: sender, limits: .sender)), parameters: .none,
        time: connect.time)
      all += CheckPlan.examine(plan.mail, mail, at: .mail, scores: scores) ?? []
      let recipient = RecipientFacts(
        mail: mail, recipient: try #require(PathParser.parse(whole: "former@example.org")), taken: 1)
      all += CheckPlan.examine(plan.recipient, recipient, at: .recipient, scores: scores) ?? []
    }
    return Set(all.map(\.finding.code.name)).sorted()
  }

  @Test func aStrangerMeetsAllOfThem() throws {
    let (plan, scores, _) = try Self.configured()
    #expect(
      try Self.found(plan, scores, Self.facts(.none)) == [
        "CLIENT_LISTED", "COMMANDS_OUT_OF_TURN", "EARLY_TALKER", "HELO_LISTED", "NULL_SENDER_RECIPIENTS",
        "OWN_DOMAIN_FORGED", "RECIPIENT_LISTED", "SENDER_LISTED",
      ])
    let names =
      plan.connect.map(\.check) + plan.hello.map(\.check) + plan.mail.map(\.check)
      + plan.recipient.map(\.check)
      + plan.message.map(\.check)
    // Those that have to ask somebody, or need a file, are not in a plan without.
    #expect(
      Set(names).isSuperset(of: [
        "client_list", "client_name_list", "early_talker", "command_order", "helo_list", "helo",
        "sender_list",
        "own_domain", "null_sender", "recipient_list", "from_list",
      ]))
    #expect(Set(names).isSubset(of: Catalogue.names))
  }

  @Test(arguments: [Trust.network, .certificate, .user(user)])
  func othersMeetNone(_ trust: Trust) throws {
    let (plan, scores, _) = try Self.configured()
    #expect(try Self.found(plan, scores, Self.facts(trust)) == [])
    let left = try Self.configured(resolves: true).plan.concerning(trust)
    #expect(
      left.connect.allSatisfy { $0.audience == .everyone }
        && left.hello.allSatisfy { $0.audience == .everyone })
    #expect(left.mail.allSatisfy { $0.audience == .everyone })
    #expect(left.recipient.allSatisfy { $0.audience == .everyone })
    #expect(left.message.allSatisfy { $0.audience == .everyone })
  }

  @Test func anExaminationOfEveryoneStays() {
    let one = Examination<ConnectFacts>(
      check: "x", mode: .enforce, enforceAt: .connect, audience: .everyone, work: .immediate { _ in [] })
    var plan = CheckPlan()
    plan.connect = [one]
    #expect(plan.concerning(.none).connect.count == 1)
    #expect(plan.concerning(.user(Self.user)).connect.count == 1)
  }

  /// What was found before AUTH says nothing of the user; and where users log in it does nothing before they could.
  @Test func whatWasFoundBeforeALogin() throws {
    let (plan, scores, thresholds) = try Self.configured()
    let stranger = try Self.facts(.none, profile: .submission)
    let found = try #require(
      CheckPlan.examine(plan.concerning(.none).connect, stranger, at: .connect, scores: scores))
    #expect(found.map(\.finding.code) == ["CLIENT_LISTED"])
    func verdict(_ facts: ConnectFacts, _ stage: Stage) -> Verdict {
      Decision(of: found.concerning(facts, at: stage), at: .message, thresholds: thresholds).verdict
    }
    #expect(verdict(stranger, .connect) == .accept && verdict(stranger, .hello) == .accept)
    #expect(verdict(stranger, .mail) == .reject && verdict(stranger, .recipient) == .reject)
    let user = try Self.facts(.user(Self.user), profile: .submission)
    for stage in Stage.allCases { #expect(verdict(user, stage) == .accept) }
    // On a listener for the world connect refuses where the admin has it so, and a login still lifts it.
    let world = try Self.facts(.none)
    for stage in Stage.allCases { #expect(verdict(world, stage) == .reject) }
    for stage in Stage.allCases { #expect(verdict(try Self.facts(.user(Self.user)), stage) == .accept) }
  }

  /// A timed block is for strangers: where users log in it does not refuse the connection.
  @Test func aTimedBlockWaitsWhereUsersLogIn() throws {
    let admission = Admission(AdmissionLimits())
    let address = try #require(IPAddress("192.0.2.7"))
    admission.block(address, for: .seconds(60), because: "trap", at: 0)
    #expect(admission.connect(address, isRelayNetwork: false, at: 1) == "CLIENT_BLOCKED_FOR_A_WHILE")
    #expect(admission.connect(address, isRelayNetwork: false, isSubmission: true, at: 1) == nil)
    #expect(admission.blocked(address, at: 1) == "trap")
  }

  // MARK: What stays

  @Test func syntaxLimitsRelayControlAndRecipientsStay() throws {
    var configuration = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    configuration.settings["limits.recipients"] = "2"
    var gateway = try MachineGateway(
      configuration: configuration.toml(folder: "/tmp"), known: ["user@example.org"], user: Self.user)
    func replies(_ lines: String) -> [String] {
      gateway.receive(lines.utf8)
      return String(decoding: gateway.outbound, as: UTF8.self).split(separator: "\r\n").map {
        String($0.prefix(9))
      }
    }
    let all = replies(
      "EHLO evil.example\r\nMAIL FROM:<ann@@example.org>\r\nMAIL FROM:<bob@example.org>\r\n"
        + "RCPT TO:<x@outside.example>\r\nRSET\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<nobody@example.org>\r\n"
        + "RCPT TO:<x y@example.org>\r\nRCPT TO:<user@example.org>\r\nRCPT TO:<postmaster@example.org>\r\n"
        + "RCPT TO:<user@example.org>\r\n")
    let tail = all.suffix(10)
    #expect(tail.first?.hasPrefix("501 5.1.7") == true, "syntax: \(all)")
    #expect(tail.contains("550 5.7.1"), "a sender of somebody else's does not relay: \(all)")
    #expect(tail.contains("550 5.1.1"), "a recipient that is unknown: \(all)")
    #expect(tail.contains("501 5.1.3"), "a recipient's syntax: \(all)")
    #expect(tail.last?.hasPrefix("452 4.5.3") == true, "limits.recipients: \(all)")
  }
}
