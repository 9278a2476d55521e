import Filtering
import MailSyntax
import SMTPProtocol
import Settings
import Testing

@Suite struct RouteTableTests {
  private func recipient(_ text: String) throws -> Envelope.Recipient {
    Envelope.Recipient(path: try #require(PathParser.parse(whole: text)))
  }

  private let table = RouteTable(
    backends: [
      ("first", DomainSet()), ("special", DomainSet(names: ["special.example"], parents: ["wide.example"])),
      ("second", DomainSet()),
    ],
    entries: [
      .init(key: "Boss@Example.org", backend: "special"),
      .init(key: "boss@example.org", backend: "never"),
      .init(key: "moved.example", backend: "second"),
      .init(
        key: "old@moved.example", backend: "first", rewritten: PathParser.parse(whole: "new@moved.example")),
      .init(key: ".moved.example", backend: "special"),
    ])

  @Test(arguments: [
    ("u@example.org", ["first", "second"]), ("BOSS@EXAMPLE.ORG", ["special"]),
    ("\"boss\"@example.org", ["special"]),
    ("u@moved.example", ["second"]), ("u@a.moved.example", ["special"]), ("u@b.a.moved.example", ["special"]),
    ("u@xmoved.example", ["first", "second"]), ("u@special.example", ["special"]),
    ("u@a.special.example", ["first", "second"]),
    ("u@a.wide.example", ["special"]), ("u@wide.example", ["first", "second"]),
    ("postmaster", ["first", "second"]),
    ("u@[192.0.2.1]", ["first", "second"]), ("OLD@Moved.example", ["first"]),
  ])
  func eachRecipientHasItsWay(_ text: String, _ backends: [String]) throws {
    let routed = try #require(table.route(try recipient(text)))
    #expect(routed.route.backends == backends)
    #expect(routed.rewritten?.text == (text.lowercased() == "old@moved.example" ? "new@moved.example" : nil))
    #expect(routed.path.text == (routed.rewritten?.text ?? text))
  }

  @Test func aBarePostmasterGoesOutWithTheGatewaysDomain() throws {
    let domain = try #require(PathParser.parse(whole: "a@ours.example")?.domain)
    let table = RouteTable(
      backends: [
        ("first", DomainSet(names: ["other.example"])), ("ours", DomainSet(names: ["ours.example"])),
      ],
      entries: [.init(key: "x@ours.example", backend: "first")], ownDomain: domain)
    let routed = try #require(table.route(try recipient("Postmaster")))
    #expect(routed.route == Route(backends: ["ours"]) && routed.path.text == "Postmaster@ours.example")
    #expect(routed.recipient.path.text == "Postmaster")
    // No backend for that domain: it is taken all the same (RFC 5321 §4.5.1).
    let lone = RouteTable(backends: [("first", DomainSet(names: ["other.example"]))], ownDomain: domain)
    #expect(lone.route(try recipient("postmaster"))?.route == Route(backends: ["first"]))
  }

  /// One list of variables, in two modules that do not know each other.
  @Test func theVariablesOfRepliesAreTheSame() {
    #expect(Set(ReplyTemplate.variables) == Set(ReplyVariables.names))
    let codes = Set(FilteringReasons.all.map(\.code) + ProtocolReasons.all.map(\.code))
    #expect(FilteringReasons.spokenByBackend.isSubset(of: codes))
  }

  @Test func withoutABackendForAllADomainMayHaveNone() throws {
    let narrow = RouteTable(backends: [("only", DomainSet(names: ["ours.example"]))])
    #expect(narrow.route(try recipient("u@ours.example"))?.route == Route(backends: ["only"]))
    #expect(narrow.route(try recipient("u@other.example")) == nil)
    #expect(narrow.route(try recipient("postmaster"))?.route == Route(backends: ["only"]))
    #expect(narrow.outward == Route(backends: ["only"]))
    #expect(table.outward == Route(backends: ["first", "second"]))
    let none = RouteTable(backends: [])
    #expect(none.outward == nil)
    #expect(none.route(try recipient("postmaster")) == nil)
  }
}
