import Foundation
import TestSupport
import Testing

/// The log: one line for each thing, all of it escaped, in both forms; reopened, and not needed for mail to flow.
@Suite(.apart) struct E2ELogTests {
  /// What a refusal carries, whatever its form.
  private static let keys = [
    "id", "stage", "found", "code", "client", "helo", "from", "to", "score", "findings", "reply",
  ]

  /// Brings about refusals of every kind, and one message that is taken.
  private func bringAbout(_ front: Front) throws {
    let client = try front.session()
    try client.command("MAIL FROM:<big@outside.example> SIZE=999999999999")
    try client.command("MAIL FROM:<a@outside.example>")
    try client.command("RCPT TO:<x@elsewhere.example>")
    try client.command("RCPT TO:<nobody@example.org>")
    try client.command("RCPT TO:<gone@example.org>")
    try client.command("DATA")
    try client.command("RSET")
    try client.deliver(from: "user@example.org", to: ["user@example.org"])
    try client.command("RSET")
    try client.beginData()
    try client.send("A: b\r\n\r\nbare\nline\r\n.\r\n")
    _ = try client.reply()
    try client.deliver(from: "a@outside.example", to: ["user@example.org"])
    try client.command("MAIL FROM:<third@outside.example>")
    try client.command("QUIT")
    let listed = try front.session(from: "127.0.0.9")
    try listed.command("MAIL FROM:<a@outside.example>")
    try listed.command("RCPT TO:<user@example.org>")
  }

  private static let expected: [(code: String, event: String, stage: String, found: String)] = [
    ("MESSAGE_TOO_LARGE", "reject", "mail", "mail"), ("RELAY_DENIED", "reject", "recipient", "recipient"),
    ("RECIPIENT_UNKNOWN", "reject", "recipient", "recipient"),
    ("RECIPIENT_LISTED", "reject", "recipient", "recipient"),
    ("NO_RECIPIENTS", "reject", "message", "message"),
    ("OWN_DOMAIN_FORGED", "reject", "recipient", "mail"), ("BARE_LF", "reject", "message", "message"),
    ("LIMIT_MESSAGE_RATE_ADDRESS", "limit", "mail", "mail"),
    ("CLIENT_LISTED", "reject", "recipient", "connect"),
  ]

  @Test(arguments: ["text", "json"]) func eachRefusalHasItsLine(_ format: String) throws {
    let front = try Front(
      [
        "log.format": "\"\(format)\"", "checks.own_domain.action": "\"reject\"",
        "limits.message_rate_per_address": "\"4/1h\"",
      ], behaviour: BackendBehaviour { $0.knownRecipients = ["user@example.org"] },
      files: [
        "Blocklists/block.cidr": "127.0.0.9 a reason\n", "Blocklists/block.recipients": "gone@example.org\n",
      ])
    try bringAbout(front)
    try front.gateway.waitForLog { $0["code"] == "CLIENT_LISTED" }
    let raw = front.gateway.process.output
    let log = raw.split(separator: "\n").compactMap { LogLine(String($0)) }
    for (code, event, stage, found) in Self.expected {
      let lines = log.filter { $0["code"] == code }
      #expect(lines.count == 1, "\(code): \(lines)")
      guard let line = lines.first else { continue }
      #expect(line.event == event && line["stage"] == stage && line["found"] == found, "\(line)")
      for key in Self.keys { #expect(line[key] != nil, "\(key) is not in \(line)") }
      #expect(line.time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
      #expect(line["id"]?.isEmpty == false && line["helo"] == "client.example")
      // What the peer read leads here, but where it is the backend's own word.
      if code != "RECIPIENT_UNKNOWN", let id = line["id"] {
        #expect(line["reply"]?.hasSuffix("[\(code) \(id)]") == true, "\(line)")
      }
    }
    let accepts = log.filter { $0.event == "accept" }
    #expect(accepts.count == 1 && accepts[0]["backend"] == "main" && accepts[0]["size"] != nil)
    // First what a person looks for.
    if format == "text" {
      #expect(
        log.allSatisfy {
          $0.event != "reject" || $0.fields.map(\.key).starts(with: ["id", "stage", "found", "code"])
        })
    }
    #expect(raw.split(separator: "\n").count == log.count, "a line that is none:\n\(raw)")
  }

  /// What a peer would like to see in the log, in every place where he can put it.
  private static let forgeries: [[UInt8]] = [
    Array("x\" code=FORGED reply=\"250".utf8), Array("x\\\" id=FORGED".utf8),
    [0x1b] + Array("[2Kforged".utf8),
    Array("x\u{202e}forged".utf8), Array("x\u{2028}2026-01-01T00:00:00.000Z accept id=FORGED".utf8),
    Array("x\u{85}accept".utf8), [0xff, 0xfe, 0x41], Array("x\tid=FORGED".utf8), Array("x\u{0}y".utf8),
    Array("x\r2026-01-01T00:00:00.000Z accept id=FORGED".utf8),
    Array("x\n2026-01-01T00:00:00.000Z accept id=FORGED".utf8),
    Array("{\"event\":\"accept\"}".utf8), Array("%s%n {client} {id}".utf8),
  ]

