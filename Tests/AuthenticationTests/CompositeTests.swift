import Cryptography
import Filtering
import NetAddress
import SASL
import Settings
import TestSupport
import Testing

@testable import Authentication

/// Which mechanism goes where.
struct CompositeTests {
  private static let terms = ExchangeTerms(hostname: "mx.example.org", buckets: .random())

  /// Knows anna, and remembers whom it was asked about.
  private struct Passwords: PasswordSource {
    func verify(user: String, password: [UInt8], for request: AuthenticationRequest) async -> PasswordVerdict
    {
      if user == "down@example.org" { return .unavailable("down") }
      return user == "anna@example.org" && password == Array("secret".utf8)
        ? .accepted(name: user) : .refused("no")
    }
  }

  private struct Tokens: TokenSource {
    func verify(token: String, user: String, for request: AuthenticationRequest) async -> PasswordVerdict {
      token == "good" ? .accepted(name: "anna@example.org") : .refused("no")
    }
  }

  private func composite(_ members: [CompositeAuthenticator.Member], _ named: [Mechanism] = [])
    -> CompositeAuthenticator
  {
    CompositeAuthenticator(members, named: named, terms: Self.terms)
  }

  private let passwords = CompositeAuthenticator.Member(
    .ldap, passwords: Passwords(), domain: "example.org")

  @Test func theTableIsTheMechanismsOfSASL() {
    #expect(MechanismTable.mechanisms == Mechanism.allCases.map(\.rawValue))
    // Each mechanism has somebody to serve it, each backend something to serve.
    for mechanism in MechanismTable.mechanisms {
      #expect(!MechanismTable.backends(serving: mechanism).isEmpty)
    }
    for backend in MechanismTable.Backend.allCases {
      #expect(!MechanismTable.offers(of: backend).isEmpty)
    }
    #expect(MechanismTable.offers(of: .ldap) == [.plain, .login])
    #expect(MechanismTable.offers(of: .introspection) == [.oauthBearer, .xoauth2])
  }

  @Test func offers() {
    let tokens = CompositeAuthenticator.Member(tokens: Tokens())
    #expect(composite([passwords]).mechanisms == [.plain, .login])
    #expect(composite([passwords, tokens]).mechanisms == [.oauthBearer, .xoauth2, .plain, .login])
    #expect(composite([passwords, tokens], [.plain]).mechanisms == [.plain])
    // Named, and nobody there to serve it: not offered.
    #expect(composite([passwords], [.plain, .scramSHA256, .xoauth2]).mechanisms == [.plain])
    #expect(composite([]).mechanisms.isEmpty)
    let dovecot = CompositeAuthenticator.Member(
      dovecot: DovecotAuthenticator(endpoint: .unix("/nonexistent/auth"), timeout: .seconds(1), group: loops),
      domain: nil)
    #expect(composite([dovecot]).mechanisms == [.plain, .login])
  }

  @Test func passwordsShownAreAsked() async throws {
    let users = composite([passwords])
    func plain(_ text: String) async -> AuthenticationStep {
      await users.begin(request(.plain)).next(Array(text.utf8))
    }
    #expect(await plain("\0anna@example.org\0secret").user == "anna@example.org")
    // The domain is added before anybody is asked.
    #expect(await plain("\0anna\0secret").user == "anna@example.org")
    #expect(await plain("\0anna\0wrong").failed?.user == "anna")
    #expect(await plain("\0anna\0wrong").failed?.secret != nil)
    #expect(await plain("\0anna\0").failed != nil)
    #expect(await plain("\0down\0secret").isUnavailable)
    #expect(await plain("anna").isMalformed)
    let login = users.begin(request(.login))
    #expect(await login.next(nil).challenge == Array("Username:".utf8))
    #expect(await login.next(Array("anna".utf8)).challenge == Array("Password:".utf8))
    #expect(await login.next(Array("secret".utf8)).user == "anna@example.org")
  }

  @Test func tokensAreAsked() async throws {
    let users = composite([passwords, .init(tokens: Tokens())])
    func bearer(_ token: String) async -> AuthenticationStep {
      await users.begin(request(.xoauth2)).next(
        Array("user=anna@example.org\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8))
    }
    #expect(await bearer("good").user == "anna@example.org")
    #expect(await bearer("bad").challenge != nil)
  }

  @Test func whatIsNotOfferedIsNotRun() async {
    let users = composite([passwords], [.plain])
    #expect(await users.begin(request(.login)).next(nil).isUnavailable)
    #expect(await users.begin(request(.scramSHA256)).next(Array("n,,n=anna,r=abc".utf8)).isUnavailable)
  }

  @Test func whoMayNotTryIsNotAsked() async {
    let users = composite([passwords])
    let exchange = users.begin(request(.plain) { _, _ in false })
    #expect(await exchange.next(Array("\0anna\0secret".utf8)).failed != nil)
  }
}

/// The whole way through a real Dovecot, each mechanism of its row.
@Suite(needs(.dovecot, .python3), .apart) struct CompositeDovecotTests {
  @Test func eachMechanism() async throws {
    let dovecot = try DovecotUsers()
    let source = DovecotAuthenticator(endpoint: .unix(dovecot.socket), timeout: .seconds(20), group: loops)
    #expect(await source.obstacle() == nil)
    let terms = ExchangeTerms(hostname: "mx.example.org", buckets: .random())
    let member = CompositeAuthenticator.Member(dovecot: source, domain: nil)
    #expect(
      CompositeAuthenticator([member], named: [], terms: terms).mechanisms
        == [.scramSHA256, .scramSHA1, .plain, .login])
    let users = CompositeAuthenticator(
      [member], named: [.cramMD5, .plain, .login, .scramSHA1Plus], terms: terms)
    #expect(users.mechanisms == [.cramMD5, .plain, .login])
    let plain = await users.begin(request(.plain)).next(Array("\0anna@example.org\0secret".utf8))
    #expect(plain.user == "anna@example.org")
    let login = users.begin(request(.login))
    _ = await login.next(nil)
    _ = await login.next(Array("anna@example.org".utf8))
    #expect(await login.next(Array("wrong".utf8)).failed != nil)
    let cram = users.begin(request(.cramMD5))
    let challenge = try #require(await cram.next(nil).challenge)
    #expect(await cram.next(try SASLClient(.anna).cram(challenge)).user == "anna@example.org")
  }
}
