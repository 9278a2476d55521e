import Foundation

/// A real authoritative name server, NSD, with the test's own zones on a loopback port.
public final class Nsd: Sendable {
  public let folder: ScratchFolder
  public let address: String
  public let port: UInt16
  private let process: RunningProcess

  /// `IP@port`, as `dns.servers` and `dns.stub` take it.
  public var place: String { "\(address)@\(port)" }

  /// Starts it.
  ///
  /// - Parameters:
  ///   - zones: name → the lines of its zone file below the SOA and NS records, which are made here (minimum and
  ///     SOA TTL 300 s); relative names and `@` mean the zone, and a line without TTL lives 300 s.
  public init(zones: [String: String], address: String = "127.0.0.1", port: UInt16? = nil) throws {
    folder = try ScratchFolder("nsd")
    self.address = address
    self.port = try port ?? FreePort.take()
    try Self.write(zones, in: folder)
    var configuration = """
      server:
        ip-address: \(address)@\(self.port)
        port: \(self.port)
        server-count: 1
        username: ""
        chroot: ""
        database: ""
        zonesdir: "\(folder.path)"
        zonelistfile: "\(folder.file("zone.list"))"
        xfrdfile: "\(folder.file("xfrd.state"))"
        xfrdir: "\(folder.path)"
        pidfile: "\(folder.file("pid"))"
        verbosity: 1
        rrl-ratelimit: 0
      remote-control:
        control-enable: no

      """
    for name in zones.keys.sorted() {
      configuration += "zone:\n  name: \"\(name)\"\n  zonefile: \"\(name).zone\"\n"
    }
    try folder.write("nsd.conf", configuration)
    process = try RunningProcess("nsd", ["-d", "-c", folder.file("nsd.conf")], joined: true)
    try process.waitForPort(self.port, host: address)
  }

  deinit { stop() }

  /// Nobody answers on its port any more.
  public func stop() { process.kill() }

  /// Stops it from answering without closing anything, or lets it go on: the questions of that time are answered
  /// then. (Its children do the answering: the whole group is stopped.)
  public func freeze(_ isFrozen: Bool) { Glibc.kill(-process.id, isFrozen ? SIGSTOP : SIGCONT) }

  /// Other content for zones that it had from the start; answered at the latest a second later.
  public func replace(zones: [String: String]) throws {
    try Self.write(zones, in: folder)
    process.send(SIGHUP)
  }

  public var log: String { process.output }

  private static func write(_ zones: [String: String], in folder: ScratchFolder) throws {
    for (name, text) in zones {
      try folder.write(
        "\(name).zone",
        """
        $ORIGIN \(name).
        $TTL 300
        @ 300 IN SOA ns.invalid. hostmaster.\(name). \(UInt32.random(in: 1...0x7fff_ffff)) 3600 600 86400 300
        @ 300 IN NS ns.invalid.
        \(text)

        """)
    }
  }
}

/// A real recursive server, Unbound, that knows what the test tells it and asks nobody else.
public final class Unbound: Sendable {
  public let folder: ScratchFolder
  public let port: UInt16
  private let process: RunningProcess

  public var place: String { "127.0.0.1@\(port)" }

  /// Starts it.
  ///
  /// - Parameters:
  ///   - data: records, as in a zone file: `"host.example. 60 IN A 192.0.2.1"`.
  ///   - zones: name → kind of local zone (`static` answers NXDOMAIN for what is not in `data`).
  ///   - server: further lines of its `server:` section.
  ///   - sections: further sections (`stub-zone:` and so on).
  public init(
    data: [String] = [], zones: [String: String] = [:], server: [String] = [], sections: String = ""
  ) throws {
    folder = try ScratchFolder("unbound")
    port = try FreePort.take()
    let lines =
      server
      + zones.sorted { $0.key < $1.key }.map { "local-zone: \"\($0.key)\" \($0.value)" }
      + data.map { "local-data: '\($0)'" }
    try folder.write(
      "unbound.conf",
      """
      server:
        interface: 127.0.0.1@\(port)
        port: \(port)
        access-control: 127.0.0.0/8 allow
        do-daemonize: no
        use-syslog: no
        logfile: ""
        log-queries: yes
        verbosity: 1
        username: ""
        chroot: ""
        directory: "\(folder.path)"
        pidfile: "\(folder.file("pid"))"
        num-threads: 1
        do-ip6: no
        do-not-query-localhost: no
        module-config: "iterator"
        qname-minimisation: no
      \(lines.map { "  \($0)\n" }.joined())
      \(sections)
      remote-control:
        control-enable: no

      """)
    process = try RunningProcess("unbound", ["-d", "-c", folder.file("unbound.conf")], joined: true)
    try process.waitForPort(port)
  }

