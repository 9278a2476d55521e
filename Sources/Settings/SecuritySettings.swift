public import NetAddress

/// How names are resolved (`[dns]`).
public struct DNSSettings: Sendable, Hashable {
  /// Where a resolver listens.
  public struct Server: Sendable, Hashable {
    public let address: IPAddress
    public let port: UInt16
  }

  /// A zone that is asked of one server.
  public struct Stub: Sendable, Hashable {
    public let zone: String
    public let server: Server
  }

  /// Whether anybody is asked at all.
  public let isEnabled: Bool
  /// Servers to forward to; empty: full recursion.
  public let servers: [Server]
  /// For all questions of one stage together.
  public let timeout: Duration
  public let stubs: [Stub]
}

extension DNSSettings {
  init(_ section: Section) {
    isEnabled = section.flag("enabled")
    servers = section.texts("servers").enumerated().compactMap { index, text in
      Server(text, SettingPath.element(section.path(of: "servers"), index), "dns.servers", section.reading)
    }
    timeout = section.duration("timeout")
    stubs = section.sections("stub").compactMap { section in
      let zone = section.hostname("zone")
      let address = section.text("address")
      if !section.has("zone") { section.requireKey("zone", "write zone = \"bl.example\"") }
      if !section.has("address") { section.requireKey("address", "write address = \"127.0.0.1@5354\"") }
      guard let address, let zone,
        let server = Server(address, section.path(of: "address"), "dns.stub.address", section.reading)
      else { return nil }
      return Stub(zone: zone, server: server)
    }
  }
}

extension DNSSettings.Server {
  /// Reads `IP` or `IP@port`.
  fileprivate init?(_ text: String, _ path: String, _ name: String, _ reading: Reading) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let port = parts.count == 2 ? UInt16(parts[1]) : 53
    guard let first = parts.first, let address = IPAddress(String(first)), let port, port > 0 else {
      reading.report(
        path, "\(name): expected \"IP\" or \"IP@port\", such as \"127.0.0.1@5354\"; found \(quoted(text))")
      return nil
    }
    self.address = address
    self.port = port
  }
}
