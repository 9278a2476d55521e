import Foundation
import TestSupport
import Testing

/// What `Scripts/run` starts, and `weir demo` in front of it, on ports of the test's own.
@Suite(.apart) struct DemoTests {
  /// The mail server and the gateway of `Scripts/demo.toml`, ports and paths replaced.
  private struct Running {
    let folder: ScratchFolder
    let config: String
    let backend: RunningProcess
    let gateway: RunningProcess

    init(_ change: (String) -> String = { $0 }) throws {
      folder = try ScratchFolder("demo")
      let port = try FreePort.take()
      let backendPort = try FreePort.take()
      var toml = try RepositoryFile.text("Scripts/demo.toml")
      for (own, other) in [
        ("127.0.0.1:2525", "127.0.0.1:\(port)"), ("127.0.0.1:10025", "127.0.0.1:\(backendPort)"),
        ("\"../Blocklists\"", "\"\(RepositoryFile.url("Blocklists").path)\""),
        ("\"../Rules\"", "\"\(RepositoryFile.url("Rules").path)\""),
        ("\"../run/", "\"\(folder.path)/run/"),
      ] {
        #expect(toml.contains(own), "demo.toml has \(own)")
        toml = toml.replacingOccurrences(of: own, with: other)
      }
      config = try folder.write("demo.toml", change(toml))
      for name in ["run", "empty"] { try folder.folder(name) }
      backend = try RunningProcess(
        Gateway.binary(),
        ["demo-backend", "--maildir", folder.file("run/Maildir"), "--listen", "127.0.0.1:\(backendPort)"])
      try backend.waitForPort(backendPort)
      gateway = try RunningProcess(Gateway.binary(), ["serve", "--config", config])
      try gateway.waitForPort(port)
      // It listens a moment before it can be asked.
      let socket = folder.file("run/state/control.sock")
      #expect(eventually(within: .seconds(20)) { FileManager.default.fileExists(atPath: socket) })
    }

    var mail: [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: folder.file("run/Maildir/new"))) ?? []
    }
  }

  private struct Row: Decodable {
    let title: String
    let reply: String
    let log: String?
    let arrived: [String]
    let isAsIntended: Bool
    let faults: [String]
  }

  @Test func everyMessageMeetsWhatItShould() throws {
    let running = try Running()
    let result = try run(Gateway.binary(), ["demo", "--config", running.config, "--json"])
    #expect(result.succeeded, "\(result.output)\(result.errors)")
    let rows = try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
    #expect(rows.count == 8)
    for row in rows { #expect(row.isAsIntended, "\(row.title): \(row.faults)") }
    #expect(
      rows.map { String($0.reply.prefix(3)) } == ["250", "550", "550", "550", "550", "550", "552", "552"])
    #expect(rows.first?.arrived.count == 1)
    #expect(running.mail.count == 1)
    let codes = rows.map { LogLine($0.log ?? "")?["code"] ?? "" }
    #expect(
      codes == [
        "MESSAGE_ACCEPTED", "RELAY_DENIED", "CLIENT_LISTED", "SENDER_LISTED", "RECIPIENT_UNKNOWN", "BARE_LF",
        "MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE",
      ])
    #expect(running.backend.terminate() == .exited(0))
    #expect(running.gateway.terminate() == .exited(0))
  }

  @Test func forPeopleItFitsATerminal() throws {
    let running = try Running()
    let result = try run(Gateway.binary(), ["demo", "--config", running.config])
    #expect(result.succeeded, "\(result.output)\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("1. Good mail") })
    #expect(lines.contains { $0.contains("550 5.7.1") })
    for line in lines where line.split(separator: " ").count > 2 { #expect(line.count <= 100, "\(line)") }
  }

  @Test func whatIsNotAsIntendedIsSaid() throws {
    // A gateway without lists lets the listed ones in.
    let running = try Running { toml in
      toml.replacingOccurrences(of: RepositoryFile.url("Blocklists").path, with: "empty")
    }
    let result = try run(Gateway.binary(), ["demo", "--config", running.config])
    #expect(result.ending == .exited(1), "\(result.output)\(result.errors)")
    #expect(result.output.contains("NOT AS INTENDED") && result.output.contains("it arrived"))
    #expect(result.output.contains("2 of 8 were not as intended"))
  }

  @Test func withoutAGatewayItSaysWhatToDo() throws {
    let folder = try ScratchFolder("demo")
    let config = try folder.write("demo.toml", RepositoryFile.text("Scripts/demo.toml"))
    let result = try run(Gateway.binary(), ["demo", "--config", config])
    #expect(result.ending == .exited(2), "\(result.output)\(result.errors)")
    #expect(result.errors.contains("Scripts/run"))
  }
}