  deinit { stop() }

  public func stop() { process.kill() }

  /// Stops it from answering without closing anything, or lets it go on.
  public func freeze(_ isFrozen: Bool) { process.send(isFrozen ? SIGSTOP : SIGCONT) }

  /// `name. TYPE IN` of each question that it was asked, in that order.
  public var questions: [String] {
    process.output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words.last == "IN", let at = words.lastIndex(of: "127.0.0.1") else {
        return nil
      }
      return words[(at + 1)...].joined(separator: " ")
    }
  }
}

/// The name server that DNS lists are served with, rbldnsd, with the test's own lists on a loopback port.
public final class Rbldnsd: Sendable {
  /// One list.
  public struct List: Sendable {
    public enum Kind: String, Sendable { case ip4set, ip4tset, ip4trie, ip6tset, ip6trie, dnset, generic }

    public let zone: String
    public let kind: Kind
    public let lines: String

    /// - Parameter lines: as its manual has them: `:127.0.0.2:Listed, see $` sets what the entries below answer.
    public init(_ zone: String, _ kind: Kind, _ lines: String) {
      self.zone = zone
      self.kind = kind
      self.lines = lines
    }
  }

  public let folder: ScratchFolder
  public let port: UInt16
  private let process: RunningProcess

  public var place: String { "127.0.0.1@\(port)" }

  /// Starts it; lists of the same zone are joined.
  public init(_ lists: [List]) throws {
    folder = try ScratchFolder("rbldnsd")
    port = try FreePort.take()
    var arguments = ["-n", "-w", folder.path, "-b", "127.0.0.1/\(port)", "-c", "1s", "-l", "+log"]
    // Root it refuses to be; the log must be its own.
    if geteuid() == 0 {
      arguments += ["-u", "nobody:nogroup"]
      chmod(folder.path, 0o777)
    }
    for (index, list) in lists.enumerated() {
      let apex =
        list.kind == .generic
        ? "" : "$SOA 300 ns.invalid hostmaster.invalid 0 600 300 86400 300\n$NS 300 ns.invalid\n"
      try folder.write("list\(index)", apex + list.lines + "\n")
      arguments.append("\(list.zone):\(list.kind.rawValue):list\(index)")
    }
    let process = try RunningProcess("rbldnsd", arguments, joined: true)
    self.process = process
    let isUp = eventually(within: .seconds(20), every: .milliseconds(10)) {
      process.output.contains("started") || !process.isRunning
    }
    guard isUp, process.isRunning else { throw HarnessFault("rbldnsd does not come up:\n\(process.output)") }
  }

  deinit { stop() }

  public func stop() { process.kill() }

  /// Stops it from answering without closing anything, or lets it go on.
  public func freeze(_ isFrozen: Bool) { process.send(isFrozen ? SIGSTOP : SIGCONT) }

  /// `name TYPE IN` of each question that it was asked, in that order.
  public var questions: [String] {
    ((try? folder.read("log")) ?? "").split(separator: "\n").compactMap { line in
      // 1289151871 127.0.0.1 2.0.0.127.bl.test A IN: NOERROR/1/60
      let words = line.split(separator: " ")
      guard words.count >= 5 else { return nil }
      return "\(words[2]) \(words[3]) IN"
    }
  }
}

/// A name server that takes questions and never answers: every one is a time-out.
public final class SilentNameServer: Sendable {
  public let port: UInt16
  private let descriptor: Int32

  public var place: String { "127.0.0.1@\(port)" }

  public init() throws {
    port = try FreePort.take()
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw HarnessFault.system("socket") }
    try SocketName(host: "127.0.0.1", port: port).withPointer { address, length in
      guard bind(descriptor, address, length) == 0 else {
        throw HarnessFault.system("bind 127.0.0.1 port \(port)")
      }
    }
  }

  deinit { close(descriptor) }
}
