import SMTPProtocol
import Testing

@Suite struct ReasonTests {
  @Test func eachCodeOfTheDialogueStandsInTheCatalogueOnce() {
    let codes = ProtocolReasons.all.map(\.code.name)
    #expect(Set(codes).count == codes.count)
    for code in codes {
      #expect(
        code.utf8.allSatisfy { $0 == 0x5f || (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) },
        "\(code)")
    }
    for fault in [ContentFault.bareCarriageReturn, .bareLineFeed, .nul, .lineTooLong] {
      #expect(catalogue[fault.reason]?.reply?.isPermanent == true)
    }
  }

  @Test func eachReplyIsWellFormed() throws {
    for reason in ProtocolReasons.all {
      let reply = try #require(reason.reply)
      #expect((200..<600).contains(reply.code), "\(reason.code)")
      // The classes cannot differ, since one is made of the other.
      if let enhanced = reply.enhancedText {
        #expect(enhanced.hasPrefix("\(reply.code / 100)."), "\(reason.code)")
      }
      // Greeting, EHLO and 3xx carry none (RFC 2034 §4); 2xx, 4xx and 5xx do.
      #expect(
        (reply.enhanced == nil)
          == [.greeting, .helloAnswer, .sendData, .recipientsDiffer].contains(reason.code),
        "\(reason.code)")
      #expect(reason.severity == .notice || reply.code >= 400, "\(reason.code)")
      for words in [reason.cause, reason.effect, reason.remedy] {
        #expect(words.hasSuffix(".") || words.contains("."))
      }
      #expect(reply.code < 400 || reply.lines.last?.contains("{code}") == true, "\(reason.code)")
      for line in reply.lines {
        #expect(ReasonCatalogue.fault(in: line, for: reason) == nil, "\(reason.code): \(line)")
      }
    }
  }

  @Test func bracesAreFilled() {
    let reason = Reason(
      "X",
      Reply(
        550, 7, 1, "{client} {sender} {recipient} {id} {reason} {list} {subject} {code} {hostname} {other} {"),
      .refusal,
      cause: "", effect: "", remedy: "")
    var variables = ReplyVariables()
    variables.client = "192.0.2.1"
    variables.sender = "a@b"
    variables.recipient = "{client}"
    variables.id = "ID"
    variables.reason = "because"
    variables.list = "block.cidr:1"
    variables.subject = "your name"
    let reply = ReasonCatalogue([reason], hostname: "mx").reply("X", variables)
    // A value that looks like a variable is not filled in turn.
    #expect(reply.lines == ["192.0.2.1 a@b {client} ID because block.cidr:1 your name X mx {other} {"])
    #expect(reason.reply?.lines[0].hasSuffix("{other} {") == true)
  }

  @Test func anEmptyVariableLeavesNoHole() {
    let reason = Reason(
      "X", Reply(554, 7, 1, "Refused: {reason}"), .refusal, cause: "", effect: "", remedy: "")
    #expect(ReasonCatalogue([reason]).reply("X").lines == ["Refused [X]"])
  }

  /// Every refusal is explained: the code and the id stand in it, however long the words before them.
  @Test func aRefusalEndsWithItsCodeAndID() {
    func said(_ code: ReasonCode, _ reply: Reply, _ variables: ReplyVariables) -> String {
      let reason = Reason(code, reply, .refusal, cause: "", effect: "", remedy: "")
      return ReasonCatalogue([reason], hostname: "mx").reply(code, variables).lines[0]
    }
    var variables = ReplyVariables()
    variables.id = "ID"
    variables.reason = String(repeating: "x", count: 900)
    #expect(said("X", Reply(550, 7, 1, "No"), variables) == "No [X ID]")
    #expect(said("X", Reply(550, 7, 1, "No ({id})"), variables) == "No (ID) [X]")
    #expect(said("X", Reply(550, 7, 1, "No {code}"), variables) == "No X")
    #expect(said("X", Reply(250, 7, 1, "Yes"), variables) == "Yes")
    #expect(said("COMMAND_X", Reply(500, 5, 1, "No {client}."), variables) == "No . [COMMAND_X]")
    let long = said("X", Reply(550, 7, 1, "No: {reason}"), variables)
    #expect(long.utf8.count <= 480 && long.hasPrefix("No: xx") && long.hasSuffix("x... [X ID]"))
    // A trap does not say that it is one.
    let trap = Reason(
      "TRAP", Reply(550, 1, 1, "No"), .refusal, as: "UNKNOWN", cause: "", effect: "", remedy: "")
    #expect(ReasonCatalogue([trap]).reply("TRAP", variables).lines == ["No [UNKNOWN ID]"])
    // What floods get is ready beforehand.
    let hot = Reason("HOT", Reply(421, 3, 2, "Busy"), .refusal, cause: "", effect: "", remedy: "")
    let catalogue = ReasonCatalogue([hot], hostname: "mx")
    #expect(catalogue.isFixed("HOT") && catalogue.reply("HOT").lines == ["Busy [HOT]"])
  }

  @Test func theGreetingBeginsWithTheHostName() {
    for (text, said) in [
      ("Welcome", "mx Welcome"), ("220 Welcome to {hostname}", "mx Welcome to mx"),
      ("{hostname} hi", "mx hi"),
    ] {
      let own = ReasonCatalogue(
        ProtocolReasons.all, replacing: ["GREETING": text, "HELLO": text.replacing("220 ", with: "")],
        hostname: "mx")
      #expect(own.reply(.greeting).lines == [said])
      #expect(own.reply(.helloAnswer).lines == [said])
    }
  }

  @Test(arguments: [
    ("5xx foo", true), ("55X foo", true), ("4.7.1 foo", true), ("550 4.7.1 foo", true), ("5.7.1000 x", true),
    ("5.7.1 foo", false), ("554 5.7.1 foo", false), ("no", false), ("1xx", true), ("5.7 x", false),
  ])
  func aCodeThatDoesNotFitIsAFault(_ text: String, _ isFault: Bool) throws {
    let reason = try #require(catalogue[.noRecipients])
    #expect((ReasonCatalogue.fault(in: text, for: reason) != nil) == isFault)
    let greeting = try #require(catalogue[.greeting])
    #expect(ReasonCatalogue.fault(in: "2.0.0 hi", for: greeting) != nil)
  }

  @Test func whatIsNoCommandIsEchoedOnlyAsAShortWord() {
    var harness = ServerHarness()
    for (line, said) in [
      ("XYZZY", "Command not recognized: XYZZY [COMMAND_UNKNOWN]"),
      ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Command not recognized [COMMAND_UNKNOWN]"),
      ("supersecretpassword", "Command not recognized [COMMAND_UNKNOWN]"),
    ] {
      guard case .reply(let response) = harness.say(line) else {
        Issue.record("no reply")
        continue
      }
      #expect(catalogue.reply(response).lines == [said])
    }
  }

  @Test func noVariableBreaksOut() {
    let reason = Reason(
      "X", Reply(554, 7, 1, "Refused: {reason} {subject} ({sender})"), .refusal, cause: "", effect: "",
      remedy: "")
    let catalogue = ReasonCatalogue([reason])
    for evil in ["a\r\n250 Ok", "a\n", "\r", "a\u{0}b", "\u{85}", "\u{2028}x", "\u{202e}x", "a\u{7f}"] {
      var variables = ReplyVariables()
      variables.reason = evil
      variables.sender = evil
      variables.subject = evil
      let response = Response("X", variables)
      for line in catalogue.reply(response).lines {
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
      }
      var bytes: [UInt8] = []
      catalogue.write(response, into: &bytes)
      #expect(bytes.filter { $0 == 10 }.count == 1 && bytes.suffix(2) == [13, 10] && !bytes.contains(0))
    }
  }

  @Test func aTabInAnEntrysReasonIsASpace() {
    let reason = Reason("X", Reply(554, 7, 1, "No: {reason}"), .refusal, cause: "", effect: "", remedy: "")
    var variables = ReplyVariables()
    variables.reason = "a\tb"
    #expect(ReasonCatalogue([reason]).reply("X", variables).lines == ["No: a b [X]"])
  }

  @Test func whatIsWrittenIsWhatIsLogged() {
    var variables = ReplyVariables()
    variables.reason = "x"
    for reason in ProtocolReasons.all {
      let response = Response(reason.code, variables)
      var bytes: [UInt8] = []
      catalogue.write(response, into: &bytes)
      #expect(bytes == catalogue.reply(response).wireForm, "\(reason.code)")
    }
    var bytes: [UInt8] = []
    catalogue.write(Response("X", reply: Reply(250, 0, 0, "own")), into: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "250 2.0.0 own\r\n")
  }

  @Test func helpCanBeReplacedToo() {
    var harness = ServerHarness()
    let own = ReasonCatalogue(
      ProtocolReasons.all, replacing: ["HELP": "Call us", "HELP_TOPIC": "Ah, {reason}"])
    guard case .reply(let bare) = harness.say("HELP"), case .reply(let topic) = harness.say("HELP mail"),
      case .reply(let unknown) = harness.say("HELP nothing")
    else {
      Issue.record("no reply")
      return
    }
    #expect(catalogue.reply(bare).lines.count == 3 && unknown == bare)
    #expect(catalogue.reply(topic).lines[0].hasPrefix("MAIL FROM:<address>"))
    #expect(own.reply(bare).summary == "214 2.0.0 Call us")
    #expect(own.reply(topic).lines[0].hasPrefix("Ah, MAIL FROM:<address>"))
  }

  @Test func aCodeWithoutATextIsRefusedInGeneralWords() {
    #expect(catalogue.reply("NO_SUCH_CODE").summary == "550 5.7.1 Refused: NO_SUCH_CODE")
    #expect(catalogue["NO_SUCH_CODE"] == nil)
    #expect(catalogue.all.map(\.code.name) == ProtocolReasons.all.map(\.code.name).sorted())
  }

  @Test(arguments: [
    ("Go away", "550 5.7.1 Go away"), ("551 Go away", "551 5.7.1 Go away"),
    ("5.7.9 Go away", "550 5.7.9 Go away"),
    ("554 5.0.0 Go away", "554 5.0.0 Go away"), ("450 Go away", "550 5.7.1 450 Go away"),
    ("4.7.1 Go away", "550 5.7.1 4.7.1 Go away"), ("999 bottles", "550 5.7.1 999 bottles"),
    ("+55 x", "550 5.7.1 +55 x"), ("5.+7.1 x", "550 5.7.1 5.+7.1 x"), ("554", "554 5.7.1 "),
    ("", "550 5.7.1 "),
    ("{id}", "550 5.7.1 ID"), ("5.7 x", "550 5.7.1 5.7 x"), ("  two  words ", "550 5.7.1 two  words "),
  ])
  func theAdminsTextStandsInItsPlace(_ text: String, _ expected: String) {
    let reason = Reason("X", Reply(550, 7, 1, "No"), .refusal, cause: "", effect: "", remedy: "")
    var variables = ReplyVariables()
    variables.id = "ID"
    let reply = ReasonCatalogue([reason], replacing: ["X": text]).reply("X", variables)
    #expect(reply.summary.trimmed == expected.trimmed)
    #expect(reply.enhancedText?.hasPrefix("5.") == true)
  }

  /// A text cannot make a refusal of an answer, nor an answer of a refusal.
  @Test func theAdminsTextCannotChangeWhatIsDone() {
    func fault(_ code: ReasonCode, _ text: String) -> String? {
      catalogue[code].flatMap { ReasonCatalogue.fault(in: text, for: $0) }
    }
    func code(_ code: ReasonCode, _ text: String) -> Int {
      ReasonCatalogue(ProtocolReasons.all, replacing: [code.name: text]).reply(code).code
    }
    for (reason, text) in [
      (ReasonCode.relay, "250 fine"), (.relay, "450 later"), (.relay, "220 x"), (.greeting, "250 hello"),
      (.greeting, "554 no"), (.sendData, "355 go"), (.ok, "251 x"), (.limitErrors, "450 x"),
      (.limitRecipients, "421 x"),
    ] {
      #expect(fault(reason, text) != nil, "\(reason) \(text)")
      #expect(code(reason, text) == catalogue.reply(reason).code, "\(reason) \(text)")
    }
    for (reason, text) in [
      (ReasonCode.relay, "550 x"), (.greeting, "220 x"), (.limitRecipients, "450 x"), (.ok, "x"),
    ] {
      #expect(fault(reason, text) == nil, "\(reason) \(text)")
    }
  }

  @Test(arguments: [
    ("a\u{1}b", true), ("a\r\nb", true), (String(repeating: "x", count: 401), true), ("{", true),
    ("{nobody}", true),
    ("{client", true), ("{client} {sender} {recipient} {id} {reason} {list} {code} {hostname}", false),
    (String(repeating: "x", count: 400), false), ("}", false),
  ])
  func aTextThatCannotStandIsAFault(_ text: String, _ isFault: Bool) throws {
    let reason = try #require(catalogue[.noRecipients])
    #expect((ReasonCatalogue.fault(in: text, for: reason) != nil) == isFault)
    let silent = Reason("X", nil, .notice, cause: "", effect: "", remedy: "")
    #expect(ReasonCatalogue.fault(in: "text", for: silent) != nil)
  }
}

extension ReasonCode {
  /// Any refusal for good.
  fileprivate static let relay = ReasonCode.noRecipients
}

extension String {
  fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
