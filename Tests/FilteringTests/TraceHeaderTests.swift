import Filtering
import SMTPProtocol
import MailSyntax
import NetAddress
import Testing

@Suite struct TraceHeaderTests {
  private func header(
    helo: String = "client.example", name: String? = nil, address: String = "192.0.2.7",
    isExtended: Bool = true,
    isInternationalized: Bool = false, recipient: String? = nil
  ) throws -> String {
    var bytes: [UInt8] = []
    TraceHeader.write(
      into: &bytes,
      client: ClientIdentity(
        address: try #require(IPAddress(address)), port: 25, name: name, helo: helo, isExtended: isExtended),
      hostname: "mx.example.org", id: "4F2A", isInternationalized: isInternationalized, recipient: recipient,
      date: "Fri, 20 Nov 2026 12:00:01 +0000")
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func theFormIsThatOfTheStandard() throws {
    #expect(
      try header() == """
        Received: from client.example (unknown [192.0.2.7])\r
        \tby mx.example.org (Weir) with ESMTP id 4F2A;\r
        \tFri, 20 Nov 2026 12:00:01 +0000\r

        """)
    #expect(
      try header(
        name: "ptr.example", address: "2001:db8::1", isInternationalized: true, recipient: "u@example.org")
          == """
          Received: from client.example (ptr.example [IPv6:2001:db8::1])\r
          \tby mx.example.org (Weir) with UTF8SMTP id 4F2A\r
          \tfor <u@example.org>;\r
          \tFri, 20 Nov 2026 12:00:01 +0000\r

          """)
    #expect(try header(isExtended: false).contains(" with SMTP id "))
    #expect(try header(helo: "").hasPrefix("Received: from unknown (unknown ["))
    #expect(try header(helo: "[192.0.2.7]").hasPrefix("Received: from [192.0.2.7] (unknown ["))
  }

  @Test(arguments: [
    "a\r\nX-Evil: b", "a (evil [203.0.113.1])", "a;", "a\u{0}b", "a\\", "a\"b", "a)b(", "<a@b>", "a,b",
    "ü.example",
    "a\tb", "a\u{7f}", "a;Fri,20Nov1990", String(repeating: "x", count: 2000), "\u{202e}evil",
  ])
  func nobodyBreaksOutOfHisPlace(_ evil: String) throws {
    for text in [try header(helo: evil), try header(name: evil)] {
      let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
      #expect(lines.count == 4 && lines[3].isEmpty)
      #expect(lines[0].hasSuffix(" [192.0.2.7])"))
      #expect(lines[0].count(where: { $0 == "(" }) == 1 && lines[0].count(where: { $0 == ")" }) == 1)
      #expect(lines[0].split(separator: " ").count == 5)
      #expect(text.utf8.allSatisfy { $0 < 0x7f && ($0 >= 0x20 || [9, 10, 13].contains($0)) })
      #expect(lines.allSatisfy { $0.utf8.count <= 998 } && text.count(where: { $0 == ";" }) == 1)
      let fields = MessageHeader(Array(text.utf8)).fields
      #expect(fields.map(\.name) == ["Received"])
    }
  }
}
