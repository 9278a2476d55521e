public import Bytes
internal import Cryptography
public import Filtering
public import SASL
public import Settings
internal import Synchronization

/// The users of a file (`backend = "file:PATH"`).
public final class UsersFileAuthenticator: Authenticator, CredentialSource {
  /// What came of looking at the file.
  public enum Reload: Sendable {
    case unchanged
    /// The number of users in it, and what the operator should know besides.
    case adopted(users: Int, warnings: [SettingsProblem])
    /// The file that was read last stays in force.
    case refused([SettingsProblem])
  }

  private struct State {
    var file: UsersFile
    var mechanisms: [Mechanism]
    var mark: FileMark
  }

  private let path: String
  private let domain: String?
  private let named: Set<Mechanism>
  private let terms: ExchangeTerms
  private let pool: VerificationPool
  private let now: @Sendable () -> Timestamp
  private let state: Mutex<State>
  /// For names that nobody has, where the file has no key of its own for that.
  private let ownKey = RandomOctets.next(32)

  /// - Parameters:
  ///   - path: the file.
  ///   - domain: completes names without one (`[auth] domain`).
  ///   - named: the mechanisms of the configuration; empty for all that the file serves but CRAM-MD5.
  ///   - pool: where passwords are checked; one for the process, kept over reloads.
  ///   - now: the time, for `until=`.
  /// - Throws: everything that is wrong with the file.
  public init(
    path: String, domain: String? = nil, named: [Mechanism] = [], _ terms: ExchangeTerms,
    pool: VerificationPool,
    now: @escaping @Sendable () -> Timestamp
  ) throws(UsersFileError) {
    self.path = path
    self.domain = domain
    self.named = Set(named)
    self.terms = terms
    self.pool = pool
    self.now = now
    let (file, mark, _) = try Self.read(path, domain)
    state = Mutex(State(file: file, mechanisms: Self.mechanisms(file, Set(named)), mark: mark))
  }

  public var mechanisms: [Mechanism] { state.withLock { $0.mechanisms } }

  /// How many users there are.
  public var count: Int { state.withLock { $0.file.users.count } }

  public func begin(_ request: AuthenticationRequest) -> any AuthenticationExchange {
    LocalExchange(request, source: self, offered: mechanisms, terms)
  }

  /// SCRAM is offered as soon as one user has a verifier of the hash, CRAM-MD5 where it is named too.
  private static func mechanisms(_ file: UsersFile, _ named: Set<Mechanism>) -> [Mechanism] {
    func has(_ hash: ScramHash) -> Bool {
      hash.function.isAvailable && file.users.contains { $0.verifier(hash) != nil }
    }
    return Mechanism.allCases.filter { mechanism in
      guard named.isEmpty ? mechanism != .cramMD5 : named.contains(mechanism) else { return false }
      return switch mechanism {
      case .plain, .login: true
      case .scramSHA1, .scramSHA1Plus: has(.sha1)
      case .scramSHA256, .scramSHA256Plus: has(.sha256)
      case .cramMD5: HashFunction.md5.isAvailable && file.users.contains { $0.clear != nil }
      case .oauthBearer, .xoauth2: false
      }
    }
  }

  // MARK: What the exchanges ask

  public func verify(_ claim: PasswordClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    let file = state.withLock { $0.file }
    let user = file.user(claim.user)
    let like = user ?? file.likeness(of: claim.user, key: key(file)) { $0.strongest != nil }
    // Nobody's password is checked as long as somebody's; a file without any secret has nothing to hide.
    guard let secret = like?.strongest else { return .refused(user == nil ? "no such user" : "no secret") }
    let text = String(decoding: claim.password, as: UTF8.self)
    let prepared = (try? SASLprep.prepared(text)).map { Array($0.utf8) }
    switch await pool.run(memory: secret.memory, { secret.fits(prepared ?? []) }) {
    case .failure(let refusal): return .unavailable(refusal.words)
    case .success(nil): return .unavailable("libcrypto has no memory to check a password")
    case .success(.some(let isRight)):
      guard let user else { return .refused("no such user") }
      if let obstacle = user.obstacle(at: now()) { return .refused(obstacle) }
      guard isRight, prepared != nil else { return .refused("wrong password") }
      return .accepted(name: user.name)
    }
  }

  public func verifier(of user: String, _ hash: ScramHash) async -> SecretAnswer<ScramVerifier> {
    let file = state.withLock { $0.file }
    let found = file.user(user)
    if let found, let verifier = found.verifier(hash) { return .secret(verifier, owner(found)) }
    let like = file.likeness(of: user, key: key(file)) { $0.verifier(hash) != nil }?.verifier(hash)
    let decoy = ScramVerifier(
      decoyFor: UsersFile.canonical(user, domain: domain) ?? user, hash: hash,
      key: file.decoyKey ?? ownKey, iterations: like?.iterations ?? 4096, saltLength: like?.salt.count ?? 16)
    return .secret(decoy, .nobody(detail: Self.without(hash.name, found)))
  }

  public func clearSecret(of user: String) async -> SecretAnswer<[UInt8]> {
    let file = state.withLock { $0.file }
    let found = file.user(user)
    if let found, let clear = found.clear { return .secret(clear, owner(found)) }
    return .secret(ownKey, .nobody(detail: Self.without("{CLEAR}", found)))
  }

  private func owner(_ user: UsersFile.User) -> SecretOwner {
    user.obstacle(at: now()).map { .nobody(detail: $0) } ?? .user(name: user.name)
  }

  private static func without(_ kind: String, _ user: UsersFile.User?) -> String {
    user.map { "the user has no \(kind) secret (line \($0.line)): weir users passwd writes it" }
      ?? "no such user"
  }

  private func key(_ file: UsersFile) -> KeyedDigest { KeyedDigest(key: file.decoyKey ?? ownKey) }

  // MARK: The file

  /// Reads the file again where it is another than the one that was read last. Blocks: not for an event loop.
  ///
  /// - Parameter always: whether to read it in any case (SIGHUP).
  public func reload(always: Bool = false) -> Reload {
    let last = state.withLock { $0.mark }
    if !always, FileMark(path) == last { return .unchanged }
    do throws(UsersFileError) {
      let (file, mark, warnings) = try Self.read(path, domain)
      state.withLock { $0 = State(file: file, mechanisms: Self.mechanisms(file, named), mark: mark) }
      return .adopted(users: file.users.count, warnings: warnings)
    } catch {
      // Said once for one edit.
      state.withLock { $0.mark = error.mark }
      return .refused(error.problems)
    }
  }

  /// Looks at the file time and again until the task is cancelled.
  ///
  /// - Parameter report: is told of every change, sound or not.
  public func watch(every interval: Duration = .seconds(1), _ report: @Sendable (Reload) -> Void) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: interval)
      guard !Task.isCancelled else { return }
      // Reading a large file is work: not on the threads that everybody shares.
      let result = await pool.run(memory: 0) { self.reload() }
      guard case .success(let reload) = result else { continue }
      if case .unchanged = reload { continue }
      report(reload)
    }
  }

  private static func read(_ path: String, _ domain: String?) throws(UsersFileError) -> (
    UsersFile, FileMark, [SettingsProblem]
  ) {
    let (text, mark) = try UsersFileText.read(path)
    let (file, problems) = UsersFile.read(text: text, file: path, domain: domain)
    guard let file else { throw UsersFileError(problems: problems, mark: mark) }
    return (file, mark, problems + mark.warnings(path))
  }
}
