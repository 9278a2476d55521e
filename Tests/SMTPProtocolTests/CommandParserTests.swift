import MailSyntax
import SMTPProtocol
import Testing

/// Command lines: what each form is read as, and under which fault the malformed ones go.
@Suite struct CommandParserTests {
  private func parse(_ line: String) -> Result<Command, CommandFault> {
    CommandParser.parse(Array(line.utf8))
  }

  private func mail(_ path: String, _ change: (inout MailParameters) -> Void = { _ in }) throws -> Command {
    var parameters = MailParameters()
    change(&parameters)
    return .mail(try #require(PathParser.parse(whole: path, limits: .sender)), parameters)
  }

  private func recipient(
    _ path: String, _ change: (inout RecipientParameters) -> Void = { _ in }
  ) throws -> Command {
    var parameters = RecipientParameters()
    change(&parameters)
    return .recipient(try #require(PathParser.parse(whole: path)), parameters)
  }

  @Test(arguments: [
    ("HELO mx.example", Command.helo("mx.example")), ("helo mx.example", .helo("mx.example")),
    ("EHLO [192.0.2.1]", .ehlo("[192.0.2.1]")), ("EHLO\tmx  ", .ehlo("mx")), ("EHLO   mx", .ehlo("mx")),
    ("EHLO bücher.example", .ehlo("bücher.example")), ("LHLO x", .lhlo("x")), ("DATA", .data),
    ("data ", .data),
    ("RSET", .reset), ("rSeT\t", .reset), ("QUIT", .quit), ("NOOP", .noop), ("NOOP any words", .noop),
    ("HELP", .help("")), ("HELP mail", .help("mail")), ("STARTTLS", .startTLS),
    ("AUTH PLAIN AA==", .authenticate(mechanism: "PLAIN", initial: [0])),
    ("auth login", .authenticate(mechanism: "LOGIN", initial: nil)), ("VRFY <u@b>", .verify("<u@b>")),
    ("EXPN list", .expand("list")),
    ("SEND FROM:<a@b>", .obsolete("SEND")), ("SOML FROM:<a@b>", .obsolete("SOML")),
    ("SAML FROM:<a@b>", .obsolete("SAML")), ("TURN", .obsolete("TURN")), ("ETRN x", .obsolete("ETRN")),
    ("ATRN", .obsolete("ATRN")), ("BDAT 0", .chunk(size: 0, isLast: false)),
    ("bdat 12  last", .chunk(size: 12, isLast: true)),
    ("BDAT 18446744073709551615", .chunk(size: .max, isLast: false)),
    ("BDAT 007", .chunk(size: 7, isLast: false)),
    ("", .unknown("")), (" NOOP", .unknown("")), ("XYZZY plugh", .unknown("XYZZY")),
    ("NOOP:x", .unknown("NOOP")),
    ("QUIT:", .unknown("QUIT")), ("DATA:", .unknown("DATA")), ("GET / HTTP/1.1", .unknown("GET")),
    ("Host: x", .unknown("HOST")), ("EHLO:x", .unknown("EHLO")), ("MAILFROM:<a@b>", .unknown("MAILFROM")),
    ("EHLOX y", .unknown("EHLOX")), ("STARTTLSX", .unknown("STARTTLSX")),
  ])
  func aSoundLineIsACommand(_ line: String, _ expected: Command) {
    #expect(parse(line) == .success(expected))
  }

  @Test func mailAndItsParameters() throws {
    #expect(parse("MAIL FROM:<>") == .success(try mail("<>")))
    #expect(parse("mail from: <a@b>") == .success(try mail("<a@b>")))
    #expect(parse("MAIL  FROM:a@b") == .success(try mail("a@b")))
    #expect(parse("MAIL\tFROM:\t<a@b>\t ") == .success(try mail("<a@b>")))
    #expect(parse("MAIL FROM:<a@b> SIZE=123") == .success(try mail("<a@b>") { $0.size = 123 }))
    #expect(parse("MAIL FROM:<> size=0") == .success(try mail("<>") { $0.size = 0 }))
    #expect(parse("MAIL FROM:<> SIZE=18446744073709551616") == .success(try mail("<>") { $0.size = .max }))
    #expect(parse("MAIL FROM:<> BODY=7bit") == .success(try mail("<>") { $0.body = .sevenBit }))
    #expect(parse("MAIL FROM:<> BODY=8BITMIME") == .success(try mail("<>") { $0.body = .eightBit }))
    #expect(parse("MAIL FROM:<> body=binarymime") == .success(try mail("<>") { $0.body = .binary }))
    #expect(parse("MAIL FROM:<> SMTPUTF8") == .success(try mail("<>") { $0.isInternationalized = true }))
    #expect(parse("MAIL FROM:<> RET=hdrs") == .success(try mail("<>") { $0.returnKind = "HDRS" }))
    #expect(parse("MAIL FROM:<> ENVID=a+3Db") == .success(try mail("<>") { $0.envelopeID = "a+3Db" }))
    #expect(parse("MAIL FROM:<> AUTH=<>") == .success(try mail("<>") { $0.authenticatedSender = "<>" }))
    #expect(
      parse("MAIL FROM:<ü@b>  SIZE=1\tSMTPUTF8   BODY=8BITMIME RET=FULL ENVID=x")
        == .success(
          try mail("<ü@b>") {
            $0.size = 1
            $0.isInternationalized = true
            $0.body = .eightBit
            $0.returnKind = "FULL"
            $0.envelopeID = "x"
          }))
    // The path may be as long as its bound.
    let long = String(repeating: "a", count: 200) + "@b"
    #expect(parse("MAIL FROM:<\(long)>") == .success(try mail("<\(long)>")))
  }

  @Test func recipientAndItsParameters() throws {
    #expect(parse("RCPT TO:<u@b>") == .success(try recipient("<u@b>")))
    #expect(parse("rcpt to: u@b") == .success(try recipient("u@b")))
    #expect(
      parse("RCPT TO:<\"a b\"@c> NOTIFY=never")
        == .success(try recipient("\"a b\"@c") { $0.notify = "NEVER" }))
    for value in ["SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE", "DELAY,SUCCESS,FAILURE"] {
      #expect(parse("RCPT TO:<u@b> NOTIFY=\(value)") == .success(try recipient("u@b") { $0.notify = value }))
    }
    for value in ["rfc822;u@b", "rfc822;u+2Bx@b", "x-local;u", "utf-8;ü@b", "UTF-8;\\x{fc}@b"] {
      #expect(
        parse("RCPT TO:<u@b> ORCPT=\(value)")
          == .success(try recipient("u@b") { $0.originalRecipient = value }))
    }
  }

  @Test(arguments: [
    ("MAIL", CommandFault.syntax("")), ("MAIL ", .syntax("")), ("MAIL FROM", .syntax("")),
    ("MAIL FROM <a@b>", .syntax("")),
    ("MAIL TO:<a@b>", .syntax("")), ("MAIL:FROM:<a@b>", .syntax("")), ("MAIL FROM :<a@b>", .syntax("")),
    ("MAIL FROM:", .senderPath(.malformed)), ("MAIL FROM:<a@b", .senderPath(.malformed)),
    ("MAIL FROM:<a@b>>", .senderPath(.malformed)), ("MAIL FROM:<a@b>SIZE=1", .senderPath(.malformed)),
    ("MAIL FROM:<>SIZE=1", .senderPath(.malformed)), ("MAIL FROM:<a@b>,<c@d>", .senderPath(.malformed)),
    ("MAIL FROM:<\(String(repeating: "a", count: 253))@b>", .senderPath(.tooLong)),
    ("RCPT", .syntax("")), ("RCPT FROM:<a@b>", .syntax("")), ("RCPT TO:", .recipientPath(.malformed)),
    ("RCPT TO:<>", .recipientPath(.malformed)), ("RCPT TO:<a@b>@evil", .recipientPath(.malformed)),
    ("RCPT TO:<\(String(repeating: "a", count: 65))@b>", .recipientPath(.tooLong)),
    ("MAIL FROM:<> SIZE=", .parameterValue("SIZE")), ("MAIL FROM:<> SIZE", .parameterValue("SIZE")),
    ("MAIL FROM:<> SIZE=1x", .parameterValue("SIZE")), ("MAIL FROM:<> SIZE=-1", .parameterValue("SIZE")),
    ("MAIL FROM:<> SIZE=+1", .parameterValue("SIZE")),
    ("MAIL FROM:<> SIZE=1 size=1", .parameterValue("SIZE")),
    ("MAIL FROM:<> SIZE=\(String(repeating: "1", count: 21))", .parameterValue("SIZE")),
    ("MAIL FROM:<> BODY=9BIT", .parameterValue("BODY")), ("MAIL FROM:<> BODY", .parameterValue("BODY")),
    ("MAIL FROM:<> SMTPUTF8=yes", .parameterValue("SMTPUTF8")),
    ("MAIL FROM:<> SMTPUTF8 SMTPUTF8", .parameterValue("SMTPUTF8")),
    ("MAIL FROM:<> REQUIRETLS=1", .parameterValue("REQUIRETLS")), ("AUTH", .argument("")),
    ("AUTH PLAIN A", .authentication), ("AUTH PLAIN A A", .authentication), ("AUTH A+B", .authentication),
    ("XCLIENT", .argument("")), ("XFORWARD x", .argument("")),
    ("MAIL FROM:<> RET=ALL", .parameterValue("RET")), ("MAIL FROM:<> RET", .parameterValue("RET")),
    ("MAIL FROM:<> ENVID=a+3", .parameterValue("ENVID")),
    ("MAIL FROM:<> ENVID=a=b", .parameterValue("ENVID")),
    ("MAIL FROM:<> ENVID=ü", .parameterValue("ENVID")), ("MAIL FROM:<> ENVID=a+GG", .parameterValue("ENVID")),
    ("MAIL FROM:<> ENVID=\(String(repeating: "x", count: 101))", .parameterValue("ENVID")),
    ("MAIL FROM:<> AUTH=\(String(repeating: "x", count: 501))", .parameterValue("AUTH")),
    ("MAIL FROM:<> AUTH=", .parameterValue("AUTH")), ("MAIL FROM:<> X=1", .parameterUnknown("X")),
    ("MAIL FROM:<> NOTIFY=NEVER", .parameterUnknown("NOTIFY")), ("MAIL FROM:<> =1", .syntax("")),
    ("MAIL FROM:<> -X=1", .syntax("")), ("MAIL FROM:<> X_Y=1", .syntax("")),
    ("MAIL FROM:<> ü=1", .syntax("")),
    ("MAIL FROM:<> \(String(repeating: "X", count: 65))", .syntax("")),
    ("MAIL FROM:<> X=\u{1}", .parameterValue("X")), ("MAIL FROM:<> X=a\u{7f}", .parameterValue("X")),
    ("RCPT TO:<u@b> SIZE=1", .parameterUnknown("SIZE")), ("RCPT TO:<u@b> NOTIFY", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=PERHAPS", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=NEVER,DELAY", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=DELAY,DELAY", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=DELAY,", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> NOTIFY=DELAY NOTIFY=DELAY", .parameterValue("NOTIFY")),
    ("RCPT TO:<u@b> ORCPT=u@b", .parameterValue("ORCPT")),
    ("RCPT TO:<u@b> ORCPT=;u", .parameterValue("ORCPT")),
    ("RCPT TO:<u@b> ORCPT=rfc822;", .parameterValue("ORCPT")),
    ("RCPT TO:<u@b> ORCPT=rfc822;ü@b", .parameterValue("ORCPT")),
    ("RCPT TO:<u@b> ORCPT=a b;u", .parameterValue("ORCPT")),
    ("RCPT TO:<u@b> ORCPT=rfc822;\(String(repeating: "x", count: 494))", .parameterValue("ORCPT")),
    ("DATA now", .argument("")), ("RSET now", .argument("")), ("QUIT now", .argument("")),
    ("STARTTLS now", .argument("")),
    ("HELO", .argument("")), ("EHLO", .argument("")), ("EHLO a b", .argument("")),
    ("EHLO a\u{1}b", .argument("")),
    ("EHLO \(String(repeating: "x", count: 256))", .argument("")), ("VRFY", .argument("")),
    ("EXPN ", .argument("")),
    ("BDAT", .syntax("")), ("BDAT x", .syntax("")), ("BDAT 1 2", .syntax("")),
    ("BDAT 18446744073709551616", .syntax("")),
  ])
  func aMalformedLineIsAFault(_ line: String, _ expected: CommandFault) {
    guard case .failure(let fault) = parse(line) else {
      Issue.record("taken")
      return
    }
    switch (fault, expected) {
    // Their words are for people.
    case (.syntax, .syntax), (.argument, .argument): break
    default: #expect(fault == expected)
    }
  }

  @Test func aFaultIsAnsweredWithItsOwnCode() {
    var harness = ServerHarness(after: ["EHLO c"])
    for (line, codes) in [
      ("MAIL", "501 5.5.2"), ("MAIL FROM:<", "501 5.1.7"), ("MAIL FROM:<> X", "555 5.5.4"),
      ("MAIL FROM:<> SIZE=x", "501 5.5.4"), ("DATA x", "503 5.5.1"), ("RSET x", "501 5.5.4"),
      ("MAIL FROM:<\(String(repeating: "a", count: 253))@b>", "501 5.1.7"),
    ] {
      #expect(harness.say(line).codes == codes, "\(line)")
    }
  }

  @Test func bytesThatAreNoTextAreNoTrouble() {
    for byte in UInt8.min...UInt8.max {
      for line in [
        [byte], [byte, byte, byte], Array("EHLO ".utf8) + [byte], Array("MAIL FROM:<".utf8) + [byte],
        Array("NOOP ".utf8) + [byte],
      ] {
        _ = CommandParser.parse(line)
      }
    }
    #expect(
      CommandParser.parse(Array("EHLO a".utf8) + [0xff])
        == .failure(.argument("EHLO takes a domain name or an address literal")))
    #expect(CommandParser.verb(of: [UInt8](repeating: 0x61, count: 1000)).utf8.count == 32)
  }
}
