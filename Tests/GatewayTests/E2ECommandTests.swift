import Foundation
import TestSupport
import Testing

/// VRFY, HELP, listeners of all kinds, and the commands that ask the running gateway.
@Suite(.apart) struct E2ECommandTests {
  @Test func vrfyTellsRelayNetworksWhatIsRemembered() throws {
    let front = try Front(
      ["recipients.vrfy": "true"], behaviour: BackendBehaviour { $0.knownRecipients = ["user@example.org"] },
      networks: ["127.0.0.2"])
    let ours = try front.session(from: "127.0.0.2")
    // Nobody has asked yet, so nothing is remembered.
    #expect(try ours.command("VRFY user@example.org").code == 252)
    try ours.command("MAIL FROM:<a@outside.example>")
    #expect(try ours.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try ours.command("RCPT TO:<nobody@example.org>").code == 550)
    try ours.command("RSET")
    let known = try ours.command("VRFY <user@example.org>")
    #expect(known.code == 250 && known.text.contains("<user@example.org>"))
    #expect(try ours.command("VRFY nobody@example.org").code == 550)
    #expect(try ours.command("VRFY x@elsewhere.example").code == 252)
    #expect(try ours.command("VRFY no address").code == 252)
    let stranger = try front.session()
    #expect(try stranger.command("VRFY user@example.org").code == 252)
    #expect(try stranger.command("VRFY nobody@example.org").code == 252)
    let silent = try Front(networks: ["127.0.0.2"])
    #expect(try silent.session(from: "127.0.0.2").command("VRFY user@example.org").code == 252)
    let expanded = try ours.command("EXPN staff")
    #expect(expanded.code == 502 && expanded.enhanced == "5.7.0")
  }

  @Test func helpIsHelpful() throws {
    let front = try Front()
    let client = try front.session()
    let all = try client.command("HELP")
    #expect(all.code == 214 && all.lines.count > 1)
    for verb in ["EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "QUIT"] {
      #expect(all.text.contains(verb))
      let one = try client.command("HELP \(verb.lowercased())")
      #expect(one.code == 214 && one.text.contains(verb), "\(one)")
    }
  }

  @Test func oneListenerServesBothFamilies() throws {
    let backend = try ScriptedBackend()
    let port = try FreePort.take()
    let gateway = try Gateway(
      GatewayConfiguration(before: backend) {
        $0.listeners = [.init(port: port, host: "::")]
        $0.settings["user"] = "\"nobody\""
        $0.networks = ["127.0.0.3", "::1"]
      })
    let front = Front(backend: backend, gateway: gateway)
    let v4 = try front.session(from: "127.0.0.2")
    #expect(try v4.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try v4.deliver(from: "a@outside.example", to: ["x@elsewhere.example"]).code == 550)
    let line = try gateway.waitForLog { $0.event == "accept" }
    #expect(line["client"] == "127.0.0.2")
    #expect(backend.messages.first?.header("Received").first?.contains("[127.0.0.2]") == true)
    // The networks hold for the address, whichever socket it came by.
    let trusted = try front.session(from: "127.0.0.3")
    #expect(try trusted.deliver(from: "a@outside.example", to: ["x@elsewhere.example"]).code == 250)
    let v6 = try RawClient("::1", port: port)
    try v6.open()
    #expect(try v6.deliver(from: "a@outside.example", to: ["x@elsewhere.example"]).code == 250)
    #expect(backend.messages.last?.header("Received").first?.contains("[IPv6:::1]") == true)
    try gateway.waitForLog { $0["client"] == "::1" }
  }

