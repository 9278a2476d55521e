public import NetAddress

/// The gateway's certificates (`[tls]`). Paths are as written, for ``Settings/resolve(_:)``.
public struct TLSSettings: Sendable, Hashable {
  public let certificate: String
  public let key: String
  public let others: [NamedCertificate]

  /// A certificate for clients that ask for other names (`[[tls.certificate_for]]`).
  public struct NamedCertificate: Sendable, Hashable {
    public let names: [String]
    public let certificate: String
    public let key: String
  }
}

extension TLSSettings {
  /// Nil without `[tls]`; its files are looked for.
  init?(_ section: Section, _ files: FileLookup) {
    guard section.isWritten else { return nil }
    certificate = files.required("certificate", of: section, "/etc/weir/tls/fullchain.pem")
    key = files.required("key", of: section, "/etc/weir/tls/key.pem")
    others = section.sections("certificate_for").map { section in
      let names = section.texts("names")
      if names.isEmpty { section.requireKey("names", "write names = [\"mx.example.net\"]") }
      for (index, name) in names.enumerated() {
        do throws(DomainFault) {
          _ = try DomainName.hostName(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name)
        } catch {
          section.reading.report(
            SettingPath.element(section.path(of: "names"), index),
            "tls.certificate_for.names: \(quoted(name)) \(error.reason)")
        }
      }
      return NamedCertificate(
        names: names, certificate: files.required("certificate", of: section, "/etc/weir/tls/other.pem"),
        key: files.required("key", of: section, "/etc/weir/tls/other-key.pem"))
    }
  }
}

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

  /// Servers to forward to; empty: full recursion.
  public let servers: [Server]
  public let timeout: Duration
  public let stubs: [Stub]
}

extension DNSSettings {
  init(_ section: Section) {
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
