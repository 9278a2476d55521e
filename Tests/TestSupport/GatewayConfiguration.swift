/// A configuration of the gateway for a test: the interface of the design, with what tests set most.
///
/// As built: one `mx` listener on a free loopback port, no trusted network, so that the test is a stranger.
public struct GatewayConfiguration: Sendable {
  /// One `[[listener]]`.
  public struct Listener: Sendable {
    /// The address without port.
    public var host: String
    /// The port.
    public var port: UInt16
    /// Further lines of its table (`tls = "off"`).
    public var extra: [String]

    /// A listener on a loopback port.
    public init(port: UInt16, host: String = "127.0.0.1", extra: [String] = []) {
      self.host = host
      self.port = port
      self.extra = extra
    }
  }

  /// One `[[backend]]`.
  public struct Backend: Sendable {
    /// Its name in routes and logs.
    public var name: String
    /// Its address with port.
    public var address: String
    /// Further lines of its table (`protocol = "lmtp"`, `recipients = "any"`).
    public var extra: [String]

    /// A backend on a loopback port.
    public init(_ name: String = "main", port: UInt16, host: String = "127.0.0.1", extra: [String] = []) {
      self.name = name
      address = "\(host):\(port)"
      self.extra = extra
    }
  }

  public var hostname = "mx.example.org"
  public var listeners: [Listener]
  public var backends: [Backend]
  /// `relay.domains`.
  public var domains = ["example.org", ".example.net"]
  /// `relay.networks`.
  public var networks: [String] = []
  /// Further settings by dotted key, the values as TOML: `["limits.message_size": "\"64KiB\""]`.
  public var settings: [String: String] = [:]
  /// Further TOML behind everything else: tables and arrays of tables that are not begun by `settings`.
  public var tail = ""

  /// A gateway on a free port in front of these backends.
  public init(
    backends: [Backend], listeners: [Listener]? = nil,
    _ change: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws {
    self.backends = backends
    self.listeners = try listeners ?? [Listener(port: FreePort.take())]
    change(&self)
  }

  /// A gateway on a free port in front of one scripted backend.
  public init(
    before backend: ScriptedBackend, extra: [String] = [],
    _ change: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws {
    try self.init(
      backends: [Backend(port: backend.port, host: backend.host, extra: extra)], change)
  }

  /// The file's text, with state below `folder`.
  ///
  /// Everything that is not an array of tables is written as dotted keys in front, so that a test can add
  /// any key without opening a table twice.
  public func toml(folder: String) -> String {
    func list(_ values: [String]) -> String { "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]" }
    var all = [
      "hostname": "\"\(hostname)\"", "relay.domains": list(domains), "relay.networks": list(networks),
      "state.folder": "\"\(folder)/state\"",
      // The messages of tests have less in their header than any program writes.
      "checks.header_shape.mode": "\"off\"",
      // A machine that runs all tests at once is late now and then, which is not what they are about.
      "limits.loop_delay": "\"30s\"",
    ]
    // Nobody out there is asked, save where a test brings its own names.
    let bringsNames =
      settings.keys.contains { $0.hasPrefix("dns.") } || tail.contains("[dns]") || tail.contains("[[dns.")
    if !bringsNames {
      all["dns.enabled"] = "false"
    }
    all.merge(settings) { $1 }
    var lines = all.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    for listener in listeners {
      let host = listener.host.contains(":") ? "[\(listener.host)]" : listener.host
      lines += ["", "[[listener]]", "address = \"\(host):\(listener.port)\""] + listener.extra
    }
    for backend in backends {
      lines += ["", "[[backend]]", "name = \"\(backend.name)\"", "address = \"\(backend.address)\""]
      lines += backend.extra
    }
    return (lines + ["", tail]).joined(separator: "\n")
  }
}
