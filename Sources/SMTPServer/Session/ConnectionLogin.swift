import Bytes
import Filtering
import NIOCore
import SASL
import SMTPProtocol

/// AUTH under way: an exchange with whoever knows the users.
final class LoginAttempt {
  let mechanism: Mechanism
  let exchange: any AuthenticationExchange
  /// Cuts the step that is being waited for.
  var deadline: Scheduled<Void>?

  init(_ mechanism: Mechanism, _ exchange: any AuthenticationExchange) {
    self.mechanism = mechanism
    self.exchange = exchange
  }
}

/// AUTH (RFC 4954): questions go to the authenticator, and what it says to the machine.
extension Connection {
  func considerLogin(_ name: String, _ initial: [UInt8]?) -> Answer? {
    abandonLogin()
    if context.isDraining { return .close(Response(.shuttingDown)) }
    guard let authenticator = policy.authenticator, let mechanism = Mechanism(rawValue: name) else {
      return .refuse(Response(.authMechanism))
    }
    let (logins, client) = (context.logins, facts.address)
    if case .blocked(let because) = logins.verdict(for: client, user: nil, secret: nil, at: Clock.monotonic) {
      return .close(refusalOfGuesser(mechanism, because))
    }
    let exchange = authenticator.begin(
      AuthenticationRequest(
        mechanism: mechanism, id: id, client: client, port: facts.port, isEncrypted: isEncrypted,
        channelBinding: channelBinding
      ) { user, secret in
        logins.verdict(for: client, user: user, secret: secret, at: Clock.monotonic) == .allow
      })
    let attempt = LoginAttempt(mechanism, exchange)
    login = attempt
    return advance(attempt, initial)
  }

  func considerResponse(_ response: [UInt8]) -> Answer? {
    guard let login else { return .refuse(Response(.authUnavailable, variables())) }
    return advance(login, response)
  }

  /// Asks for the next step; `resume` brings it, or the deadline does.
  private func advance(_ attempt: LoginAttempt, _ response: [UInt8]?) -> Answer? {
    attempt.deadline = loop.assumeIsolated().scheduleTask(
      in: .milliseconds(policy.timeouts.verdict.milliseconds)
    ) {
      self.assumeIsolated { $0.loginTookTooLong() }
    }
    let exchange = attempt.exchange
    Task {
      let step = await exchange.next(response)
      self.came(step, of: exchange)
    }
    return nil
  }

  private func loginTookTooLong() {
    guard let attempt = login, case .waiting = phase else { return }
    abandonLogin()
    noteUnavailable(attempt, "no answer in \(policy.timeouts.verdict)")
    resume(.refuse(Response(.authUnavailable, variables())))
  }

  private func came(_ step: AuthenticationStep, of exchange: any AuthenticationExchange) {
    guard let attempt = login, attempt.exchange === exchange, case .waiting = phase else {
      // What comes late was answered already, or is waited for by nobody: it was a guess all the same.
      if case .failure(let failure) = step { noteGuess(failure) }
      return
    }
    attempt.deadline?.cancel()
    attempt.deadline = nil
    if case .challenge(let challenge) = step { return resume(.challenge(challenge)) }
    login = nil
    switch step {
    case .challenge: break
    case .success(let user): succeeded(user)
    case .failure(let failure): failed(failure, attempt)
    case .malformed(let words):
      var event = loginEvent(.session, attempt, .authMalformed)
      event.detail = words
      context.events.record(event)
      resume(.refuse(Response(.authMalformed)))
    case .unavailable(let words):
      noteUnavailable(attempt, words)
      resume(.refuse(Response(.authUnavailable, variables())))
    }
  }

  private func succeeded(_ user: AuthenticatedUser) {
    facts.user = user
    context.logins.succeeded(facts.address, user: user.name, at: Clock.monotonic)
    var event = event(.login, stage: nil, nil)
    event.code = .loginAccepted
    event.mechanism = user.mechanism
    context.events.record(event)
    resume(.proceed)
  }

  private func failed(_ failure: AuthenticationFailure, _ attempt: LoginAttempt) {
    var event = loginEvent(.reject, attempt, .authFailed)
    event.user = failure.user
    event.detail = failure.detail
    context.events.record(event)
    let consequence = noteGuess(failure)
    let answer = Answer.refuse(Response(.authFailed, variables()))
    guard consequence.tarpit > 0, context.tarpit.enter() else { return resume(answer) }
    loop.assumeIsolated().scheduleTask(in: .milliseconds(consequence.tarpit)) {
      self.context.tarpit.leave()
      self.assumeIsolated { $0.resume(answer) }
    }
  }

  @discardableResult
  private func noteGuess(_ failure: AuthenticationFailure) -> LoginGuard.Consequence {
    let consequence = context.logins.failed(
      facts.address, user: failure.user, secret: failure.secret, at: Clock.monotonic)
    if let block = consequence.block {
      context.events.record(block.event(client: facts.address, user: failure.user, at: Clock.now))
    }
    return consequence
  }

  private func refusalOfGuesser(_ mechanism: Mechanism, _ because: String) -> Response {
    let response = Response(.authBlocked, variables())
    var event = event(.defer, stage: nil, response)
    event.mechanism = mechanism.rawValue
    event.detail = because
    context.events.record(event)
    return response
  }

  private func noteUnavailable(_ attempt: LoginAttempt, _ words: String) {
    var event = loginEvent(.defer, attempt, .authUnavailable)
    event.severity = .warning
    event.detail = words
    context.events.record(event)
  }

  private func loginEvent(_ kind: Event.Kind, _ attempt: LoginAttempt, _ reason: ReasonCode) -> Event {
    var event = event(kind, stage: nil, Response(reason, variables()))
    event.mechanism = attempt.mechanism.rawValue
    return event
  }

  /// The exchange is over, or its client is gone.
  func abandonLogin() {
    guard let attempt = login else { return }
    login = nil
    attempt.deadline?.cancel()
    attempt.exchange.cancel()
  }
}
