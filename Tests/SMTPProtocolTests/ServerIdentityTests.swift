import MailSyntax
import NetAddress
import SMTPProtocol
import Testing

/// XCLIENT and XFORWARD (Postfix, XCLIENT_README and XFORWARD_README).
@Suite struct ServerIdentityTests {
  private func session(_ lines: [String] = ["EHLO c"]) -> ServerHarness {
    ServerHarness(after: lines, offer: ServerHarness.guardedOffer)
  }

  private func parse(_ line: String) -> ClientAttributes? {
    switch CommandParser.parse(Array(line.utf8)) {
    case .success(.client(let attributes)), .success(.forward(let attributes)): attributes
    default: nil
    }
  }

  @Test func everyAttributeIsRead() throws {
    let client = try #require(
      parse(
        "xclient NAME=spike.porcupine.org addr=168.100.189.2 PORT=12345 PROTO=esmtp HELO=[168.100.189.2] "
          + "LOGIN=user+40example.org DESTADDR=IPV6:2001:DB8::1 DESTPORT=25"))
    #expect(client.name == .known("spike.porcupine.org"))
    #expect(client.address == IPAddress("168.100.189.2").map { .known($0) })
    #expect(client.port == .known(12345) && client.proto == .known("ESMTP"))
    #expect(client.helo == .known("[168.100.189.2]") && client.login == .known("user@example.org"))
    #expect(client.destinationAddress == IPAddress("2001:db8::1").map { .known($0) })
    #expect(client.destinationPort == .known(25) && client.ident == nil && client.source == nil)
    #expect(client.names == ClientAttributes.Name.forClient)
    let forward = try #require(
      parse("XFORWARD NAME=n ADDR=ipv6:::1 PORT=1 PROTO=X-UUCP+2B HELO=h IDENT=4F2A SOURCE=local"))
    #expect(forward.address == IPAddress("::1").map { .known($0) })
    #expect(forward.proto == .known("X-UUCP+") && forward.ident == .known("4F2A"))
    #expect(forward.source == .known(.local) && forward.login == nil)
    #expect(forward.names == ClientAttributes.Name.forForward)
  }

  @Test func whatIsUnavailableIsToldApart() throws {
    let read = try #require(
      parse("XCLIENT NAME=[TempUnavail] ADDR=[UNAVAILABLE] PORT=[unavailable] LOGIN=[Unavailable]"))
    #expect(read.name == .temporarilyUnavailable && read.address == .unavailable)
    #expect(read.port == .unavailable && read.login == .unavailable && read.helo == nil)
    #expect(read.address?.value == nil)
    #expect(try #require(parse("XCLIENT NAME=+5BUNAVAILABLE+5D")).name == .unavailable)
    // A later word for the same attribute replaces the first.
    #expect(try #require(parse("XCLIENT NAME=a NAME=b")).name == .known("b"))
  }

  @Test(arguments: [
    "XCLIENT", "XCLIENT ", "XCLIENT NAME", "XCLIENT NAME=", "XCLIENT =x", "XCLIENT FOO=x", "XCLIENT IDENT=x",
    "XCLIENT SOURCE=LOCAL", "XFORWARD LOGIN=x", "XFORWARD DESTADDR=192.0.2.1", "XCLIENT NAME=a b",
    "XCLIENT ADDR=2001:db8::1", "XCLIENT ADDR=IPV6:192.0.2.1", "XCLIENT ADDR=[192.0.2.1]",
    "XCLIENT ADDR=192.0.2.256",
    "XCLIENT ADDR=192.0.2.01", "XCLIENT ADDR=x", "XCLIENT ADDR=[TEMPUNAVAIL]", "XCLIENT PORT=65536",
    "XCLIENT PORT=-1", "XCLIENT PORT=+31x", "XCLIENT PROTO=LMTP", "XFORWARD SOURCE=NEAR",
    "XCLIENT NAME=a,b", "XCLIENT NAME=.", "XCLIENT NAME=a+0Ab", "XCLIENT NAME=ü", "XCLIENT LOGIN=a+0Db",
    "XCLIENT LOGIN=a+20b",
    "XCLIENT LOGIN=+FF", "XCLIENT NAME=\(String(repeating: "x", count: 256))",
    "XFORWARD PROTO=\(String(repeating: "x", count: 65))", "XCLIENT NAME=a HELO",
    "XFORWARD \(String(repeating: "N", count: 100))=x",
  ])
  func whatIsNoAttributeIs501(_ line: String) {
    var harness = session()
    #expect(harness.say(line).codes == "501 5.5.4")
    #expect(harness.state == "ready" && harness.asked.count == 2 && harness.session.forwarded == nil)
  }

  @Test(arguments: [
    ("HELO=a+0D+0Ab", "a??b"), ("HELO=(x);\"<y>", "?x???" + "?y?"), ("HELO=a+b", "a+b"), ("HELO=a=b", "a=b"),
    ("HELO=+E4+BD+A0", "???"),
    ("HELO=\(String(repeating: "x", count: 255))", String(repeating: "x", count: 255)),
    ("HELO=+00", "?"),
  ])
  func aHeloIsFitForHeaderAndLog(_ word: String, _ expected: String) throws {
    #expect(try #require(parse("XFORWARD \(word)")).helo == .known(expected))
  }

  @Test(arguments: ["XCLIENT NAME=x", "XFORWARD NAME=x"])
  func theyHaveTheirPlace(_ line: String) {
    for lines in [[], ["EHLO c"], ["HELO c"], ["EHLO c", "MAIL FROM:<>", "RSET"]] {
      var harness = session(lines)
      let isClient = line.hasPrefix("XCLIENT")
      #expect(harness.say(line).codes == (isClient ? "-4" : "250 2.0.0"), "after \(lines)")
    }
    for lines in [["EHLO c", "MAIL FROM:<>"], ["EHLO c", "MAIL FROM:<>", "RCPT TO:<u@b>"]] {
      var harness = session(lines)
      #expect(harness.say(line).codes == "503 5.5.1", "after \(lines)")
      #expect(harness.say("XFORWARD ?").codes == "503 5.5.1", "order before grammar")
    }
    var stranger = ServerHarness(after: ["EHLO c"])
    let action = stranger.say(line)
    #expect(action.codes == "550 5.7.0" && action.reason == .clientIdentityRefused)
    #expect(stranger.session.errors == 1 && stranger.session.forwarded == nil)
    guard case .greet(let keywords) = stranger.say("EHLO c") else {
      Issue.record("no greeting")
      return
    }
    #expect(!keywords.contains { $0.hasPrefix("X") })
  }

  @Test func theyAreOffered() {
    var harness = session([])
    guard case .greet(let keywords) = harness.say("EHLO c") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords.contains("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"))
    #expect(keywords.contains("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"))
  }

  @Test func onlyWhatIsOfferedMayBeTold() {
    var offer = ServerHarness.guardedOffer
    offer.clientAttributes = [.address]
    offer.forwardAttributes = [.name]
    var harness = ServerHarness(after: ["EHLO c"], offer: offer)
    #expect(harness.say("XCLIENT ADDR=192.0.2.1 LOGIN=root").codes == "501 5.5.4")
    #expect(harness.say("XFORWARD HELO=x").codes == "501 5.5.4")
    #expect(harness.say("XFORWARD NAME=x").code == 250)
  }

  // MARK: XCLIENT

  @Test func theSessionBeginsAgainAsAnothers() {
    var harness = session(["EHLO c", "AUTH PLAIN dQ==", "XFORWARD NAME=x", "XYZZY"])
    let (errors, commands) = (harness.session.errors, harness.session.commands)
    guard case .restart = harness.say("XCLIENT ADDR=192.0.2.9 NAME=[UNAVAILABLE]") else {
      Issue.record("no restart")
      return
    }
    #expect(harness.state == "identity" && harness.session.hello == nil)
    var offer = ServerHarness.fullOffer
    offer.size = 77
    let action = harness.session.reidentified(
      terms: .init(mostErrors: 50, requiresAuthentication: true), offer: offer, isAuthenticated: false)
    guard case .ask(.connect) = action else {
      Issue.record("whether it is welcome is not asked")
      return
    }
    #expect(harness.settle(action).codes == "220")
    #expect(harness.state == "greeted" && harness.session.forwarded == nil)
    #expect(!harness.session.isAuthenticated && harness.session.terms.mostErrors == 50)
    #expect(harness.session.errors == errors && harness.session.commands == commands + 1)
    #expect(harness.say("MAIL FROM:<>").codes == "503 5.5.1")
    guard case .greet(let keywords) = harness.say("EHLO d") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords.contains("SIZE 77") && !keywords.contains { $0.hasPrefix("XCLIENT") })
    #expect(harness.say("MAIL FROM:<>").codes == "530 5.7.0")
    // Who it is now may not say XCLIENT.
    #expect(harness.say("XCLIENT ADDR=192.0.2.10").codes == "550 5.7.0")
  }

  @Test func aLoginCanBeTold() {
    var harness = session()
    _ = harness.say("XCLIENT LOGIN=user")
    let terms = ServerSession.Terms(requiresAuthentication: true)
    let action = harness.session.reidentified(
      terms: terms, offer: ServerHarness.guardedOffer, isAuthenticated: true)
    _ = harness.settle(action)
    _ = harness.say("EHLO c")
    #expect(harness.session.isAuthenticated && harness.say("AUTH PLAIN dQ==").codes == "503 5.5.1")
    #expect(harness.say("MAIL FROM:<>").code == 250)
  }

  @Test func theNewClientMayBeUnwelcome() {
    var harness = session()
    _ = harness.say("XCLIENT ADDR=192.0.2.9")
    harness.on("connect", .refuse(Response("X", reply: Reply(554, 7, 1, "no"))))
    let action = harness.settle(
      harness.session.reidentified(
        terms: .init(), offer: ServerHarness.guardedOffer, isAuthenticated: false))
    #expect(action.isClose && action.code == 554 && harness.state == "closed")
  }

  @Test func aRefusalLeavesEverythingAsItWas() {
    var harness = session(["EHLO c", "AUTH PLAIN dQ=="])
    harness.on("client", .refuse(Response(.commandArgument)))
    harness.on("forward", .refuse(Response(.commandArgument)))
    #expect(harness.say("XCLIENT ADDR=192.0.2.9").code == 501 && harness.say("XFORWARD NAME=x").code == 501)
    #expect(harness.state == "ready" && harness.session.isAuthenticated && harness.session.forwarded == nil)
  }

  // MARK: XFORWARD

  @Test func whatIsForwardedAddsUpAndEndsWithItsTransaction() {
    let message = ["MAIL FROM:<a@b.example>", "RCPT TO:<u@example.org>"]
    var harness = session(["EHLO c", "XFORWARD NAME=n ADDR=192.0.2.1", "XFORWARD HELO=h NAME=[UNAVAILABLE]"])
    var expected = ClientAttributes()
    expected.name = .unavailable
    expected.address = IPAddress("192.0.2.1").map { .known($0) }
    expected.helo = .known("h")
    #expect(harness.session.forwarded == expected)
    for line in message {
      _ = harness.say(line)
      #expect(harness.session.forwarded == expected, "\(line)")
    }
    _ = harness.say("DATA")
    guard case .ask(.message) = harness.session.receivedData() else {
      Issue.record("not asked")
      return
    }
    #expect(harness.session.forwarded == expected)
    #expect(harness.session.answered(.proceed).code == 250)
    #expect(harness.session.forwarded == nil)
    // A new first command begins with nothing.
    _ = harness.say("XFORWARD PORT=5")
    expected = ClientAttributes()
    expected.port = .known(5)
    #expect(harness.session.forwarded == expected)
    // MAIL that is refused is no transaction.
    #expect(harness.say("MAIL FROM:<").code == 501)
    #expect(harness.session.forwarded == expected)
  }

  @Test(arguments: ["RSET", "EHLO c", "HELO c", "refused", "content", "chunk", "STARTTLS"])
  func itIsForgottenWithWhatItBelongedTo(_ end: String) {
    var harness = session(["EHLO c", "XFORWARD NAME=n"])
    let message = ["MAIL FROM:<a@b.example>", "RCPT TO:<u@example.org>"]
    switch end {
    case "refused":
      for line in message { _ = harness.say(line) }
      harness.on("message", .refuse(Response(.noRecipients)))
      _ = harness.say("DATA")
      _ = harness.settle(harness.session.receivedData())
    case "content":
      for line in message + ["DATA"] { _ = harness.say(line) }
      _ = harness.session.refusedData(Response(.contentNul))
    case "chunk":
      for line in message + ["BDAT 5"] { _ = harness.say(line) }
      _ = harness.session.refusedChunk(Response(.contentNul))
    case "STARTTLS":
      harness.on("startTLS", .encrypt(octetsBehind: 0))
      _ = harness.say("STARTTLS")
      harness.session.encrypted(offer: ServerHarness.guardedOffer)
    default: _ = harness.say(end)
    }
    #expect(harness.session.forwarded == nil)
  }

  @Test func laterAttributesAreLaidOverEarlierOnes() {
    var all = ClientAttributes()
    all.name = .known("a")
    all.address = .unavailable
    all.port = .known(1)
    all.proto = .known("SMTP")
    all.helo = .known("h")
    all.login = .known("l")
    all.destinationAddress = .unavailable
    all.destinationPort = .known(2)
    all.ident = .known("i")
    all.source = .known(.remote)
    #expect(all.names.count == ClientAttributes.Name.allCases.count)
    #expect(ClientAttributes().overlaid(with: all) == all && all.overlaid(with: ClientAttributes()) == all)
  }
}
