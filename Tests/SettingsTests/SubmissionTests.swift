import Testing

@testable import Settings

@Suite struct SubmissionTests {
  @Test func defaults() throws {
    let settings = try #require(readWith("").settings)
    #expect(settings.auth == nil)
    #expect(settings.submission.senders == .own && settings.submission.sendersMap == nil)
    #expect(settings.submission.domain == "example.org" && !settings.submission.completesRelayNetworks)
    #expect(settings.submission.alarmFactor == 10 && settings.submission.alarmLeast == .atMost(100))
    let limits = settings.limits
    #expect(limits.messageRatePerUser == .atMost(Rate(count: 200, window: .seconds(3600))))
    #expect(limits.recipientRatePerUser == .atMost(Rate(count: 1000, window: .seconds(3600))))
    #expect(limits.loginFailuresPerSubnet == .atMost(Rate(count: 20, window: .seconds(3600))))
    #expect(limits.loginFailuresPerPassword == .atMost(Rate(count: 20, window: .seconds(3600))))
    #expect(limits.loginBlock == .seconds(900))
    #expect(settings.relay.certificates.isEmpty)
  }

  @Test func allKeys() throws {
    let reading = readWith(
      """
      [auth]
      mechanisms = ["plain", "OAUTHBEARER"]
      backend = "ldap://[::1]:389/ ldaps://ldap.example.org"
      domain = "Example.ORG"
      verifications = 3
      tarpit = "5s"
      timeout = "3s"
      introspection_url = "https://sso.example.org/introspect"
      introspection_client = "weir"
      introspection_secret_file = "secret"
      introspection_ca = "ca.pem"
      ldap_base = "dc=example"
      ldap_filter = "(mail={user})"
      ldap_search_dn = "cn=weir"
      ldap_search_password_file = "ldap.secret"
      ldap_starttls = true
      ldap_ca = "ldap.pem"
      [submission]
      senders = "mapped"
      senders_map = "senders"
      domain = "example.net"
      complete_relay_networks = true
      alarm_factor = 5
      alarm_least = "unlimited"
      """)
    let settings = try #require(reading.draft)
    let auth = try #require(settings.auth)
    #expect(auth.mechanisms == ["PLAIN", "OAUTHBEARER"])
    #expect(auth.backend == .ldap(["ldap://[::1]:389/", "ldaps://ldap.example.org"]))
    #expect(auth.domain == "example.org" && auth.verifications == 3)
    #expect(auth.tarpit == .seconds(5) && auth.timeout == .seconds(3))
    let introspection = try #require(auth.introspection)
    #expect(introspection.url == "https://sso.example.org/introspect" && introspection.client == "weir")
    #expect(introspection.secretFile == "secret" && introspection.authorities == "ca.pem")
    let ldap = try #require(auth.ldap)
    #expect(ldap.base == "dc=example" && ldap.filter == "(mail={user})" && ldap.bindDN == nil)
    #expect(ldap.searchDN == "cn=weir" && ldap.searchPasswordFile == "ldap.secret")
    #expect(ldap.startsTLS && ldap.authorities == "ldap.pem")
    #expect(settings.submission.senders == .mapped && settings.submission.sendersMap == "senders")
    #expect(settings.submission.domain == "example.net" && settings.submission.completesRelayNetworks)
    #expect(settings.submission.alarmFactor == 5 && settings.submission.alarmLeast == .unlimited)
    #expect(reading.errors == [])
  }

  @Test(arguments: [
    ("file:users", AuthSettings.Backend.file("users")), ("dovecot:/run/auth", .dovecot("/run/auth")),
    ("saslauthd:/run/mux", .saslauthd("/run/mux")), ("backend:127.0.0.1:10025", .backend("127.0.0.1:10025")),
    ("ldapi:///", .ldap(["ldapi:///"])),
  ])
  func backends(_ text: String, _ backend: AuthSettings.Backend) throws {
    let reading = readWith("[auth]\nbackend = \"\(text)\"\nldap_bind_dn = \"uid={user}\"")
    #expect(reading.draft?.auth?.backend == backend)
    #expect(reading.errors == [])
  }

  private static let users: String = "backend = \"file:users\"\n"

