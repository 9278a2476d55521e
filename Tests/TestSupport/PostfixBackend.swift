import Foundation

/// A Postfix of the test's own: its configuration, queue and log lie in a scratch folder.
public final class PostfixBackend: RealBackend {
  public let folder: ScratchFolder
  public let port: UInt16
  public var unknownText: String { "User unknown in virtual mailbox table" }
  private let process: RunningProcess

  /// Starts it.
  ///
  /// - Parameters:
  ///   - xforward: believes XFORWARD and XCLIENT from loopback, and offers them.
  ///   - settings: further lines of `main.cf`, which go before the harness's own.
  ///   - serviceOptions: further options of the smtpd service (`-o name=value`).
  ///   - service: the whole smtpd service as `master.cf` has it, in place of the harness's own.
  public init(
    _ mailboxes: BackendMailboxes = BackendMailboxes(), port: UInt16? = nil, xforward: Bool = false,
    settings: [String] = [], serviceOptions: [String] = [], service: String? = nil
  ) throws {
    folder = try ScratchFolder("postfix")
    self.port = try port ?? FreePort.take()
    try Self.makeFolders(in: folder)
    try Self.write(mailboxes, settings: settings, xforward: xforward, in: folder)
    let options = serviceOptions.map { "\n  -o \($0)" }.joined()
    let own = "127.0.0.1:\(self.port) inet n - n - - smtpd\(options)"
    try folder.write("etc/master.cf", "\(service ?? own)\n\(Self.services)")
    process = try RunningProcess(
      "/usr/lib/postfix/sbin/master", ["-c", folder.file("etc"), "-d"],
      environment: ["MAIL_CONFIG": folder.file("etc")], joined: true)
    do { try process.waitForPort(self.port) } catch { throw HarnessFault("\(error)\n\(log)") }
  }

  deinit { stop() }

  public func stop() {
    // Nothing in the queue is worth the second that an orderly end takes.
    process.kill()
  }

  public var log: String { (try? folder.read("log")) ?? "" }

  /// The queue as `postfix start` would make it; its own script needs two seconds for that.
  private static func makeFolders(in folder: ScratchFolder) throws {
    for name in ["spool", "spool/pid", "etc", "data", "box"] { try folder.folder(name) }
    for name in [
      "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
      "trace",
    ] {
      try give(folder.folder("spool/\(name)", mode: 0o700), to: "postfix")
    }
    try give(folder.folder("spool/maildrop", mode: 0o730), to: "postfix", group: "postdrop")
    try give(folder.folder("spool/public", mode: 0o710), to: "postfix", group: "postdrop")
    try give(folder.file("data"), to: "postfix")
    try give(folder.file("box"), to: "nobody")
  }

  private static func write(
    _ mailboxes: BackendMailboxes, settings: [String], xforward: Bool, in folder: ScratchFolder
  ) throws {
    let map = mailboxes.addresses.map { "{ \($0) = \($0)/ }" }.joined(separator: ", ")
    let believed = xforward ? "127.0.0.0/8" : ""
    try folder.write(
      "etc/main.cf",
      settings.map { $0 + "\n" }.joined() + """
        compatibility_level = 3.6
        queue_directory = \(folder.file("spool"))
        data_directory = \(folder.file("data"))
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        mail_owner = postfix
        setgid_group = postdrop
        myhostname = backend.postfix.test
        mydestination =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        mynetworks =
        smtpd_peername_lookup = no
        smtpd_relay_restrictions = reject_unauth_destination
        smtpd_authorized_xforward_hosts = \(believed)
        smtpd_authorized_xclient_hosts = \(believed)
        smtpd_client_connection_count_limit = 0
        virtual_mailbox_domains = \(mailboxes.domains.joined(separator: ", "))
        virtual_mailbox_maps = inline:{ \(map) }
        virtual_mailbox_base = \(folder.file("box"))
        virtual_mailbox_limit = 0
        virtual_minimum_uid = 1
        virtual_uid_maps = static:65534
        virtual_gid_maps = static:65534
        alias_maps =
        alias_database =
        local_recipient_maps =
        default_transport = error:nothing leaves this machine
        relay_transport = error:nothing leaves this machine
        smtp_dns_support_level = disabled
        smtpd_tls_security_level = none
        message_size_limit = 104857600
        in_flow_delay = 0
        maillog_file = \(folder.file("log"))
        maillog_file_prefixes = \(folder.path)
        import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C

        """)
  }

  /// The rest of `master.cf`: the daemons that queue and deliver, none of them in a chroot.
  private static let services = [
    "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "tlsmgr unix - - n 1000? 1 tlsmgr",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap", "smtp unix - - n - - smtp", "showq unix n - n - - showq",
    "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard",
    "virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil", "postlog unix-dgram n - n - 1 postlogd",
  ].map { $0 + "\n" }.joined()
}
