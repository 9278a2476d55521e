import Bytes
import Filtering
import MailSyntax
import Settings
import Testing

@Suite struct SenderRightsTests {
  private static func map(_ text: String) -> SendersMap { SendersMap.read(text: text, file: "senders").map }

  private func may(_ rights: SenderRights, _ user: String, _ sender: String) throws -> Bool {
    let path = try #require(PathParser.parse(whole: sender, limits: .sender))
    return rights.mayUse(AuthenticatedUser(name: user, mechanism: "PLAIN"), sender: path)
  }

  @Test(arguments: [
    ("ann@example.org", "ann@example.org", true), ("ann@example.org", "Ann@EXAMPLE.org", true),
    ("ann@example.org", "ann+list@example.org", true), ("ann@example.org", "\"ann\"@example.org", true),
    ("ann@example.org", "<>", true), ("ann", "ann@example.net", true), ("ANN", "ann+x@example.net", true),
    ("ann+x@example.org", "ann+x@example.org", true),
    ("ann@example.org", "bob@example.org", false), ("ann@example.org", "ann@example.net", false),
    ("ann@example.org", "ann@sub.example.org", false), ("ann@example.org", "+ann@example.org", false),
    ("ann@example.org", "annx@example.org", false),
    ("ann@example.org", "ann%example.org@evil.example", false),
    ("ann@example.org", "\"ann@example.org\"@evil.example", false),
    ("ann@example.org", "@example.org:ann@example.org", false), ("ann", "ann@example.org", false),
    ("ann+x@example.org", "ann@example.org", false), ("ann+x@example.org", "ann+y@example.org", false),
    ("ann@example.org", "ann@[192.0.2.1]", false), ("", "ann@example.org", false),
  ])
  func own(_ user: String, _ sender: String, _ expected: Bool) throws {
    let rights = SenderRights(.own, userDomain: "example.net", headerDomain: "example.org")
    #expect(try may(rights, user, sender) == expected)
  }

  @Test func aBareUserHasTheDomainThatCompletes() throws {
    let rights = SenderRights(.own, headerDomain: "example.org")
    #expect(try may(rights, "ann", "ann@example.org"))
    #expect(try !may(SenderRights(.own), "ann", "ann@example.org"))
  }

  @Test(arguments: [
    ("ann", "ann@example.org", true), ("Ann", "sales+x@Example.net", true), ("ann", "x@list.example", true),
    ("ann@example.org", "info@example.org", true), ("ann", "info@example.org", true),
    ("ann", "<>", true), ("ann", "x@sub.list.example", false), ("ann", "bob@example.org", false),
    ("bob", "bob@example.org", false), ("bob", "ann@example.org", false), ("", "ann@example.org", false),
  ])
  func mapped(_ user: String, _ sender: String, _ expected: Bool) throws {
    let map = Self.map(
      """
      # comment
      ann  ann@example.org sales@example.net   # more
      ANN  @list.example
      ann@example.org  info@example.org
      """)
    let rights = SenderRights(.mapped(map), userDomain: "example.org")
    #expect(try may(rights, user, sender) == expected)
  }

  @Test func anyIsAny() throws {
    #expect(try may(SenderRights(.any), "ann", "@a:ceo@victim.example"))
  }

  private func fault(_ header: String, _ rights: SenderRights? = nil) -> String? {
    let message = Array(header.replacing("\n", with: "\r\n").utf8) + Array("\r\n\r\nbody".utf8)
    let rights = rights ?? SenderRights(.own, headerDomain: "example.org")
    let user = AuthenticatedUser(name: "ann@example.org", mechanism: "PLAIN")
    let found = rights.fault(in: MessageHeader(message), of: message, user: user)
    if let found { #expect(found.reason == "FROM_NOT_YOURS") }
    return found?.address
  }

  @Test(arguments: [
    "From: ann@example.org", "from : Ann <ANN@example.org>", "FROM:\n ann@example.org", "From: ann",
    "From: \"ceo@victim.example\" <ann@example.org>", "From: ann@example.org, ann+x@example.org",
    "From: (ceo@victim.example) ann@example.org", "Subject: x", "From: =?utf-8?q?B=2C_A?= <ann@example.org>",
    "From: ann@example.org\nSender: ann+x@example.org", "Reply-To: ceo@victim.example\nFrom: ann@example.org",
    "From: Team:ann@example.org;",
  ])
  func aHeaderOfOnesOwn(_ header: String) { #expect(fault(header) == nil) }

  @Test(arguments: [
    ("From: ceo@victim.example", "ceo@victim.example"), ("From: bob", "bob"),
    ("From: ann@example.org, ceo@victim.example", "ceo@victim.example"),
    ("From: ann@example.org\nFrom: ceo@victim.example", "ceo@victim.example"),
    ("From: ann@example.org\nfRom :\n ceo@victim.example", "ceo@victim.example"),
    ("From: ann@example.org\nSender: ceo@victim.example", "ceo@victim.example"),
    ("From: Team: ann@example.org, bob@example.org;", "bob@example.org"),
    ("From: <@victim.example:ann@example.org>", "ann@example.org"),
    ("From: \"a b\"@victim.example", "\"a b\"@victim.example"),
    ("From:", "From names nobody"), ("From: Team:;", "From names nobody"), ("From: ,", "From names nobody"),
    ("From: ann@example.org <ceo@victim.example>", "From cannot be read (octet 17)"),
    ("From: <ann@example.org> <ceo@victim.example>", "From cannot be read (octet 19)"),
    ("From: ann@example.org ceo@victim.example", "From cannot be read (octet 17)"),
    ("From: =?utf-8?q?x,ceo@victim.example,?= <ann@example.org>", "=?utf-8?q?x"),
    ("Sender: \"ann@example.org", "Sender cannot be read (octet 1)"),
    ("From: ann@example.org\0", "From cannot be read (octet 16)"),
  ])
  func aHeaderOfSomebodyElses(_ header: String, _ words: String) { #expect(fault(header) == words) }

  @Test func anyMaySayAnything() { #expect(fault("From: <<<", SenderRights(.any)) == nil) }

  @Test func aStuffedFirstLineIsReadAsTheFieldItIs() {
    #expect(fault("..From: x\nFrom: ceo@victim.example") == "ceo@victim.example")
    #expect(fault("..From: x\nFrom: ann@example.org") == nil)
  }
}
