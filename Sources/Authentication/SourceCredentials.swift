public import Filtering
public import SASL

/// A source of passwords, or of tokens, as a source of credentials: what ``LocalExchange`` runs PLAIN, LOGIN and the
/// bearer mechanisms against.
public struct SourceCredentials: CredentialSource {
  private let passwords: (any PasswordSource)?
  private let tokens: (any TokenSource)?
  private let domain: String?
  private let isCaseKept: Bool

  /// - Parameters:
  ///   - domain: completes a name that has none, before anybody is asked.
  ///   - isCaseKept: whether the source says the user's name itself; otherwise it is put into one spelling here.
  public init(passwords: any PasswordSource, domain: String?, isCaseKept: Bool = true) {
    self.passwords = passwords
    tokens = nil
    self.domain = domain
    self.isCaseKept = isCaseKept
  }

  public init(tokens: any TokenSource) {
    passwords = nil
    self.tokens = tokens
    domain = nil
    isCaseKept = true
  }

  public func verify(_ claim: PasswordClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    guard let passwords else { return .unavailable("this backend of users checks no passwords") }
    let user = UserName.completed(claim.user, domain: domain)
    if let fault = UserName.fault(user) ?? UserName.fault(password: claim.password) { return .refused(fault) }
    return verdict(await passwords.verify(user: user, password: claim.password, for: request))
  }

  public func verify(_ claim: TokenClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    guard let tokens else { return .unavailable("this backend of users checks no tokens") }
    return verdict(await tokens.verify(token: claim.token, user: claim.user, for: request))
  }

  private func verdict(_ verdict: PasswordVerdict) -> CredentialVerdict {
    switch verdict {
    case .accepted(let name):
      let whole = UserName.completed(name, domain: domain)
      return .accepted(name: isCaseKept ? whole : UserName.normalised(whole))
    case .refused(let why): return .refused(why)
    case .unavailable(let why): return .unavailable(why)
    }
  }
}
