import Bytes
import SASL
import Testing

@Suite struct PlainTests {
  /// RFC 4616 §4.
  @Test func examplesOfTheRFC() {
    var server = exchange(.plain)
    #expect(server.received(nil) == .challenge([]))
    #expect(
      server.received(bytes("\0tim\0tanstaaftanstaaf"))
        == .password(PasswordClaim(user: "tim", password: bytes("tanstaaftanstaaf"))))
    #expect(server.answered(.accepted(name: "tim@example.org")) == .success(name: "tim@example.org"))
    #expect(server.answered(.accepted(name: "tim")).isMalformed)

    server = exchange(.plain)
    #expect(
      server.received(bytes("Ursel\0Kurt\0xipj3plmq"))
        == .failure(user: "Kurt", detail: "asks to act as somebody else"))
  }

  @Test func theSameAuthorizationIsNone() {
    var server = exchange(.plain)
    let claim = PasswordClaim(user: "Kurt", password: bytes("secret word"))
    #expect(server.received(bytes("\u{ff2b}urt\0Kurt\0secret word")) == .password(claim))
    #expect(server.answered(.refused("wrong password")) == .failure(user: "Kurt", detail: "wrong password"))
  }

  @Test(arguments: [
    [], [0], [1, 0, 2], [0, 97, 0, 98, 0], [0, 97, 0, 98, 0, 99], [0, 0xff, 0, 98], [0, 97, 0, 0xc3],
  ])
  func whatIsNotPlain(_ message: [UInt8]) {
    var server = exchange(.plain)
    #expect(server.received(message).isMalformed)
    #expect(server.received(bytes("\0a\0b")).isMalformed)
  }

  @Test(arguments: [
    ("\0\0secret", "", "an empty name"), ("\0ann\0", "ann", "an empty password"),
    ("\0a\nb\0secret", "", "a name that holds a control character"),
    ("\0\u{ad}\0secret", "", "an empty name"),
  ]) func whatIsRefused(_ message: String, _ user: String, _ detail: String) {
    var server = exchange(.plain)
    #expect(server.received(bytes(message)) == .failure(user: user, detail: detail))
  }

  @Test func bounds() {
    func step(_ name: Int, _ password: Int) -> ServerStep {
      var server = exchange(.plain)
      return server.received(
        [0] + Array(repeating: 97, count: name) + [0] + Array(repeating: 98, count: password))
    }
    guard case .password = step(320, 1024) else { Issue.record("the longest are too long"); return }
    #expect(step(321, 1).isMalformed)
    #expect(step(1, 1025).isMalformed)
    #expect(step(1, 100_000).isMalformed)
  }

  @Test func answersToNoQuestion() {
    var server = exchange(.plain)
    #expect(server.answered(.accepted(name: "ann")).isMalformed)
    server = exchange(.plain)
    _ = server.received(bytes("\0ann\0secret"))
    #expect(server.received(bytes("\0bob\0secret")).isMalformed)
    server = exchange(.plain)
    _ = server.received(bytes("\0ann\0secret"))
    #expect(server.answered(.secret([], .user(name: "ann"))).isMalformed)
  }
}

@Suite struct LoginTests {
  @Test func questionsAndAnswers() {
    var server = exchange(.login)
    #expect(server.received(nil).said == "Username:")
    #expect(server.received(bytes("ann")).said == "Password:")
    #expect(
      server.received(bytes("secret")) == .password(PasswordClaim(user: "ann", password: bytes("secret"))))
    #expect(server.answered(.accepted(name: "ann")) == .success(name: "ann"))
  }

  @Test func theNameAtOnce() {
    var server = exchange(.login)
    #expect(server.received(bytes("ann")).said == "Password:")
    #expect(server.received([]) == .failure(user: "ann", detail: "an empty password"))
  }

  @Test func bounds() {
    var server = exchange(.login)
    #expect(server.received(Array(repeating: 97, count: 321)).isMalformed)
    server = exchange(.login)
    _ = server.received(bytes("ann"))
    #expect(server.received(Array(repeating: 97, count: 1025)).isMalformed)
    server = exchange(.login)
    _ = server.received(bytes("ann"))
    #expect(server.received([97, 0, 97]).isMalformed)
    server = exchange(.login)
    #expect(server.received([]).isFailure)
  }
}

@Suite struct CramMD5Tests {
  /// RFC 2195 §2: the digest of the RFC's challenge cannot be had from our server, so that its parts are checked: the
  /// digest of our challenge, by a client of our own that comes to the RFC's digest too.
  @Test func aLogin() throws {
    let rfc = digest("<1896.697170952@postoffice.reston.mci.net>", "tanstaaftanstaaf")
    #expect(rfc == "b913a602c7eda7a495b4e6e7334d3890")
    var server = exchange(.cramMD5)
    let challenge = try #require(server.received(nil).said)
    #expect(challenge == "<070707070707070707070707070707070707@mx.example.org>")
    #expect(server.received(bytes("tim \(digest(challenge, "tanstaaftanstaaf"))")) == .secret(user: "tim"))
    #expect(
      server.answered(.secret(bytes("tanstaaftanstaaf"), .user(name: "tim"))) == .success(name: "tim"))
  }

  @Test func failures() {
    for (owner, secret, detail) in [
      (SecretOwner.user(name: "tim"), "another", "wrong password"),
      (.nobody(detail: "no such user"), "secret", "no such user"),
    ] {
      var server = exchange(.cramMD5)
      let challenge = server.received(nil).said ?? ""
      #expect(server.received(bytes("tim ryan \(digest(challenge, "secret"))")) == .secret(user: "tim ryan"))
      #expect(server.answered(.secret(bytes(secret), owner)) == .failure(user: "tim ryan", detail: detail))
    }
  }

  @Test(arguments: [
    "", " ", "tim", "tim ", "tim b913a602c7eda7a495b4e6e7334d389", "tim b913a602c7eda7a495b4e6e7334d38900",
    "tim g913a602c7eda7a495b4e6e7334d3890", "tim b913a602c7eda7a495b4e6e7334d3890 ",
  ]) func whatIsNot(_ response: String) {
    var server = exchange(.cramMD5)
    _ = server.received(nil)
    #expect(server.received(bytes(response)).isMalformed)
  }

  @Test func noInitialResponse() {
    var server = exchange(.cramMD5)
    #expect(server.received(bytes("tim b913a602c7eda7a495b4e6e7334d3890")).isMalformed)
  }

  private func digest(_ challenge: String, _ password: String) -> String {
    HMACHex.of(challenge, password)
  }
}

@Suite struct ClientMessageTests {
  @Test func encoders() {
    #expect(ClientMessages.plain(user: "tim", password: bytes("x")) == bytes("\0tim\0x"))
    #expect(ClientMessages.plain(user: "tim", password: bytes("x"), authorization: "a") == bytes("a\0tim\0x"))
    #expect(ClientMessages.plain(user: "t\0m", password: bytes("x")) == nil)
    #expect(ClientMessages.plain(user: "tim", password: [0]) == nil)
    #expect(ClientMessages.plain(user: "", password: bytes("x")) == nil)
    #expect(ClientMessages.login(user: "tim", password: bytes("x"))?.user == bytes("tim"))
    #expect(ClientMessages.login(user: "tim", password: []) == nil)
    #expect(ClientMessages.xoauth2(user: "t\u{1}", token: "x") == nil)
    #expect(ClientMessages.oauthBearer(user: "t", token: "x\u{1}") == nil)
  }
}
