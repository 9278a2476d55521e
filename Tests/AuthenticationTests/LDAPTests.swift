import Filtering
import TestSupport
import Testing

@testable import Authentication

#if LDAP
  /// A real slapd on a loopback port.
  @Suite(needs(.slapd), .apart) struct LDAPTests {
    private static let byName = LDAPDirectory.Finding.name("uid={local},\(Slapd.base)")

    private static func search(
      _ account: LDAPDirectory.Account? = .init(
        name: Slapd.searchName, password: Slapd.searchPassword), filter: String = "(mail={user})"
    ) -> LDAPDirectory.Finding {
      .search(base: Slapd.base, filter: filter, account: account)
    }

    private func users(
      _ servers: [String], _ finding: LDAPDirectory.Finding, timeout: Duration = .seconds(20)
    )
      -> LDAPPasswords
    {
      LDAPPasswords(LDAPDirectory(servers: servers, finding: finding, timeout: timeout), group: loops)
    }

    @Test(arguments: [byName, search()])
    func usersOfADirectory(finding: LDAPDirectory.Finding) async throws {
      let slapd = try Slapd()
      let users = users([slapd.url], finding)
      #expect(await users.obstacle() == nil)
      let right = await users.ask("anna@example.org", "secret")
      #expect(right == .accepted(name: "anna@example.org"), "\(slapd.log)")
      // One account, one name, however it is written.
      #expect(await users.ask("ANNA@example.org", "secret") == .accepted(name: "anna@example.org"))
      let wide = await users.ask("ａnna@example.org", "secret")
      #expect(wide.isRefused || wide == .accepted(name: "anna@example.org"))
      #expect(await users.ask(" anna@example.org", "secret").isRefused)
      #expect(await users.ask("anna@example.org", "wrong").isRefused)
      #expect(await users.ask("nobody@example.org", "secret").isRefused)
      #expect(await users.ask("", "secret").isRefused)
      slapd.stop()
      #expect(await users.ask("anna@example.org", "secret").isUnavailable)
      #expect(await users.obstacle() != nil)
    }

    /// slapd itself says yes to these: it takes them for anonymous.
    @Test func aBindAsNobodyIsNoLogin() async throws {
      let slapd = try Slapd()
      for finding in [Self.byName, Self.search(), .name("{user}")] {
        let users = users([slapd.url], finding)
        #expect(await users.ask("anna@example.org", "").isRefused)
        #expect(await users.verify(user: "anna@example.org", password: [0], for: request()).isRefused)
        #expect(await users.ask("", "").isRefused)
        #expect(await users.ask("", "secret").isRefused)
      }
      let session = try LDAPSession(
        server: slapd.url, directory: LDAPDirectory(servers: [], finding: Self.byName),
        deadline: .now + .seconds(20))
      #expect(throws: LDAPSession.Fault.self) { try session.bind(as: "uid=anna,\(Slapd.base)", password: []) }
      #expect(throws: LDAPSession.Fault.self) { try session.bind(as: "", password: [0x78]) }
    }

    @Test(arguments: [
      "*", "a*", "*)(uid=*", "anna)(|(uid=*", "anna,ou=people", "anna\\", "#anna", "anna+cn=anna", "anna\"",
      "<anna>",
      "uid=anna", "\\61nna",
    ])
    func namesMeanNothingElse(name: String) async throws {
      let slapd = try Slapd()
      for finding in [Self.byName, Self.search(), Self.search(filter: "(|(uid={local})(mail={user}))")] {
        #expect(await users([slapd.url], finding).ask(name, "secret").isRefused)
        #expect(await users([slapd.url], finding).ask("\(name)@example.org", "secret").isRefused)
      }
    }

    @Test func namesThatNeedEscapingAreFound() async throws {
      let odd = PeerUser(name: "o'neil+x@example.org", password: "pass")
      let slapd = try Slapd(
        users: [odd].map { PeerUser(name: $0.name.replacing("+", with: ""), password: "pass") })
      #expect(
        await users([slapd.url], Self.search()).ask("o'neilx@example.org", "pass")
          == .accepted(name: "o'neilx@example.org"))
    }

    @Test func whatIsNotTheUsersFaultIsUnavailable() async throws {
      let slapd = try Slapd(users: [.anna, PeerUser(name: "anne@example.org", password: "secret")])
      let wrongAccount = Self.search(.init(name: Slapd.searchName, password: "wrong"))
      #expect(await users([slapd.url], wrongAccount).ask("anna@example.org", "secret").isUnavailable)
      let noBase = LDAPDirectory.Finding.search(
        base: "ou=nowhere,dc=example,dc=org", filter: "(mail={user})",
        account: .init(name: Slapd.searchName, password: Slapd.searchPassword))
      #expect(await users([slapd.url], noBase).ask("anna@example.org", "secret").isUnavailable)
      #expect(await users([slapd.url], noBase).obstacle() != nil)
      let many = Self.search(filter: "(|(objectClass=inetOrgPerson)(mail={user}))")
      #expect(await users([slapd.url], many).ask("anna@example.org", "secret").isUnavailable)
      let broken = Self.search(filter: "((mail={user}")
      #expect(await users([slapd.url], broken).ask("anna@example.org", "secret").isUnavailable)
      #expect(await users(["nonsense"], Self.byName).ask("anna@example.org", "secret").isUnavailable)
      #expect(await users([], Self.byName).ask("anna@example.org", "secret").isUnavailable)
      // STARTTLS is asked for and there is none: no bind.
      let plain = LDAPPasswords(
        LDAPDirectory(servers: [slapd.url], finding: Self.byName, startsTLS: true), group: loops)
      #expect(await plain.ask("anna@example.org", "secret").isUnavailable)
    }

    @Test func serversAreTriedInTurn() async throws {
      let slapd = try Slapd()
      let nobody = "ldap://127.0.0.1:\(try FreePort.take())"
      let users = users([nobody, slapd.url], Self.byName)
      #expect(await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
      #expect(await users.ask("anna@example.org", "wrong").isRefused)
    }

    @Test(.timeLimit(.minutes(5))) func aFrozenServerCostsItsShareAndIsThenLast() async throws {
      let frozen = try Slapd()
      let slapd = try Slapd()
      frozen.freeze(true)
      defer { frozen.freeze(false) }
      let both = users([frozen.url, slapd.url], Self.byName, timeout: .seconds(10))
      #expect(await both.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
      #expect(both.order() == [slapd.url, frozen.url])
      #expect(await both.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
      let alone = users([frozen.url], Self.byName, timeout: .milliseconds(500))
      #expect(await alone.ask("anna@example.org", "secret").isUnavailable)
    }

    @Test func manyAtOnce() async throws {
      let people = (0..<30).map { PeerUser(name: "user\($0)@example.org", password: "secret\($0)") }
      let slapd = try Slapd(users: people)
      let users = users([slapd.url], Self.search())
      await withTaskGroup(of: Bool.self) { group in
        for user in people {
          group.addTask { await users.ask(user.name, user.password) == .accepted(name: user.name) }
          group.addTask { await users.ask(user.name, "wrong").isRefused }
        }
        for await isRight in group { #expect(isRight) }
      }
    }

    @Test func overTLS() async throws {
      let slapd = try Slapd(withTLS: true)
      let stranger = try ScratchFolder("authority")
      try PeerCertificate.make(in: stranger)
      func ask(_ server: String, startsTLS: Bool, _ authorities: String?) async -> PasswordVerdict {
        await LDAPPasswords(
          LDAPDirectory(
            servers: [server], finding: Self.byName, startsTLS: startsTLS, authorities: authorities,
            timeout: .seconds(20)), group: loops
        ).ask("anna@example.org", "secret")
      }
      let upgraded = await ask(slapd.url, startsTLS: true, slapd.authority)
      #expect(upgraded == .accepted(name: "anna@example.org"), "\(upgraded) \(slapd.log)")
      let secure = await ask(slapd.tlsURL, startsTLS: false, slapd.authority)
      #expect(secure == .accepted(name: "anna@example.org"), "\(secure) \(slapd.log)")
      // Another authority, the system's, none that can be read.
      for authority in [stranger.file("authority.pem"), nil, stranger.file("none")] {
        #expect(await ask(slapd.url, startsTLS: true, authority).isUnavailable)
        #expect(await ask(slapd.tlsURL, startsTLS: false, authority).isUnavailable)
      }
      // A certificate of another name.
      #expect(await ask(slapd.misnamedURL, startsTLS: false, slapd.authority).isUnavailable)
    }
  }
