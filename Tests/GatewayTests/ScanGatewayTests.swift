import Foundation
import TestSupport
import Testing

/// What `weir scan` says of a message is what the running gateway does with it.
@Suite(.apart) struct ScanGatewayTests {
  private static let zone = """
    good.example           A 192.0.2.7
    good.example           MX 10 good.example
    7.2.0.192.in-addr.arpa PTR good.example
    good.example           TXT "v=spf1 ip4:192.0.2.0/24 -all"
    closed.example         TXT "v=spf1 ip4:198.51.100.1 -all"
    closed.example         MX 10 good.example
    bank.example           A 198.51.100.2
    _dmarc.bank.example    TXT "v=DMARC1; p=reject"
    evil.example           A 198.51.100.3

    """

  private struct Case: Sendable {
    let name: String
    var client = "192.0.2.7"
    var helo = "good.example"
    var from = "s@good.example"
    var to = "user@example.org"
    let message: String
  }

  private static func message(_ from: String, _ extra: String = "", body: String = "hello\r\n") -> String {
    "From: S <\(from)>\r\nTo: user@example.org\r\nSubject: t\r\nDate: \(rfc5322)\r\n"
      + "Message-ID: <\(UUID().uuidString)@good.example>\r\n\(extra)\r\n\(body)"
  }

  private static var rfc5322: String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss +0000"
    return formatter.string(from: Date())
  }

  private static let cases = [
    Case(name: "all is well", message: message("s@good.example")),
    Case(name: "SPF fails", from: "s@closed.example", message: message("s@closed.example")),
    Case(name: "DMARC fails", message: message("s@bank.example")),
    Case(
      name: "a bare greeting, no name", client: "198.51.100.9", helo: "x", message: message("s@good.example")),
    Case(name: "blocked", client: "203.0.113.5", message: message("s@good.example")),
    Case(
      name: "allowed", client: "203.0.113.77", helo: "x", from: "s@closed.example",
      message: message("s@bank.example")),
    Case(name: "relaying", to: "user@far.example", message: message("s@good.example")),
    Case(
      name: "no sender, a trap", client: "192.0.2.99", from: "", to: "trap@example.org",
      message: message("s@good.example")),
    Case(
      name: "a program attached",
      message: message(
        "s@good.example", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n",
        body:
          "--x\r\n\r\nsee\r\n--x\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\nMZ\r\n--x--\r\n"
      )),
    Case(
      name: "a trace that does not fit",
      message:
        "Received: from x (x [10.0.0.300]) by y.example with ESMTPX id 1;\r\n\tMon, 31 Feb 2026 25:00:00 +2500\r\n"
        + message("s@good.example")),
    Case(name: "nothing at all in the header", message: "\r\n.hello\r\n..\r\n"),
    Case(name: "a bare carriage return", message: message("s@good.example", body: "a\rb\r\n")),
  ]

  @Test func theVerdictIsTheSame() throws {
    let backend = try ScriptedBackend(BackendBehaviour())
    let settings = [
      "dns.fixture": "\"names.txt\"", "checks.dmarc.action": "\"reject\"",
      "checks.early_talker.mode": "\"off\"",
      "actions.tag": "1.0",
    ]
    let gateway = try Gateway(
      GatewayConfiguration(before: backend) {
        $0.settings.merge(settings) { $1 }
        $0.listeners[0].extra = ["xclient = [\"127.0.0.1/32\"]"]
      },
      files: [
        "names.txt": Self.zone, "Blocklists/block.cidr": "203.0.113.0/24 open proxies\n",
        "Blocklists/allow.cidr": "203.0.113.77\n", "Blocklists/block.recipients": "trap@example.org trap\n",
      ])
    let files = try ScratchFolder("scan-gateway")
    for (index, one) in Self.cases.enumerated() {
      let (verdict, reply, line) = try said(one, gateway)
      let path = try files.write("\(index).eml", one.message)
      let result = try gateway.weir([
        "scan", path, "--json", "--client", one.client, "--helo", one.helo,
        "--from", one.from.isEmpty ? "<>" : one.from, "--to", one.to,
      ])
      #expect(result.succeeded, "\(one.name): \(result.errors)")
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      let findings = (object["findings"] as? [[String: Any]] ?? []).compactMap { $0["code"] as? String }
      #expect(object["verdict"] as? String == verdict, "\(one.name): \(line)\n\(findings)")
      let told = Self.codes(line["findings"] ?? "")
      if verdict == "accept" || verdict == "tag" {
        #expect(findings == told, "\(one.name): \(line)")
        let score = (object["score"] as? Double).map { String(format: "%.1f", $0) }
        #expect(score == line["score"], "\(one.name): \(line)")
      } else {
        // A session ends with its refusal; the scan goes on.
        #expect(
          Array(findings.prefix(told.count)) == told || Set(told).isSubset(of: findings),
          "\(one.name): \(line)")
        #expect(object["code"] as? String == line["code"], "\(one.name): \(line)")
        #expect(object["stage"] as? String == line["stage"], "\(one.name): \(line)")
        let said = (object["reply"] as? String ?? "").replacingOccurrences(of: " scan]", with: "]")
        // Each has its own id.
        let (first, second) = (said.prefix { $0 != "[" }, reply.prefix { $0 != "[" })
        #expect(first == second, "\(one.name): \(said) / \(reply)")
      }
    }
  }

  /// What the gateway does: the log's word, the reply, and the line itself.
  private func said(_ one: Case, _ gateway: Gateway) throws -> (String, String, LogLine) {
    let client = try gateway.connect()
    _ = try client.reply()
    #expect(try client.command("XCLIENT ADDR=\(one.client)").code == 220)
    try client.command("EHLO \(one.helo)")
    let before = gateway.log().count
    let reply = try client.deliver(from: one.from, to: [one.to], one.message)
    client.close()
    var line: LogLine?
    eventually(within: .seconds(5)) {
      line = gateway.log().dropFirst(before).first { ["accept", "reject", "defer"].contains($0.event) }
      return line != nil
    }
    let found = try #require(line, "\(one.name): \(reply)")
    let isTagged = found["code"] == "MESSAGE_TAGGED"
    return (isTagged ? "tag" : found.event, reply.description, found)
  }

  /// `SPF_PASS(…),HELO_BARE_IP(2.4)` without what stands in brackets.
  private static func codes(_ findings: String) -> [String] {
    var codes: [String] = []
    var word = ""
    var depth = 0
    for character in findings {
      switch character {
      case "(": depth += 1
      case ")": depth -= 1
      case ",":
        if depth == 0 {
          codes.append(word)
          word = ""
        }
      default: if depth == 0 { word.append(character) }
      }
    }
    return (codes + [word]).filter { !$0.isEmpty && $0 != "-" }
  }
}
