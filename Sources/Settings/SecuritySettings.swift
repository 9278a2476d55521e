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
  /// Octets that answers may take in memory.
  public let cache: Int
  public let stubs: [Stub]
  /// A file of records that are all there is, for trials: nobody is asked. As written.
  public let fixture: String?
  /// Questions that may wait for an answer at the same time.
  public let queue: Int
  /// Sockets that questions may be on their way with at the same time.
  public let outgoing: Int
  /// Whether answers are validated: as written, else where the gateway resolves by itself and forwards to nobody.
  public let validates: Bool
  /// The gateway's own addresses, that are asked about in the DNS lists.
  public let watch: [IPAddress]
}

extension DNSSettings {
  init(_ section: Section) {
    isEnabled = section.flag("enabled")
    servers = section.texts("servers").enumerated().compactMap { index, text in
      Server(text, SettingPath.element(section.path(of: "servers"), index), "dns.servers", section.reading)
    }
    for (index, server) in servers.enumerated() where server.isPublic {
      section.reading.report(
        SettingPath.element(section.path(of: "servers"), index), as: .warning,
        "dns.servers: \(server.address) is a public resolver, which DNS lists refuse to answer or mislead; leave"
          + " servers empty, and the gateway resolves by itself")
    }
    timeout = section.duration("timeout")
    cache = section.size("cache")
    fixture = section.text("fixture")
    queue = section.count("queue")
    outgoing = section.count("outgoing")
    validates = section.optionalFlag("dnssec") ?? servers.isEmpty
    watch = section.texts("watch").enumerated().compactMap { index, text in
      if let address = IPAddress(text) { return address }
      section.reading.report(
        SettingPath.element(section.path(of: "watch"), index),
        "dns.watch: expected an address, such as \"192.0.2.1\"; found \(quoted(text))")
      return nil
    }
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
  /// Resolvers that anybody may ask, and that therefore ask for too many for the operators of lists.
  private static let publicOnes: Set<IPAddress> = Set(
    [
      "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844", "1.1.1.1", "1.0.0.1", "1.1.1.2",
      "1.0.0.2", "1.1.1.3", "1.0.0.3", "2606:4700:4700::1111", "2606:4700:4700::1001", "9.9.9.9", "9.9.9.10",
      "9.9.9.11", "149.112.112.112", "149.112.112.10", "149.112.112.11", "2620:fe::fe", "2620:fe::9",
      "208.67.222.222", "208.67.220.220", "4.2.2.1", "4.2.2.2", "4.2.2.3", "4.2.2.4", "64.6.64.6",
      "64.6.65.6",
      "77.88.8.8", "77.88.8.1", "94.140.14.14", "94.140.15.15", "114.114.114.114", "114.114.115.115",
      "223.5.5.5", "223.6.6.6", "119.29.29.29", "180.76.76.76", "185.228.168.9", "185.228.169.9", "76.76.2.0",
    ].compactMap { IPAddress($0) })

  var isPublic: Bool { Self.publicOnes.contains(address) }

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

/// Whom `weir trace` asks who answers for an address (`[trace]`); nil: nobody.
public struct TraceSettings: Sendable, Hashable {
  /// The DNS zone of abuse contacts, by reversed address.
  public let abuseZone: String?
  /// The base address of an RDAP server.
  public let rdap: String?
  /// A whois server, `NAME` or `NAME:PORT`.
  public let whois: String?

  /// What stands where no configuration says otherwise.
  public static let standard = TraceSettings(
    abuseZone: "abuse-contacts.abusix.zone", rdap: "https://rdap.org/", whois: "whois.iana.org")

  public init(abuseZone: String?, rdap: String?, whois: String?) {
    self.abuseZone = abuseZone
    self.rdap = rdap
    self.whois = whois
  }
}

extension TraceSettings {
  init(_ section: Section) {
    func text(_ key: String) -> String? {
      let text = section.defaultedText(key)
      return text == "-" || text.isEmpty ? nil : text
    }
    abuseZone = text("abuse_zone")
    if section.has("abuse_zone"), let abuseZone {
      do throws(DomainFault) {
        _ = try DomainName.hostName(abuseZone)
      } catch {
        section.report(
          "abuse_zone",
          "trace.abuse_zone: \(quoted(abuseZone)) \(error.reason); write a DNS zone such as \"abuse-contacts.abusix.zone\", or \"-\" for none"
        )
      }
    }
    rdap = text("rdap")
    whois = text("whois")
    if section.has("rdap"), let rdap, !rdap.hasPrefix("https://"), !rdap.hasPrefix("http://") {
      section.report(
        "rdap", "trace.rdap: expected an address such as \"https://rdap.org/\"; found \(quoted(rdap))")
    }
  }
}
