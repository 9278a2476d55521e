import Foundation

/// A Sendmail of the test's own, installed or unpacked: its configuration, made by m4 from the package's own
/// sources, and its queue lie in a scratch folder.
public final class SendmailBackend: RealBackend {
  public let folder: ScratchFolder
  public let port: UInt16
  public var unknownText: String { "No mailbox of that name" }
  private let process: RunningProcess

  /// Starts it; `settings` are further lines of the m4 file, in front of its MAILER lines.
  public init(
    _ mailboxes: BackendMailboxes = BackendMailboxes(), port: UInt16? = nil, settings: [String] = []
  ) throws {
    guard let root = PeerFolder.sendmail else { throw HarnessFault("no Sendmail") }
    folder = try ScratchFolder("sendmail")
    self.port = try port ?? FreePort.take()
    try folder.folder("queue", mode: 0o700)
    try give(folder.folder("box"), to: "nobody")
    // A copy without the set-group-id bit, which would keep the loader from preloading `hostName`.
    try folder.write("sendmail", bytes: readBytes(atPath: "\(root)/usr/libexec/sendmail/sendmail"))
    try folder.write("deliver", Self.deliver(folder.path))
    for name in ["sendmail", "deliver"] { chmod(folder.file(name), 0o755) }
    try folder.write("switch", "hosts files\n")
    try folder.write(
      "virtual",
      mailboxes.addresses.map { "\($0);\($0.replacingOccurrences(of: "@", with: "="))\n" }.joined()
        + mailboxes.domains.map { "@\($0);error:5.1.1:550 No mailbox of that name\n" }.joined())
    try folder.write(
      "sendmail.mc",
      Self.source(
        sources: "\(root)/usr/share/sendmail/cf", folder: folder.path, port: self.port,
        domains: mailboxes.domains, settings: settings))
    let made = try run("m4", [folder.file("sendmail.mc")])
    guard made.succeeded else { throw HarnessFault("m4: \(made.errors)") }
    try folder.write("sendmail.cf", made.output)
    process = try RunningProcess(
      folder.file("sendmail"), ["-C", folder.file("sendmail.cf"), "-bD", "-X", folder.file("traffic")],
      environment: ["LD_PRELOAD": Self.hostName(in: folder)], joined: true)
    // A host whose name has no dot in it makes Sendmail wait for a minute, if the preloading does not help.
    try process.waitForPort(self.port, within: .seconds(90))
  }

  deinit { stop() }

  public func stop() {
    process.terminate()
    process.kill()
  }

  public var log: String { process.output + ((try? folder.read("traffic")) ?? "") }

  /// A library that makes the host's name a qualified one for Sendmail alone.
  private static func hostName(in folder: ScratchFolder) throws -> String {
    let source = try folder.write(
      "hostname.c",
      """
      #include <string.h>
      int gethostname(char *name, unsigned long size) {
        strncpy(name, "backend.sendmail.test", size);
        return 0;
      }

      """)
    let made = try run("clang", ["-shared", "-fPIC", "-o", folder.file("hostname.so"), source])
    guard made.succeeded else { throw HarnessFault("clang: \(made.errors)") }
    return folder.file("hostname.so")
  }

  /// The local mailer: standard input into a Maildir; `user=example.org` is the mailbox.
  private static func deliver(_ folder: String) -> String {
    """
    #!/bin/sh
    box="\(folder)/box/$(printf %s "$1" | tr = @)"
    mkdir -p "$box/new" "$box/tmp" || exit 75
    cat > "$box/tmp/$$" && mv "$box/tmp/$$" "$box/new/$(date +%s%N).$$" || exit 75

    """
  }

  private static func source(
    sources: String, folder: String, port: UInt16, domains: [String], settings: [String]
  ) -> String {
    """
    divert(-1)
    define(`_CF_DIR_', `\(sources)/')
    include(`\(sources)/m4/cf.m4')
    divert(0)dnl
    OSTYPE(`linux')dnl
    define(`confDOMAIN_NAME', `backend.sendmail.test')dnl
    define(`QUEUE_DIR', `\(folder)/queue')dnl
    define(`ALIAS_FILE', `')dnl
    define(`STATUS_FILE', `\(folder)/statistics')dnl
    define(`HELP_FILE', `')dnl
    define(`confPID_FILE', `\(folder)/sendmail.pid')dnl
    define(`confSERVICE_SWITCH_FILE', `\(folder)/switch')dnl
    define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,MapInUnsafeDirPath')dnl
    define(`confDEF_USER_ID', `65534:65534')dnl
    define(`confTO_IDENT', `0')dnl
    define(`confDELIVERY_MODE', `interactive')dnl
    define(`confREFUSE_LA', `100000')dnl
    define(`confQUEUE_LA', `100000')dnl
    define(`LOCAL_MAILER_PATH', `\(folder)/deliver')dnl
    define(`LOCAL_MAILER_ARGS', `deliver $u')dnl
    define(`LOCAL_MAILER_FLAGS', `n')dnl
    MODIFY_MAILER_FLAGS(`LOCAL', `-Aw5:/|@q')dnl
    FEATURE(`no_default_msa')dnl
    FEATURE(`nocanonify')dnl
    FEATURE(`accept_unresolvable_domains')dnl
    FEATURE(`virtusertable', `text -z; -k0 -v1 \(folder)/virtual')dnl
    DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=\(port), Family=inet')dnl
    \(domains.map { "VIRTUSER_DOMAIN(`\($0)')dnl" }.joined(separator: "\n"))
    \(settings.joined(separator: "\n"))
    MAILER(`local')dnl
    MAILER(`smtp')dnl
    LOCAL_RULESETS
    SLocal_check_rcpt
    R$*\t\t\t$: $>canonify $1
    R$+ < @ $={VirtHost} . >\t$@ OK
    R$+ < @ $={VirtHost} >\t$@ OK
    R$*\t\t\t$#error $@ 5.7.1 $: "550 Relaying is not for you"

    """
  }
}
