import MailSyntax
import NetAddress
import Testing

/// Paths as RFC 5321 §4.1.2 writes them, what is taken beyond it, and what is refused.
@Suite struct PathTests {
  struct Sound: CustomStringConvertible, Sendable {
    let text: String
    let localPart: String
    let domain: PathDomain?
    var route: [String] = []
    var isQuoted = false
    var description: String { text }
  }

  private static let loopback = IPAddress(v4: 0x7f00_0001)

  @Test(arguments: [
    Sound(text: "user@example.org", localPart: "user", domain: .name("example.org")),
    Sound(text: "User@EXAMPLE.org", localPart: "User", domain: .name("EXAMPLE.org")),
    Sound(text: "user@example.org.", localPart: "user", domain: .name("example.org")),
    Sound(text: "u@localhost", localPart: "u", domain: .name("localhost")),
    Sound(text: "postmaster", localPart: "postmaster", domain: nil),
    Sound(text: "a.b.c@x_y.example", localPart: "a.b.c", domain: .name("x_y.example")),
    Sound(text: ".a@example.org", localPart: ".a", domain: .name("example.org")),
    Sound(text: "a..b@example.org", localPart: "a..b", domain: .name("example.org")),
    Sound(
      text: "!#$%&'*+-/=?^_`{|}~@example.org", localPart: "!#$%&'*+-/=?^_`{|}~", domain: .name("example.org")),
    Sound(text: "a%b@c", localPart: "a%b", domain: .name("c")),
    Sound(text: "host!user", localPart: "host!user", domain: nil),
    Sound(text: "\"a b\"@example.org", localPart: "a b", domain: .name("example.org"), isQuoted: true),
    Sound(text: "\"a@b\"@example.org", localPart: "a@b", domain: .name("example.org"), isQuoted: true),
    Sound(text: "\"a\\\"b\"@example.org", localPart: "a\"b", domain: .name("example.org"), isQuoted: true),
    Sound(text: "\"a\\\\b\"@example.org", localPart: "a\\b", domain: .name("example.org"), isQuoted: true),
    Sound(text: "\"a>b\"@example.org", localPart: "a>b", domain: .name("example.org"), isQuoted: true),
    Sound(text: "\"user\"", localPart: "user", domain: nil, isQuoted: true),
    Sound(text: "u@[127.0.0.1]", localPart: "u", domain: .literal(loopback)),
    Sound(text: "u@[IPv6:::1]", localPart: "u", domain: .literal(IPAddress(high: 0, low: 1))),
    Sound(text: "u@[ipv6:::ffff:127.0.0.1]", localPart: "u", domain: .literal(loopback)),
    Sound(text: "u@[x400:c=de]", localPart: "u", domain: .otherLiteral("x400:c=de")),
    Sound(text: "@a.example:u@b.example", localPart: "u", domain: .name("b.example"), route: ["a.example"]),
    Sound(
      text: "@a.example,@[127.0.0.1]:u@b", localPart: "u", domain: .name("b"),
      route: ["a.example", "[127.0.0.1]"]),
    Sound(text: "jürgen@bücher.example", localPart: "jürgen", domain: .name("bücher.example")),
    Sound(text: "\"ü ü\"@例え.example", localPart: "ü ü", domain: .name("例え.example"), isQuoted: true),
    Sound(text: "u@xn--bcher-kva.example", localPart: "u", domain: .name("xn--bcher-kva.example")),
  ])
  func soundPathsAreRead(_ sound: Sound) throws {
    for text in ["<\(sound.text)>", sound.text] {
      let path = try #require(PathParser.parse(whole: text), "\(text)")
      #expect(path.text == sound.text)
      #expect(path.localPart == sound.localPart)
      #expect(path.domain == sound.domain)
      #expect(path.route == sound.route)
      #expect(path.isQuoted == sound.isQuoted)
      #expect(!path.isNull)
      #expect(path.isInternationalized == sound.text.unicodeScalars.contains { !$0.isASCII })
    }
  }

