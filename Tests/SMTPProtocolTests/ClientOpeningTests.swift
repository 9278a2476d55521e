import Bytes
import MailSyntax
import NetAddress
import Testing

@testable import SMTPProtocol

/// What a session says before its first transaction: TLS, who the client is, a login.
@Suite struct ClientOpeningTests {
  private static let client = {
    var client = ClientIdentity(
      address: IPAddress(v4: 0xC000_0207), port: 4711, name: "client.example", helo: "helo.example",
      isExtended: true)
    client.login = "joe"
    client.connection = 7
    return client
  }()

  private static let xclient = "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"

  // MARK: STARTTLS

  @Test(arguments: [ClientSession.Dialect.smtp, .lmtp])
  func onlyWhatIsSaidAfterTheHandshakeCounts(dialect: ClientSession.Dialect) {
    var driver = ClientDriver(unopened: dialect, opening: ClientOpening(encryption: .always))
    let hello = dialect == .smtp ? "EHLO" : "LHLO"
    driver.hear("220 hi", "250-b", "250-PIPELINING", "250-CHUNKING", "250 STARTTLS")
    #expect(driver.saidSince() == "\(hello) gw.example|STARTTLS|")
    driver.hear("220 go")
    #expect(driver.handshakes == 1 && driver.session.isHandshaking && driver.said.isEmpty)
    #expect(driver.session.capabilities == Capabilities())
    driver.take(driver.session.encrypted())
    #expect(driver.saidSince() == "\(hello) gw.example|")
    #expect(!driver.session.isReady)
    driver.hear("250-b", "250-STARTTLS", "250 8BITMIME")
    #expect(driver.session.isReady && driver.session.isEncrypted)
    // No second STARTTLS, though it is offered again.
    #expect(driver.said.isEmpty)
    #expect(driver.session.capabilities.eightBit && !driver.session.capabilities.pipelining)
  }

