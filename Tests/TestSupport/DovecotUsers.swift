import Foundation

/// A Dovecot of the test's own that does nothing but say who a user is, over its auth socket.
public final class DovecotUsers: Sendable {
  public let folder: ScratchFolder
  /// The path of the auth socket.
  public let socket: String
  private let process: RunningProcess

  /// Starts it. `closed@example.org` has the password `secret` and may not log in.
  ///
  /// - Parameter mechanisms: as `auth_mechanisms` writes them.
  public init(
    users: [PeerUser] = [.anna], mechanisms: String = "plain login cram-md5 scram-sha-1 scram-sha-256"
  ) throws {
    let folder = try ScratchFolder("dovecot-auth")
    self.folder = folder
    socket = folder.file("run/auth-client")
    for name in ["run", "state"] { try folder.folder(name) }
    try folder.write(
      "users",
      users.map { "\($0.name):{PLAIN}\($0.password)::::::\n" }.joined()
        + "closed@example.org:{PLAIN}secret::::::nologin=y\n")
    try folder.write("dovecot.conf", Self.configuration(folder.path, mechanisms))
    process = try RunningProcess("dovecot", ["-F", "-c", folder.file("dovecot.conf")], joined: true)
    try waitForSocket()
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  public var log: String { process.output + ((try? folder.read("log")) ?? "") }

  /// Starts another on the same folder, after `stop`.
  public func started() throws -> RunningProcess {
    let again = try RunningProcess("dovecot", ["-F", "-c", folder.file("dovecot.conf")], joined: true)
    try waitForSocket()
    return again
  }

  private func waitForSocket() throws {
    let isUp = eventually(within: .seconds(20), every: .milliseconds(20)) {
      (try? TCPSocket.connected(to: "unix:\(socket)", port: 0, timeout: .seconds(1)))?.close() != nil
    }
    guard isUp else { throw HarnessFault("Dovecot does not open its auth socket:\n\(log)") }
  }

  private static func configuration(_ folder: String, _ mechanisms: String) -> String {
    """
    base_dir = \(folder)/run
    state_dir = \(folder)/state
    log_path = \(folder)/log
    auth_debug = yes
    protocols =
    ssl = no
    default_internal_user = nobody
    default_internal_group = nogroup
    default_login_user = nobody
    auth_mechanisms = \(mechanisms)
    auth_failure_delay = 0
    passdb {
      driver = passwd-file
      args = username_format=%u \(folder)/users
    }
    userdb {
      driver = static
      args = uid=65534 gid=65534 home=/nonexistent
    }
    service auth {
      chroot =
      unix_listener auth-client {
        mode = 0666
      }
    }
    service anvil {
      chroot =
    }
    service stats {
      chroot =
    }

    """
  }
}
