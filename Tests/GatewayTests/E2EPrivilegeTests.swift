import Foundation
import TestSupport
import Testing

/// Root binds and reads, then it becomes the configured user for good.
@Suite(.apart, needs { geteuid() == 0 ? nil : "only root can become another user" })
struct E2EPrivilegeTests {
  private static let user = "nobody"

  /// A gateway started as root that becomes `nobody`, on a port below 1024 of loopback.
  private func start(_ settings: [String: String] = [:]) throws -> (Front, port: UInt16) {
    let port = try Self.lowPort()
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("gateway")
    let configuration = try GatewayConfiguration(before: backend) {
      $0.listeners = [.init(port: port)]
      $0.settings = ["user": "\"\(Self.user)\"", "log.file": "\"log/weir.log\""].merging(settings) { $1 }
    }
    let gateway = try Gateway(
      toml: configuration.toml(folder: folder.path), in: folder,
      files: ["Blocklists/block.cidr": "192.0.2.1\n"],
      ports: [("127.0.0.1", port)])
    return (Front(backend: backend, gateway: gateway), port)
  }

  /// A free port that only root may take.
  private static func lowPort() throws -> UInt16 {
    for _ in 0..<200 {
      let port = UInt16.random(in: 600..<1000)
      if FreePort.isFree(port) { return port }
    }
    throw HarnessFault("no free port below 1024")
  }

  private func owner(_ path: String) throws -> String {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let mode = attributes[.posixPermissions] as? Int ?? 0
    return "\(attributes[.ownerAccountName] as? String ?? "?") \(String(mode, radix: 8))"
  }

