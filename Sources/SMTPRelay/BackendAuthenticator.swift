public import Filtering
public import NIOCore
internal import SMTPProtocol

/// Asks a backend whether a name and a password belong together: AUTH PLAIN, or LOGIN, on a session of its own, which
/// carries nothing else and ends with it (`[auth] backend = "backend:NAME"`).
///
/// The session is encrypted by the backend's own policy, save that a password never goes in the clear to another
/// machine, whatever that policy says. The backend is not told who the client is: who logs in is the gateway itself.
public final class BackendAuthenticator: PasswordSource {
  private let loop: any EventLoop
  private let queue: NIOLoopBoundBox<LoginQueue>

  /// - Parameters:
  ///   - backend: whom to ask; reads its file of authorities, blocks.
  ///   - hostname: said in EHLO.
  ///   - sessions: most logins at once.
  ///   - waiting: most that wait for their turn; past it nobody can tell.
  ///   - timeout: for all of one login, the wait for its turn included.
  public init(
    _ backend: BackendConfiguration, hostname: String, group: any EventLoopGroup, sessions: Int = 8,
    waiting: Int = 256, timeout: Duration = .seconds(10)
  ) {
    let loop = group.next()
    self.loop = loop
    let queue = LoginQueue(
      backend, BackendSecrecy(backend), hostname: hostname, loop: loop, sessions: max(1, sessions),
      waiting: waiting, timeout: TimeAmount(timeout))
    self.queue = .makeBoxSendingValue(queue, eventLoop: loop)
  }

  public func verify(
    user: String, password: [UInt8], for request: AuthenticationRequest
  ) async -> PasswordVerdict {
    await verify(user: user, password: password)
  }

  /// Asks once. The backend says no name of its own: an accepted one is as it came.
  public func verify(user: String, password: [UInt8]) async -> PasswordVerdict {
    // NUL parts the fields of PLAIN (RFC 4616 §2): with one in it this would be another login.
    guard !user.isEmpty, !user.utf8.contains(0), !password.contains(0) else {
      return .refused("a name or password with a NUL in it, or no name")
    }
    let (loop, queue) = (loop, queue)
    return await withCheckedContinuation { continuation in
      loop.execute {
        queue.value.ask(user, password) { continuation.resume(returning: $0) }
      }
    }
  }
}

/// Whose turn it is to log in; on its event loop.
final class LoginQueue {
  let backend: BackendConfiguration
  let secrecy: BackendSecrecy
  let hostname: String
  let loop: any EventLoop
  private let sessions: Int
  private let mostWaiting: Int
  private let timeout: TimeAmount
  private var busy = 0
  private var waiting = Ring<LoginSession>()

  init(
    _ backend: BackendConfiguration, _ secrecy: BackendSecrecy, hostname: String, loop: any EventLoop,
    sessions: Int, waiting: Int, timeout: TimeAmount
  ) {
    self.backend = backend
    self.secrecy = secrecy
    self.hostname = hostname
    self.loop = loop
    self.sessions = sessions
    mostWaiting = waiting
    self.timeout = timeout
  }

  func ask(_ user: String, _ password: [UInt8], _ done: @escaping (PasswordVerdict) -> Void) {
    guard busy < sessions || waiting.count < mostWaiting else {
      return done(.unavailable("\(backend.name): too many logins wait for it"))
    }
    let session = LoginSession(user, password, queue: self, done)
    session.expire(after: timeout)
    waiting.append(session)
    next()
  }

  /// A session is over, and its connection gone.
  func ended() {
    busy -= 1
    next()
  }

  private func next() {
    while busy < sessions, let session = waiting.popFirst() {
      guard !session.isAnswered else { continue }
      busy += 1
      session.open()
    }
  }
}
