internal import Foundation

/// What an authorization server says of a token (RFC 7662 §2.2), as far as it matters here.
struct IntrospectionAnswer: Decodable, Hashable {
  let active: Bool
  let username: String?
  let subject: String?
  let email: String?
  /// False where the server says that nobody verified it.
  let isEmailVerified: Bool?
  /// Seconds since 1970.
  let expiry: Double?
  let notBefore: Double?
  let scope: String?

  enum CodingKeys: String, CodingKey {
    case active, username, email, scope
    case subject = "sub"
    case isEmailVerified = "email_verified"
    case expiry = "exp"
    case notBefore = "nbf"
  }

  /// Reads the JSON of an answer; nil where it is not one.
  static func parse(_ bytes: [UInt8]) -> IntrospectionAnswer? {
    try? JSONDecoder().decode(IntrospectionAnswer.self, from: Data(bytes))
  }

  /// The names that the token stands for, the one that is most of an address first.
  private var names: [String] {
    let address = isEmailVerified == false ? nil : email
    let all = [username, address, subject].compactMap { $0 }.filter { UserName.fault($0) == nil }
    return all.filter { $0.contains("@") } + all.filter { !$0.contains("@") }
  }

  /// Whom the token lets in.
  ///
  /// - Parameters:
  ///   - user: whom the client says to be; empty where it names nobody.
  ///   - domain: completes names that have none.
  ///   - scopes: all of these are needed.
  ///   - now: seconds since 1970.
  func user(claimed user: String, domain: String?, scopes: [String], now: Double) -> Verdict {
    guard active else { return .refused("the token is not active") }
    if let expiry, expiry <= now { return .refused("the token has expired") }
    // Clocks differ.
    if let notBefore, notBefore > now + 60 { return .refused("the token is not valid yet") }
    let granted = Set((scope ?? "").split(separator: " ").map(String.init))
    if let missing = scopes.first(where: { !granted.contains($0) }) {
      return .refused("the token lacks the scope '\(missing)'")
    }
    let names = names.map { UserName.normalised(UserName.completed($0, domain: domain)) }
    guard let first = names.first else { return .unavailable("the token names no user") }
    guard !user.isEmpty else { return .accepted(first) }
    let claimed = UserName.normalised(UserName.completed(user, domain: domain))
    guard names.contains(claimed) else { return .refused("the token is another user's") }
    return .accepted(claimed)
  }

  enum Verdict: Hashable {
    case accepted(String)
    case refused(String)
    case unavailable(String)
  }
}
