import Filtering
import MailSyntax
import NetAddress
import Settings
import TestSupport
import Testing

@Suite struct RelayControlTests {
  private static let configuration = """
    hostname = "mx.ours.example"
    [[backend]]
    address = "127.0.0.1:10025"
    [relay]
    domains = ["ours.example", ".sub.example"]
    networks = ["192.0.2.0/24", "2001:db8::/32"]
    senders = { "192.0.2.128/25" = ["@ours.example", "<>"], "192.0.2.200/32" = ["one@ours.example"] }
    """

  private func control() throws -> RelayControl {
    let reading = Settings.read(text: Self.configuration, file: "weir.toml")
    let settings = try #require(reading.settings, "\(reading.problems)")
    return RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks, restrictions: settings.relay.senders
    )
  }

  @Test(arguments: [
    ("u@ours.example", true), ("u@OURS.Example.", true), ("u@a.sub.example", true),
    ("u@b.a.SUB.example", true),
    ("postmaster", true), ("\"PostMaster\"", true), ("u%ours.example@ours.example", true),
    ("ours.example!u@ours.example", true), ("\"u@a.sub.example\"@ours.example", true),
    ("@ours.example:u@ours.example", true), ("u+tag@ours.example", true), ("\"a b\"@ours.example", true),
    ("u", false), ("u@evil.example", false), ("u@sub.example", false), ("u@xours.example", false),
    ("u@ours.example.evil.example", false), ("u@xsub.example", false), ("u@a.ours.example", false),
    ("u@[192.0.2.1]", false), ("u@[127.0.0.1]", false), ("u@[IPv6:::1]", false),
    ("u@[x:ours.example]", false),
    ("u@localhost", false), ("u@127.0.0.1", false), ("u%evil.example@ours.example", false),
    ("u%evil.example@a.sub.example", false), ("evil.example!u@ours.example", false),
    ("a!b%c.example@ours.example", false), ("u%evil.example%ours.example@ours.example", false),
    ("u%ours.example%evil.example@ours.example", false), ("\"u@evil.example\"@ours.example", false),
    ("\"u%evil.example\"@ours.example", false), ("\"evil.example!u\"@ours.example", false),
    ("\"evil.example::u\"@ours.example", false), ("\"\\\"u@evil.example\\\"\"@ours.example", false),
    ("@evil.example:u@ours.example", false), ("@ours.example:u@evil.example", false),
    ("@ours.example,@evil.example:u@ours.example", false), ("u%@ours.example", false),
    ("u@ours.example@ours.example", false),
    ("100%@ours.example", false), ("postmaster%evil.example", false), ("postmaster@evil.example", false),
    ("u%[192.0.2.1]@ours.example", false), ("\"u@[192.0.2.1]\"@ours.example", false),
    ("u%evil@ours.example", false),
  ])
  func everyReadingMustBeOurs(_ text: String, _ isOurs: Bool) throws {
    let control = try control()
    guard let path = PathParser.parse(whole: text) else {
      #expect(!isOurs)
      return
    }
    #expect(control.isOurs(path) == isOurs)
  }

  private func facts(_ address: IPAddress, in control: RelayControl) -> ConnectFacts {
    ConnectFacts(
      address: address, port: 1, listener: "x", isRelayNetwork: control.isRelayNetwork(address),
      time: .init(milliseconds: 0))
  }

  @Test(arguments: [
    ("192.0.2.1", "x@anywhere.example", true), ("192.0.2.1", "<>", true),
    ("2001:db8::5", "x@anywhere.example", true),
    ("192.0.3.1", "u@ours.example", false), ("127.0.0.1", "u@ours.example", false),
    ("::1", "u@ours.example", false),
    ("::ffff:192.0.2.1", "x@anywhere.example", true), ("192.0.2.130", "U@OURS.example", true),
    ("192.0.2.130", "<>", true), ("192.0.2.130", "x@anywhere.example", false),
    ("192.0.2.130", "x@a.ours.example", false),
    ("192.0.2.130", "postmaster", false), ("192.0.2.200", "one@ours.example", true),
    ("192.0.2.200", "two@ours.example", false),
    ("192.0.2.200", "<>", false), ("192.0.2.200", "@ours.example:one@evil.example", false),
    ("192.0.2.200", "\"one\"@ours.example", true),
  ])
  func whoMayRelay(_ address: String, _ sender: String, _ may: Bool) throws {
    let address = try #require(IPAddress(address))
    let path = try #require(PathParser.parse(whole: sender, limits: .sender))
    let control = try control()
    #expect(control.mayRelay(facts(address, in: control), sender: path) == may)
  }

  @Test func withoutSettingsNobodyRelays() throws {
    let control = RelayControl(domains: DomainSet(), networks: [])
    let loopback = IPAddress(v4: 0x7f00_0001)
    #expect(!control.isRelayNetwork(loopback))
    #expect(!control.mayRelay(facts(loopback, in: control), sender: .null))
    #expect(!control.isOurs(try #require(PathParser.parse(whole: "u@localhost"))))
    #expect(!control.isOurDomain(.name("localhost")) && !control.isOurDomain(.literal(loopback)))
  }
}

/// The open-relay probes of the material folder against the bare machine.
@Suite(.enabled(if: Material.has("smtp/open-relay.json"))) struct OpenRelayTests {
  @Test(arguments: [nil, "example.org"])
  func noProbeIsTaken(completing domain: String?) throws {
    let cases = try OpenRelayCase.all()
    #expect(!cases.isEmpty)
    var configuration = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    if let domain { configuration.settings["relay.complete_domain"] = "\"\(domain)\"" }
    let text = configuration.toml(folder: "/tmp")
    let short = try Material.judge("smtp/open-relay, machine\(domain == nil ? "" : ", completing")", cases) {
      probe in
      for server in ["mx.example.org", "example.org"] {
        var gateway = try MachineGateway(configuration: text, known: [])
        let (sender, recipient) = probe.filled(server: server)
        gateway.receive("EHLO x\r\nMAIL FROM:<\(sender)>\r\nRCPT TO:<\(recipient)>\r\n".utf8)
        gateway.receive("DATA\r\nSubject: x\r\n\r\n.\r\n".utf8)
        if !gateway.messages.isEmpty { return "\(recipient) was taken" }
        if String(decoding: gateway.outbound, as: UTF8.self).contains("\r\n354") {
          return "\(recipient): 354"
        }
      }
      return nil
    }
    #expect(short.isEmpty)
  }
}
