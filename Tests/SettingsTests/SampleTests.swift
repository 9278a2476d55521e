import NetAddress
import Settings
import Testing

/// The sample of the design parses from the first release on, and says of each feature that it is not there.
@Suite struct SampleTests {
  static let sample = #"""
    hostname = "mx.example.org"                # greeting, Received, Authentication-Results
    user = "weir"                              # whom root becomes after binding

    [[listener]]
    address = "0.0.0.0:25"
    profile = "mx"                             # mx | submission (STARTTLS + AUTH) | submissions (TLS from the first byte)
    tls = "optional"                           # off | optional | required
    proxy_protocol = ["10.0.0.0/8"]            # whose PROXY v1/v2 preamble is believed (and then required)
    xclient = ["127.0.0.1/32"]                 # whose XCLIENT and XFORWARD are believed

    [[backend]]
    name = "main"
    address = "127.0.0.1:10025"
    protocol = "smtp"                          # smtp | lmtp
    tls = "optional"                           # off | optional | required | verify
    identity = "auto"
    recipients = "probe"                       # probe | file:PATH | any
    domains = ["example.org"]                  # optional: only these recipients' domains go here
    routes = "routes.map"                      # lines: "domain-or-address  backend  [rewritten-address]"

    [relay]
    domains = ["example.org", ".example.net"]  # a leading dot: the sub-domains, not the name itself
    networks = ["127.0.0.0/8", "::1/128", "192.0.2.0/24"]
    senders = { "192.0.2.0/24" = ["@example.org"] }   # narrows a network to these senders

    [limits]
    connections = 10000
    connections_per_address = 20
    connections_per_subnet = 100               # subnet_v4 = 24, subnet_v6 = 64
    connection_rate_per_address = "120/1m"     # …_per_subnet alike
    message_rate_per_address = "600/1h"
    unknown_recipients_per_address = "20/1h"
    recipients = 100
    message_size = "50MiB"
    memory = "1GiB"                            # all messages in flight together
    spool = "10GiB"                            # bytes in spool files
    errors = 10
    [[limits.network]]
    network = "192.0.2.0/24"
    recipients = 500

    [timeouts]
    command = "5m"

    [tls]
    certificate = "/etc/weir/tls/fullchain.pem"
    key = "/etc/weir/tls/key.pem"
    [[tls.certificate_for]]
    names = ["mx.example.net"]
    certificate = "other.pem"
    key = "other-key.pem"

    [auth]
    mechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256"]
    backend = "file:/etc/weir/users"           # file: | dovecot:SOCKET | saslauthd:SOCKET | backend:NAME | ldap://…

    [dns]
    servers = []                               # empty: full recursion; else "IP" or "IP@port" to forward to
    timeout = "5s"
    [[dns.stub]]
    zone = "bl.example"
    address = "127.0.0.1@5354"

    [trust]
    networks = []

    [lists]
    folder = "Blocklists"

    [rules]
    folder = "Rules"

    [actions]
    tag = 5.0
    defer = 7.0
    quarantine = 8.0
    reject = 12.0
    enforce_at = "recipient"

    [checks.own_domain]
    mode = "shadow"
    [replies]
    RELAY_DENIED = "we do not relay for {client} ({id})"
    [log]
    level = "info"
    format = "text"
    file = "-"
    [state]
    folder = "/var/lib/weir"
    [metrics]
    address = "127.0.0.1:9145"
    """#

  @Test func allOfItIsBuilt() {
    let reading = Settings.read(text: Self.sample, file: "weir.toml")
    #expect(reading.lines == [])
  }

  @Test func theRestIsTypedAndKnowsItsLine() throws {
    let reading = Settings.read(text: Self.sample, file: "/etc/weir/weir.toml")
    #expect(reading.errors == [])
    let settings = try #require(reading.settings)
    #expect(settings.user == "weir")
    #expect(settings.actions.quarantine == 8)
    #expect(settings.backends[0].name == "main")
    #expect(settings.backends[0].routes.map(settings.resolve) == "/etc/weir/routes.map")
    #expect(settings.relay.domains.written == [".example.net", "example.org"])
    #expect(settings.relay.senders.map(\.senders) == [[.domain("example.org")]])
    #expect(settings.limits.networks.count == 1)
    let inside = try #require(IPAddress("192.0.2.9"))
    #expect(settings.limits.limits(for: inside).recipients == .atMost(500))
    #expect(settings.limits.limits(for: inside).errors == .atMost(10), "the rest is as in [limits]")
    #expect(settings.dns.stubs.map(\.zone) == ["bl.example"])
    #expect(settings.dns.stubs.map(\.server.port) == [5354])
    #expect(settings.tls?.others.map(\.names) == [["mx.example.net"]])
    #expect(settings.checks["own_domain"]?.mode == .shadow)
    #expect(settings.replies == ["RELAY_DENIED": "we do not relay for {client} ({id})"])
    #expect(settings.metrics?.description == "127.0.0.1:9145")

    #expect(settings.position(of: "checks.own_domain.mode") == SourcePosition(line: 81, column: 8))
    #expect(settings.position(of: "listener[0].address") == SourcePosition(line: 5, column: 11))
    #expect(settings.position(of: "relay.domains[1]") == SourcePosition(line: 22, column: 27))
    #expect(
      settings.position(of: #"relay.senders."192.0.2.0/24"[0]"#) == SourcePosition(line: 24, column: 31))
    #expect(settings.position(of: "limits.network[0].recipients") == SourcePosition(line: 40, column: 14))
    // What is not written is where its table begins, or the top of the file.
    #expect(settings.position(of: "limits.network[0].errors") == SourcePosition(line: 38, column: 1))
    #expect(settings.position(of: "recipients.vrfy") == .start)
    #expect(settings.isWritten("lists.folder") && !settings.isWritten("recipients.vrfy"))
    #expect(
      settings.problem("checks.own_domain", "no such check").description
        == "/etc/weir/weir.toml:80:1: no such check")
  }
}
