import Authentication
import Cryptography
import Filtering
import Foundation
import NIOCore
import NetAddress
import SASL
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings

/// What logins need for as long as the gateway runs, whatever its configuration becomes.
final class LoginParts: Sendable {
  let group: any EventLoopGroup
  /// By which the passwords that were tried are counted.
  let buckets = KeyedDigest.random()
  let introspection: IntrospectionClient
  private let admission: Admission?

  /// - Parameter admission: whose memory the checking of passwords counts in; nil where nobody counts.
  init(group: any EventLoopGroup, admission: Admission?) {
    self.group = group
    self.admission = admission
    introspection = IntrospectionClient(group: group)
  }

  /// Threads on which a users file checks passwords.
  func pool(_ settings: AuthSettings) -> VerificationPool {
    VerificationPool(
      atOnce: settings.verifications ?? System.coreCount,
      reserve: { [admission] octets in admission?.reserveMemory(octets) ?? true },
      release: { [admission] octets in admission?.releaseMemory(octets) })
  }
}

/// Who knows the users: made from `[auth]`, and kept over reloads as long as what it was made from is the same.
final class Users: Sendable {
  /// What it was made from.
  struct Key: Hashable {
    let auth: AuthSettings
    let hostname: String
    let backend: BackendSettings?
    let searchPassword: String?
    let introspectionSecret: String?
    let authorities: AuthorityFiles
    let folder: String
  }

  let key: Key
  let authenticator: CompositeAuthenticator
  /// What `weir check` asks whether it is there, each with the key that names it.
  let reachable: [(key: String, name: String, backend: any ReachableBackend)]
  let file: UsersFileAuthenticator?
  private let watch: Task<Void, Never>?

  fileprivate init(
    key: Key, authenticator: CompositeAuthenticator,
    reachable: [(key: String, name: String, backend: any ReachableBackend)], file: UsersFileAuthenticator?,
    report: (@Sendable (UsersFileAuthenticator.Reload) -> Void)?
  ) {
    self.key = key
    self.authenticator = authenticator
    self.reachable = reachable
    self.file = file
    watch = file.flatMap { file in report.map { report in Task { await file.watch(report) } } }
  }

  deinit { watch?.cancel() }
}

/// Why logins cannot be set up, in lines for the operator.
struct UsersFault: Error {
  let lines: [String]
}

/// Which settings of `[auth]` become which backends of users.
enum AuthenticationWiring {
  /// The users of a configuration; those of before where nothing changed. nil without `[auth]`.
  ///
  /// - Parameters:
  ///   - report: is told where a users file changed by itself; nil: it is not watched.
  static func users(
    _ configuration: Configuration, _ parts: LoginParts, replacing old: Users? = nil,
    report: (@Sendable (UsersFileAuthenticator.Reload) -> Void)? = nil
  ) throws(UsersFault) -> Users? {
    let settings = configuration.settings
    guard let auth = settings.auth, let backend = auth.backend else { return nil }
    let key = try key(configuration, auth, backend)
    if let old, old.key == key {
      if case .refused(let problems)? = old.file?.reload(always: true) {
        throw UsersFault(lines: problems.map(\.description))
      }
      return old
    }
    let named = auth.mechanisms.compactMap { Mechanism(name: $0) }
    let terms = ExchangeTerms(hostname: settings.hostname, buckets: parts.buckets)
    var file: UsersFileAuthenticator?
    var reachable: [(key: String, name: String, backend: any ReachableBackend)] = []
    var members: [CompositeAuthenticator.Member] = []
    switch backend {
    case .file(let path):
      let users = try usersFile(settings.resolve(path), auth, named, terms, parts)
      file = users
      members.append(.init(file: users))
    case .dovecot(let socket):
      let endpoint = endpoint(socket, settings)
      let dovecot = DovecotAuthenticator(
        endpoint: endpoint, timeout: auth.timeout, domain: auth.domain, group: parts.group)
      reachable.append(("auth.backend", "Dovecot at \(endpoint)", dovecot))
      members.append(.init(dovecot: dovecot, domain: auth.domain))
    case .saslauthd(let socket):
      let endpoint = endpoint(socket, settings)
      let saslauthd = SaslauthdPasswords(endpoint: endpoint, timeout: auth.timeout, group: parts.group)
      reachable.append(("auth.backend", "saslauthd at \(endpoint)", saslauthd))
      members.append(.init(.saslauthd, passwords: saslauthd, domain: auth.domain))
    case .backend(let name):
      members.append(try mailServer(name, configuration, auth, parts))
    case .ldap:
      let directory = LDAPPasswords(try directory(settings, auth, key), group: parts.group)
      reachable.append(("auth.backend", "the directory", directory))
      members.append(.init(.ldap, passwords: directory, domain: auth.domain))
    }
    if let server = auth.introspection {
      let tokens = try introspection(server, settings, auth, key, parts)
      reachable.append(("auth.introspection_url", "token introspection at \(server.url)", tokens))
      members.append(.init(tokens: tokens))
    }
    return Users(
      key: key, authenticator: CompositeAuthenticator(members, named: named, terms: terms),
      reachable: reachable, file: file, report: report)
  }

  // MARK: The backends

  private static func usersFile(
    _ path: String, _ auth: AuthSettings, _ named: [Mechanism], _ terms: ExchangeTerms, _ parts: LoginParts
  ) throws(UsersFault) -> UsersFileAuthenticator {
    do throws(UsersFileError) {
      return try UsersFileAuthenticator(
        path: path, domain: auth.domain, named: named, terms, pool: parts.pool(auth), now: { Clock.now })
    } catch {
      throw UsersFault(lines: error.problems.map(\.description))
    }
  }

