import Bytes
import DNS
import Filtering
import Foundation
import NIOPosix
import NetAddress
import SASL
import SMTPProtocol
import SMTPServer
import Storage
import Synchronization
import TestSupport
import TransportSecurity

@testable import weir

/// The product's server on true sockets in this process, with users that a test scripts and a backend that is a set
/// of names.
final class InnerGateway: Sendable {
  let relay: NameRelay
  let events = EventList()
  let context: GatewayContext
  let port: UInt16
  let folder: ScratchFolder
  private let gateway: SMTPServer.Gateway
  private let group: MultiThreadedEventLoopGroup

  /// - Parameters:
  ///   - listener: further lines of the listener's table.
  ///   - users: who knows the users; with it there is an `[auth]`.
  ///   - isEncrypted: whether there is a `[tls]`.
  ///   - resolver: who is asked about names; nil: nobody.
  ///   - checks: in place of those that the configuration switches on.
  init(
    _ listener: [String] = [], settings: [String: String] = [:], networks: [String] = [],
    users: ScriptedUsers? = nil, isEncrypted: Bool = false, backendExtra: [String] = [],
    resolver: (any DNS.Resolver)? = nil, checks: ScriptedChecks? = nil,
    askAgainAfter: Duration = .seconds(30)
  ) throws {
    folder = try ScratchFolder("inner")
    port = try FreePort.take()
    var configuration = try GatewayConfiguration(
      backends: [.init(port: 1, extra: backendExtra)], listeners: [.init(port: port, extra: listener)])
    configuration.networks = networks
    configuration.settings = [
      "limits.connections_per_address": "\"unlimited\"", "limits.connections_per_subnet": "\"unlimited\"",
      "limits.connection_rate_per_address": "\"unlimited\"",
      "limits.connection_rate_per_subnet": "\"unlimited\"",
    ]
    configuration.settings.merge(settings) { $1 }
    if isEncrypted {
      try PeerCertificate.make(in: folder)
      configuration.settings["tls.certificate"] = "\"certificate.pem\""
      configuration.settings["tls.key"] = "\"key.pem\""
    }
    if users != nil {
      try folder.write("users", "")
      configuration.settings["auth.backend"] = "\"file:users\""
    }
    let file = try folder.write("weir.toml", configuration.toml(folder: folder.path))
    let (read, problems) = Configuration.load(file)
    guard var read else { throw HarnessFault("\(problems)") }
    if let checks { read = checks.replacing(in: read) }
    relay = NameRelay(known: ["user@example.org", "b@outside.example"], missing: [])
    let admission = Admission(Wiring.admission(read.settings.limits))
    context = GatewayContext(
      policy: Wiring.policy(
        read, backends: relay, generation: 1, authenticator: users, resolver: resolver), events: events,
      admission: admission, intake: IntakeStore(folder: folder.path, admission: admission),
      descriptors: DescriptorBudget(limit: 1_000_000, others: 0),
      certificates: try Wiring.tls(read.settings).map { try CertificateStore($0) },
      logins: LoginGuard(Wiring.loginGuard(read.settings)),
      users: UserRates(Wiring.userRates(read.settings)), askAgainAfter: askAgainAfter)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let gateway = SMTPServer.Gateway(context: context, group: group)
    self.gateway = gateway
    let endpoints = read.settings.listeners.map(\.endpoint)
    try waiting {
      await gateway.start()
      for endpoint in endpoints { try await gateway.listen(on: endpoint) }
      try await gateway.beginAccepting()
    }
  }

  deinit {
    let (gateway, group) = (gateway, group)
    Task.detached {
      await gateway.drain(within: .zero)
      try? await group.shutdownGracefully()
    }
  }

  func connect(from source: String? = nil) throws -> RawClient {
    try RawClient("127.0.0.1", port: port, from: source, patience: .seconds(40))
  }