  @Test func noRootIsLeft() throws {
    let (front, _) = try start()
    let client = try front.session()
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let passwd = try #require(getpwnam(Self.user)?.pointee)
    for thread in try FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(front.gateway.process.id)/task")
    {
      let path = "/proc/\(front.gateway.process.id)/task/\(thread)/status"
      guard let bytes = try? readBytes(atPath: path) else { continue }
      let fields = Dictionary(
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
          let parts = line.split(separator: ":", maxSplits: 1)
          return parts.count == 2
            ? (String(parts[0]), parts[1].split(whereSeparator: \.isWhitespace).map(String.init)) : nil
        }, uniquingKeysWith: { first, _ in first })
      #expect(fields["Uid"] == [String](repeating: "\(passwd.pw_uid)", count: 4), "thread \(thread)")
      #expect(fields["Gid"] == [String](repeating: "\(passwd.pw_gid)", count: 4), "thread \(thread)")
      #expect(fields["Groups"]?.contains("0") != true, "thread \(thread): \(fields["Groups"] ?? [])")
      for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        #expect(fields[set] == ["0000000000000000"], "thread \(thread) \(set)")
      }
    }
    #expect(try owner(front.gateway.folder.file("state")) == "nobody 700")
    #expect(try eventually { try owner(front.gateway.folder.file("state/control.sock")) == "nobody 600" })
    #expect(try owner(front.gateway.folder.file("log/weir.log")).hasPrefix("nobody 6"))
    // The state is written as that user: what the backends offer.
    #expect(try front.status("generation") == 1)
  }

  /// Whoever is greeted is greeted by the user, however early he came: nobody speaks to root.
  @Test func nobodyIsServedByRoot() throws {
    let port = try Self.lowPort()
    // A backend that keeps the gateway waiting while it starts.
    let backend = try ScriptedBackend(.at(.connect, .delay(.milliseconds(700)), .normal))
    let folder = try ScratchFolder("gateway")
    let configuration = try GatewayConfiguration(before: backend) {
      $0.listeners = [.init(port: port)]
      $0.settings["user"] = "\"nobody\""
    }
    let gateway = try Gateway(
      toml: configuration.toml(folder: folder.path), in: folder, ports: [("127.0.0.1", port)])
    let client = try gateway.connect()
    #expect(try client.reply().code == 220)
    let status = String(decoding: try readBytes(atPath: "/proc/\(gateway.process.id)/status"), as: UTF8.self)
    let passwd = try #require(getpwnam(Self.user)?.pointee)
    #expect(status.contains("Uid:\t\(passwd.pw_uid)\t"), "\(status)")
    // What it learned of the backend before the first greeting is offered in it, and was written by the user.
    #expect(try client.command("EHLO client.example").text.contains("DSN"))
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.file("state")) {
      #expect(try owner(folder.file("state/\(file)")).hasPrefix("nobody "), "\(file)")
    }
  }

  /// What lies in the state folder is given to the user however deep mail that waits lies in it, but nothing that a link
  /// there leads to.
  @Test func theStateIsHandedOver() throws {
    let (front, _) = try start()
    #expect(front.gateway.terminate() == .exited(0))
    let folder = front.gateway.folder
    let inside = try folder.write("state/messages/files/kept.txt", "x")
    let outside = try folder.write("elsewhere/secret", "x")
    let link = folder.file("state/linked")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.file("elsewhere"))
    try FileManager.default.removeItem(atPath: folder.file("state/spool"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("state/spool"), withDestinationPath: folder.file("elsewhere"))
    for path in [inside, folder.file("state/messages/files"), folder.file("state/messages")] {
      chown(path, 0, 0)
    }
    try front.gateway.restart()
    #expect(try owner(inside).hasPrefix("nobody "))
    #expect(try owner(folder.file("state/messages/files")).hasPrefix("nobody "))
    #expect(try owner(folder.file("state/messages")).hasPrefix("nobody "))
    #expect(try owner(outside).hasPrefix("root "))
    #expect(try owner(folder.file("elsewhere")).hasPrefix("root "))
  }

  @Test func aReloadThatWouldNeedRootSaysSo() throws {
    let (front, port) = try start()
    func reload(_ change: (inout GatewayConfiguration) -> Void) throws -> CommandResult {
      try front.reload(["user": "\"nobody\"", "log.file": "\"log/weir.log\""], change)
    }
    let another = try Self.lowPort()
    let refused = try reload { $0.listeners = [.init(port: port), .init(port: another)] }
    #expect(refused.ending == .exited(1) && refused.output.contains("needs root"), "\(refused)")
    #expect(!FreePort.answers("127.0.0.1", another) && FreePort.answers("127.0.0.1", port))
    #expect(try front.status("generation") == 1)
    // What needs no root is taken.
    let high = try FreePort.take()
    let taken = try reload { $0.listeners = [.init(port: port), .init(port: high)] }
    #expect(taken.ending == .exited(0) && FreePort.answers("127.0.0.1", high), "\(taken)")
    // A list that the user may not read: said, and nothing changes.
    let path = try front.gateway.folder.write("Blocklists/block.cidr", "192.0.2.1\n127.0.0.9\n")
    chmod(path, 0o600)
    let unreadable = try reload { $0.listeners = [.init(port: port), .init(port: high)] }
    #expect(unreadable.ending == .exited(1) && unreadable.output.contains("block.cidr"), "\(unreadable)")
    #expect(try front.status("generation") == 2)
    chmod(path, 0o644)
    #expect(try front.gateway.weir(["reload"]).ending == .exited(0))
  }

  @Test func theLogIsReopenedAsTheUser() throws {
    let (front, _) = try start()
    let path = front.gateway.folder.file("log/weir.log")
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    front.gateway.hangUp()
    try front.gateway.waitForLog(at: path) { $0["code"] == "RELOADED" }
    #expect(try owner(path).hasPrefix("nobody 6"))
    #expect(!front.gateway.process.errors.contains("cannot"), "\(front.gateway.process.errors)")
  }

  @Test func checkFindsWhatTheUserCannotRead() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("check")
    let configuration = try GatewayConfiguration(before: backend) { $0.settings = ["user": "\"nobody\""] }
    let path = try folder.write("weir.toml", configuration.toml(folder: folder.path))
    let list = try folder.write("Blocklists/block.cidr", "192.0.2.1\n")
    #expect(try run(Gateway.binary(), ["check", "--offline", "--config", path]).ending == .exited(0))
    chmod(list, 0o600)
    let result = try run(Gateway.binary(), ["check", "--offline", "--config", path])
    #expect(result.ending == .exited(1))
    #expect(result.output.contains("block.cidr cannot be read as user 'nobody'"), "\(result.output)")
  }

  @Test func rootWithoutAUserServesLoopbackOnly() throws {
    let backend = try ScriptedBackend()
    let inside = try Gateway(GatewayConfiguration(before: backend))
    #expect(inside.process.errors.contains("warning: started as root without `user`"))
    let fault = #expect(throws: HarnessFault.self) {
      try Gateway(GatewayConfiguration(before: backend) { $0.listeners[0].host = "0.0.0.0" })
    }
    #expect(fault?.description.contains("started as root without `user`") == true)
  }
}
