public import Filtering
public import SASL

/// A source of passwords, or of tokens, as a source of credentials: what ``LocalExchange`` runs PLAIN, LOGIN and the
/// bearer mechanisms against.
public struct SourceCredentials: CredentialSource {
  private let passwords: (any PasswordSource)?
  private let tokens: (any TokenSource)?
  private let domain: String?

  /// - Parameter domain: completes a name that has none, before anybody is asked.
  public init(passwords: any PasswordSource, domain: String?) {
    self.passwords = passwords
    tokens = nil
    self.domain = domain
  }

  public init(tokens: any TokenSource) {
    passwords = nil
    self.tokens = tokens
    domain = nil
  }

  public func verify(_ claim: PasswordClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    guard let passwords else { return .unavailable("this backend of users checks no passwords") }
    let user = UserName.completed(claim.user, domain: domain)
    if let fault = UserName.fault(user) ?? UserName.fault(password: claim.password) { return .refused(fault) }
    return Self.verdict(await passwords.verify(user: user, password: claim.password, for: request), domain)
  }

  public func verify(_ claim: TokenClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    guard let tokens else { return .unavailable("this backend of users checks no tokens") }
    return Self.verdict(await tokens.verify(token: claim.token, user: claim.user, for: request), nil)
  }

  private static func verdict(_ verdict: PasswordVerdict, _ domain: String?) -> CredentialVerdict {
    switch verdict {
    case .accepted(let name): .accepted(name: UserName.completed(name, domain: domain))
    case .refused(let why): .refused(why)
    case .unavailable(let why): .unavailable(why)
    }
  }
}
