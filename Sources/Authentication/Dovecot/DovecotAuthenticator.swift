internal import Bytes
public import Filtering
public import NIOCore
public import NetAddress
public import SASL
internal import Settings
internal import Synchronization

/// The users of a Dovecot, over its auth socket: as a source of passwords for PLAIN and LOGIN, and for CRAM-MD5,
/// SCRAM and the bearer mechanisms by handing on each step, where Dovecot announces them.
///
/// `temp` in a FAIL, a lost connection and silence are "unavailable", never a failure.
public final class DovecotAuthenticator: Authenticator, PasswordSource {
  let link: DovecotLink
  private let domain: String?

  /// Connects at once, beside the caller, so that what Dovecot announces is known early.
  ///
  /// - Parameters:
  ///   - endpoint: the socket of its `service auth`: `unix:/run/dovecot/auth-client`, or an `inet_listener`.
  ///   - timeout: for each step of a login, the connection included.
  ///   - domain: completes the name of a user that Dovecot knows by one without.
  public init(endpoint: Endpoint, timeout: Duration, domain: String? = nil, group: any EventLoopGroup) {
    self.domain = domain
    link = DovecotLink(endpoint: endpoint, timeout: timeout, group: group)
    link.connect()
  }

  deinit { link.close() }

  /// Lets go of the connection; who asks after that reads "unavailable".
  public func close() { link.close() }

  /// What Dovecot announces; before its first greeting PLAIN and LOGIN, which every Dovecot can serve. A Dovecot that
  /// is down keeps what it announced last.
  public var mechanisms: [Mechanism] {
    guard let announced = link.announced else { return [.plain, .login] }
    let names = Set(announced.map(\.uppercasedASCII))
    return MechanismTable.offers(of: .dovecot).filter { mechanism in
      // LOGIN shows name and password as PLAIN does, and is asked as PLAIN.
      names.contains(mechanism == .login ? Mechanism.plain.rawValue : mechanism.rawValue)
    }
  }

  public func begin(_ request: AuthenticationRequest) -> any AuthenticationExchange {
    DovecotExchange(link: link, domain: domain, request: request)
  }

  public func verify(user: String, password: [UInt8], for request: AuthenticationRequest) async
    -> PasswordVerdict
  {
    if let fault = UserName.fault(user) ?? UserName.fault(password: password) { return .refused(fault) }
    let response = [0] + Array(user.utf8) + [0] + password
    let (ticket, answer) = await link.begin { id in
      DovecotCommand.begin(id, mechanism: "PLAIN", request) + DovecotCommand.response(response)
    }
    switch answer {
    case .ok(let user): return .accepted(name: user)
    case .refused(_, let why): return .refused(why)
    case .unavailable(let why): return .unavailable(why)
    case .challenge:
      if let ticket { link.cancel(ticket) }
      return .unavailable("Dovecot asked for more where PLAIN is complete")
    }
  }
}

/// A login whose steps Dovecot takes itself.
final class DovecotExchange: AuthenticationExchange {
  private struct State {
    var ticket: DovecotLink.Ticket?
    var hasBegun = false
    var isCancelled = false
    /// Whom the client claims to be, as far as its messages show.
    var user = ""
  }

  private let link: DovecotLink
  private let domain: String?
  private let request: AuthenticationRequest
  private let state = Mutex(State())

  init(link: DovecotLink, domain: String?, request: AuthenticationRequest) {
    self.link = link
    self.domain = domain
    self.request = request
  }

  func next(_ response: [UInt8]?) async -> AuthenticationStep {
    if let response, DovecotCommand.response(response).utf8.count > DovecotCommand.longestLine {
      cancel()
      return .malformed("the response is longer than Dovecot takes")
    }
    if let response, let user = ClaimedName.find(in: response, of: request.mechanism) {
      state.withLock { $0.user = user }
      guard request.mayTry(user, nil) else {
        cancel()
        return .failure(AuthenticationFailure(user: user, detail: "too many failures; not tried"))
      }
    }
    let (ticket, hasBegun) = state.withLock { state in
      defer { state.hasBegun = true }
      return (state.ticket, state.hasBegun)
    }
    guard hasBegun else { return await begin(response) }
    guard let ticket else { return .unavailable("the login is over") }
    return step(await link.resume(ticket, DovecotCommand.next(ticket.id, response ?? [])))
  }

  private func begin(_ response: [UInt8]?) async -> AuthenticationStep {
    let (ticket, answer) = await link.begin { id in
      DovecotCommand.begin(id, mechanism: request.mechanism.rawValue, request)
        + (response.map(DovecotCommand.response) ?? "")
    }
    let isCancelled = state.withLock { state in
      state.ticket = ticket
      return state.isCancelled
    }
    if isCancelled { cancel() }
    return step(answer)
  }

  private func step(_ answer: DovecotAnswer) -> AuthenticationStep {
    if case .challenge(let challenge) = answer { return .challenge(challenge) }
    let claimed = state.withLock { state in
      state.ticket = nil
      return state.user
    }
    switch answer {
    case .challenge(let challenge): return .challenge(challenge)
    case .ok(let user):
      return .success(
        AuthenticatedUser(
          name: UserName.completed(user, domain: domain), mechanism: request.mechanism.rawValue))
    case .refused(let user, let why):
      return .failure(AuthenticationFailure(user: user.isEmpty ? claimed : user, detail: why))
    case .unavailable(let why): return .unavailable(why)
    }
  }

  func cancel() {
    let ticket = state.withLock { state in
      defer { state.ticket = nil }
      state.isCancelled = true
      return state.ticket
    }
    if let ticket { link.cancel(ticket) }
  }
}

extension DovecotCommand {
  static func begin(_ id: UInt32, mechanism: String, _ request: AuthenticationRequest) -> String {
    begin(
      id, mechanism: mechanism, client: "\(request.client)", port: request.port, session: request.id,
      isSecured: request.isEncrypted)
  }
}
