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