  @Test func severalListenersServeAtOnce() throws {
    let backend = try ScriptedBackend()
    let ports = try (0..<3).map { _ in try FreePort.take() }
    let gateway = try Gateway(
      GatewayConfiguration(before: backend) { $0.listeners = ports.map { .init(port: $0) } })
    for port in ports {
      let client = try RawClient(port: port)
      try client.open()
      #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    }
    #expect(backend.messages.count == 3)
    let status = try gateway.weir(["status"])
    #expect(ports.allSatisfy { status.output.contains("127.0.0.1:\($0)") })
  }

  @Test func statusTellsWhatIsGoingOn() throws {
    let front = try Front(["limits.connections_per_address": "100"])
    let client = try front.session()
    try client.deliver(from: "a@outside.example", to: ["user@example.org"])
    try client.deliver(from: "a@outside.example", to: ["x@elsewhere.example"])
    let text = try front.gateway.weir(["status"])
    #expect(text.ending == .exited(0))
    for part in [
      "connections  1 of 10000", "main 127.0.0.1:\(front.backend.port): up", "RELAY_DENIED=1", "accept=1",
    ] {
      #expect(text.output.contains(part), "\(part) is not in:\n\(text.output)")
    }
    let report = try front.status()
    #expect(report["connections"] as? Int == 1 && report["generation"] as? Int == 1)
    let backends = try #require(report["backends"] as? [[String: Any]])
    #expect(
      backends.count == 1 && backends[0]["delivered"] as? Int == 1 && backends[0]["isUp"] as? Bool == true)
    #expect((report["offered"] as? [String])?.contains("CHUNKING") == true)
    // Without a gateway it says so, and does not wait.
    front.gateway.terminate()
    for command in ["status", "reload"] {
      let alone = try front.gateway.weir([command])
      #expect(alone.ending == .exited(2) && alone.errors.contains("no gateway answers"), "\(alone)")
    }
  }

