import Foundation

/// An Exim of the test's own, installed or unpacked: its configuration, spool and log lie in a scratch folder.
public final class EximBackend: RealBackend {
  public let folder: ScratchFolder
  public let port: UInt16
  public var unknownText: String { "No such mailbox here" }
  private let process: RunningProcess

  /// Starts it.
  ///
  /// - Parameters:
  ///   - settings: further lines of the main section, in place of the harness's own of that name.
  ///   - sections: further sections, each with its `begin` line.
  public init(
    _ mailboxes: BackendMailboxes = BackendMailboxes(), port: UInt16? = nil, settings: [String] = [],
    sections: String = ""
  ) throws {
    guard let binary = PeerFolder.exim else { throw HarnessFault("no Exim") }
    folder = try ScratchFolder("exim")
    self.port = try port ?? FreePort.take()
    for name in ["spool", "log", "box"] { try give(folder.folder(name), to: "Debian-exim") }
    // A copy where its own user can reach it: Exim starts itself again after it has become that user.
    try folder.write("exim4", bytes: readBytes(atPath: binary))
    chmod(folder.file("exim4"), 0o755)
    try folder.write("known", mailboxes.addresses.map { "\($0): \($0)\n" }.joined())
    try folder.write(
      "exim.conf",
      Self.configuration(
        folder: folder.path, port: self.port, domains: mailboxes.domains, settings: settings,
        unknown: "No such mailbox here") + sections)
    process = try RunningProcess(
      folder.file("exim4"), ["-C", folder.file("exim.conf"), "-bdf"], joined: true)
    do { try process.waitForPort(self.port) } catch { throw HarnessFault("\(error)\n\(log)") }
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  public var log: String {
    ["main", "reject", "panic"].map { (try? folder.read("log/\($0)log")) ?? "" }.joined()
  }

  // What is looked up in a file of ours is no longer “tainted” and may name a file.
  private static func configuration(
    folder: String, port: UInt16, domains: [String], settings: [String], unknown: String
  ) -> String {
    let names = Set(settings.compactMap { $0.split(separator: " ").first })
    let own = main(folder, port, domains).split(separator: "\n").filter { line in
      !names.contains(line.prefix { $0 != " " })
    }
    return (own + settings.map { Substring($0) }).joined(separator: "\n") + "\n"
      + rest(folder: folder, unknown: unknown)
  }

  private static func main(_ folder: String, _ port: UInt16, _ domains: [String]) -> String {
    """
    exim_path = \(folder)/exim4
    spool_directory = \(folder)/spool
    log_file_path = \(folder)/log/%slog
    pid_file_path = \(folder)/exim.pid
    primary_hostname = backend.exim.test
    daemon_smtp_ports = \(port)
    local_interfaces = 127.0.0.1
    domainlist ours = \(domains.joined(separator: " : "))
    acl_smtp_rcpt = recipient
    acl_smtp_data = accept
    host_lookup =
    rfc1413_query_timeout = 0s
    deliver_drop_privilege = true
    tls_advertise_hosts =
    keep_environment =
    message_size_limit = 100M
    smtp_accept_max = 0
    smtp_accept_queue_per_connection = 0
    queue_run_max = 0
    """
  }

  private static func rest(folder: String, unknown: String) -> String {
    """
    begin acl
    recipient:
      deny !domains = +ours
           message = 5.7.1 Relaying is not for you
      accept condition = ${lookup{$local_part@$domain}lsearch{\(folder)/known}{yes}{no}}
      deny message = 5.1.1 \(unknown)
    begin routers
    box:
      driver = accept
      domains = +ours
      transport = box
    begin transports
    box:
      driver = appendfile
      directory = \(folder)/box/${lookup{$local_part@$domain}lsearch{\(folder)/known}{$value}fail}
      maildir_format
      create_directory
      envelope_to_add
      return_path_add

    """
  }
}
