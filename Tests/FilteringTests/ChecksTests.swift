import Checks
import Filtering
import SMTPProtocol
import Settings
import TestSupport
import Testing

/// The golden cases of `Tests/Cases`, and what holds of every check.
@Suite struct ChecksTests {
  @Test(arguments: try CheckCase.all().values.flatMap { $0 }.sorted { $0.name < $1.name })
  func comesOutAsWritten(_ one: CheckCase) async throws {
    let lines = try await CheckCaseRun(one).lines
    #expect(lines == one.expected, "\(one.name) comes out as:\n\(lines.joined(separator: "\n"))")
  }

  @Test func everyCheckHasItsCases() throws {
    let cases = try CheckCase.all()
    #expect(cases.keys.sorted() == Catalogue.names.sorted())
    for (check, cases) in cases { #expect(cases.count >= 3, "\(check)") }
  }

  @Test(arguments: ["no empty line", "colour: red\n\n", "now: yesterday\n\n", "list\n\n"])
  func aMalformedCaseIsRefused(_ text: String) {
    #expect(throws: HarnessFault.self) { try CheckCase(name: "x", text: text) }
  }

  @Test func everyReasonStandsOnceInTheWholeCatalogue() throws {
    let all = ProtocolReasons.all + FilteringReasons.all + Catalogue.reasons
    #expect(Set(all.map(\.code.name)).count == all.count)
    for reason in all {
      guard let reply = reason.reply else { continue }
      #expect((200..<600).contains(reply.code))
      #expect(reply.enhancedText?.hasPrefix("\(reply.code / 100).") ?? (reply.code < 400), "\(reason.code)")
      #expect(reason.severity == .notice || reply.code >= 400, "\(reason.code)")
      #expect(!reason.cause.isEmpty && !reason.effect.isEmpty && !reason.remedy.isEmpty, "\(reason.code)")
      for line in reply.lines {
        #expect(ReasonCatalogue.fault(in: line, for: reason) == nil, "\(reason.code)")
      }
    }
  }

  private func problems(_ configuration: String) throws -> [String] {
    var gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    gateway.tail = configuration
    let reading = Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml")
    let settings = try #require(reading.settings, "\(reading.problems)")
    let relay = RelayControl(domains: settings.relay.domains, networks: [])
    return Catalogue.plan(CheckMaterials(lists: .empty, relay: relay, settings: settings)).2.map(
      \.description)
  }

  @Test func whatIsWrongInTheTableOfACheckIsSaidWithItsPlace() throws {
    #expect(try problems("[checks.own_domain]\nmode = \"shadow\"\naction = \"reject\"").isEmpty)
    for (text, word) in [
      ("[checks.own_domain]\naction = \"shoot\"", "action"),
      ("[checks.own_domain]\nexept_senders = []", "exept_senders"),
      ("[checks.own_domain]\nexcept_networks = [\"x\"]", "except_networks"),
      ("[checks.own_domain]\nweights = { CLIENT_LISTED = 1 }", "CLIENT_LISTED"),
    ] {
      let found = try problems(text)
      #expect(found.count == 1 && found[0].contains(word) && found[0].hasPrefix("weir.toml:"), "\(found)")
    }
    let many = try problems("[checks.own_domain]\nweights = { D = 1, C = 1, B = 1, A = 1, E = 1, F = 1 }")
    let codes = ["A", "B", "C", "D", "E", "F"]
    let order = many.compactMap { text in codes.first { text.contains("never reports \($0);") } }
    #expect(order == codes, "\(many)")
  }
}