  @Test func theControlSocketIsTheOperatorsAlone() throws {
    let front = try Front()
    let socket = front.gateway.folder.file("state/control.sock")
    // It is made with the umask's mode inside a folder that is closed, and closed itself a moment later.
    #expect(
      try eventually {
        try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int == 0o600
      })
    let state = try FileManager.default.attributesOfItem(atPath: front.gateway.folder.file("state"))
    #expect(state[.posixPermissions] as? Int == 0o700)
    // Nonsense on it hurts nobody.
    let peer = try RawClient("unix:\(socket)", port: 0)
    try peer.send("not json at all\n")
    #expect(try peer.readUntilClosed().contains("not understood"))
    let flood = try RawClient("unix:\(socket)", port: 0)
    for _ in 0..<40 { try? flood.send(String(repeating: "x", count: 8192)) }
    #expect(flood.isClosed())
    #expect(try front.status("generation") == 1)
  }

  @Test func everyCodeOfALogIsExplained() throws {
    let front = try Front()
    let client = try front.session()
    try client.deliver(from: "a@outside.example", to: ["x@elsewhere.example"])
    let line = try front.gateway.waitForLog { $0.event == "reject" }
    let code = try #require(line["code"])
    let explained = try run(Gateway.binary(), ["explain", code])
    #expect(explained.succeeded && explained.output.contains("what to do"))
    #expect(try run(Gateway.binary(), ["explain", "NO_SUCH_CODE"]).ending == .exited(1))
  }

  @Test func theDescriptorLimitIsRaised() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("gateway")
    let configuration = try GatewayConfiguration(before: backend) {
      $0.settings["limits.connections"] = "100"
    }
    let path = try folder.write("weir.toml", configuration.toml(folder: folder.path))
    let process = try RunningProcess(
      "prlimit", ["--nofile=300:9000", Gateway.binary(), "serve", "--config", path])
    try process.waitForPort(configuration.listeners[0].port)
    let limits = String(decoding: try readBytes(atPath: "/proc/\(process.id)/limits"), as: UTF8.self)
    #expect(limits.contains(/Max open files\s+9000\s+9000/), "\(limits)")
    process.terminate()
  }

  @Test func aListenerCanBeALocalSocket() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("gateway")
    let socket = folder.file("smtp.sock")
    let port = try FreePort.take()
    let text =
      try GatewayConfiguration(before: backend) { $0.listeners = [.init(port: port)] }
      .toml(folder: folder.path) + "\n[[listener]]\naddress = \"unix:\(socket)\"\n"
    let gateway = try Gateway(toml: text, in: folder, ports: [("127.0.0.1", port)])
    for _ in 0..<2 {
      var opened: RawClient?
      eventually {
        opened = try? RawClient("unix:\(socket)", port: 0)
        return opened != nil
      }
      let client = try #require(opened)
      try client.open()
      #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
      #expect(try client.deliver(from: "a@outside.example", to: ["x@elsewhere.example"]).code == 550)
      // After a kill the socket's file lies in the way of the next start.
      gateway.kill()
      try gateway.restart()
    }
    #expect(backend.messages.count == 2)
  }

  /// Past the descriptors that the system grants new clients are told to come again; those inside are served.
  @Test func fewDescriptorsAreNoEnd() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("gateway")
    let configuration = try GatewayConfiguration(before: backend, extra: ["connections = 5"]) {
      $0.settings = [
        "limits.connections": "\"unlimited\"", "limits.memory": "\"4MiB\"",
        "limits.connections_per_address": "\"unlimited\"", "limits.connections_per_subnet": "\"unlimited\"",
        "limits.connection_rate_per_address": "\"unlimited\"",
        "limits.connection_rate_per_subnet": "\"unlimited\"",
      ]
    }
    let path = try folder.write("weir.toml", configuration.toml(folder: folder.path))
    let port = configuration.listeners[0].port
    // Sockets of the tests beside, open at this moment, would be inherited and counted.
    let closing = "for d in /proc/self/fd/*; do n=${d##*/}; [ $n -le 2 ] || eval \"exec $n>&-\"; done"
    let process = try RunningProcess(
      "bash",
      [
        "-c", closing + "; exec prlimit --nofile=260:260 \"$0\" serve --config \"$1\"", Gateway.binary(),
        path,
      ])
    try process.waitForPort(port)
    var inside: [RawClient] = []
    var refusal: RawReply?
    while refusal == nil, inside.count < 300 {
      let client = try RawClient(port: port)
      let reply = try client.reply()
      if reply.code == 220 { inside.append(client) } else { refusal = reply }
    }
    #expect(refusal?.code == 421 && refusal?.enhanced == "4.3.2", "\(inside.count)")
    #expect(inside.count > 30 && inside.count < 260)
    let first = try #require(inside.first)
    try first.command("EHLO client.example")
    #expect(try first.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    for client in inside.dropFirst(5) { client.close() }
    #expect(try eventually { try RawClient(port: port).reply().code == 220 })
    #expect(process.output.contains("code=LIMIT_DESCRIPTORS"))
    process.terminate()
  }

  /// A file that may not grow stands for a disk that is full.
  @Test func aFullDiskIs452() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("gateway")
    let configuration = try GatewayConfiguration(before: backend) {
      $0.settings = ["limits.memory_per_message": "\"64KiB\"", "limits.header_size": "4096"]
    }
    let path = try folder.write("weir.toml", configuration.toml(folder: folder.path))
    let port = configuration.listeners[0].port
    let process = try RunningProcess(
      "prlimit", ["--fsize=1000000:1000000", Gateway.binary(), "serve", "--config", path])
    try process.waitForPort(port)
    let client = try RawClient(port: port, patience: .seconds(30))
    try client.open()
    let large =
      "Subject: x\r\n\r\n" + String(repeating: String(repeating: "x", count: 98) + "\r\n", count: 30_000)
    let answer = try client.deliver(from: "a@outside.example", to: ["user@example.org"], large)
    #expect(answer.code == 452 && answer.enhanced == "4.3.1", "\(answer)")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(process.isRunning && backend.messages.count == 1)
    #expect(eventually { process.output.contains("code=LIMIT_SPOOL") })
    process.terminate()
  }
}
