import MailSyntax
import Testing
import TraceAnalysis

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