#endif

struct LDAPEscapeTests {
  @Test func distinguishedNames() {
    #expect(LDAPEscapes.distinguishedName("anna@example.org") == "anna@example.org")
    #expect(LDAPEscapes.distinguishedName("a,b+c\"d\\e<f>g;h=i") == "a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\=i")
    #expect(LDAPEscapes.distinguishedName("#a#") == "\\#a#")
    #expect(LDAPEscapes.distinguishedName(" a b ") == #"\ a b\ "#)
    #expect(LDAPEscapes.distinguishedName(" ") == #"\ "#)
    #expect(LDAPEscapes.distinguishedName("a\0b") == #"a\00b"#)
    #expect(LDAPEscapes.distinguishedName("ö") == "ö")
  }

  @Test func filters() {
    // RFC 4515 §4.
    #expect(
      LDAPEscapes.filter("Parens R Us (for all your parenthetical needs)")
        == #"Parens R Us \28for all your parenthetical needs\29"#)
    #expect(LDAPEscapes.filter("*") == #"\2a"#)
    #expect(LDAPEscapes.filter("C:\\MyFile\0") == #"C:\5cMyFile\00"#)
    #expect(LDAPEscapes.filter("Lučić") == "Lučić")
  }

  @Test func templatesAreFilledOnce() {
    #expect(
      LDAPEscapes.fill("{local}|{domain}|{user}|{other}", user: "a@b", escape: { $0 }) == "a|b|a@b|{other}")
    #expect(LDAPEscapes.fill("uid={user}", user: "{domain}@b", escape: { $0 }) == "uid={domain}@b")
    #expect(LDAPEscapes.fill("uid={user}", user: "a", escape: LDAPEscapes.filter) == "uid=a")
  }
}
