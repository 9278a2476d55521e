import Checks
import Filtering
import SMTPProtocol
import Settings
import Testing

/// What is right in zones.toml and in the configuration, and together not what anybody wants; and what the checks
/// announce of it.
@Suite struct ZoneSoundnessTests {
  private func settings(_ lines: String) throws -> Settings {
    let text =
      "hostname = \"mx.example.org\"\nrelay.domains = [\"example.org\"]\n\(lines)\n[[backend]]\naddress = \"127.0.0.1:9\"\n"
    let reading = Settings.read(text: text, file: "weir.toml")
    return try #require(reading.settings, "\(reading.problems)")
  }

  private func read(_ text: String) -> DNSZones {
    let (zones, problems) = DNSZones.read(text: text, file: "zones.toml")
    #expect(problems.isEmpty)
    return zones
  }

  private func warnings(_ zones: String, _ lines: String = "", isThere: Bool = true) throws -> [String] {
    let found = read(zones).warnings(try settings(lines), file: "zones.toml", isThere: isThere)
    #expect(found.allSatisfy { $0.severity == .warning })
    return found.map(\.description)
  }

  private static let fine = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = 5\n"

  @Test func aListThatRefusesAloneIsWarnedOf() throws {
    let heavy = Self.fine.replacing("5", with: "12")
    #expect(try warnings(Self.fine).isEmpty)
    #expect(
      try warnings(heavy) == [
        "zones.toml:4:10: warning: zone[0].weight: 12.0 alone reaches actions.reject (12.0): the mistakes of bl.example refuse mail; write less, or checks.dnsbl.action = \"reject\" if that is meant"
      ])
    // One answer's weight, at its place; that of the list does not count where each answer has its own.
    let answers = "[zone.answers]\n\"127.0.0.2\" = { means = \"a\", weight = 3 }\n"
    #expect(try warnings(heavy + answers).isEmpty)
    let one = try warnings(Self.fine + answers + "\"127.0.0.3\" = { means = \"b\", weight = 40 }\n")
    #expect(
      one.count == 1 && one[0].hasPrefix("zones.toml:7:1: warning: zone[0].answers: 40.0 alone"), "\(one)")
    // That of the check, once, for the lists that have none.
    let plain = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n"
    let other = plain.replacing("bl.", with: "b2.")
    let table = "checks.dnsbl.weights.DNSBL_LISTED = 15\n"
    let standard = try warnings(plain + other, table)
    #expect(
      standard.count == 1
        && standard[0].hasPrefix("weir.toml:3:37: warning: checks.dnsbl.weights.DNSBL_LISTED: 15.0 alone"),
      "\(standard)")
    #expect(try warnings(Self.fine, table).isEmpty)
    // It depends on the threshold; and where it is meant, or cannot be, nothing is said.
    #expect(try warnings(Self.fine, "actions.tag = 3\nactions.reject = 5").count == 1)
    #expect(try warnings(heavy, "actions.reject = \"unlimited\"").isEmpty)
    for line in ["action = \"reject\"", "mode = \"shadow\"", "cap = 11"] {
      #expect(try warnings(heavy, "checks.dnsbl.\(line)").isEmpty, "\(line)")
    }
    #expect(try warnings(heavy + "mode = \"shadow\"").isEmpty)
    #expect(try warnings(heavy.replacing("12", with: "-12") + "kind = \"allow\"").isEmpty)
  }

  @Test func listsThatNobodyAsksAreWarnedOf() throws {
    let none = try warnings("", isThere: false)
    #expect(
      none.count == 1
        && none[0].hasPrefix(
          "weir.toml:1:1: warning: no DNS list is asked: there is no zones.toml, though dnsbl, rhsbl, urls, address_hashes are on;"
        ), "\(none)")
    #expect(try warnings("# none\n").first?.contains("zones.toml names none") == true)
    #expect(try warnings(Self.fine + "mode = \"off\"").first?.contains("none is in use") == true)
    let off = ["dnsbl", "rhsbl", "urls", "address_hashes"].map { "checks.\($0).mode = \"off\"" }
    #expect(try warnings("", off.joined(separator: "\n"), isThere: false).isEmpty)
    // A list that no check that is on asks is no list.
    #expect(try warnings(Self.fine, off[0]).first?.contains("none is in use") == true)
    #expect(try read(Self.fine).countInUse(settings("")) == 1)
    #expect(try read(Self.fine).countInUse(settings(off[0])) == 0)
    #expect(try read(Self.fine).countInUse(settings("dns.enabled = false")) == 0)
    let deaf = try warnings(Self.fine, "dns.enabled = false")
    #expect(
      deaf.count == 1
        && deaf[0].hasPrefix(
          "weir.toml:3:15: warning: dns.enabled: names are not resolved, so none of the 1 DNS list(s)"),
      "\(deaf)")
    #expect(try warnings("", "dns.enabled = false", isThere: false).isEmpty)
  }

  @Test func ownAddressesThatNobodyCanListAreWarnedOf() throws {
    let watch = "dns.watch = [\"203.0.113.25\", \"10.1.2.3\", \"::1\", \"fd00::1\", \"0.0.0.0\"]"
    let found = try warnings(Self.fine, watch)
    #expect(found.count == 4, "\(found)")
    #expect(
      found.first?.hasPrefix("weir.toml:3:30: warning: dns.watch: 10.1.2.3 is a private address, about which")
        == true, "\(found)")
    #expect(try warnings(Self.fine + "private = true", watch).isEmpty)
  }

  /// What a check announces holds of all that it finds, whatever the lists answer and the admin weighs.
  @Test func prospectsHold() throws {
    let zones = read(
      """
      [[zone]]
      name = "a.example"
      asks = ["client", "sender", "client_name"]
      weight = 5
      [[zone]]
      name = "b.example"
      asks = ["client", "sender"]
      [zone.answers]
      "127.0.0.2" = { means = "x", weight = 3 }
      "127.0.0.3" = { means = "y", weight = -4 }
      "127.0.0.4" = "z"
      [[zone]]
      name = "c.example"
      kind = "allow"
      asks = ["client", "client_name"]
      weight = -6
      [[zone]]
      name = "d.example"
      mode = "shadow"
      asks = ["client", "sender"]
      weight = 50
      """)
    func prospects(_ lines: String = "") throws -> (connect: [Prospect], mail: [Prospect]) {
      let settings = try settings(lines)
      var materials = CheckMaterials(
        lists: .empty, relay: RelayControl(domains: settings.relay.domains, networks: []), settings: settings)
      materials.resolves = true
      materials.zones = zones
      let (plan, _, _) = Catalogue.plan(materials)
      return (
        plan.connect.filter { $0.check.hasSuffix("bl") }.map(\.prospect),
        plan.mail.filter { ["rhsbl", "spf"].contains($0.check) }.map(\.prospect)
      )
    }
    let standard = try prospects()
    #expect(
      standard.connect == [
        Prospect(least: -10, most: 8, each: 5, rulings: []),
        Prospect(least: -6, most: 5, each: 5, rulings: []),
      ])
    #expect(
      standard.mail == [
        Prospect(least: 0, most: 8, each: 5, rulings: []), Prospect(least: 0, most: 6, each: 4, rulings: []),
      ])
    let own = try prospects(
      """
      checks.dnsbl.cap = 6
      checks.dnsbl.action = "reject"
      checks.dnsbl.weights = { DNSBL_LISTED = 9, DNSBL_UNAVAILABLE = 7, DNSWL_LISTED = 0 }
      checks.spf.weights = { SPF_PASS = -2, SPF_HELO_FAIL = 13 }
      """)
    #expect(own.connect.first == Prospect(least: -10, most: 13, each: 7, rulings: [.reject]))
    #expect(own.mail.last == Prospect(least: -2, most: 17, each: 13, rulings: []))
  }
}
