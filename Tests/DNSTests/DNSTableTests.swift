import DNS
import NetAddress
import Testing

@Suite("Answers from a table")
struct DNSTableTests {
  static let text = """
    ; a comment, and an empty line

    example.org           MX 10 mail.example.org     ; comments begin with ; or #
    Mail.Example.ORG. 300 IN A 192.0.2.1
    mail.example.org      A 192.0.2.2\r
    mail.example.org  IN  AAAA 2001:db8::1
    example.org           TXT "v=spf1 " "mx \\"x;y\\" -all\\255"  # joined
    example.org           TXT plain
    null.example          MX 0 .
    1.2.0.192.in-addr.arpa PTR mail.example.org
    example.org           SOA ns.example.org. host\\.master.example.org. 1 2 3 4 5
    *.bl.example          A 127.0.0.2
    sub.deep.bl.example   A 127.0.0.3
    www.example.org       CNAME example.org
    loop.example          CNAME loop.example
    sick.example          FAIL
    slow.example          TIMEOUT
    half.example          MX FAIL
    half.example          A 192.0.2.9
    forged.example        TXT BOGUS
    """

  private func ask(_ name: String, _ type: RecordType) throws -> DNSAnswer? {
    let (table, problems) = DNSTable.parse(Array(Self.text.utf8), file: "t")
    #expect(problems.isEmpty, "\(problems)")
    return table.remembered(DNSQuestion(try #require(DNSName(name)), type))
  }

  @Test("Records of every type are read")
  func records() throws {
    #expect(try ask("mail.example.org", .a)?.addresses.map(\.description) == ["192.0.2.1", "192.0.2.2"])
    #expect(try ask("mail.example.org", .aaaa)?.addresses.map(\.description) == ["2001:db8::1"])
    #expect(try ask("example.org", .mx)?.exchanges.map(\.name.text) == ["mail.example.org"])
    #expect(try ask("null.example", .mx)?.exchanges.map(\.name) == [.root])
    let spf = Array("v=spf1 mx \"x;y\" -all".utf8) + [255]
    #expect(try ask("example.org", .txt)?.texts == [spf, Array("plain".utf8)])
    #expect(try ask("1.2.0.192.in-addr.arpa", .ptr)?.names.map(\.text) == ["mail.example.org"])
    guard case .records(let records) = try ask("example.org", .soa),
      case .authority(let primary, let mailbox) = records[0]
    else { return #expect(Bool(false), "no SOA") }
    #expect(primary.text == "ns.example.org" && mailbox.text == "host\\.master.example.org")
  }

  @Test("What is not there, is there without that type, or fails, are different answers")
  func others() throws {
    #expect(try ask("nobody.example.org", .a) == .noName)
    #expect(try ask("example.org", .a) == .noData)
    #expect(try ask("bl.example", .a) == .noData, "a name above one that is there")
    #expect(try ask("sick.example", .txt) == .failed(.server(code: 2)))
    #expect(try ask("slow.example", .a) == .failed(.timeout))
    #expect(try ask("half.example", .mx) == .failed(.server(code: 2)))
    #expect(try ask("half.example", .a)?.addresses.count == 1)
    #expect(try ask("forged.example", .txt) == .failed(.bogus))
  }

  @Test("Wildcards stand for what is not there, aliases are followed, in a ring not for ever")
  func wildcardsAndAliases() throws {
    #expect(try ask("2.0.0.127.bl.example", .a)?.addresses.map(\.description) == ["127.0.0.2"])
    #expect(try ask("any.bl.example", .txt) == .noData)
    #expect(try ask("x.deep.bl.example", .a) == .noName, "a closer name is there, and has no wildcard")
    #expect(try ask("www.example.org", .mx)?.exchanges.count == 1)
    #expect(try ask("loop.example", .a) == .failed(.server(code: 2)))
  }

  @Test(
    "What is wrong is told with its line and column",
    arguments: [
      ("a.example", "1:1: a type is missing behind the name: A, AAAA, MX, …"),
      ("\na..b A 192.0.2.1", "2:1: \"a..b\" is no name"),
      ("$ORIGIN example.org", "1:1: no directives: every name stands in full"),
      (
        "a.example SRV 1",
        "1:11: expected one of A, NS, SOA, PTR, MX, TXT, AAAA, CNAME, FAIL, TIMEOUT, BOGUS; found \"SRV\""
      ),
      ("a.example A", "1:11: an address is missing behind A"),
      ("a.example A 2001:db8::1", "1:13: expected an address of IPv4"),
      ("a.example AAAA 192.0.2.1", "1:16: expected an address of IPv6"),
      ("a.example A 192.0.2.1 more", "1:23: nothing more was expected here"),
      ("a.example MX mail.example", "1:14: expected a preference from 0 to 65535"),
      ("a.example MX 10", "1:11: a name is missing behind MX"),
      ("a.example 99999999999 A 192.0.2.1", "1:11: no time to live"),
      ("a.example TXT \"open", "1:15: the quotation mark is never closed"),
      ("a.example TXT \"\\999\"", "1:15: \\DDD stands for 0 to 255"),
      ("a.example CNAME", "1:11: a name is missing behind CNAME"),
      ("a.example A FAIL FAIL", "1:13: expected an address of IPv4"),
      (
        "a.example FAIL more",
        "1:11: expected one of A, NS, SOA, PTR, MX, TXT, AAAA, CNAME, FAIL, TIMEOUT, BOGUS; found \"FAIL\""
      ),
    ])
  func problems(text: String, problem: String) {
    let (_, problems) = DNSTable.parse(Array(text.utf8), file: "zone.txt")
    #expect(problems.map(\.description) == ["zone.txt:" + problem])
  }

  @Test("The sound lines stand beside broken ones, and problems have an end")
  func bounds() throws {
    let text = "a.example A 192.0.2.1\n" + String(repeating: "x\n", count: 1000)
    let (table, problems) = DNSTable.parse(Array(text.utf8), file: "t")
    #expect(problems.count == DNSTable.mostProblems)
    #expect(table.remembered(DNSQuestion(try #require(DNSName("a.example")), .a))?.addresses.count == 1)
  }
}