  @Test func neitherOfferedNorTakenIsTheEndWhereItMustBe() {
    for lines in [["250 b"], ["502 what"], ["250-b", "250 STARTTLS", "454 4.7.0 not now"]] {
      var driver = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .always))
      driver.hear("220 hi")
      for line in lines { driver.hear(line) }
      #expect(driver.session.isOver && driver.faults.count == 1, "\(lines)")
      #expect(!driver.said.contains("HELO gw.example|HELO"), "\(lines)")
    }
  }

  @Test func goesOnInTheClearWhereItMay() {
    var plain = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .whereOffered))
    plain.hear("220 hi", "250 b")
    #expect(plain.session.isReady && !plain.session.isEncrypted)
    var refused = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .whereOffered))
    refused.hear("220 hi", "250-b", "250-PIPELINING", "250 STARTTLS", "454 4.7.0 not now")
    #expect(refused.session.isReady && refused.session.capabilities.pipelining)
    #expect(refused.session.refusalOfTLS?.code == 454)
    var old = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .whereOffered))
    old.hear("220 hi", "502 what", "250 b")
    #expect(old.session.isReady)
    var closing = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .whereOffered))
    closing.hear("220 hi", "250-b", "250 STARTTLS", "421 4.3.2 bye")
    #expect(closing.session.isOver)
  }

  @Test func whatStandsBehindTheWordForTLSIsTheEnd() {
    for encryption in [ClientOpening.Encryption.whereOffered, .always] {
      var driver = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: encryption))
      driver.hear("220 hi", "250-b", "250 STARTTLS", "220 go")
      driver.take(driver.session.spokeBeforeHandshake())
      #expect(driver.faults == [.injected] && driver.session.isOver)
      var late = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: encryption))
      late.hear("220 hi", "250-b", "250 STARTTLS", "220 go", "250-evil")
      late.hear("250 AUTH PLAIN")
      #expect(late.session.isOver && late.session.capabilities == Capabilities())
    }
  }

  @Test func aHandshakeThatFailsSaysWhy() {
    for (event, words) in [
      ({ $0.handshakeFailed("the certificate has expired") }, "the certificate has expired"),
      ({ $0.disconnected() }, "the TLS handshake failed: the connection was lost"),
      ({ $0.timedOut() }, "the TLS handshake failed: no reply in time"),
    ] as [((inout ClientSession) -> ClientAction, String)] {
      var driver = ClientDriver(unopened: .smtp, opening: ClientOpening(encryption: .always))
      driver.hear("220 hi", "250-b", "250 STARTTLS", "220 go")
      driver.take(event(&driver.session))
      #expect(driver.faults == [.unencrypted(words)])
    }
  }

  // MARK: XCLIENT

  @Test func namesTheClientOnceAndAsksAnew() {
    var driver = ClientDriver(
      unopened: .smtp, opening: ClientOpening(client: Self.client, tellsClient: true))
    driver.hear("220 hi", "250-b", "250-PIPELINING", Self.xclient, "250 CHUNKING")
    #expect(
      driver.saidSince()
        == "EHLO gw.example|XCLIENT ADDR=192.0.2.7 LOGIN=joe HELO=helo.example NAME=client.example PROTO=ESMTP PORT=4711|"
    )
    #expect(!driver.session.isReady)
    driver.hear("220 hi again")
    // Postfix traces the name of the last EHLO.
    #expect(driver.saidSince() == "EHLO helo.example|")
    driver.hear("250-b", Self.xclient, "250 8BITMIME")
    #expect(driver.session.isReady && driver.session.isIdentified && driver.said.isEmpty)
    #expect(!driver.session.capabilities.pipelining && driver.session.capabilities.eightBit)
    #expect(driver.session.ownCapabilities.pipelining && driver.session.ownCapabilities.chunking)
  }

  @Test func namesTheClientBehindTLSOnly() {
    var driver = ClientDriver(
      unopened: .smtp,
      opening: ClientOpening(encryption: .whereOffered, client: Self.client, tellsClient: true))
    driver.hear("220 hi", "250-b", Self.xclient, "250 STARTTLS", "220 go")
    #expect(driver.saidSince() == "EHLO gw.example|STARTTLS|")
    driver.take(driver.session.encrypted())
    #expect(driver.saidSince() == "EHLO gw.example|")
    driver.hear("250-b", "250 XCLIENT ADDR LOGIN")
    #expect(driver.saidSince() == "XCLIENT ADDR=192.0.2.7 LOGIN=joe|")
    driver.hear("220 hi", "250-b", "250 STARTTLS")
    #expect(driver.session.isReady && driver.session.isEncrypted)
  }

  @Test(arguments: [
    "250 fine", "550 5.7.0 not you", "421 4.3.2 bye", "501 5.5.4 syntax", "354 go", "nonsense",
  ])
  func anyOtherAnswerThan220IsTheEnd(answer: String) {
    var driver = ClientDriver(
      unopened: .smtp, opening: ClientOpening(client: Self.client, tellsClient: true))
    driver.hear("220 hi", "250-b", "250 XCLIENT ADDR", answer)
    #expect(driver.session.isOver && driver.faults.count == 1)
    #expect(driver.said == "EHLO gw.example|XCLIENT ADDR=192.0.2.7|")
  }

  @Test(arguments: [["250 b"], ["250-b", "250 XCLIENT NAME HELO"], ["500 what"]])
  func aBackendThatWillNotBeToldIsTheEnd(lines: [String]) {
    var driver = ClientDriver(
      unopened: .smtp, opening: ClientOpening(client: Self.client, tellsClient: true))
    driver.hear("220 hi")
    for line in lines { driver.hear(line) }
    #expect(driver.session.isOver && driver.said == "EHLO gw.example|")
  }

  @Test func aProxiedSessionSpeaksInTheClientsName() {
    var driver = ClientDriver(unopened: .smtp, opening: ClientOpening(client: Self.client))
    driver.hear("220 hi", "250-b", Self.xclient, "250 8BITMIME")
    #expect(driver.said == "EHLO helo.example|" && driver.session.isReady)
    for name in ["", "two words", "a\r\nMAIL", "ü.example", String(repeating: "x", count: 256)] {
      let client = ClientIdentity(
        address: Self.client.address, port: 1, name: nil, helo: name, isExtended: false)
      var driver = ClientDriver(unopened: .smtp, opening: ClientOpening(client: client))
      driver.hear("220 hi")
      #expect(driver.said == "EHLO gw.example|")
    }
  }

  private func xclient(_ client: ClientIdentity, offered: Set<String>) -> String {
    var capabilities = Capabilities()
    capabilities.clientAttributes = offered
    var output: [UInt8] = []
    ClientCommands(capabilities: capabilities).writeClient(client, into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test func oneLineHoldsAllThatFits() throws {
    let all: Set<String> = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN"]
    var stranger = ClientIdentity(
      address: try #require(IPAddress("2001:db8::7")), port: 0, name: "no host\r\nname",
      helo: "a b+c=d\r\nRSET",
      isExtended: false)
    #expect(
      xclient(stranger, offered: all)
        == "XCLIENT ADDR=IPV6:2001:db8::7 LOGIN=[UNAVAILABLE] HELO=a+20b+2Bc+3Dd+0D+0ARSET NAME=[UNAVAILABLE]"
        + " PROTO=SMTP PORT=[UNAVAILABLE]\r\n")
    let label = String(repeating: "a", count: 60)
    for length in 0...255 {
      stranger.login = String(repeating: "é", count: length)
      let client = ClientIdentity(
        address: stranger.address, port: 25, name: "\(label).\(label).example",
        helo: String(repeating: "ü", count: length), isExtended: true)
      var long = client
      long.login = stranger.login
      let line = xclient(long, offered: all)
      #expect(line.utf8.count <= 512)
      #expect(line.hasPrefix("XCLIENT ADDR=IPV6:2001:db8::7 "))
      #expect(line.hasSuffix("\r\n") && line.split(separator: "\r\n").count == 1)
      #expect(length > 12 || line.hasSuffix(" PROTO=ESMTP PORT=25\r\n"))
      // What is too long alone leaves room for what comes after it.
      #expect(line.contains(" LOGIN=") == (length < 80 || length > 127))
    }
  }

  // MARK: Login

  private func login(_ keywords: String, user: String = "joe", password: String = "secret") -> ClientDriver {
    var driver = ClientDriver(.smtp, [keywords])
    driver.take(driver.session.logIn(user: user, password: Array(password.utf8)))
    return driver
  }

  @Test func logsInByPlain() {
    var driver = login("AUTH LOGIN PLAIN")
    #expect(driver.saidSince() == "AUTH PLAIN AGpvZQBzZWNyZXQ=|")
    driver.hear("235 2.7.0 welcome")
    #expect(driver.logins == [.right])
    driver.take(driver.session.quit())
    #expect(driver.said == "QUIT|")
    var long = login("AUTH=PLAIN", password: String(repeating: "x", count: 400))
    #expect(long.saidSince() == "AUTH PLAIN|")
    long.hear("334 ")
    #expect(long.saidSince().utf8.count == 541)
    long.hear("535 5.7.8 wrong")
    #expect(long.logins == [.wrong(Reply(535, 7, 8, "wrong"))])
  }

  @Test func logsInByLogin() {
    var driver = login("AUTH LOGIN CRAM-MD5")
    driver.hear("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok")
    #expect(driver.said == "AUTH LOGIN|am9l|c2VjcmV0|")
    #expect(driver.logins == [.right])
  }

  @Test(arguments: [
    "454 4.7.0 no server", "421 4.3.2 bye", "530 5.7.0 TLS first", "503 5.5.1 again", "250 fine", "nonsense",
  ])
  func anythingElseIsNoAnswer(line: String) {
    var driver = login("AUTH PLAIN")
    driver.hear(line)
    guard driver.logins.count == 1, case .unavailable = driver.logins[0] else {
      Issue.record("\(driver.logins)")
      return
    }
  }

  @Test func wrongInOtherWordsAndNoWay() {
    var driver = login("AUTH PLAIN")
    driver.hear("550 5.7.8 wrong")
    #expect(driver.logins == [.wrong(Reply(550, 7, 8, "wrong"))])
    var early = login("AUTH LOGIN")
    early.hear("235 ok")
    #expect(early.logins.first != .right && early.logins.count == 1)
    #expect(login("AUTH CRAM-MD5").logins.count == 1)
    var endless = login("AUTH PLAIN")
    endless.hear("334 ", "334 ")
    #expect(endless.logins.count == 1)
    #expect(endless.said.hasSuffix("|*|"))
    var lost = login("AUTH PLAIN")
    lost.take(lost.session.disconnected())
    #expect(lost.logins == [.unavailable("the connection was lost")])
  }

  // MARK: REQUIRETLS

  @Test func requireTLSIsSaidOrMissing() {
    var parameters = MailParameters()
    parameters.requireTLS = true
    let transaction = ClientTransaction(
      sender: .null, parameters: parameters,
      recipients: [Envelope.Recipient(path: Path(text: "a@b", localPart: "a", domain: .name("b")))],
      content: .data)
    #expect(ClientDriver(.smtp, ["PIPELINING"]).session.missing(for: transaction) == ["REQUIRETLS"])
    var driver = ClientDriver(.smtp, ["REQUIRETLS"])
    #expect(driver.session.missing(for: transaction).isEmpty)
    driver.begin(transaction)
    #expect(driver.said == "MAIL FROM:<> REQUIRETLS|")
  }

  // MARK: PROXY

  @Test func proxyHeaders() throws {
    #expect(ClientProxyHeader.local.count == 16)
    #expect(ClientProxyHeader.local[12...] == [0x20, 0, 0, 0])
    var nobody = Self.client
    nobody.isAddressKnown = false
    // AF_UNSPEC: a client of whom nothing can be said (proxy-protocol.txt §2.2).
    #expect(
      ClientProxyHeader.octets(of: nobody, destination: nil) == ClientProxyHeader.local[..<12] + [
        0x21, 0, 0, 0,
      ])
    let v4 = ClientProxyHeader.octets(of: Self.client, destination: (IPAddress(v4: 0x7F00_0001), 25))
    #expect(v4[..<12] == ClientProxyHeader.local[..<12])
    #expect(v4[12...] == [0x21, 0x11, 0, 12, 192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x67, 0, 25])
    let six = ClientIdentity(
      address: try #require(IPAddress("2001:db8::7")), port: 1, name: nil, helo: "", isExtended: true)
    let v6 = ClientProxyHeader.octets(of: six, destination: (IPAddress(v4: 0x7F00_0001), 25))
    #expect(v6[12..<16] == [0x21, 0x21, 0, 36] && v6.count == 52)
    #expect(v6[16..<32] == [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7])
    #expect(v6[32..<48] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1])
    let nowhere = ClientProxyHeader.octets(of: Self.client, destination: nil)
    #expect(nowhere[20...] == [0, 0, 0, 0, 0x12, 0x67, 0, 0])
    let mixed = ClientProxyHeader.octets(of: Self.client, destination: (six.address, 25))
    #expect(mixed.count == 28 && mixed[20...] == [0, 0, 0, 0, 0x12, 0x67, 0, 25])
  }

  @Test func newCapabilitiesAreKeptAndOldOnesRead() {
    let told = Capabilities(ehlo: [
      "b", "XCLIENT NAME ADDR REVERSE_NAME", "REQUIRETLS", "AUTH PLAIN SCRAM-SHA-256", "AUTH=LOGIN PLAIN",
      "SIZE 9",
    ])
    #expect(told.clientAttributes == ["NAME", "ADDR", "REVERSE_NAME"])
    #expect(told.requireTLS && told.mechanisms == ["PLAIN", "SCRAM-SHA-256", "LOGIN"])
    #expect(Capabilities(storedForm: told.storedForm) == told)
    let old = Capabilities(storedForm: "PIPELINING STARTTLS SIZE=9 XFORWARD=ADDR,NAME")
    #expect(old.pipelining && old.startTLS && old.size == 9 && old.forwardAttributes == ["ADDR", "NAME"])
    #expect(old.mechanisms.isEmpty && old.clientAttributes.isEmpty && !old.requireTLS)
  }
}
