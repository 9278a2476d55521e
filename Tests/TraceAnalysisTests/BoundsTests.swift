import MailSyntax
import NetAddress
import Testing

@testable import TraceAnalysis

/// Hostile lines cost what plain ones do, and no more than a bounded part of them is looked at.
@Suite struct TraceBoundsTests {
  private static let hostile: [String] = [
    "(", ")", "[", "]", "<", "\"", ";", "([", "[(", "(<", "a(", "a[", "a<b ", "()", "(a)", "by ", "from ",
    "from a by b ",
    "with tls ", "; Mon, ", "1 Jan ", "Mon, 1 Jan 2003 1:1 ", "(helo=", "ident=[", "1.2.3.4 ", "\r\n ",
    "\u{0}", "é",
  ]

  @Test(arguments: hostile) func oneLine(_ piece: String) {
    let text = "from " + String(repeating: piece, count: 200_000 / piece.utf8.count)
    let time = ContinuousClock().measure {
      let line = ReceivedLine(text)
      #expect(line.isCut)
      for value in [line.from, line.helo, line.by, line.with, line.id, line.recipient, line.sender] {
        #expect((value ?? "").count <= 321)
      }
    }
    #expect(time < .seconds(1), "\(piece): \(time)")
  }

  /// Thousands of marks on one letter are one character, which is dear to look at again and again.
  @Test(arguments: ["\u{301}", "\u{1F1E6}", "a\u{301}\u{302} ", "\u{915}\u{94D}"])
  func charactersOfManyOctets(_ piece: String) {
    let text =
      "from a.example (" + String(repeating: piece, count: 8000 / piece.utf8.count) + ") by b.example"
    let lexer = ReceivedLexer(Array(text.utf8)[...])
    #expect(lexer.octets.count { $0 >= 0x80 } == ReceivedLexer.mostNonASCII)
    #expect(lexer.tokens().allSatisfy { $0.text.utf8.count <= 1000 })
    // What honest servers write of such names is kept.
    #expect(ReceivedLine("from müller.example ([192.0.2.1]) by b.example").helo == "müller.example")
  }

  /// A line of many pieces is read at its ends only, and says that it was cut.
  @Test func manyPieces() {
    let words = String(repeating: "x ", count: 60)
    let line = ReceivedLine("from a.example (\(words)[192.0.2.1]) by b.example with SMTP id 1")
    #expect(line.isCut && line.address == IPAddress("192.0.2.1") && line.by == "b.example")
    let comments = String(repeating: "(x) ", count: 40)
    #expect(ReceivedLine("from a.example \(comments)by b.example").isCut)
  }

  @Test func manyLines() {
    let field =
      "Received: from a.example (b.example [192.0.2.1]) by c.example with SMTP id 1; Thu, 19 Nov 2026 10:00:01 +0000\r\n"
    let octets = Array((String(repeating: field, count: 1500) + "\r\n").utf8)
    let trace = Trace(MessageHeader(octets), in: octets, trust: .inferred)
    #expect(trace.hops.count == Trace.mostHops)
    #expect(trace.faults.contains(.cut))
    #expect(
      Trace(lines: Array(repeating: ReceivedLine(), count: 1000), trust: .inferred).hops.count
        == Trace.mostHops)
  }

  /// A line cut anywhere, or with any octet of it changed, is read to the end.
  @Test func everyPrefixAndEveryChange() {
    let text =
      "from mail.a.example (host.a.example [192.0.2.5] (may be forged)) (using TLSv1.3 with cipher X (256/256 bits)) by mx.b.example (Postfix) with ESMTPS id <4A1B> for <u@b.example>; Thu, 19 Nov 2026 10:00:00 +0100 (CET)"
    let octets = Array(text.utf8)
    for end in octets.indices { _ = ReceivedLine(octets[..<end]) }
    for index in octets.indices {
      for octet in Array("()[<;".utf8) + [0x80] {
        var changed = octets
        changed[index] = octet
        _ = ReceivedLine(changed[...])
      }
    }
  }
}