  /// A session that has said EHLO; the answer's lines.
  func session(from source: String? = nil) throws -> (client: RawClient, lines: [String]) {
    let client = try connect(from: source)
    return (client, try client.open().lines)
  }

  /// The first event that fits; throws where none comes.
  @discardableResult
  func waitForEvent(_ code: ReasonCode, where fits: (Event) -> Bool = { _ in true }) throws -> Event {
    var found: Event?
    eventually(within: .seconds(30), every: .milliseconds(10)) {
      found = events.all.first { $0.code == code && fits($0) }
      return found != nil
    }
    guard let found else { throw HarnessFault("no \(code) among \(events.all)") }
    return found
  }

  /// Runs a Python program with `port` as its first argument; what it printed.
  func python(_ program: String, within limit: Duration = .seconds(60)) throws -> String {
    let result = try run(
      "python3", ["-c", Self.prelude + program, "\(port)"], joined: true, within: limit)
    guard result.succeeded else { throw HarnessFault("python: \(result.output)\n\(events.all)") }
    return result.output
  }

  private static let prelude = """
    import sys, ssl, socket, smtplib, time
    port = int(sys.argv[1])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    message = "From: anna@example.org\\r\\nTo: b@outside.example\\r\\nSubject: x\\r\\n\\r\\nHello.\\r\\n"

    """
}

/// Users by a script: what each password leads to.
final class ScriptedUsers: Authenticator {
  enum Behaviour: Sendable {
    /// `anna` with the password `open sesame`.
    case honest
    /// Never answers.
    case silent
    /// Cannot be asked.
    case down
  }

  let mechanisms: [Mechanism]
  let behaviour: Behaviour
  let cancelled = Mutex(0)
  let requests = Mutex<[AuthenticationRequest]>([])

  private let isRight: @Sendable (_ name: String, _ password: String) -> Bool

  init(_ mechanisms: [Mechanism] = [.plain, .login], _ behaviour: Behaviour = .honest) {
    self.mechanisms = mechanisms
    self.behaviour = behaviour
    isRight = { $1 == "open sesame" && $0.hasPrefix("anna") }
  }

  /// These names, all with one password.
  init(logins: Set<String>, password: String) {
    mechanisms = [.plain, .login]
    behaviour = .honest
    isRight = { logins.contains($0) && $1 == password }
  }

  func begin(_ request: AuthenticationRequest) -> any AuthenticationExchange {
    requests.withLock { $0.append(request) }
    return Exchange(self, request)
  }

  private final class Exchange: AuthenticationExchange {
    private let users: ScriptedUsers
    private let request: AuthenticationRequest
    private let name = Mutex<String?>(nil)

    init(_ users: ScriptedUsers, _ request: AuthenticationRequest) {
      self.users = users
      self.request = request
    }

    func next(_ response: [UInt8]?) async -> AuthenticationStep {
      switch users.behaviour {
      case .silent:
        try? await Task.sleep(for: .seconds(60))
        return .unavailable("slept")
      case .down: return .unavailable("the directory is down")
      case .honest: break
      }
      await Task.yield()
      guard let response else {
        return .challenge(request.mechanism == .login ? Array("Username:".utf8) : [])
      }
      let text = String(decoding: response, as: UTF8.self)
      guard request.mechanism == .plain else {
        guard let name = name.withLock({ $0 }) else {
          name.withLock { $0 = text }
          return .challenge(Array("Password:".utf8))
        }
        return judge(name, text)
      }
      let parts = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return .malformed("not of PLAIN's grammar") }
      return judge(parts[1], parts[2])
    }

    private func judge(_ name: String, _ password: String) -> AuthenticationStep {
      let secret = password.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
      guard request.mayTry(name, secret), users.isRight(name, password) else {
        return .failure(AuthenticationFailure(user: name, secret: secret, detail: "wrong password"))
      }
      return .success(AuthenticatedUser(name: name, mechanism: request.mechanism.rawValue))
    }

    func cancel() { users.cancelled.withLock { $0 += 1 } }
  }
}