  @Test(arguments: [
    "", "<", ">", "@", "<@>", "<@example.org>", "@example.org", "user@", "<user@>", "<user@example.org",
    "user@example.org>", "<<user@example.org>>", "a b@example.org", "user@exa mple.org", "user@@example.org",
    "user@evil@example.org", "(c)user@example.org", "user@example..org", "user@.example.org", "user@..",
    "user@-a.example", "user@a-.example", "user@xn--.example", "user@a/b", "user@[", "user@[]",
    "user@[127.0.0.1",
    "user@127.0.0.1]", "user@[127.0.0.256]", "user@[127.1]", "user@[::1]", "user@[IPv6:]", "user@[IPv6:::g]",
    "user@[IPv6:127.0.0.1]", "user@[:x]", "user@[x:]", "user@[a b]", "user@[[127.0.0.1]]", "\"\"@example.org",
    "\"a", "\"a\"b@example.org", "a\"b\"@example.org", "\"a\\", "\"a\u{1}\"@example.org",
    "\"a\\\u{1}\"@example.org",
    "\"a\\ü\"@example.org", "\"a\u{7f}\"@example.org", "a\u{7f}@example.org", "a\u{0}@example.org",
    "a\t@example.org", "user@example.org\u{0}", "@a.example:", "@a.example:user", "@a.example,:u@b",
    "@a.example,b.example:u@b", "@a.example u@b", "@:u@b", "user\\@evil@example.org", "a,b@example.org",
    "a;b@example.org", "a:b@example.org", "<>>", "<> ", " user@example.org",
  ])
  func malformedPathsAreRefused(_ text: String) {
    #expect(PathParser.parse(whole: text) == nil)
  }

  @Test func theNullPathIsEmpty() throws {
    let path = try #require(PathParser.parse(whole: "<>"))
    #expect(path == .null)
    #expect(path.isNull && path.domain == nil && !path.isPostmaster)
    #expect(path.completed(with: "example.org") == .null)
  }

  @Test func whatStandsBehindThePathIsLeft() throws {
    let bytes = Array("MAIL FROM:<a@b> SIZE=1".utf8)
    guard case .success(let (path, end)) = PathParser.parse(bytes, at: 10) else {
      Issue.record("refused")
      return
    }
    #expect(path.text == "a@b" && end == 15)
    guard case .success(let (bare, bareEnd)) = PathParser.parse(Array("a@b SIZE=1".utf8)) else {
      Issue.record("refused")
      return
    }
    #expect(bare.text == "a@b" && bareEnd == 3)
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    for bad: [UInt8] in [[0xff], [0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf]] {
      for bytes in [
        Array("<".utf8) + bad + Array("@example.org>".utf8), Array("<\"".utf8) + bad + Array("\"@b>".utf8),
        Array("<a@".utf8) + bad + Array(".org>".utf8),
      ] {
        guard case .failure(let fault) = PathParser.parse(bytes) else {
          Issue.record("taken: \(bytes)")
          continue
        }
        #expect(fault == .malformed)
      }
    }
  }

  @Test func postmasterIsKnownInAnyCase() throws {
    for text in ["postmaster", "<PostMaster>", "\"postmaster\"", "Postmaster@example.org"] {
      #expect(try #require(PathParser.parse(whole: text)).isPostmaster)
    }
    #expect(try #require(PathParser.parse(whole: "@a:postmaster@b")).isPostmaster == false)
    #expect(try #require(PathParser.parse(whole: "postmaster2")).isPostmaster == false)
  }

  @Test func aBareLocalPartIsCompleted() throws {
    let bare = try #require(PathParser.parse(whole: "\"a b\"")).completed(with: "example.org")
    #expect(
      bare.text == "\"a b\"@example.org" && bare.domain == .name("example.org") && bare.localPart == "a b")
    #expect(PathParser.parse(whole: bare.text) == bare)
    let whole = try #require(PathParser.parse(whole: "a@b"))
    #expect(whole.completed(with: "example.org") == whole)
  }

  @Test func theMailboxIsThePathWithoutRoute() throws {
    #expect(try #require(PathParser.parse(whole: "<@a,@[IPv6:::1]:\"u:v\"@b>")).mailbox == "\"u:v\"@b")
    #expect(try #require(PathParser.parse(whole: "<\"u:v\"@b>")).mailbox == "\"u:v\"@b")
  }

  @Test func domainsShowThemselvesAsWritten() {
    #expect(PathDomain.name("Example.ORG").description == "Example.ORG")
    #expect(PathDomain.name("Example.ORG").lowercasedName == "example.org")
    #expect(PathDomain.literal(Self.loopback).description == "[127.0.0.1]")
    #expect(PathDomain.literal(IPAddress(high: 0, low: 1)).description == "[IPv6:::1]")
    #expect(PathDomain.literal(Self.loopback).lowercasedName == nil)
    #expect(PathDomain.otherLiteral("a:b").description == "[a:b]")
  }
}