  private static let wrongLoginTexts: [(String, String)] = [
    ("", "4:1: auth.backend is missing: write backend = \"file:/etc/weir/users\""),
    (
      "backend = \"fil:users\"",
      "5:11: auth.backend: expected \"file:PATH\", \"dovecot:SOCKET\", \"saslauthd:SOCKET\", \"backend:NAME\" or"
        + " \"ldap://…\"; found the text \"fil:users\""
    ),
    (
      "backend = \"backend:mian\"",
      "5:11: auth.backend: there is no backend 'mian'; there are '127.0.0.1:10025'"
    ),
    (
      users + "mechanisms = [\"PLAIN\", \"SCRAM-SHA256\"]",
      "6:24: auth.mechanisms: unknown mechanism \"SCRAM-SHA256\"; did you mean \"SCRAM-SHA-256\"?"
    ),
    (users + "mechanisms = [\"PLAIN\", \"plain\"]", "6:24: auth.mechanisms: PLAIN is named twice"),
    (
      "backend = \"saslauthd:/s\"\nmechanisms = [\"CRAM-MD5\"]",
      "6:15: auth.mechanisms: CRAM-MD5 is not served by backend = \"saslauthd:SOCKET\": it must be shown the"
        + " password, which the mechanism never shows; write backend = \"file:PATH\" or backend = \"dovecot:SOCKET\""
    ),
    (
      "backend = \"saslauthd:/s\"\nmechanisms = [\"SCRAM-SHA-256\"]",
      "6:15: auth.mechanisms: SCRAM-SHA-256 is not served by backend = \"saslauthd:SOCKET\": it must be shown the"
        + " password, which the mechanism never shows; write backend = \"file:PATH\" or backend = \"dovecot:SOCKET\""
    ),
    (
      users + "mechanisms = [\"XOAUTH2\"]",
      "6:15: auth.mechanisms: XOAUTH2 is not served by backend = \"file:PATH\": it knows passwords, no tokens; write"
        + " backend = \"dovecot:SOCKET\" or introspection_url"
    ),
    (
      users + "introspection_url = \"http://sso.example.org/\"",
      "6:21: auth.introspection_url: \"http://sso.example.org/\": write an https:// URL; tokens would cross the"
        + " network in the clear"
    ),
    (
      users + "introspection_url = \"http://127.0.0.1.evil.example/\"",
      "6:21: auth.introspection_url: \"http://127.0.0.1.evil.example/\": write an https:// URL; tokens would cross"
        + " the network in the clear"
    ),
    (
      "backend = \"ldaps://x\"",
      "4:1: auth.ldap_bind_dn is missing: write ldap_bind_dn = \"uid={user},ou=people,dc=example,dc=org\", or"
        + " ldap_base and ldap_filter"
    ),
    (
      "backend = \"ldaps://x\"\nldap_bind_dn = \"uid=ann\"",
      "6:16: auth.ldap_bind_dn: \"uid=ann\" names no {user}: everyone would be the same one"
    ),
    (
      "backend = \"ldaps://x\"\nldap_bind_dn = \"uid={user}\"\nldap_base = \"dc=x\"",
      "6:16: auth.ldap_bind_dn: ldap_base and ldap_filter say another way: leave out one of the two"
    ),
  ]

  @Test(arguments: wrongLoginTexts)
  func wrongLogins(_ text: String, _ expected: String) {
    let reading = readWith("[auth]\n" + text)
    #expect(reading.errors.map(\.description) == ["weir.toml:\(expected)"])
  }

  private static let wrongRightTexts: [(String, String)] = [
    (
      "[submission]\nsenders = \"mapped\"",
      "submission.senders = \"mapped\" needs submission.senders_map: nobody could send anything"
    ),
    (
      "[relay]\ncertificates = [\"CN=x\"]",
      "relay.certificates: no client is asked for a certificate: write client_certificates = \"ask\" in [tls]"
    ),
    (
      "[relay]\ncertificates = [\"sha256:abcd\"]",
      "relay.certificates: \"sha256:abcd\" is no certificate: write \"sha256:\" and 64 hexadecimal digits, or"
        + " \"CN=name\""
    ),
    (
      "[relay]\ncertificates = [\"CN=x\"]",
      "relay.certificates: a subject counts only where an authority vouches for it: name it in tls.client_ca, or"
        + " write the certificate's \"sha256:…\""
    ),
  ]

  @Test(arguments: wrongRightTexts)
  func wrongRights(_ text: String, _ expected: String) {
    // The domains of the short configuration stand in the way of a [relay].
    let reading = read(threeLines.replacing("relay.domains = [\"example.org\"]\n", with: "") + text)
    #expect(reading.errors.contains { $0.description.hasSuffix(expected) }, "\(reading.lines)")
  }

  private static let warningTexts: [(String, String)] = [
    (
      "[auth]\nbackend = \"saslauthd:/s\"",
      "4:1: warning: [auth] has no effect: there is no [tls], and passwords are not taken in the clear"
    ),
    (
      "[submission]\nsenders = \"any\"",
      "4:1: warning: [submission] has no effect without [auth]: nobody can log in"
    ),
    (
      "[auth]\nbackend = \"file:users\"\n[submission]\nsenders = \"any\"",
      "7:11: warning: submission.senders = \"any\": whoever logs in may send as anybody, also as your other users"
    ),
    (
      "[submission]\nsenders_map = \"senders\"",
      "5:15: warning: submission.senders_map: has no effect unless submission.senders = \"mapped\""
    ),
    (
      "[auth]\nbackend = \"ldap://ldap.example.org\"\nldap_bind_dn = \"uid={user}\"",
      "5:11: warning: auth.backend: passwords go to \"ldap://ldap.example.org\" in the clear: write ldaps://, or"
        + " ldap_starttls = true"
    ),
    (
      "[auth]\nbackend = \"file:users\"\nldap_base = \"x\"",
      "6:13: warning: auth.ldap_base: has no effect: auth.backend is no directory"
    ),
  ]

