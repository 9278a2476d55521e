import Authentication
import Filtering
import NetAddress
import SASL
import TestSupport
import Testing

/// A real Dovecot on its auth socket.
@Suite(needs(.dovecot, .python3), .apart) struct DovecotTests {
  private func authenticator(_ dovecot: DovecotUsers, timeout: Duration = .seconds(20)) async
    -> DovecotAuthenticator
  {
    let authenticator = DovecotAuthenticator(
      endpoint: .unix(dovecot.socket), timeout: timeout, group: loops)
    #expect(await authenticator.obstacle() == nil)
    return authenticator
  }

  @Test func passwordsAreAskedAsPlain() async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    #expect(await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
    // Dovecot's own spelling of the name is what counts.
    #expect(await users.ask("Anna@Example.ORG", "secret") == .accepted(name: "anna@example.org"))
    #expect(await users.ask("anna@example.org", "wrong").isRefused)
    #expect(await users.ask("nobody@example.org", "secret").isRefused)
    #expect(await users.ask("closed@example.org", "secret").isRefused)
    #expect(await users.ask("anna@example.org", "").isRefused)
    #expect(await users.ask("anna@example.org\u{0}x", "secret").isRefused)
    // The connection is still the same one, and still good.
    #expect(await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
  }

  @Test func whatItAnnouncesIsOffered() async throws {
    let all = await authenticator(try DovecotUsers())
    #expect(all.mechanisms == [.scramSHA256, .scramSHA1, .cramMD5, .plain, .login])
    let few = await authenticator(try DovecotUsers(mechanisms: "plain"))
    #expect(few.mechanisms == [.plain, .login])
  }

  @Test(arguments: [("secret", true), ("wrong", false)])
  func cramIsHandedOnStepByStep(password: String, isRight: Bool) async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    let exchange = users.begin(request(.cramMD5))
    let challenge = try #require(await exchange.next(nil).challenge)
    let client = SASLClient(PeerUser(name: "anna@example.org", password: password))
    let end = await exchange.next(try client.cram(challenge))
    #expect(end.user == (isRight ? "anna@example.org" : nil))
    #expect(end.failed?.user == (isRight ? nil : "anna@example.org"))
  }

  @Test(arguments: [Mechanism.scramSHA1, .scramSHA256], [("secret", true), ("wrong", false)])
  func scramIsHandedOnStepByStep(mechanism: Mechanism, secret: (password: String, isRight: Bool)) async throws
  {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    let client = SASLClient(PeerUser(name: "anna@example.org", password: secret.password))
    let exchange = users.begin(request(mechanism))
    let first = try #require(
      await exchange.next(client.scramFirst(nonce: "fyko+d2lbbFgONRv9qkxdawL")).challenge)
    let (final, signature) = try client.scramFinal(
      hash: mechanism == .scramSHA1 ? "sha1" : "sha256", nonce: "fyko+d2lbbFgONRv9qkxdawL",
      serverFirst: first)
    let step = await exchange.next(final)
    guard secret.isRight else {
      #expect(step.failed?.user == "anna@example.org")
      return
    }
    #expect(step.challenge == signature)
    #expect(await exchange.next([]).user == "anna@example.org")
  }

  @Test func manyAtOnceAreNotMixedUp() async throws {
    let people = (0..<40).map { PeerUser(name: "user\($0)@example.org", password: "secret\($0)") }
    let dovecot = try DovecotUsers(users: people)
    let users = await authenticator(dovecot)
    await withTaskGroup(of: Void.self) { group in
      for (index, user) in people.enumerated() {
        group.addTask { #expect(await users.ask(user.name, user.password) == .accepted(name: user.name)) }
        group.addTask { #expect(await users.ask(user.name, "secret\(index + 1)").isRefused) }
      }
    }
  }

  @Test func itIsFoundAgainAfterARestart() async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    let announced = users.mechanisms
    dovecot.stop()
    #expect(await users.ask("anna@example.org", "secret").isUnavailable)
    // What it announced stays offered, so that clients read 454 and not "no such mechanism".
    #expect(users.mechanisms == announced)
    let again = try dovecot.started()
    let isBack = await patiently {
      await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org")
    }
    #expect(isBack, "\(again.output)")
  }

  @Test func aLoginThatMayNotBeTriedIsNotTried() async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    let client = SASLClient(.anna)
    let exchange = users.begin(request(.scramSHA256) { user, _ in user != "anna@example.org" })
    #expect(await exchange.next(client.scramFirst(nonce: "abcdef")).failed?.user == "anna@example.org")
  }

  @Test func anAbandonedLoginIsTakenBack() async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    for _ in 0..<20 {
      let exchange = users.begin(request(.cramMD5))
      _ = try #require(await exchange.next(nil).challenge)
      exchange.cancel()
      #expect(await exchange.next([]).isUnavailable)
    }
    #expect(await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
    #expect(!dovecot.log.contains("BUG"), "\(dovecot.log)")
  }

  @Test func aResponseTooLongForItHarmsNobody() async throws {
    let dovecot = try DovecotUsers()
    let users = await authenticator(dovecot)
    let long = users.begin(request(.scramSHA256))
    let longest = Array("n,,n=anna@example.org,r=".utf8) + Array(repeating: 0x61, count: 8500)
    let step = await long.next(longest)
    #expect(step.challenge != nil || step.failed != nil)
    let longer = users.begin(request(.scramSHA256))
    #expect(await longer.next(longest + Array(repeating: 0x61, count: 4000)).isMalformed)
    #expect(await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org"))
    #expect(!dovecot.log.contains("BUG"), "\(dovecot.log)")
  }
}

/// Asks again until it holds.
func patiently(_ condition: () async -> Bool) async -> Bool {
  for _ in 0..<300 {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(50))
  }
  return false
}
