import Foundation

/// A Dovecot of the test's own that speaks LMTP: its configuration, mail and log lie in a scratch folder.
public final class DovecotBackend: RealBackend {
  public let folder: ScratchFolder
  public let port: UInt16
  public var unknownText: String { "User doesn't exist" }
  private let process: RunningProcess

  /// Starts it.
  ///
  /// - Parameter quota: the octets that a mailbox may hold, by address; the others may hold any number.
  public init(
    _ mailboxes: BackendMailboxes = BackendMailboxes(), port: UInt16? = nil, quota: [String: Int] = [:]
  ) throws {
    let folder = try ScratchFolder("dovecot")
    self.folder = folder
    self.port = try port ?? FreePort.take()
    for name in ["run", "state"] { try folder.folder(name) }
    try give(folder.folder("box"), to: "nobody")
    let home = folder.path
    try folder.write(
      "users",
      mailboxes.addresses.map { address in
        let rule = quota[address].map { "userdb_quota_rule=*:bytes=\($0)" } ?? ""
        return "\(address)::65534:65534::\(home)::\(rule)\n"
      }.joined())
    try folder.write("dovecot.conf", Self.configuration(folder.path, port: self.port))
    process = try RunningProcess("dovecot", ["-F", "-c", folder.file("dovecot.conf")], joined: true)
    do { try process.waitForPort(self.port) } catch { throw HarnessFault("\(error)\n\(log)") }
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  public var log: String { process.output + ((try? folder.read("log")) ?? "") }

  private static func configuration(_ folder: String, port: UInt16) -> String {
    """
    base_dir = \(folder)/run
    state_dir = \(folder)/state
    log_path = \(folder)/log
    protocols = lmtp
    ssl = no
    default_internal_user = nobody
    default_internal_group = nogroup
    default_login_user = nobody
    first_valid_uid = 1
    mail_location = maildir:\(folder)/box/%u
    mail_plugins = quota
    plugin {
      quota = maildir:User quota
    }
    passdb {
      driver = passwd-file
      args = scheme=plain username_format=%u \(folder)/users
    }
    userdb {
      driver = passwd-file
      args = username_format=%u \(folder)/users
    }
    service lmtp {
      chroot =
      inet_listener lmtp {
        address = 127.0.0.1
        port = \(port)
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
