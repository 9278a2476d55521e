import Bytes
import Cryptography
import Filtering
import Foundation
import SASL
import Synchronization
import TestSupport
import Testing

@testable import Authentication

@Suite struct UsersFileAuthenticatorTests {
  static let day = Timestamp(isoDay: "2026-11-21") ?? Timestamp(milliseconds: 0)
  static let terms = ExchangeTerms(
    hostname: "mx.example.org", buckets: KeyedDigest(key: Array(repeating: 1, count: 32)))

  /// An authenticator of a file of this text, and the file's path; the folder goes with the first.
  private final class Fixture: Sendable {
    let folder: ScratchFolder
    let path: String
    let pool: VerificationPool
    let users: UsersFileAuthenticator

    init(
      _ text: String, domain: String? = nil, named: [Mechanism] = [],
      pool: VerificationPool = VerificationPool(atOnce: 2)
    ) throws {
      folder = try ScratchFolder()
      path = folder.file("users")
      self.pool = pool
      try Self.write(text, path)
      users = try UsersFileAuthenticator(
        path: path, domain: domain, named: named, UsersFileAuthenticatorTests.terms, pool: pool,
        now: { UsersFileAuthenticatorTests.day })
    }

    static func write(_ text: String, _ path: String) throws {
      // Whole, as every tool replaces such a file.
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      chmod(path, 0o600)
    }

    func plain(
      _ user: String, _ password: String,
      mayTry: @escaping @Sendable (String, UInt64?) -> Bool = { _, _ in true }
    ) async -> AuthenticationStep {
      await users.begin(request(.plain, mayTry: mayTry)).next(Array("\0\(user)\0\(password)".utf8))
    }
  }

  static let text = """
    ann \(Pencil.sha256) \(Pencil.sha1)
    bob \(Pencil.scrypt)
    carl \(Pencil.clear)
    dora \(Pencil.sha256) disabled
    emil \(Pencil.sha256) until=2026-11-20
    """

  @Test(arguments: ["ann", "bob", "carl", "ANN"]) func rightAndWrong(_ user: String) async throws {
    let fixture = try Fixture(Self.text)
    #expect(await fixture.plain(user, Pencil.password).user == user.lowercased())
    let failed = await fixture.plain(user, "pencil-and-pape").failed
    #expect(failed?.detail == "wrong password" && failed?.user == user)
    #expect(failed?.secret == Self.terms.buckets.of(Array("pencil-and-pape".utf8)))
  }

  @Test(arguments: [
    ("nobody", "no such user"), ("dora", "the account is disabled (line 4)"),
    ("emil", "the account has ended (until= on line 5)"),
  ]) func notEvenWithTheRightPassword(_ user: String, _ detail: String) async throws {
    let fixture = try Fixture(Self.text)
    #expect(await fixture.plain(user, Pencil.password).failed?.detail == detail)
  }

  @Test func passwordsAreComparedPrepared() async throws {
    let fixture = try Fixture("ann {CLEAR}\(Base64.text(Array("caf\u{e9} au lait".utf8)))")
    #expect(await fixture.plain("ann", "cafe\u{301}\u{a0}au lait").user == "ann")
    // What RFC 4013 does not take is nobody's password.
    #expect(await fixture.plain("ann", "\u{202e}x").failed?.detail == "wrong password")
  }

