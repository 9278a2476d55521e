/// Whoever can say whether a name and a password belong together: a directory, a daemon, the backend MTA. What the
/// mechanisms that show the password (PLAIN, LOGIN) are served from.
public protocol PasswordSource: Sendable {
  /// Asks once; answers within its own deadline.
  ///
  /// - Parameters:
  ///   - user: never empty, without control characters.
  ///   - password: never empty, without NUL.
  ///   - request: the attempt it belongs to: client, session, TLS.
  func verify(user: String, password: [UInt8], for request: AuthenticationRequest) async -> PasswordVerdict
}

/// What a source of passwords said.
public enum PasswordVerdict: Hashable, Sendable {
  /// They belong together; the name as the source knows it, normalised.
  case accepted(name: String)
  /// They do not, in words for the operator: no such user, wrong password, account disabled.
  case refused(String)
  /// Nobody could tell, in words for the operator: 454, never 535.
  case unavailable(String)
}

/// Whoever knows what a bearer token stands for (OAUTHBEARER, XOAUTH2).
public protocol TokenSource: Sendable {
  /// Asks once; answers within its own deadline.
  ///
  /// - Parameters:
  ///   - token: the bearer token: the grammar of RFC 6750 §2.1.
  ///   - user: whom the client says to be; empty where it names nobody.
  func verify(token: String, user: String, for request: AuthenticationRequest) async -> PasswordVerdict
}
