public import Filtering
public import SASL

/// What came of the question whether a password, or a token, is right.
public enum CredentialVerdict: Hashable, Sendable {
  /// - Parameter name: what the user is called from here on: by rights, rates and log.
  case accepted(name: String)
  /// Wrong, in words for the operator; the client learns no more than that it failed.
  case refused(String)
  /// Nobody could tell: 454, never 535.
  case unavailable(String)
}

/// A secret that an exchange goes on with.
public enum SecretAnswer<Secret: Sendable>: Sendable {
  /// The user's own, or a decoy where there is none: an exchange with a decoy looks like any other and fails at its
  /// end, so that nobody can tell who is a user.
  case secret(Secret, SecretOwner)
  case unavailable(String)
}

/// Somebody who knows secrets, or whom to ask about them: what `LocalExchange` runs the mechanisms against. A source
/// that can do no more than check passwords leaves the other questions as they are.
public protocol CredentialSource: Sendable {
  /// PLAIN and LOGIN. Unknown users cost the same time as known ones.
  ///
  /// - Parameter request: the attempt, for those who tell it on; its `mayTry` is asked already.
  func verify(_ claim: PasswordClaim, _ request: AuthenticationRequest) async -> CredentialVerdict
  /// SCRAM.
  func verifier(of user: String, _ hash: ScramHash) async -> SecretAnswer<ScramVerifier>
  /// CRAM-MD5: the password itself.
  func clearSecret(of user: String) async -> SecretAnswer<[UInt8]>
  /// OAUTHBEARER and XOAUTH2. `claim.user` may be empty: then whoever the token names.
  func verify(_ claim: TokenClaim, _ request: AuthenticationRequest) async -> CredentialVerdict
}

extension CredentialSource {
  public func verify(_ claim: PasswordClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    .unavailable("this backend of users checks no passwords")
  }

  public func verifier(of user: String, _ hash: ScramHash) async -> SecretAnswer<ScramVerifier> {
    .unavailable("this backend of users has no SCRAM verifiers")
  }

  public func clearSecret(of user: String) async -> SecretAnswer<[UInt8]> {
    .unavailable("this backend of users has no reversible secrets")
  }

  public func verify(_ claim: TokenClaim, _ request: AuthenticationRequest) async -> CredentialVerdict {
    .unavailable("this backend of users checks no tokens")
  }
}
