import SMTPProtocol
import Testing

@Suite struct ReplyParserTests {
  private func replies(_ lines: [String]) throws(ReplyParser.Fault) -> [Reply] {
    var parser = ReplyParser()
    var replies: [Reply] = []
    for line in lines {
      if let reply = try parser.received(line: Array(line.utf8)) { replies.append(reply) }
    }
    return replies
  }

  @Test(arguments: [
    (["250 Ok"], Reply(250, nil, ["Ok"])),
    (["250 Ok\r"], Reply(250, nil, ["Ok"])),
    (["250"], Reply(250, nil, [""])),
    (["250 "], Reply(250, nil, [""])),
    (["250 2.1.5 Ok"], Reply(250, 1, 5, "Ok")),
    (["250 2.1.5"], Reply(250, 1, 5, "")),
    (["550-5.1.1 no", "550 5.1.1 such user"], Reply(550, .init(1, 1), ["no", "such user"])),
    (["550-no", "550 5.1.1 such user"], Reply(550, .init(1, 1), ["no", "such user"])),
    (["550 4.1.1 mixed up"], Reply(550, nil, ["4.1.1 mixed up"])),
    (["550 5.1 short"], Reply(550, nil, ["5.1 short"])),
    (["550 5.1.1.1 long"], Reply(550, nil, ["5.1.1.1 long"])),
    (["550 5.1234.1 wide"], Reply(550, nil, ["5.1234.1 wide"])),
    (["550 5.999.999 wide"], Reply(550, 999, 999, "wide")),
    (["250-mx", "250-SIZE 10", "250 HELP"], Reply(250, nil, ["mx", "SIZE 10", "HELP"])),
    (["250-", "250-", "250 "], Reply(250, nil, ["", "", ""])),
    (["421 a\tb\u{1b}[1mc"], Reply(421, nil, ["a\\x09b\\x1b[1mc"])),
  ])
  func replyIsRead(_ lines: [String], _ expected: Reply) throws {
    #expect(try replies(lines) == [expected])
    #expect(try replies(lines + lines) == [expected, expected])
  }

  @Test(arguments: [
    ([""], ReplyParser.Fault.notAReply), (["25"], .notAReply), (["abc"], .notAReply),
    (["25x Ok"], .notAReply),
    (["250Ok"], .notAReply), (["250_Ok"], .notAReply), (["150 Ok"], .notAReply), (["600 Ok"], .notAReply),
    (["000 Ok"], .notAReply), (["HTTP/1.1 200 OK"], .notAReply), ([" 250 Ok"], .notAReply),
    (["+50 Ok"], .notAReply),
    (["250-a", "251 b"], .codesDiffer), (["250-a", "b"], .notAReply), (["250-a", "550 b"], .codesDiffer),
  ])
  func garbageIsAFault(_ lines: [String], _ expected: ReplyParser.Fault) {
    #expect(throws: expected) { try replies(lines) }
  }

  @Test func aLineIsBounded() throws {
    let most = "250 " + String(repeating: "x", count: ReplyParser.longestLine - 4)
    let reply = try #require(try replies([most]).first)
    // What goes on to the client is cut to what fits its own bound.
    #expect(reply.lines[0].utf8.count < 500 && reply.wireForm.count <= 512)
    #expect(throws: ReplyParser.Fault.lineTooLong) { try replies([most + "x"]) }
  }

  @Test func aReplyHasABoundedNumberOfLines() throws {
    let lines = [String](repeating: "250-x", count: ReplyParser.mostLines - 1)
    #expect(try replies(lines + ["250 x"]).first?.lines.count == ReplyParser.mostLines)
    #expect(throws: ReplyParser.Fault.tooManyLines) { try replies(lines + ["250-x", "250 x"]) }
  }

  @Test func whatIsNoUTF8IsStillAReply() throws {
    var parser = ReplyParser()
    let reply = try #require(try parser.received(line: Array("550 ".utf8) + [0xff, 0xfe, 0x00, 0x0d]))
    #expect(reply.code == 550 && !reply.wireForm.contains(0))
  }

  @Test func everyByteInEveryPlaceIsAReplyOrAFault() {
    for byte in UInt8.min...UInt8.max {
      for index in 0..<14 {
        var line = Array("250-2.1.5 some".utf8)
        line[index] = byte
        var parser = ReplyParser()
        do {
          let reply = try parser.received(line: line)
          #expect(reply == nil || reply.map { (200..<600).contains($0.code) } == true)
        } catch {
          #expect(error == .notAReply)
        }
      }
    }
  }
}

@Suite struct ReplyTests {
  @Test func theWireFormIsWellFormedWhateverIsInIt() {
    let evil = Reply(550, 1, 1, "a\r\n250 b\u{0}c\nd\te\u{7f}")
    #expect(String(decoding: evil.wireForm, as: UTF8.self) == "550 5.1.1 a??250 b?c?d?e?\r\n")
    let lines = Reply(250, nil, ["one", "two", ""])
    #expect(String(decoding: lines.wireForm, as: UTF8.self) == "250-one\r\n250-two\r\n250 \r\n")
    #expect(Reply(250, nil, []).wireForm == Array("250 \r\n".utf8))
    var emptied = Reply(250, 0, 0, "x")
    emptied.lines = []
    #expect(emptied.wireForm == Array("250 2.0.0 \r\n".utf8))
  }

  @Test func aLineOfAReplyHas512OctetsAndWholeCharacters() throws {
    for text in [
      String(repeating: "x", count: 2000), String(repeating: "ü", count: 900),
      "a" + String(repeating: "例", count: 900),
    ] {
      let bytes = Reply(550, 999, 999, text).wireForm
      #expect(bytes.count <= 512)
      #expect(String(validating: bytes, as: UTF8.self) != nil)
    }
  }

  @Test func theClassOfTheEnhancedCodeIsThatOfTheCode() {
    #expect(Reply(450, 7, 1, "x").enhancedText == "4.7.1")
    #expect(Reply(550, 7, 1, "x").enhancedText == "5.7.1")
    #expect(Reply(220, nil, ["x"]).enhancedText == nil)
    #expect(Reply(220, nil, ["x"]).withEnhancedCode.enhancedText == "2.0.0")
    #expect(Reply(450, 7, 1, "x").withEnhancedCode.enhancedText == "4.7.1")
    #expect(Reply(450, 7, 1, "x").summary == "450 4.7.1 x")
    #expect(Reply(250, nil, ["a", "b"]).summary == "250 a / b")
    #expect(Reply(250, nil, []).isPositive && Reply(354, nil, []).isPositive)
    #expect(
      Reply(450, nil, []).isTransient && Reply(550, nil, []).isPermanent && !Reply(450, nil, []).isPermanent)
  }
}
