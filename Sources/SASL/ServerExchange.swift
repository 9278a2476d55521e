/// What the server's side of a mechanism wants next.
public enum ServerStep: Hashable, Sendable {
  /// Send this to the client and come back with what it answers.
  case challenge([UInt8])
  /// Find out whether the password is right; come back with `accepted` or `refused`.
  case password(PasswordClaim)
  /// Find out whose token this is; come back with `accepted` or `refused`.
  case token(TokenClaim)
  /// Fetch the password itself of this user; come back with `secret`.
  case secret(user: String)
  /// Fetch this user's verifier; come back with `verifier`.
  case verifier(user: String, ScramHash)
  /// He is whom he says; `name` as whoever was asked calls him.
  case success(name: String)
  /// The exchange is over. The user's name, empty where none was told, and the cause for the log.
  case failure(user: String, detail: String)
  /// What the client sent is not of the mechanism's grammar; the exchange is over.
  case malformed(String)
}

/// What whoever runs the exchange found out.
public enum ServerAnswer: Sendable {
  /// - Parameter name: what the user is called from here on.
  case accepted(name: String)
  case refused(String)
  case secret([UInt8], SecretOwner)
  case verifier(ScramVerifier, SecretOwner)
}

/// Whose secret it is that an exchange goes on with.
public enum SecretOwner: Hashable, Sendable {
  /// - Parameter name: what the user is called from here on.
  case user(name: String)
  /// Nobody's: the exchange goes on so that nobody can tell, and fails at its end.
  case nobody(detail: String)
}

/// A name and a password as a client showed them.
public struct PasswordClaim: Hashable, Sendable {
  /// Prepared (RFC 4013), not empty, without control characters.
  public let user: String
  /// UTF-8 as it came, not empty, without NUL.
  public let password: [UInt8]

  public init(user: String, password: [UInt8]) {
    self.user = user
    self.password = password
  }
}

/// A bearer token (RFC 6750) as a client showed it.
public struct TokenClaim: Hashable, Sendable {
  /// Whom the client wants to be; prepared (RFC 4013); empty where it leaves that to the token.
  public let user: String
  /// Of the characters of RFC 6750 §2.1 only.
  public let token: String

  public init(user: String, token: String) {
    self.user = user
    self.token = token
  }
}

/// What an exchange is given, for it has no chance and no clock of its own.
public struct ServerTerms: Sendable {
  /// Chance of this exchange's own, at least 16 octets that were never used before.
  public let nonce: [UInt8]
  /// The gateway's name, for the challenge of CRAM-MD5.
  public let hostname: String
  /// `tls-server-end-point` (RFC 5929 §4.1); nil without TLS of our own.
  public let channelBinding: [UInt8]?
  /// Whether a mechanism that is bound to the channel was offered in this session: a client that says it saw none
  /// was lied to on the way.
  public let offersChannelBinding: Bool

  public init(nonce: [UInt8], hostname: String, channelBinding: [UInt8]?, offersChannelBinding: Bool) {
    self.nonce = nonce
    self.hostname = hostname
    self.channelBinding = channelBinding
    self.offersChannelBinding = offersChannelBinding
  }
}

/// The server's side of one exchange (RFC 4422), without I/O: octets and answers in, steps out.
///
/// Begin with `received` of the initial response (nil without one); after a challenge comes `received`, after a
/// question `answered`. What comes out of order, or after the end, is malformed.
public struct ServerExchange: Sendable {
  private var machine: any ServerMachine
  private var isOver = false

  public init(_ mechanism: Mechanism, _ terms: ServerTerms) {
    machine =
      switch mechanism {
      case .plain: PlainServer()
      case .login: LoginServer()
      case .cramMD5: CramMD5Server(terms)
      case .scramSHA1: ScramServer(.sha1, isBound: false, terms)
      case .scramSHA256: ScramServer(.sha256, isBound: false, terms)
      case .scramSHA1Plus: ScramServer(.sha1, isBound: true, terms)
      case .scramSHA256Plus: ScramServer(.sha256, isBound: true, terms)
      case .oauthBearer: BearerServer(.oauthBearer)
      case .xoauth2: BearerServer(.xoauth2)
      }
  }

  /// What the client sent, decoded; nil where AUTH came without an initial response.
  public mutating func received(_ response: [UInt8]?) -> ServerStep {
    guard !isOver else { return .malformed("the exchange is over") }
    // Bound: a line of RFC 4954 §4 holds no more.
    guard (response?.count ?? 0) <= 9216 else { return over(.malformed("longer than 9,216 octets")) }
    return over(machine.received(response))
  }

  /// What was found out about the last question.
  public mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    guard !isOver else { return .malformed("the exchange is over") }
    return over(machine.answered(answer))
  }

  private mutating func over(_ step: ServerStep) -> ServerStep {
    switch step {
    case .success, .failure, .malformed: isOver = true
    case .challenge, .password, .token, .secret, .verifier: break
    }
    return step
  }
}

/// One mechanism's part of it.
protocol ServerMachine: Sendable {
  mutating func received(_ response: [UInt8]?) -> ServerStep
  mutating func answered(_ answer: ServerAnswer) -> ServerStep
}

extension ServerMachine {
  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    .malformed("an answer that nobody asked for")
  }
}
