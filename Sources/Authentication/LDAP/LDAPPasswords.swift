public import Filtering
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// The users of a directory: a name and a password belong together where a simple bind with them succeeds.
///
/// libldap waits, so it runs on threads of its own, a few; who comes while all are busy waits for its turn until its
/// own deadline.
public final class LDAPPasswords: PasswordSource {
  private let directory: LDAPDirectory
  private let threads: NIOThreadPool
  private let turnstile: Turnstile
  private let loops: any EventLoopGroup
  /// The servers that failed, and until when they come last.
  private let failed = Mutex<[String: ContinuousClock.Instant]>([:])

  private static let longestGrudge = Duration.seconds(30)

  /// - Parameter mostAtOnce: binds at once, a thread each.
  public init(_ directory: LDAPDirectory, group: any EventLoopGroup, mostAtOnce: Int = 8) {
    self.directory = directory
    threads = NIOThreadPool(numberOfThreads: mostAtOnce)
    threads.start()
    turnstile = Turnstile(room: mostAtOnce, waitingRoom: mostAtOnce * 32)
    loops = group
  }

  deinit { threads.shutdownGracefully { _ in } }

  public func verify(user: String, password: [UInt8], for request: AuthenticationRequest) async
    -> PasswordVerdict
  {
    // First of all, and whatever else is asked: an empty password binds as nobody, and succeeds.
    if let fault = UserName.fault(password: password) ?? UserName.fault(user) { return .refused(fault) }
    switch await ask({ self.inTurn($0) { $0.login(user, password) } }) {
    case .accepted: return .accepted(name: UserName.normalised(user))
    case .refused(let why): return .refused(why)
    case .unavailable(let why): return .unavailable("LDAP: \(why)")
    }
  }

  /// Whether any server answers: what `weir check` asks. nil where one does.
  public func obstacle() async -> String? {
    let answer = await ask { self.inTurn($0) { $0.hello() } }
    return if case .unavailable(let why) = answer { why } else { nil }
  }

  private func ask(_ work: @escaping @Sendable (ContinuousClock.Instant) -> LDAPAnswer) async -> LDAPAnswer {
    guard LDAPDirectory.isBuiltIn else { return .unavailable(LDAPDirectory.notBuiltIn) }
    let deadline = ContinuousClock.now + directory.timeout
    let loop = loops.next()
    guard await turnstile.enter(within: directory.timeout, on: loop) else {
      return .unavailable("too many logins wait for the directory")
    }
    let promised = Promised<LDAPAnswer>()
    threads.submit { [turnstile] state in
      defer { turnstile.leave() }
      guard case .active = state else { return promised.settle(.unavailable("the gateway lets go of it")) }
      promised.settle(work(deadline))
    }
    let left = max(.milliseconds(1), deadline - .now)
    return await promised.value(
      within: left, on: loop, late: .unavailable("no answer in \(directory.timeout)"))
  }

  /// On a thread: the servers in turn, until one knows. Each has its share of the time that is left.
  private func inTurn(_ deadline: ContinuousClock.Instant, _ work: (LDAPTry) -> LDAPAnswer) -> LDAPAnswer {
    var faults: [String] = []
    let servers = order()
    for (index, server) in servers.enumerated() {
      let now = ContinuousClock.now
      guard now < deadline else { break }
      let share = (deadline - now) / (servers.count - index)
      let answer = work(LDAPTry(server: server, directory: directory, deadline: now + share))
      guard case .unavailable(let why) = answer else {
        failed.withLock { _ = $0.removeValue(forKey: server) }
        return answer
      }
      failed.withLock { $0[server] = .now + Self.longestGrudge }
      faults.append("\(server): \(why)")
    }
    return .unavailable(faults.isEmpty ? "no server" : faults.joined(separator: "; "))
  }

  /// As configured, those that failed lately last.
  func order() -> [String] {
    let now = ContinuousClock.now
    let bad = failed.withLock { failed in Set(failed.filter { $0.value > now }.keys) }
    return directory.servers.filter { !bad.contains($0) } + directory.servers.filter { bad.contains($0) }
  }
}
