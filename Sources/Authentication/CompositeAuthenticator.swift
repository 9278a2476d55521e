public import Filtering
public import SASL
public import Settings

/// All the backends of users of a gateway as one: the configured one, and token introspection beside it. Each
/// mechanism goes to the one that can serve it, as ``MechanismTable`` has it.
public struct CompositeAuthenticator: Authenticator {
  /// One backend of users.
  public struct Member: Sendable {
    let backend: MechanismTable.Backend
    /// What PLAIN and LOGIN, or all mechanisms, are run against here; nil where none is.
    let source: (any CredentialSource)?
    /// Who takes the exchanges of the others; nil where all run here.
    let exchanges: (any Authenticator)?

    private init(
      _ backend: MechanismTable.Backend, source: (any CredentialSource)?, exchanges: (any Authenticator)?
    ) {
      self.backend = backend
      self.source = source
      self.exchanges = exchanges
    }

    /// Passwords and nothing else: saslauthd, a directory, the backend MTA.
    ///
    /// - Parameter domain: completes a name that has none.
    public init(_ backend: MechanismTable.Backend, passwords: any PasswordSource, domain: String?) {
      self.init(
        backend, source: SourceCredentials(passwords: passwords, domain: domain, isCaseKept: false),
        exchanges: nil)
    }

    /// Dovecot: PLAIN and LOGIN run here and ask it, the others are handed on.
    public init(dovecot: DovecotAuthenticator, domain: String?) {
      self.init(
        .dovecot, source: SourceCredentials(passwords: dovecot, domain: domain), exchanges: dovecot)
    }

    /// A users file, which serves what its users have secrets for.
    ///
    /// - Parameter file: made with the same `named` mechanisms as the composite.
    public init(file: UsersFileAuthenticator) {
      self.init(.file, source: nil, exchanges: file)
    }

    public init(tokens: any TokenSource) {
      self.init(.introspection, source: SourceCredentials(tokens: tokens), exchanges: nil)
    }

    fileprivate func serves(_ mechanism: Mechanism) -> Bool {
      guard MechanismTable.serves(backend, mechanism) else { return false }
      return exchanges.map { $0.mechanisms.contains(mechanism) } ?? true
    }
  }

  private let members: [Member]
  private let allowed: Set<Mechanism>
  private let terms: ExchangeTerms

  /// - Parameters:
  ///   - members: where two can serve a mechanism, the later one does: introspection stands last.
  ///   - named: `[auth] mechanisms`; empty for all that can be served, save those that want to be named.
  public init(_ members: [Member], named: [Mechanism], terms: ExchangeTerms) {
    self.members = members
    self.terms = terms
    allowed = Set(
      named.isEmpty
        ? Mechanism.allCases.filter { !MechanismTable.onlyByName.contains($0.rawValue) } : named)
  }

  /// The mechanisms that can be served now, the strongest first.
  public var mechanisms: [Mechanism] {
    Mechanism.allCases.filter { allowed.contains($0) && member(for: $0) != nil }
  }

  public func begin(_ request: AuthenticationRequest) -> any AuthenticationExchange {
    guard allowed.contains(request.mechanism), let member = member(for: request.mechanism) else {
      return UnservedExchange(mechanism: request.mechanism)
    }
    if let source = member.source, member.exchanges == nil || request.mechanism.runsOnPassword {
      return LocalExchange(request, source: source, offered: mechanisms, terms)
    }
    return member.exchanges?.begin(request) ?? UnservedExchange(mechanism: request.mechanism)
  }

  private func member(for mechanism: Mechanism) -> Member? { members.last { $0.serves(mechanism) } }
}

extension Mechanism {
  /// Whether name and password are shown, so that any source of passwords will do.
  fileprivate var runsOnPassword: Bool { self == .plain || self == .login }
}

/// An exchange of a mechanism that was offered and can be served no longer: a Dovecot that came back without it.
final class UnservedExchange: AuthenticationExchange {
  private let mechanism: Mechanism

  init(mechanism: Mechanism) { self.mechanism = mechanism }

  func next(_ response: [UInt8]?) async -> AuthenticationStep {
    .unavailable("\(mechanism.rawValue) cannot be served now")
  }

  func cancel() {}
}
