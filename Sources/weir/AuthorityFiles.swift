import Foundation
import Settings

/// The files with certificate authorities that a configuration names, as they stood when it was read: the same
/// path with another content is another configuration.
struct AuthorityFiles: Hashable, Sendable {
  private let contents: [Data?]

  init(_ settings: Settings) {
    let auth = settings.auth
    let paths =
      settings.backends.map(\.tlsAuthorities) + [auth?.introspection?.authorities, auth?.ldap?.authorities]
    contents = paths.map { path in
      path.flatMap { FileManager.default.contents(atPath: settings.resolve($0)) }
    }
  }
}
