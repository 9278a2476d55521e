public import NetAddress
public import SASL

/// Somebody who has proved who he is, by SASL.
public struct AuthenticatedUser: Hashable, Sendable {
  /// The name as the backend of users knows it, normalised; what rights, rates and the log go by.
  public let name: String
  public let mechanism: String

  public init(name: String, mechanism: String) {
    self.name = name
    self.mechanism = mechanism
  }
}

/// One attempt to log in, as it begins (RFC 4954 §4).
public struct AuthenticationRequest: Sendable {
  public let mechanism: Mechanism
  /// The session's id, for the log of whoever is asked.
  public let id: String
  public let client: IPAddress
  public let port: UInt16
  public let isEncrypted: Bool
  /// `tls-server-end-point` (RFC 5929 §4.1): the hash of the certificate that this session was shown; nil without
  /// TLS of our own.
  public let channelBinding: [UInt8]?
  /// Asked before a secret is compared: may this be tried at all? `secret` is the keyed digest of the password, nil
  /// where the mechanism shows none. Where it answers false the attempt fails as if the password were wrong.
  public let mayTry: @Sendable (_ user: String, _ secret: UInt64?) -> Bool

  public init(
    mechanism: Mechanism, id: String, client: IPAddress, port: UInt16, isEncrypted: Bool,
    channelBinding: [UInt8]?,
    mayTry: @escaping @Sendable (_ user: String, _ secret: UInt64?) -> Bool = { _, _ in true }
  ) {
    self.mechanism = mechanism
    self.id = id
    self.client = client
    self.port = port
    self.isEncrypted = isEncrypted
    self.channelBinding = channelBinding
    self.mayTry = mayTry
  }
}

/// What comes next in an exchange.
public enum AuthenticationStep: Sendable {
  /// Say 334 with this (base64 is the dialogue's matter) and call `next` with the answer.
  case challenge([UInt8])
  case success(AuthenticatedUser)
  /// Wrong, whatever was wrong: the client reads 535 and learns no more.
  case failure(AuthenticationFailure)
  /// The client's message is not of the mechanism's grammar: 501.
  case malformed(String)
  /// Nobody could tell (in words for the operator): 454, never 535.
  case unavailable(String)
}

/// A failed attempt, for the log and for the defence against guessing. Never holds the secret.
public struct AuthenticationFailure: Hashable, Sendable {
  /// The name that was tried; may be empty.
  public let user: String
  /// The keyed digest of the password that was tried; nil where the mechanism shows none.
  public let secret: UInt64?
  /// In words for the operator: no such user, wrong password, account disabled, channel binding.
  public let detail: String

  public init(user: String, secret: UInt64? = nil, detail: String) {
    self.user = user
    self.secret = secret
    self.detail = detail
  }
}

/// One exchange of one session; it is used by one task at a time.
public protocol AuthenticationExchange: AnyObject, Sendable {
  /// - Parameter response: what the client sent, decoded; nil where AUTH came without an initial response.
  func next(_ response: [UInt8]?) async -> AuthenticationStep
  /// The client gave up (`*`), or is gone.
  func cancel()
}

/// Whoever knows the users.
public protocol Authenticator: Sendable {
  /// The mechanisms that can be served now, the strongest first; those of the configuration that its backend can
  /// serve. Cheap: asked at every EHLO.
  var mechanisms: [Mechanism] { get }
  func begin(_ request: AuthenticationRequest) -> any AuthenticationExchange
}
