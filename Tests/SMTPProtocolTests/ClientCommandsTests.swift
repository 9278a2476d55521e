import MailSyntax
import NetAddress
import Testing

@testable import SMTPProtocol

@Suite struct ClientCommandsTests {
  private let all: Set<String> = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "SOURCE"]

  private func client(
    _ address: String = "192.0.2.1", name: String? = "c.example", helo: String = "h.example"
  ) throws -> ClientIdentity {
    ClientIdentity(
      address: try #require(IPAddress(address)), port: 25, name: name, helo: helo, isExtended: false)
  }

  private func forward(_ client: ClientIdentity, offered: Set<String>) -> (lines: [String], count: Int) {
    var capabilities = Capabilities()
    capabilities.forwardAttributes = offered
    var output: [UInt8] = []
    let count = ClientCommands(capabilities: capabilities).writeForward(client, into: &output)
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.isEmpty || text.hasSuffix("\r\n"))
    return (text.split(separator: "\r\n").map(String.init), count)
  }

  @Test func tellsWhatIsOffered() throws {
    let whole = forward(try client(), offered: all)
    #expect(
      whole.lines == [
        "XFORWARD NAME=c.example ADDR=192.0.2.1 PORT=25 PROTO=SMTP HELO=h.example SOURCE=REMOTE"
      ])
    #expect(whole.count == 1)
    #expect(forward(try client(), offered: ["ADDR"]).lines == ["XFORWARD ADDR=192.0.2.1"])
    #expect(forward(try client(), offered: []).count == 0)
    #expect(forward(try client(), offered: ["IDENT"]).lines.isEmpty)
  }

  @Test func tellsIPv6AndTheUnknown() throws {
    let lines = forward(try client("2001:db8::7", name: nil, helo: ""), offered: ["NAME", "ADDR", "HELO"])
      .lines
    #expect(lines == ["XFORWARD NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 HELO=[UNAVAILABLE]"])
  }

  @Test func tellsOfWhomNobodyKnowsNoAddress() throws {
    var nobody = try client()
    nobody.isAddressKnown = false
    #expect(forward(nobody, offered: ["ADDR"]).lines == ["XFORWARD ADDR=[UNAVAILABLE]"])
  }

  @Test func encodesWhatCouldBreakTheLine() throws {
    let lines = forward(
      try client(name: "evil example\r\nMAIL", helo: "a b+c=d\r\nRSET ü"), offered: ["NAME", "HELO"]
    ).lines
    #expect(lines == ["XFORWARD NAME=[UNAVAILABLE] HELO=a+20b+2Bc+3Dd+0D+0ARSET+20+C3+BC"])
    let long = forward(try client(helo: String(repeating: "x", count: 256)), offered: ["HELO"]).lines
    #expect(long == ["XFORWARD HELO=[UNAVAILABLE]"])
  }

  @Test func splitsLongLines() throws {
    let label = String(repeating: "a", count: 60)
    let name = [label, label, label, label].joined(separator: ".")
    let result = forward(
      try client("2001:db8::7", name: name, helo: String(repeating: "ü", count: 100)), offered: all)
    #expect(result.count == result.lines.count)
    #expect(result.count > 1)
    for line in result.lines {
      #expect(line.hasPrefix("XFORWARD "))
      #expect(line.utf8.count < ClientCommands.longestLine || line.split(separator: " ").count == 2)
    }
    let words = result.lines.joined(separator: " ").split(separator: " ").filter { $0 != "XFORWARD" }
      .map { String($0.prefix { $0 != "=" }) }
    #expect(words == ["NAME", "ADDR", "PORT", "PROTO", "HELO", "SOURCE"])
  }

  @Test func forwardIsPartOfThePipelinedGroup() throws {
    var driver = ClientDriver(.smtp, ["PIPELINING", "XFORWARD ADDR"])
    var transaction = ClientTransaction(
      client: try client(), sender: .null,
      recipients: [.init(path: Path(text: "r@x", localPart: "r", domain: .name("x")))], content: .data)
    driver.begin(transaction)
    #expect(driver.saidSince() == "XFORWARD ADDR=192.0.2.1|MAIL FROM:<>|RCPT TO:<r@x>|DATA|")
    driver.hear("250 ok", "250 ok", "250 ok", "354 go", "250 ok")
    driver.begin(transaction)
    driver.hear("501 5.5.4 bad")
    #expect(driver.results.last == .identityRefused(Reply(501, 5, 4, "bad")))
    #expect(driver.session.isOver)

    var stepwise = ClientDriver(.smtp, ["XFORWARD ADDR"])
    transaction.content = .probe
    stepwise.begin(transaction)
    #expect(stepwise.saidSince() == "XFORWARD ADDR=192.0.2.1|")
    stepwise.hear("250 ok")
    #expect(stepwise.saidSince() == "MAIL FROM:<>|")
  }

  @Test func parametersFollowTheOffer() {
    var parameters = MailParameters()
    parameters.size = 123
    parameters.body = .eightBit
    parameters.isInternationalized = true
    parameters.returnKind = "FULL"
    parameters.envelopeID = "a+2B"
    var ofRecipient = RecipientParameters()
    ofRecipient.notify = "SUCCESS,DELAY"
    ofRecipient.originalRecipient = "rfc822;a@b"
    let transaction = ClientTransaction(
      sender: Path(text: "s@x", localPart: "s", domain: .name("x")), parameters: parameters,
      recipients: [
        .init(path: Path(text: "r@x", localPart: "r", domain: .name("x")), parameters: ofRecipient)
      ], content: .data, isASCII: false)
    var driver = ClientDriver(.smtp, ["PIPELINING", "8BITMIME", "SIZE 1000", "SMTPUTF8", "DSN"])
    #expect(driver.session.missing(for: transaction).isEmpty)
    driver.begin(transaction)
    #expect(
      driver.said
        == "MAIL FROM:<s@x> SIZE=123 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+2B|"
        + "RCPT TO:<r@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b|DATA|")
    let plain = ClientDriver(.smtp, ["PIPELINING"])
    #expect(plain.session.missing(for: transaction) == ["8BITMIME", "SMTPUTF8", "DSN"])
    var binary = transaction
    binary.parameters = .none
    binary.parameters.body = .binary
    binary.recipients = []
    #expect(plain.session.missing(for: binary) == ["BINARYMIME", "CHUNKING"])
    var droppable = binary
    droppable.parameters = .none
    droppable.parameters.isInternationalized = true
    droppable.isASCII = true
    #expect(plain.session.missing(for: droppable).isEmpty)
  }
}
