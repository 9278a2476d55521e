public import Cryptography
public import Filtering
public import SASL
internal import Synchronization

/// What all exchanges of the gateway have in common.
public struct ExchangeTerms: Sendable {
  /// The gateway's name, for the challenge of CRAM-MD5.
  public let hostname: String
  /// The digest by which passwords that were tried are counted; one for the whole process.
  public let buckets: KeyedDigest

  public init(hostname: String, buckets: KeyedDigest) {
    self.hostname = hostname
    self.buckets = buckets
  }
}

/// An exchange whose mechanism runs here, against whoever knows the secrets.
public final class LocalExchange: AuthenticationExchange {
  private let request: AuthenticationRequest
  private let source: any CredentialSource
  private let buckets: KeyedDigest
  /// nil once the exchange is over.
  private let machine: Mutex<ServerExchange?>

  /// - Parameter offered: the mechanisms that were offered in this session; others are refused, and from them it
  ///   follows whether a client should have seen one that is bound to the channel.
  public init(
    _ request: AuthenticationRequest, source: any CredentialSource, offered: [Mechanism],
    _ terms: ExchangeTerms
  ) {
    self.request = request
    self.source = source
    buckets = terms.buckets
    let serverTerms = ServerTerms(
      nonce: RandomOctets.next(18), hostname: terms.hostname, channelBinding: request.channelBinding,
      offersChannelBinding: request.channelBinding != nil && offered.contains(where: \.isBoundToChannel))
    machine = Mutex(
      offered.contains(request.mechanism) ? ServerExchange(request.mechanism, serverTerms) : nil)
  }

  public func next(_ response: [UInt8]?) async -> AuthenticationStep {
    guard var exchange = machine.withLock({ $0.take() }) else {
      return .malformed("the exchange is over")
    }
    var step = exchange.received(response)
    var secret: UInt64?
    while true {
      let answer: ServerAnswer
      switch step {
      case .challenge(let bytes):
        machine.withLock { [exchange] in $0 = exchange }
        return .challenge(bytes)
      case .success(let name):
        return .success(AuthenticatedUser(name: name, mechanism: request.mechanism.rawValue))
      case .failure(let user, let detail):
        return .failure(AuthenticationFailure(user: user, secret: secret, detail: detail))
      case .malformed(let detail): return .malformed(detail)
      case .password(let claim):
        secret = buckets.of(claim.password)
        switch await verdict(claim, secret) {
        case .success(let found): answer = found
        case .failure(let fault): return .unavailable(fault.detail)
        }
      case .token, .secret, .verifier:
        switch await answered(step) {
        case .success(let found): answer = found
        case .failure(let fault): return .unavailable(fault.detail)
        }
      }
      step = exchange.answered(answer)
    }
  }

  public func cancel() { machine.withLock { $0 = nil } }

  /// Nobody could tell.
  private struct Unavailable: Error {
    let detail: String
  }

  /// In words for the operator.
  private static let blocked = "not tried: too many failures before"

  private func verdict(_ claim: PasswordClaim, _ secret: UInt64?) async -> Result<ServerAnswer, Unavailable> {
    guard request.mayTry(claim.user, secret) else { return .success(.refused(Self.blocked)) }
    return Self.answer(await source.verify(claim, request))
  }

  private func answered(_ step: ServerStep) async -> Result<ServerAnswer, Unavailable> {
    switch step {
    case .token(let claim):
      guard request.mayTry(claim.user, nil) else { return .success(.refused(Self.blocked)) }
      return Self.answer(await source.verify(claim, request))
    case .secret(let user):
      guard request.mayTry(user, nil) else { return .success(.refused(Self.blocked)) }
      switch await source.clearSecret(of: user) {
      case .secret(let secret, let owner): return .success(.secret(secret, owner))
      case .unavailable(let detail): return .failure(Unavailable(detail: detail))
      }
    case .verifier(let user, let hash):
      guard request.mayTry(user, nil) else { return .success(.refused(Self.blocked)) }
      switch await source.verifier(of: user, hash) {
      case .secret(let verifier, let owner): return .success(.verifier(verifier, owner))
      case .unavailable(let detail): return .failure(Unavailable(detail: detail))
      }
    case .challenge, .success, .failure, .malformed, .password:
      preconditionFailure("no question: \(step)")
    }
  }

  private static func answer(_ verdict: CredentialVerdict) -> Result<ServerAnswer, Unavailable> {
    switch verdict {
    case .accepted(let name): .success(.accepted(name: name))
    case .refused(let detail): .success(.refused(detail))
    case .unavailable(let detail): .failure(Unavailable(detail: detail))
    }
  }
}
