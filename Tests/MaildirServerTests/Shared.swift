import Foundation
import MaildirServer
import NIOPosix
import TestSupport

/// The demo's mail server on a port of its own, with a Maildir in a scratch folder.
struct Served {
  let folder: ScratchFolder
  let server: MaildirServer
  let port: UInt16

  init(_ change: (inout MaildirServer.Configuration) -> Void = { _ in }) async throws {
    folder = try ScratchFolder("maildir")
    var configuration = MaildirServer.Configuration()
    change(&configuration)
    server = try await MaildirServer.start(
      Maildir(folder.file("deep/Maildir")), host: "127.0.0.1", port: 0, configuration: configuration,
      group: .singleton)
    guard let port = server.localAddress?.port else { throw HarnessFault("it listens nowhere") }
    self.port = UInt16(port)
  }

  func connect() throws -> RawClient {
    let client = try RawClient(port: port)
    try client.open()
    return client
  }

  func names(_ part: String = "new") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.file("deep/Maildir/\(part)"))) ?? [])
      .sorted()
  }

  /// The messages in `new/`, as they lie there.
  func messages() throws -> [String] {
    try names().map { try folder.read("deep/Maildir/new/\($0)") }
  }
}

extension String {
  /// What stands behind the empty line.
  var body: String {
    guard let end = range(of: "\n\n") else { return "" }
    return String(self[end.upperBound...])
  }
}
