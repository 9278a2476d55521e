/// A user that every peer below knows.
public struct PeerUser: Hashable, Sendable {
  public let name: String
  public let password: String

  /// `anna@example.org` with the password `secret`, whom every peer knows.
  public static let anna = PeerUser(name: "anna@example.org", password: "secret")

  public init(name: String, password: String) {
    self.name = name
    self.password = password
  }

  /// What stands before the `@`.
  public var local: String { String(name.prefix { $0 != "@" }) }
}