  private static func mailServer(
    _ name: String, _ configuration: Configuration, _ auth: AuthSettings, _ parts: LoginParts
  ) throws(UsersFault) -> CompositeAuthenticator.Member {
    let (_, backends) = Wiring.relay(configuration)
    guard let backend = backends.first(where: { $0.name == name }) else {
      throw fault(configuration.settings, "auth.backend", "there is no backend '\(name)'")
    }
    let login = BackendAuthenticator(
      backend, hostname: configuration.settings.hostname, group: parts.group, timeout: auth.timeout)
    return .init(.backend, passwords: login, domain: auth.domain)
  }

  private static func directory(_ settings: Settings, _ auth: AuthSettings, _ key: Users.Key)
    throws(UsersFault) -> LDAPDirectory
  {
    guard LDAPDirectory.isBuiltIn else { throw fault(settings, "auth.backend", LDAPDirectory.notBuiltIn) }
    guard let ldap = auth.ldap else { throw fault(settings, "auth.backend", "no directory") }
    let finding: LDAPDirectory.Finding
    if let name = ldap.bindDN {
      finding = .name(name)
    } else {
      finding = .search(
        base: ldap.base ?? "", filter: ldap.filter ?? "",
        account: ldap.searchDN.map { .init(name: $0, password: key.searchPassword ?? "") })
    }
    return LDAPDirectory(
      servers: ldap.servers, finding: finding, startsTLS: ldap.startsTLS,
      authorities: ldap.authorities.map(settings.resolve), timeout: auth.timeout)
  }

  private static func introspection(
    _ server: AuthSettings.Introspection, _ settings: Settings, _ auth: AuthSettings, _ key: Users.Key,
    _ parts: LoginParts
  ) throws(UsersFault) -> TokenIntrospection {
    do {
      return try TokenIntrospection(
        IntrospectionServer(
          url: server.url, client: server.client, secret: key.introspectionSecret,
          authorities: server.authorities.map(settings.resolve), domain: auth.domain, scopes: server.scopes,
          timeout: auth.timeout),
        client: parts.introspection, group: parts.group)
    } catch {
      throw fault(settings, "auth.introspection_ca", "\(server.authorities ?? "") cannot be read: \(error)")
    }
  }

  /// `/path`, a path below the configuration's folder, or `ADDRESS:PORT` of an `inet_listener`.
  private static func endpoint(_ text: String, _ settings: Settings) -> Endpoint {
    if !text.contains("/"), let endpoint = Endpoint(text) { return endpoint }
    return .unix(settings.resolve(text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text))
  }

  // MARK: What it depends on

  /// The files that a reload reads, each with the key that names it.
  static func files(_ settings: Settings) -> [(key: String, path: String)] {
    guard let auth = settings.auth else { return [] }
    var files: [(key: String, path: String?)] = [
      ("auth.ldap_search_password_file", auth.ldap?.searchPasswordFile),
      ("auth.ldap_ca", auth.ldap?.authorities),
      ("auth.introspection_secret_file", auth.introspection?.secretFile),
      ("auth.introspection_ca", auth.introspection?.authorities),
    ]
    if case .file(let path)? = auth.backend { files.append(("auth.backend", path)) }
    return files.compactMap { file in file.path.map { (file.key, settings.resolve($0)) } }
  }

  private static func key(
    _ configuration: Configuration, _ auth: AuthSettings, _ backend: AuthSettings.Backend
  ) throws(UsersFault) -> Users.Key {
    let settings = configuration.settings
    var server: BackendSettings?
    if case .backend(let name) = backend { server = settings.backends.first { $0.name == name } }
    return Users.Key(
      auth: auth, hostname: settings.hostname, backend: server,
      searchPassword: try secret(
        auth.ldap?.searchPasswordFile, "auth.ldap_search_password_file", settings),
      introspectionSecret: try secret(
        auth.introspection?.secretFile, "auth.introspection_secret_file", settings),
      authorities: configuration.authorities, folder: settings.resolve("."))
  }

  /// Bound: octets of a file with a secret.
  private static let longestSecret = 4096

  /// The first line of a file.
  private static func secret(_ path: String?, _ key: String, _ settings: Settings) throws(UsersFault)
    -> String?
  {
    guard let path else { return nil }
    let file = settings.resolve(path)
    guard let handle = FileHandle(forReadingAtPath: file) else {
      throw fault(settings, key, "\(file) cannot be read")
    }
    defer { try? handle.close() }
    let bytes = (try? handle.read(upToCount: longestSecret + 1)) ?? Data()
    let line = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
    guard !line.isEmpty, line.count <= longestSecret,
      let text = String(validating: line, as: UTF8.self)
    else { throw fault(settings, key, "\(file) holds no secret on its first line") }
    return text
  }

  private static func fault(_ settings: Settings, _ key: String, _ text: String) -> UsersFault {
    UsersFault(lines: ["\(settings.problem(key, text))"])
  }

  /// A users file that changed is read by itself; this says so.
  static func report(to events: any EventSink)
    -> @Sendable (UsersFileAuthenticator.Reload) -> Void
  {
    { reload in
      func note(_ severity: Event.Severity, _ code: ReasonCode, _ detail: String) {
        events.record(.system(severity, code, detail, at: Clock.now))
      }
      switch reload {
      case .unchanged: break
      case .adopted(let users, let warnings):
        for warning in warnings { note(.warning, .configurationWarning, "\(warning)") }
        note(.info, .reloaded, "users file: \(users) users")
      case .refused(let problems):
        for problem in problems { note(.error, .reloadRefused, "\(problem)") }
      }
    }
  }
}