  @Test func whatIsOfferedFollowsFromTheFile() throws {
    #expect(try Fixture("bob \(Pencil.scrypt)").users.mechanisms == [.plain, .login])
    #expect(
      try Fixture(Self.text).users.mechanisms == [
        .scramSHA256Plus, .scramSHA1Plus, .scramSHA256, .scramSHA1, .plain, .login,
      ])
    #expect(try Fixture(Self.text, named: [.cramMD5, .plain]).users.mechanisms == [.cramMD5, .plain])
    #expect(try Fixture("ann \(Pencil.sha256)", named: [.cramMD5, .plain]).users.mechanisms == [.plain])
    #expect(try Fixture("").users.mechanisms == [.plain, .login])
  }

  @Test func whatIsNotOfferedIsNotServed() async throws {
    let fixture = try Fixture("bob \(Pencil.scrypt)")
    let step = await fixture.users.begin(request(.scramSHA256)).next(Array("n,,n=bob,r=abc".utf8))
    #expect(step.isMalformed)
  }

  /// The client's side of SCRAM-SHA-256.
  private func scram(
    _ fixture: Fixture, _ user: String, _ password: String
  ) async -> (first: String, end: AuthenticationStep) {
    let exchange = fixture.users.begin(request(.scramSHA256))
    let bare = "n=\(user),r=abcdefgh"
    let step = await exchange.next(Array("n,,\(bare)".utf8))
    guard let bytes = step.challenge else { return ("", step) }
    let first = String(decoding: bytes, as: UTF8.self)
    let fields = first.split(separator: ",").map { String($0.dropFirst(2)) }
    let salted = KeyDerivation.pbkdf2(
      password: Array(password.utf8), salt: Base64.decoded(fields[1]) ?? [], iterations: Int(fields[2]) ?? 1,
      length: 32, .sha256)
    let key = HMACCode.of(Array("Client Key".utf8), key: salted, .sha256)
    let final = "c=biws,r=\(fields[0])"
    let signature = HMACCode.of(
      Array("\(bare),\(first),\(final)".utf8), key: HashFunction.sha256.digest(key), .sha256)
    let proof = Base64.text(zip(key, signature).map { $0 ^ $1 })
    let proven = await exchange.next(Array("\(final),p=\(proof)".utf8))
    guard proven.challenge != nil else { return (first, proven) }
    return (first, await exchange.next([]))
  }

  @Test func scramOverTheFile() async throws {
    let fixture = try Fixture(Self.text)
    #expect(await scram(fixture, "ann", Pencil.password).end.user == "ann")
    #expect(await scram(fixture, "ann", "other").end.failed?.detail == "wrong password")
    #expect(await scram(fixture, "dora", Pencil.password).end.failed?.detail.contains("disabled") == true)
    #expect(
      await scram(fixture, "bob", Pencil.password).end.failed?.detail
        == "the user has no SCRAM-SHA-256 secret (line 2): weir users passwd writes it")
    #expect(await scram(fixture, "nobody", Pencil.password).end.failed?.detail == "no such user")
  }

  @Test func nobodysSaltStaysAndLooksLikeOthers() async throws {
    let key = "!decoys \(Base64.text(Array(repeating: 9, count: 32)))\n"
    func salt(_ fixture: Fixture, _ user: String) async -> String {
      let first = await scram(fixture, user, "x").first
      return first.split(separator: ",").dropFirst().joined(separator: ",")
    }
    let one = try Fixture(key + Self.text)
    let other = try Fixture(key + Self.text + "\nfritz \(Pencil.sha256)")
    let nobody = await salt(one, "nobody")
    #expect(await salt(one, "nobody") == nobody)
    // After a restart and another user, too.
    #expect(await salt(other, "nobody") == nobody)
    #expect(await salt(one, "noone") != nobody)
    let real = await salt(one, "ann")
    #expect(nobody.count == real.count && nobody.hasSuffix(",i=4096"))
    // The spelling of a name makes no other nobody.
    #expect(await salt(one, "NOBODY") == nobody)
  }

  @Test func cramMD5() async throws {
    let fixture = try Fixture(Self.text, named: [.cramMD5])
    for (user, password, detail) in [
      ("carl", Pencil.password, nil), ("carl", "other", "wrong password"),
      ("nobody", "other", "no such user"),
      ("ann", Pencil.password, "the user has no {CLEAR} secret (line 1): weir users passwd writes it"),
    ] {
      let exchange = fixture.users.begin(request(.cramMD5))
      let challenge = try #require(await exchange.next(nil).challenge)
      let digest = HMACCode.of(challenge, key: Array(password.utf8), .md5).map {
        ($0 < 16 ? "0" : "") + String($0, radix: 16)
      }.joined()
      let step = await exchange.next(Array("\(user) \(digest)".utf8))
      #expect(step.failed?.detail == detail)
      #expect(step.user == (detail == nil ? "carl" : nil))
    }
  }

  @Test func askedBeforeItIsTried() async throws {
    let fixture = try Fixture(Self.text)
    let asked = Mutex<[String]>([])
    let step = await fixture.plain("ann", Pencil.password) { user, secret in
      asked.withLock { $0.append("\(user) \(secret != nil)") }
      return false
    }
    #expect(asked.withLock { $0 } == ["ann true"])
    #expect(step.failed?.detail == "not tried: too many failures before")
    #expect(step.failed?.secret != nil)
    #expect(fixture.pool.mostAtOnce == 0)
    let exchange = fixture.users.begin(request(.scramSHA256) { _, secret in secret != nil })
    #expect(await exchange.next(Array("n,,n=ann,r=abc".utf8)).failed != nil)
  }

  @Test func noMoreAtOnceThanAllowed() async throws {
    let reserved = Mutex((now: 0, most: 0, times: 0))
    let pool = VerificationPool(
      atOnce: 2, waiting: 1000,
      reserve: { octets in
        reserved.withLock {
          $0.now += octets
          $0.most = max($0.most, $0.now)
          $0.times += 1
        }
        return true
      }, release: { octets in reserved.withLock { $0.now -= octets } })
    let fixture = try Fixture("bob \(Pencil.scrypt)", pool: pool)
    let names = await withTaskGroup(of: String?.self) { group in
      for _ in 0..<60 { group.addTask { await fixture.plain("bob", Pencil.password).user } }
      return await group.reduce(into: [String?]()) { $0.append($1) }
    }
    #expect(names == Array(repeating: "bob", count: 60))
    #expect((1...2).contains(pool.mostAtOnce))
    let cost = try #require(ScryptCost(logN: 10, r: 8, p: 1)).memory
    reserved.withLock {
      #expect($0.now == 0)
      #expect($0.times == 60)
      #expect($0.most <= 2 * cost && $0.most >= cost)
    }
  }

  @Test func aQueueThatIsFullIsUnavailable() async throws {
    let fixture = try Fixture("bob \(Pencil.scrypt)", pool: VerificationPool(atOnce: 1, waiting: 1))
    let steps = await withTaskGroup(of: AuthenticationStep.self) { group in
      for _ in 0..<40 { group.addTask { await fixture.plain("bob", Pencil.password) } }
      return await group.reduce(into: [AuthenticationStep]()) { $0.append($1) }
    }
    #expect(steps.contains { $0.isUnavailable })
    #expect(steps.contains { $0.user == "bob" })
    #expect(steps.allSatisfy { $0.isUnavailable || $0.user == "bob" })
    #expect(await fixture.plain("bob", Pencil.password).user == "bob")
  }

  @Test func withoutMemoryNobodyIsRefused() async throws {
    let pool = VerificationPool(atOnce: 1, reserve: { _ in false })
    let fixture = try Fixture(Self.text, pool: pool)
    #expect(await fixture.plain("bob", Pencil.password).isUnavailable)
    #expect(await fixture.plain("nobody", Pencil.password).isUnavailable)
  }

  @Test func nobodyTakesTheSameWork() async throws {
    let reserved = Mutex<[Int]>([])
    let pool = VerificationPool(
      atOnce: 1,
      reserve: { octets in
        reserved.withLock { $0.append(octets) }
        return true
      })
    let fixture = try Fixture("bob \(Pencil.scrypt)", pool: pool)
    _ = await fixture.plain("bob", "wrong-password")
    _ = await fixture.plain("nobody", "wrong-password")
    _ = await fixture.plain("bob", "\u{202e}")
    reserved.withLock { #expect($0.count == 3 && Set($0).count == 1) }
  }

  @Test func editsAreTakenUpAndBrokenOnesAreNot() async throws {
    let fixture = try Fixture("ann \(Pencil.sha256)")
    guard case .unchanged = fixture.users.reload() else { Issue.record("nothing was changed"); return }
    try Fixture.write("ann \(Pencil.sha256)\nbob \(Pencil.scrypt)\n", fixture.path)
    guard case .adopted(2, _) = fixture.users.reload() else { Issue.record("not taken up"); return }
    #expect(await fixture.plain("bob", Pencil.password).user == "bob")
    try Fixture.write("ann\n", fixture.path)
    guard case .refused(let problems) = fixture.users.reload() else { Issue.record("taken up"); return }
    #expect(
      problems.map { "\($0)" } == ["\(fixture.path):1:1: “ann” has no secret: weir users passwd writes one"])
    #expect(await fixture.plain("bob", Pencil.password).user == "bob")
    // Told once.
    guard case .unchanged = fixture.users.reload() else { Issue.record("told twice"); return }
    guard case .refused = fixture.users.reload(always: true) else { Issue.record("not told"); return }
    try FileManager.default.removeItem(atPath: fixture.path)
    guard case .refused(let missing) = fixture.users.reload() else { Issue.record("taken up"); return }
    #expect("\(missing)".contains("there is no such file"))
    #expect(fixture.users.count == 2)
  }

  @Test func itIsWatched() async throws {
    let fixture = try Fixture("ann \(Pencil.sha256)")
    let counts = Mutex<[Int]>([])
    let watch = Task { [users = fixture.users] in
      await users.watch(every: .milliseconds(20)) { reload in
        if case .adopted(let count, _) = reload { counts.withLock { $0.append(count) } }
      }
    }
    try Fixture.write("ann \(Pencil.sha256)\nbob \(Pencil.scrypt)\n", fixture.path)
    for _ in 0..<500 where counts.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(20)) }
    watch.cancel()
    await watch.value
    #expect(counts.withLock { $0 } == [2])
    #expect(fixture.users.count == 2)
  }

  @Test func aFileThatIsMissingOrBrokenIsSaid() {
    #expect(throws: UsersFileError.self) {
      try UsersFileAuthenticator(
        path: "/nonexistent/users", Self.terms, pool: VerificationPool(atOnce: 1), now: { Self.day })
    }
  }

  @Test func aFileOpenToAllIsWarnedOf() throws {
    let fixture = try Fixture("ann \(Pencil.sha256)")
    chmod(fixture.path, 0o644)
    guard case .adopted(_, let warnings) = fixture.users.reload() else { Issue.record("not seen"); return }
    #expect(warnings.map { "\($0)" }.joined().contains("chmod 0600"))
  }

  @Test func anExchangeThatWasCancelledIsOver() async throws {
    let fixture = try Fixture(Self.text)
    let exchange = fixture.users.begin(request(.login))
    #expect(await exchange.next(nil).challenge == Array("Username:".utf8))
    exchange.cancel()
    #expect(await exchange.next(Array("ann".utf8)).isMalformed)
  }
}
