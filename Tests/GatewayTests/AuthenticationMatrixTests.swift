import Foundation
import Settings
import TestSupport
import Testing

/// Every cell of the table of mechanisms and backends, through the built gateway, by real clients, against real
/// backends: what is served logs in and sends mail, what is not is neither offered nor accepted by `weir check`.
@Suite(needs(.python3), .apart) struct AuthenticationMatrixTests {
  private static let all = MechanismTable.mechanisms
  private static let token = "anna-token"

  /// A gateway with a submission listener over STARTTLS, and one with TLS from the first octet.
  private struct Site {
    let gateway: Gateway
    let authority: String
    let ports: (starttls: UInt16, implicit: UInt16)
    let backend: ScriptedBackend

    /// - Parameters:
    ///   - auth: the keys of `[auth]`, the values as TOML.
    ///   - port: the mail server behind; a scripted one where nil.
    init(_ auth: [String: String], port: UInt16? = nil, files: [String: String] = [:]) throws {
      backend = try ScriptedBackend(BackendBehaviour())
      let certificates = try ScratchFolder("gateway-tls")
      try PeerCertificate.make(in: certificates)
      let ports = (starttls: try FreePort.take(), implicit: try FreePort.take())
      self.ports = ports
      authority = certificates.file("authority.pem")
      keep = certificates
      let configuration = try GatewayConfiguration(
        backends: [.init(port: port ?? backend.port, extra: ["recipients = \"any\""])],
        listeners: [
          .init(port: ports.starttls, extra: ["profile = \"submission\"", "tls = \"required\""]),
          .init(port: ports.implicit, extra: ["profile = \"submissions\""]),
        ]
      ) {
        $0.settings["tls.certificate"] = "\"\(certificates.file("certificate.pem"))\""
        $0.settings["tls.key"] = "\"\(certificates.file("key.pem"))\""
        $0.settings["auth.tarpit"] = "\"0s\""
        // Failures are what this is about.
        $0.settings["limits.login_failures_per_subnet"] = "\"unlimited\""
        $0.settings["limits.login_failures_per_password"] = "\"unlimited\""
        for (key, value) in auth { $0.settings["auth.\(key)"] = value }
      }
      gateway = try Gateway(configuration, files: files)
    }

    private let keep: ScratchFolder

    var log: String { gateway.process.output + gateway.process.errors }
    var client: LoginClient { LoginClient(port: ports.starttls, authority: authority) }
    var implicitClient: LoginClient {
      LoginClient(port: ports.implicit, authority: authority, isImplicit: true)
    }

    /// What `weir check` says where `mechanisms` is this.
    func check(naming mechanism: String) throws -> CommandResult {
      let text = try String(contentsOfFile: gateway.configPath, encoding: .utf8)
        .split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix("auth.mechanisms") ? "auth.mechanisms = [\"\(mechanism)\"]" : String($0) }
        .joined(separator: "\n")
      let path = try gateway.folder.write("named.toml", text)
      return try run(Gateway.binary(), ["check", "--offline", "--config", path], joined: true)
    }
  }

  private func named(_ backend: MechanismTable.Backend, withTokens: Bool = false) -> String {
    let names = Self.all.filter {
      MechanismTable.service(of: $0, by: backend).isServed
        && (withTokens || backend != .dovecot || !["OAUTHBEARER", "XOAUTH2"].contains($0))
    }
    return "[" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
  }

  /// Goes through a column of the table.
  ///
  /// - Parameter beside: the backend that introspection stands beside.
  private func walk(
    _ backend: MechanismTable.Backend, _ site: Site, secret: String = "secret",
    beside: MechanismTable.Backend? = nil,
    expecting: [String]
  )
    throws
  {
    let user = PeerUser.anna.name
    for mechanism in Self.all {
      let isServed = expecting.contains(mechanism)
      let right = try site.client.send(mechanism, user: user, secret: secret)
      #expect(Set(right.offered) == Set(expecting), "\(backend)")
      guard isServed else {
        #expect(right.login == 504, "\(mechanism) by \(backend): \(right)")
        if ![backend, beside ?? backend].contains(where: {
          MechanismTable.service(of: mechanism, by: $0).isServed
        }) {
          let check = try site.check(naming: mechanism)
          #expect(check.ending == .exited(1), "\(mechanism) by \(backend): \(check.output)")
          for other in MechanismTable.backends(serving: mechanism) {
            #expect(check.output.contains(other.written), "\(mechanism) by \(backend): \(check.output)")
          }
        }
        continue
      }
      #expect(right.login == 235, "\(mechanism) by \(backend): \(right) \(site.log)")
      #expect(right.message == 250, "\(mechanism) by \(backend): \(right) \(site.log)")
      let implicit = try site.implicitClient.send(mechanism, user: user, secret: secret)
      #expect(implicit.login == 235 && implicit.message == 250, "\(mechanism) by \(backend): \(implicit)")
      let wrong = try site.client.send(mechanism, user: user, secret: secret + "x")
      #expect(wrong.login == 535, "\(mechanism) by \(backend): \(wrong)")
      let nobody = try site.client.send(mechanism, user: "nobody@example.org", secret: secret)
      #expect(nobody.login == 535, "\(mechanism) by \(backend): \(nobody)")
    }
    #expect(!site.log.contains(secret), "the log never holds a password")
  }

  /// What swaks does beside.
  private func swaks(_ site: Site, _ mechanisms: [String]) throws {
    for mechanism in mechanisms {
      func send(_ password: String) throws -> CommandResult {
        try run(
          "swaks",
          [
            "--server", "127.0.0.1", "--port", "\(site.ports.starttls)", "--tls", "--auth", mechanism,
            "--auth-user", PeerUser.anna.name, "--auth-password", password, "--from", PeerUser.anna.name,
            "--to", "user@example.org", "--helo", "client.example",
          ], joined: true)
      }
      let right = try send("secret")
      #expect(right.succeeded, "\(mechanism): \(right.output)")
      // 28: authentication failed.
      let wrong = try send("wrong")
      #expect(wrong.ending == .exited(28), "\(mechanism): \(wrong.output)")
    }
  }

  @Test(needs(.swaks)) func usersFile() throws {
    let site = try Site(
      ["backend": "\"file:users\"", "mechanisms": named(.file)], files: ["users": UsersLine.of(.anna)])
    try walk(
      .file, site,
      expecting: Self.all.filter { MechanismTable.service(of: $0, by: .file).isServed })
    try swaks(site, ["PLAIN", "LOGIN", "CRAM-MD5"])
  }

  @Test(needs(.dovecot, .swaks)) func dovecot() throws {
    let dovecot = try DovecotUsers()
    let site = try Site(["backend": "\"dovecot:\(dovecot.socket)\"", "mechanisms": named(.dovecot)])
    try walk(
      .dovecot, site, expecting: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"])
    try swaks(site, ["PLAIN", "LOGIN", "CRAM-MD5"])
    dovecot.stop()
    let down = try site.client.send("PLAIN", user: PeerUser.anna.name, secret: "secret")
    #expect(down.login == 454 && down.offered.contains("SCRAM-SHA-256"), "\(down)")
    let scram = try site.client.send("SCRAM-SHA-256", user: PeerUser.anna.name, secret: "secret")
    #expect(scram.login == 454, "\(scram)")
    let check = try site.gateway.weir(["check"])
    #expect(check.succeeded && check.output.contains("Dovecot"), "\(check.output)")
    let again = try dovecot.started()
    let isBack = eventually(within: .seconds(20)) {
      (try? site.client.send("PLAIN", user: PeerUser.anna.name, secret: "secret"))?.login == 235
    }
    #expect(isBack, "\(again.output) \(site.log)")
  }

  @Test(needs(.saslauthd, .slapd)) func saslauthd() throws {
    let saslauthd = try Saslauthd()
    let site = try Site(["backend": "\"saslauthd:\(saslauthd.socket)\"", "mechanisms": named(.saslauthd)])
    try walk(.saslauthd, site, expecting: ["PLAIN", "LOGIN"])
    saslauthd.stop()
    let down = try site.client.send("PLAIN", user: PeerUser.anna.name, secret: "secret")
    #expect(down.login == 454, "\(down)")
  }

  @Test(needs(.slapd)) func ldap() throws {
    let slapd = try Slapd(withTLS: true)
    let nobody = "ldap://127.0.0.1:\(try FreePort.take())"
    let site = try Site(
      [
        "backend": "\"\(nobody) \(slapd.url)\"", "mechanisms": named(.ldap), "ldap_starttls": "true",
        "ldap_ca": "\"\(slapd.authority)\"", "ldap_base": "\"\(Slapd.base)\"",
        "ldap_filter": "\"(mail={user})\"", "ldap_search_dn": "\"\(Slapd.searchName)\"",
        "ldap_search_password_file": "\"search-password\"",
      ], files: ["search-password": "\(Slapd.searchPassword)\n"])
    try walk(.ldap, site, expecting: ["PLAIN", "LOGIN"])
    let empty = try site.client.send("PLAIN", user: PeerUser.anna.name, secret: "")
    #expect(empty.login == 535, "\(empty)")
    slapd.stop()
    let down = try site.client.send("PLAIN", user: PeerUser.anna.name, secret: "secret")
    #expect(down.login == 454, "\(down)")
  }

  @Test(needs(.postfix, .dovecot)) func mailServerBehind() throws {
    let dovecot = try DovecotUsers()
    let postfix = try PostfixBackend(settings: [
      "smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", "smtpd_sasl_path = \(dovecot.socket)",
      "smtpd_tls_auth_only = no",
    ])
    let site = try Site(["backend": "\"backend:main\"", "mechanisms": named(.backend)], port: postfix.port)
    try walk(.backend, site, expecting: ["PLAIN", "LOGIN"])
    postfix.stop()
    let down = try site.client.send("PLAIN", user: PeerUser.anna.name, secret: "secret")
    #expect(down.login == 454, "\(down)")
  }

  @Test func introspection() throws {
    let server = try IntrospectionPeer([
      Self.token: IntrospectionPeer.standard,
      "web-token": #"{"active": true, "username": "anna@example.org", "scope": "web"}"#,
    ])
    let site = try Site(
      [
        "backend": "\"saslauthd:none\"", "mechanisms": named(.introspection),
        "introspection_url": "\"\(server.url)\"", "introspection_client": "\"\(IntrospectionPeer.client)\"",
        "introspection_secret_file": "\"secret\"", "introspection_scope": "\"mail\"",
      ], files: ["secret": "\(IntrospectionPeer.secret)\n"])
    try walk(
      .introspection, site, secret: Self.token, beside: .saslauthd, expecting: ["OAUTHBEARER", "XOAUTH2"])
    // Active, anna's, and not for mail.
    let narrow = try site.client.send("XOAUTH2", user: PeerUser.anna.name, secret: "web-token")
    #expect(narrow.login == 535, "\(narrow)")
    server.stop()
    let down = try site.client.send("XOAUTH2", user: PeerUser.anna.name, secret: Self.token)
    #expect(down.login == 454, "\(down)")
  }

  /// A reload goes from one backend to another; a broken one changes nothing.
  @Test(needs(.dovecot)) func reload() throws {
    let dovecot = try DovecotUsers(users: [PeerUser(name: "bert@example.org", password: "other")])
    let site = try Site(["backend": "\"file:users\""], files: ["users": UsersLine.of(.anna)])
    func login(_ user: String, _ password: String) throws -> Int {
      try site.client.send("PLAIN", user: user, secret: password).login
    }
    func configure(_ backend: String) throws -> CommandResult {
      let text = try String(contentsOfFile: site.gateway.configPath, encoding: .utf8)
        .split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix("auth.backend") ? "auth.backend = \"\(backend)\"" : String($0) }
        .joined(separator: "\n")
      try site.gateway.folder.write("weir.toml", text)
      return try site.gateway.weir(["reload"])
    }
    let before = try (login("anna@example.org", "secret"), login("bert@example.org", "other"))
    #expect(before == (235, 535))
    let missing = try configure("file:nobody")
    #expect(missing.ending == .exited(1), "\(missing)")
    let same = try login("anna@example.org", "secret")
    #expect(same == 235)
    let changed = try configure("dovecot:\(dovecot.socket)")
    #expect(changed.succeeded, "\(changed)")
    let after = try (login("anna@example.org", "secret"), login("bert@example.org", "other"))
    #expect(after == (535, 235), "\(site.log)")
  }

  /// Without `mechanisms` what can be served is offered, save what has to be named.
  @Test func whatIsOfferedByDefault() throws {
    let site = try Site(["backend": "\"file:users\""], files: ["users": UsersLine.of(.anna)])
    let outcome = try site.client.send("PLAIN", user: "anna@example.org", secret: "secret")
    #expect(outcome.login == 235 && outcome.message == 250, "\(outcome) \(site.log)")
    #expect(
      outcome.offered == [
        "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN",
      ])
  }
}
