import Foundation
import Synchronization
import TestSupport
import Testing

/// A reload is one checked snapshot: what is sound goes live for new sessions, what is broken changes nothing,
/// and nobody is dropped.
@Suite(.apart) struct E2EReloadTests {
  private func code(
    _ front: Front, from source: String = "127.0.0.1", to recipient: String = "user@example.org"
  )
    throws -> Int
  {
    let client = try front.session(from: source)
    try client.command("MAIL FROM:<a@outside.example>")
    return try client.command("RCPT TO:<\(recipient)>").code
  }

  @Test func everythingNewGoesLiveForNewSessions() throws {
    let front = try Front(files: ["Blocklists/block.cidr": "127.0.5.0/24\n"])
    let old = try front.gateway.connect()
    #expect(try old.open().text.contains("RCPTMAX=100"))
    try front.gateway.folder.write("Blocklists/block.cidr", "127.0.6.0/24\n127.0.0.1 the test itself\n")
    let result = try front.reload([
      "limits.recipients": "7", "limits.message_size": "\"99KiB\"", "replies.CLOSING": "\"so long\"",
      "checks.own_domain.action": "\"reject\"", "log.format": "\"json\"",
    ]) { $0.domains = ["example.org", "new.example"] }
    #expect(result.ending == .exited(0), "\(result)")
    #expect(result.output.contains("reloaded, generation 2: 2 list entries"))
    #expect(try code(front, from: "127.0.5.1") == 250)
    #expect(try code(front, from: "127.0.6.1") == 550)
    #expect(try code(front, from: "127.0.5.1", to: "x@new.example") == 250)
    let new = try front.gateway.connect(from: "127.0.5.1")
    let greeting = try new.open()
    #expect(greeting.text.contains("RCPTMAX=7") && greeting.text.contains("SIZE 101376"))
    try new.command("MAIL FROM:<user@example.org>")
    #expect(try new.command("RCPT TO:<user@example.org>").code == 550)
    #expect(try new.command("QUIT").description == "221 2.0.0 so long")
    // The session from before keeps what it began with: its limits, its lists, its domains.
    for index in 0..<8 {
      if index == 0 { try old.command("MAIL FROM:<a@outside.example>") }
      #expect(try old.command("RCPT TO:<user\(index)@example.org>").code == 250)
    }
    #expect(try old.command("RCPT TO:<x@new.example>").code == 550)
    #expect(try old.command("QUIT").description.contains("closing connection"))
    #expect(try front.status("generation") == 2)
    #expect(front.gateway.process.output.contains("\"code\":\"RELOADED\""))
  }