  @Test(arguments: ["text", "json"]) func nothingAPeerSendsForgesALine(_ format: String) throws {
    let front = try Front([
      "log.format": "\"\(format)\"", "limits.errors": "\"unlimited\"", "log.level": "\"debug\"",
    ])
    for forgery in Self.forgeries {
      let client = try front.gateway.connect()
      _ = try client.reply()
      for (before, after) in [
        ("", ""), ("EHLO ", ""), ("MAIL FROM:<", "@outside.example>"), ("MAIL FROM:<a@b.example> ", "=1"),
        ("RCPT TO:<", "@elsewhere.example>"), ("HELP ", ""), ("VRFY ", ""), ("EHLO client.example", ""),
        ("MAIL FROM:<\"", "\"@outside.example> SMTPUTF8"), ("RCPT TO:<\"", "\"@elsewhere.example>"),
        ("RCPT TO:<a@", ">"),
      ] {
        try client.send(
          Array(before.utf8) + (before == "EHLO client.example" ? [] : forgery) + Array((after + "\r\n").utf8)
        )
        _ = try client.reply()
      }
      try client.command("QUIT")
    }
    let client = try front.session()
    try client.command("MAIL FROM:<a@outside.example>")
    try client.command("RCPT TO:<last@elsewhere.example>")
    try front.gateway.waitForLog { $0["to"]?.contains("last@elsewhere.example") == true }
    let raw = try readBytes(atPath: front.gateway.process.outputPath)
    let text = try #require(String(validating: raw, as: UTF8.self), "the log is not UTF-8")
    for scalar in text.unicodeScalars where scalar != "\n" {
      let category = scalar.properties.generalCategory
      #expect(category != .control && category != .format && category != .lineSeparator, "\(scalar.value)")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    let log = front.gateway.log()
    #expect(log.count == lines.count)
    #expect(!log.contains { $0["id"] == "FORGED" || $0["code"] == "FORGED" || $0.event == "accept" })
    #expect(log.filter { $0["code"] == "RELAY_DENIED" }.count >= 3)
  }

  @Test func noSecretIsInIt() throws {
    let front = try Front(["log.level": "\"debug\""])
    let client = try front.session()
    for command in [
      "AUTH PLAIN AGFudGlzcGFtAHNlY3JldA==", "AUTH LOGIN c2VjcmV0LXVzZXI=", "c2VjcmV0LXBhc3N3b3Jk",
      "AUTH secret-word",
    ] { #expect(try client.command(command).code >= 500) }
    try client.command("QUIT")
    front.gateway.terminate()
    let text = (front.gateway.process.output + front.gateway.process.errors).lowercased()
    for secret in ["agfudglzcgftahnly3jlda", "c2vjcmv0lxvzzxi", "secret-word", "c2vjcmv0lxbhc3n3b3jk"] {
      #expect(!text.contains(secret), "\(secret)")
    }
  }

  @Test(arguments: [("error", 0, 0), ("warning", 0, 0), ("info", 1, 1), ("debug", 1, 1)])
  func theLevelIsMet(_ level: String, accepts: Int, starts: Int) throws {
    let front = try Front(["log.level": "\"\(level)\""])
    let client = try front.session()
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    try client.command("QUIT")
    front.gateway.terminate()
    let log = front.gateway.log()
    #expect(log.filter { $0.event == "accept" }.count == accepts)
    #expect(log.filter { $0["code"] == "STARTED" }.count == starts)
  }

  @Test func theFileIsReopened() throws {
    let front = try Front(["log.file": "\"weir.log\""])
    let path = front.gateway.folder.file("weir.log")
    let client = try front.session()
    #expect(try client.deliver(from: "one@outside.example", to: ["user@example.org"]).code == 250)
    try front.gateway.waitForLog(at: path) { $0["from"] == "<one@outside.example>" }
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    #expect(try client.deliver(from: "two@outside.example", to: ["user@example.org"]).code == 250)
    try front.gateway.waitForLog(at: path + ".1") { $0["from"] == "<two@outside.example>" }
    front.gateway.hangUp()
    try front.gateway.waitForLog(at: path) { $0["code"] == "RELOADED" }
    #expect(try client.deliver(from: "three@outside.example", to: ["user@example.org"]).code == 250)
    try front.gateway.waitForLog(at: path) { $0["from"] == "<three@outside.example>" }
    #expect(!front.gateway.log(at: path + ".1").contains { $0["from"] == "<three@outside.example>" })
    #expect(front.gateway.process.output.isEmpty)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect((mode ?? 0o777) & 0o037 == 0, "others may read or write the log")
  }

  @Test func withoutALogMailFlows() throws {
    let front = try Front(["log.file": "\"/dev/full\""])
    let client = try front.session()
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(front.backend.messages.count == 1)
    #expect(
      eventually {
        front.gateway.process.errors.contains("cannot write the log /dev/full: No space left on device")
      })
    #expect(try eventually { try front.status("logDropped") >= 2 })
    #expect(try front.gateway.weir(["status"]).output.contains("LOG "))
  }

  @Test func anUnopenableLogIsRefusedAtTheStart() throws {
    let backend = try ScriptedBackend()
    let fault = #expect(throws: HarnessFault.self) {
      try Gateway(
        GatewayConfiguration(before: backend) { $0.settings["log.file"] = "\"/dev/null/weir.log\"" })
    }
    #expect(
      fault?.description.contains("exited(2)") == true
        && fault?.description.contains("/dev/null/weir.log") == true)
  }
}