  @Test(arguments: warningTexts)
  func warnings(_ text: String, _ expected: String) {
    let reading = readWith(text)
    #expect(reading.errors == [])
    #expect(reading.lines.contains("weir.toml:\(expected)"), "\(reading.lines)")
  }

  @Test func filesThatAreMissingAreErrors() {
    let text =
      threeLines
      + "[auth]\nbackend = \"file:users\"\nintrospection_url = \"https://x\"\nintrospection_ca = \"ca\"\n"
      + "[submission]\nsenders = \"mapped\"\nsenders_map = \"map\""
    let reading = Settings.read(text: text, file: "/etc/weir.toml", fileExists: { _ in false })
    let missing = reading.errors.map(\.message)
    for file in ["users", "ca", "map"] {
      #expect(missing.contains { $0.hasSuffix("there is no file \"/etc/\(file)\"") }, "\(missing)")
    }
  }

  // MARK: The map

  @Test func aMapOfSenders() {
    let (map, problems) = SendersMap.read(
      text:
        "# c\nAnn  ann@Example.org @list.example # d\n\"john doe\" \"a b\"@example.org .sub.example\nann x@y.example\n",
      file: "senders")
    #expect(problems == [] && map.count == 2)
    #expect(
      map.senders(of: "ANN") == [
        .address(localPart: "ann", domain: "example.org"), .domain("list.example"),
        .address(localPart: "x", domain: "y.example"),
      ])
    #expect(
      map.senders(of: "john doe") == [
        .address(localPart: "a b", domain: "example.org"), .subdomains("sub.example"),
      ])
    #expect(map.senders(of: "bob") == [] && map.senders(of: "") == [])
  }

  @Test func whatIsWrongInAMapIsToldWhereItStands() {
    let (_, problems) = SendersMap.read(
      text: "ann\nbob  x@exa_mple! y\ncarl @\n dora <>\n", file: "senders")
    let lines = problems.map(\.description)
    #expect(lines.count == 5, "\(lines)")
    #expect(
      lines.first == "senders:1:1: no sender: write \"ann  user@example.org\" or \"ann  @example.org\"")
    #expect(
      zip(lines.dropFirst(), ["senders:2:6: ", "senders:2:18: ", "senders:3:6: ", "senders:4:7: "])
        .allSatisfy { $0.hasPrefix($1) }, "\(lines)")
  }

  // MARK: Certificates

  @Test(arguments: [
    ("CN=printer", "CN=printer,O=Example", true), ("cn=Printer", "O=Example,CN=PRINTER", true),
    ("CN=a b", "CN=a\\ b", true), ("CN=a,O=b", "CN=a, O=b", true), ("CN=a\\,b", "CN=a\\2Cb,O=x", true),
    ("CN=printer", "CN=printer,CN=other", false), ("CN=printer", "O=CN\\=printer", false),
    ("CN=printer", "O=x\\,CN=printer", false), ("CN=printer", "CN=printer2", false),
    ("CN=a,O=b", "O=b,CN=a", false), ("CN=a,O=b", "CN=a,O=b,C=c", false), ("CN=a", "", false),
    ("CN=a", "garbage", false), ("O=b", "CN=a,O=b", false), ("CN=a", "CN=a;O=b", false),
  ])
  func subjects(_ written: String, _ subject: String, _ expected: Bool) throws {
    let own = try #require(RelayCertificate(written))
    #expect(own.matches(fingerprint: "", subject: subject, isVerified: true) == expected)
    #expect(!own.matches(fingerprint: "", subject: subject, isVerified: false), "anybody writes any subject")
  }

  @Test func fingerprints() throws {
    let hex = String(repeating: "0aF9", count: 16)
    let own = try #require(RelayCertificate("SHA256:" + hex))
    #expect(own == .fingerprint(hex.lowercased()))
    #expect(own.matches(fingerprint: hex, subject: "", isVerified: false))
    #expect(!own.matches(fingerprint: "", subject: "", isVerified: true))
    #expect(!own.matches(fingerprint: String(repeating: "0", count: 64), subject: "", isVerified: true))
    let colons = Array(hex).enumerated().map { $0 > 0 && $0 % 2 == 0 ? ":\($1)" : "\($1)" }.joined()
    #expect(RelayCertificate("sha256:" + colons) == own)
    for wrong in [
      "", "sha256:", "sha256:" + hex + "0", "sha256:" + String(repeating: "g", count: 64), "CN=", "x",
    ] {
      #expect(RelayCertificate(wrong) == nil, "\(wrong)")
    }
  }
}