  @Test func aBrokenEditChangesNothing() throws {
    let front = try Front(files: ["Blocklists/block.cidr": "127.0.5.0/24\n"])
    let open = try front.transaction()
    let good = try front.gateway.folder.read("weir.toml")
    for (file, text, place) in [
      ("weir.toml", good + "\n[limits]\nmemory = \"many\"\n", "weir.toml:"),
      ("weir.toml", good.replacing("hostname", with: "hostnam"), "weir.toml:1:1: "),
      ("weir.toml", good + "\n[limits\n", "weir.toml:"),
      ("weir.toml", good + "\n[actions]\nquarantine = 8.0\ntag = 9.0\n", "quarantine"),
      ("Blocklists/block.cidr", "127.0.5.0/24\n127.0.0.1\n300.1.1.1\n", "block.cidr:3:1: "),
    ] {
      let before = try front.gateway.folder.read(file)
      try front.gateway.folder.write(file, text)
      let result = try front.gateway.weir(["reload"])
      #expect(result.ending == .exited(1), "\(place): \(result)")
      #expect(result.output.contains(place) && result.output.contains("the old configuration stays in force"))
      front.gateway.hangUp()
      #expect(
        eventually {
          front.gateway.log().filter { $0["code"] == "RELOAD_REFUSED" && $0.raw.contains(place) }.count >= 2
        })
      #expect(try code(front, from: "127.0.5.1") == 550)
      #expect(try code(front) == 250)
      try front.gateway.folder.write(file, before)
    }
    #expect(try front.status("generation") == 1)
    #expect(try open.command("DATA").code == 354)
    try open.send("Subject: through it all\r\n\r\n.\r\n")
    #expect(try open.reply().code == 250)
    let result = try front.gateway.weir(["reload"])
    #expect(result.ending == .exited(0))
  }

  @Test func listenersComeAndGo() throws {
    let front = try Front()
    let (first, second) = (front.gateway.port, try FreePort.take())
    let session = try front.session()
    let two = try front.reload { $0.listeners = [.init(port: first), .init(port: second)] }
    #expect(two.ending == .exited(0), "\(two)")
    #expect(try RawClient(port: second).reply().code == 220)
    let one = try front.reload { $0.listeners = [.init(port: second)] }
    #expect(one.ending == .exited(0), "\(one)")
    #expect(eventually { FreePort.isFree(first) || !FreePort.answers("127.0.0.1", first) })
    #expect(try RawClient(port: second).reply().code == 220)
    // A session that came by the listener that is gone goes on.
    #expect(try session.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    // A port that another server has: nothing changes, no listener is left half open.
    let other = try ScriptedBackend()
    let third = try FreePort.take()
    let refused = try front.reload {
      $0.listeners = [.init(port: second), .init(port: third), .init(port: other.port)]
    }
    #expect(
      refused.ending == .exited(1) && refused.output.contains("another server listens there"), "\(refused)")
    #expect(!FreePort.answers("127.0.0.1", third))
    #expect(try RawClient(port: second).reply().code == 220)
  }

  @Test func theBackendCanBeChanged() throws {
    let front = try Front()
    let next = try ScriptedBackend()
    let old = try front.session()
    #expect(try old.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let result = try front.reload { $0.backends = [.init("next", port: next.port)] }
    #expect(result.ending == .exited(0), "\(result)")
    let new = try front.session()
    #expect(try new.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(next.messages.count == 1 && front.backend.messages.count == 1)
    #expect(try old.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(next.messages.count == 1 && front.backend.messages.count == 2)
  }

  @Test(arguments: [
    ("log.file", "\"other.log\""), ("state.folder", "\"elsewhere\""), ("user", "\"nobody\""),
  ])
  func whatNeedsARestartSaysSo(_ key: String, _ value: String) throws {
    let front = try Front()
    let socket = front.gateway.folder.file("state/control.sock")
    var configuration = try GatewayConfiguration(before: front.backend)
    configuration.listeners = [.init(port: front.gateway.port)]
    configuration.settings = [key: value]
    try front.gateway.rewrite(configuration)
    front.gateway.hangUp()
    let line = try front.gateway.waitForLog { $0["code"] == "RELOAD_REFUSED" }
    #expect(line["detail"]?.contains("a reload cannot change \(key)") == true, "\(line)")
    #expect(FileManager.default.fileExists(atPath: socket))
    #expect(try code(front) == 250)
  }

  /// SIGHUP again and again while mail flows: nothing is lost, nothing is refused, nobody is dropped.
  @Test func reloadsUnderLoadLoseNothing() throws {
    let front = try Front(["limits.connections_per_address": "1000"])
    let isOver = Atomic<Bool>(false)
    let reloader = Thread {
      var count = 0
      while !isOver.load(ordering: .relaxed) {
        count += 1
        _ = try? front.gateway.folder.write("Blocklists/block.cidr", "192.0.2.\(count % 200)\n")
        front.gateway.hangUp()
        block(for: .milliseconds(30))
      }
    }
    reloader.start()
    defer { isOver.store(true, ordering: .relaxed) }
    // The mail of a fast machine is through before a slow one's reload: each client goes on until there were some.
    let sent = Atomic<Int>(0)
    let limit = ContinuousClock.now + .seconds(60)
    try together(8) { client in
      var connection = 0
      while connection < 4 || front.gateway.log().count(where: { $0["code"] == "RELOADED" }) < 4 {
        guard ContinuousClock.now < limit else { throw HarnessFault("no four reloads in a minute") }
        let session = try front.session(patience: .seconds(30))
        for message in 0..<5 {
          let name = "\(client).\(connection).\(message)"
          let answer = try session.deliver(
            from: "a@outside.example", to: ["user@example.org"], "Subject: \(name)\r\n\r\n")
          guard answer.code == 250 else { throw HarnessFault("\(name): \(answer)") }
          sent.add(1, ordering: .relaxed)
        }
        guard try session.command("QUIT").code == 221 else { throw HarnessFault("no good-bye") }
        connection += 1
      }
    }
    isOver.store(true, ordering: .relaxed)
    let expected = sent.load(ordering: .relaxed)
    #expect(expected >= 160)
    #expect(Set(front.backend.messages.flatMap { $0.header("Subject") }).count == expected)
    #expect(front.backend.messages.count == expected)
    #expect(try front.status("generation") > 3)
  }
}
