import Bytes
import Filtering
import Foundation
import MessageStore
import enum SMTPServer.Clock
import TestSupport
import Testing

/// `weir quarantine` against a running gateway: list, show, release, delete.
@Suite(.apart, .serialized) struct E2EQuarantineTests {
  /// A gateway that holds three messages.
  private func held(_ backend: ScriptedBackend) async throws -> Gateway {
    try await Waiting.gateway(before: backend) { store in
      try await store.keep(
        Waiting.message("FIRST", subject: "发票 \u{1b}[31minvoice"),
        held: Waiting.order("spam", ["user@example.org", "other@example.org"]))
      try await store.keep(
        Waiting.message("SECOND", from: "b@elsewhere.example"),
        held: Waiting.order("rules/executables", ["info@example.org"]))
      try await store.keep(Waiting.message("THIRD", from: ""), held: Waiting.order("rules"))
    }
  }

  private func ids(_ rows: [[String: Any]]) -> [String] { rows.compactMap { $0["id"] as? String } }

  @Test func itIsListed() async throws {
    let gateway = try await held(try ScriptedBackend())
    let list = try gateway.weir(["quarantine", "list"])
    #expect(list.succeeded, "\(list)")
    let lines = list.output.split(separator: "\n").map(String.init)
    #expect(lines.map { $0.prefix { $0 != "\t" } } == ["THIRD", "SECOND", "FIRST"])
    #expect(lines.last?.contains("发票 \\x1b[31minvoice") == true, "what a terminal would obey is shown")
    #expect(
      lines.last?.contains("<a@outside.example> -> <user@example.org>, <other@example.org>") == true)
    #expect(lines.first?.contains("\trules\t9.5\tRULE_QUARANTINE INVOICE_CN\t<> -> ") == true)
    for (filter, expected) in [
      (["--folder", "rules"], ["THIRD", "SECOND"]), (["--folder", "rules/executables"], ["SECOND"]),
      (["--sender", "ELSEWHERE"], ["SECOND"]), (["--recipient", "other@"], ["FIRST"]),
      (["--text", "发票"], ["FIRST"]), (["--rule", "invoice"], ["THIRD", "SECOND", "FIRST"]),
      (["--code", "NO_SUCH"], []), (["--client", "192.0.2.7", "--folder", "spam"], ["FIRST"]),
      (["--since", "1h"], ["THIRD", "SECOND", "FIRST"]), (["--until", "1h"], []),
      (["--since", "2026-01-01", "--until", "2099-01-01T00:00:00Z"], ["THIRD", "SECOND", "FIRST"]),
      (["--state", "released"], []), (["--state", "any"], ["THIRD", "SECOND", "FIRST"]),
      (["--limit", "2"], ["THIRD", "SECOND"]),
    ] {
      #expect(try ids(gateway.listed("quarantine", filter)) == expected, "\(filter)")
    }
    // A page after the other.
    let first = try gateway.weir(["quarantine", "list", "--limit", "2"])
    let cursor = try #require(first.output.split(separator: "\n").last?.split(separator: " ").last)
    #expect(try ids(gateway.listed("quarantine", ["--after", String(cursor)])) == ["FIRST"])
    #expect(try gateway.weir(["quarantine", "list", "--state", "eaten"]).ending == .exited(64))
    #expect(try gateway.weir(["quarantine", "list", "--folder", "../x"]).ending == .exited(64))
    #expect(try gateway.weir(["quarantine", "list", "--since", "soon"]).ending == .exited(64))
    #expect(try gateway.weir(["quarantine", "list", "--after", "soon"]).ending == .exited(1))
    #expect(try gateway.weir(["quarantine", "list", "--folder", "none"]).output == "nothing\n")
  }

  @Test func itIsShown() async throws {
    let gateway = try await held(try ScriptedBackend())
    let show = try gateway.weir(["quarantine", "show", "FIRST"])
    #expect(show.succeeded)
    for part in [
      "folder     spam\n", "sender     <a@outside.example>\n", "score      9.5\n", "rule       INVOICE_CN\n",
      "findings   INVOICE_CN(6.0),HELO_BARE_IP(3.5)\n", "to         <user@example.org> held\n",
      "           <other@example.org> held\n",
      "client     192.0.2.7 (mail.outside.example), HELO helo.outside.example\n",
    ] { #expect(show.output.contains(part), "\(part)\n\(show.output)") }
    let source = try gateway.weir(["quarantine", "show", "FIRST", "--source"])
    let trace = "Received: from outside.example by mx.example.org id FIRST\r\n"
    #expect(source.output == trace + Mail.text("FIRST"), "octet for octet, without the dots of the wire")
    let headers = try gateway.weir(["quarantine", "show", "FIRST", "--headers"])
    #expect(
      headers.output.hasPrefix("Received: from outside.example")
        && headers.output.contains("\nSubject: FIRST\n"))
    #expect(!headers.output.contains("line of FIRST"))
    #expect(try gateway.weir(["quarantine", "show", "NONE"]).ending == .exited(1))
    #expect(try gateway.weir(["quarantine", "show", "../FIRST"]).ending == .exited(1))
  }

  /// A release goes to the backend, once, marked and logged; for one recipient first, then for the rest.
  @Test func itIsReleased() async throws {
    let backend = try ScriptedBackend()
    let gateway = try await held(backend)
    let release = try gateway.weir(["quarantine", "release", "FIRST", "--to", "Other@example.org"])
    #expect(release.succeeded && release.output == "FIRST released for <other@example.org>\n", "\(release)")
    try gateway.waitForEvents("OUTBOX_DELIVERED")
    let message = try #require(backend.messages.first)
    #expect(message.addresses == ["other@example.org"] && message.sender == "a@outside.example")
    let marks = message.header("X-Weir-Released")
    #expect(marks.count == 1 && marks.first?.hasPrefix("by mx.example.org id FIRST;\t") == true, "\(marks)")
    #expect(message.headerFields.first?.hasPrefix("X-Weir-Released:") == true)
    let behind = message.text.firstRange(of: "Received: ")
    #expect(
      behind.map { String(message.text[$0.lowerBound...]) }
        == "Received: from outside.example by mx.example.org id FIRST\r\n" + Mail.text("FIRST"))
    let released = try #require(gateway.events("QUARANTINE_RELEASED").first)
    #expect(released["id"] == "FIRST" && released["to"]?.contains("other@example.org") == true)
    #expect(released["detail"]?.contains("by the operator") == true)
    #expect(eventually { gateway.events("OUTBOX_DELIVERED").first?["backend"] == "main" })
    let shown = try gateway.weir(["quarantine", "show", "FIRST"]).output
    #expect(
      shown.contains("<other@example.org> released 2") && shown.contains(": delivered: main: 250 "),
      "\(shown)")
    #expect(shown.contains("<user@example.org> held"))
    // Not twice.
    let again = try gateway.weir(["quarantine", "release", "FIRST", "--to", "other@example.org"])
    #expect(again.ending == .exited(1) && again.errors.contains("held for none of them any more"))
    #expect(
      try gateway.weir(["quarantine", "release", "FIRST", "--to", "x@example.org"]).ending == .exited(1))
    #expect(gateway.waitingFiles() == ["FIRST.eml", "SECOND.eml", "THIRD.eml"])
    // The rest of it, beside one that is not there.
    let rest = try gateway.weir(["quarantine", "release", "FIRST", "NONE"])
    #expect(rest.ending == .exited(1) && rest.output == "FIRST released for <user@example.org>\n")
    #expect(rest.errors.contains("NONE: nothing of that name waits"))
    try gateway.waitForEvents("OUTBOX_DELIVERED", 2)
    #expect(backend.messages.map(\.addresses) == [["other@example.org"], ["user@example.org"]])
    #expect(eventually { gateway.waitingFiles() == ["SECOND.eml", "THIRD.eml"] })
    #expect(try ids(gateway.listed("quarantine", ["--state", "released"])) == ["FIRST"])
    #expect(try gateway.listed("outbox").isEmpty)
  }

  @Test func itIsDeletedAndAllAtOnce() async throws {
    let backend = try ScriptedBackend()
    let gateway = try await held(backend)
    let one = try gateway.weir(["quarantine", "delete", "FIRST", "--for", "user@example.org"])
    #expect(one.output == "FIRST deleted for <user@example.org>\n", "\(one)")
    #expect(gateway.waitingFiles().count == 3, "held for another still")
    #expect(
      try gateway.weir(["quarantine", "delete", "FIRST"]).output == "FIRST deleted for <other@example.org>\n")
    #expect(eventually { gateway.waitingFiles() == ["SECOND.eml", "THIRD.eml"] })
    #expect(gateway.events("QUARANTINE_DELETED").count == 2)
    // Everything that meets a filter, and only when it is said twice.
    #expect(try gateway.weir(["quarantine", "release"]).ending == .exited(64))
    #expect(try gateway.weir(["quarantine", "release", "SECOND", "--folder", "rules"]).ending == .exited(64))
    let asked = try gateway.weir(["quarantine", "release", "--all", "--folder", "rules"])
    #expect(asked.ending == .exited(1) && asked.errors.contains("2 message(s) would be released; say --yes"))
    #expect(backend.messages.isEmpty)
    let all = try gateway.weir(["quarantine", "release", "--all", "--folder", "rules", "--yes"])
    #expect(all.succeeded, "\(all)")
    try gateway.waitForEvents("OUTBOX_DELIVERED", 2)
    #expect(Set(backend.messages.map(\.subject)) == ["SECOND", "THIRD"])
    #expect(backend.messages.contains { $0.sender.isEmpty }, "the null sender stays one")
    #expect(try gateway.weir(["quarantine", "delete", "--all", "--yes"]).ending == .exited(1))
  }

  @Test func whatIsOldGoesAtTheStart() async throws {
    let backend = try ScriptedBackend()
    let gateway = try await Waiting.gateway(before: backend) { store in
      try await store.keep(
        Waiting.message("OLD"), held: Waiting.order(expires: Clock.now + .milliseconds(-1)))
      try await store.keep(Waiting.message("NEW"), held: Waiting.order())
    }
    let expired = try #require(try gateway.waitForEvents("QUARANTINE_EXPIRED").first)
    #expect(expired["id"] == "OLD" && expired["detail"]?.hasPrefix("folder spam, held since 2") == true)
    #expect(eventually { gateway.waitingFiles() == ["NEW.eml"] })
    #expect(try ids(gateway.listed("quarantine", ["--state", "any"])) == ["NEW"])
  }

  /// What was said of the last process, and who may not come near while this one runs.
  @Test func theFolderIsOnesOwn() async throws {
    let backend = try ScriptedBackend()
    let gateway = try await held(backend)
    #expect(throws: MessageStoreError.self) {
      try MessageStore(folder: gateway.folder.file("state/messages"))
    }
    #expect(gateway.terminate() == .exited(0))
    let asked = try gateway.weir(["quarantine", "list"])
    #expect(
      asked.ending == .exited(2) && asked.errors.contains("kept by the running gateway alone"), "\(asked)")
    try FileManager.default.removeItem(atPath: gateway.folder.file("state/messages/files/SECOND.eml"))
    try gateway.folder.write("state/messages/files/STRANGER.eml", "Subject: x\r\n\r\nx\r\n")
    try gateway.restart()
    #expect(try gateway.waitForEvents("WAITING_MAIL_LOST").first?["id"] == "SECOND")
    #expect(try gateway.waitForEvents("WAITING_MAIL_STRAY").first?["id"] == "STRANGER")
    #expect(try ids(gateway.listed("quarantine")) == ["THIRD", "FIRST"])
    #expect(try ids(gateway.listed("quarantine", ["--state", "lost"])) == ["SECOND"])
    #expect(gateway.terminate() == .exited(0))
    // A damaged index: no start, and no message touched.
    let index = gateway.folder.file("state/messages/index.sqlite")
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: index + suffix) }
    try gateway.folder.write("state/messages/index.sqlite", String(repeating: "no index ", count: 2000))
    let refused = try run(Gateway.binary(), ["serve", "--config", gateway.configPath], within: .seconds(30))
    #expect(refused.ending == .exited(2) && refused.errors.contains("index is damaged"), "\(refused)")
    #expect(gateway.waitingFiles() == ["FIRST.eml", "THIRD.eml"])
  }

  @Test func statusAndMetricsCountThem() async throws {
    let backend = try ScriptedBackend()
    let port = try FreePort.take()
    let gateway = try await Waiting.gateway(
      before: backend,
      [
        "metrics.address": "\"127.0.0.1:\(port)\"", "quarantine.messages": "50",
        "outbox.size": "\"unlimited\"",
      ]
    ) { store in
      try await store.keep(Waiting.message("ONE"), held: Waiting.order())
      try await store.keep(
        Waiting.message("TWO"), held: nil, legs: [Waiting.leg(), Waiting.leg("b@example.org")])
      let legs = try await store.claim(dueAt: Clock.now + .seconds(1), most: 1)
      _ = try await store.beginSending(legs.map(\.id))
      backend.stop()
    }
    try gateway.waitForEvents("OUTBOX_DEFERRED")
    let status = try gateway.weir(["status"]).output
    #expect(status.contains("\nquarantine   1 of 50 messages, "), "\(status)")
    #expect(
      status.contains("\noutbox       1 of 10000 messages, ")
        && status.contains(" of unlimited; 1 waiting, the oldest for "), "\(status)")
    #expect(status.contains("\nUNSURE       1 leg(s)"), "\(status)")
    let client = try RawClient(port: port)
    try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let metrics = try client.readUntilClosed()
    for line in [
      "weir_quarantine_messages 1", "weir_quarantine_messages_limit 50",
      "weir_quarantine_limit_bytes 10737418240",
      "weir_outbox_messages 1", "weir_outbox_legs{state=\"unsure\"} 1",
      "weir_outbox_legs{state=\"waiting\"} 1",
      "weir_outbox_legs{state=\"sending\"} 0",
    ] { #expect(metrics.contains("\n\(line)\n"), "no line “\(line)”") }
    #expect(!metrics.contains("\nweir_outbox_limit_bytes "), "unlimited: no number")
    #expect(metrics.contains("\nweir_outbox_oldest_seconds "))
  }
}
