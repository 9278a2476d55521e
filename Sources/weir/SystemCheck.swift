import Filtering
import Foundation
import SMTPServer
import Settings
import Storage

/// What the configuration asks of this machine: descriptors, users, files.
enum SystemCheck {
  /// - Parameter isAsked: by `weir check`, which tells an error where a start only warns.
  static func problems(_ configuration: Configuration, isAsked: Bool = false) -> [Configuration.Problem] {
    let settings = configuration.settings
    return descriptorProblems(settings) + userProblems(settings) + fileProblems(configuration)
      + placeProblems(settings) + CertificateCheck.problems(settings, isAsked: isAsked)
  }

  /// The descriptors that the system grants, and those that are not for connections.
  static func descriptors(_ settings: Settings) -> DescriptorBudget {
    DescriptorBudget(limit: Privileges.raiseDescriptorLimit(), others: others(settings))
  }

  private static func others(_ settings: Settings) -> Int {
    let sessions = settings.backends.reduce(0) { $0 + $1.connections + $1.probeSessions }
    let metrics = settings.metrics == nil ? 0 : MetricsServer.mostConnections + 1
    let asksNames = settings.dns.isEnabled && settings.dns.fixture == nil
    let names = asksNames ? NameResolution.options(settings.dns).descriptors : 0
    // The index with its readers, and what is being written and read beside it.
    let waiting = 40 + 2 * settings.outbox.sessions
    return sessions + spoolFiles(settings) + settings.listeners.count + metrics + names + waiting
      + settings.limits.descriptorsReserve
  }

  /// A spooled message holds its beginning in memory, so the memory for messages bounds the spool files.
  private static func spoolFiles(_ settings: Settings) -> Int {
    guard case .atMost(let memory) = settings.limits.memory else { return 4096 }
    return min(4096, memory / max(settings.limits.heldPerMessage, LimitSettings.leastPerMessage))
  }

  private static func descriptorProblems(_ settings: Settings) -> [Configuration.Problem] {
    let limit = Privileges.raiseDescriptorLimit()
    let others = others(settings)
    guard let connections = settings.limits.connections.count else { return [] }
    guard connections + others > limit else { return [] }
    let text =
      "limits.connections = \(connections) with \(others) more for backend sessions, spool files, names and reserve passes the \(limit) file descriptors that the system grants: lower it to \(max(0, limit - others)), or raise the limit (LimitNOFILE= in the unit file, ulimit -n)"
    return [.init(isError: true, description: "\(settings.problem("limits.connections", text))")]
  }

  private static func userProblems(_ settings: Settings) -> [Configuration.Problem] {
    if let name = settings.user {
      guard PasswdEntry.named(name) == nil else { return [] }
      return [
        .init(
          isError: true,
          description:
            "\(settings.problem("user", "this system has no user '\(name)': adduser --system --group \(name)"))"
        )
      ]
    }
    guard geteuid() == 0 else { return [] }
    let isLoopback = settings.listeners.allSatisfy(\.isLoopback)
    let text =
      "started as root without `user`: the gateway would stay root; write user = \"weir\" (adduser --system --group weir)"
    return [
      .init(
        isError: !isLoopback,
        description: "\(settings.problem("user", as: isLoopback ? .warning : .error, text))")
    ]
  }

  /// Files that the gateway reads again later must be readable as its user.
  private static func fileProblems(_ configuration: Configuration) -> [Configuration.Problem] {
    let settings = configuration.settings
    guard geteuid() == 0, let user = settings.user.flatMap({ PasswdEntry.named($0) }) else { return [] }
    var paths: [(key: String, path: String)] = [("hostname", settings.file)]
    let folder = settings.resolve(settings.listsFolder)
    if FileManager.default.fileExists(atPath: folder) { paths.append(("lists.folder", folder)) }
    for file in configuration.lists.files {
      paths.append(("lists.folder", file.hasPrefix("/") ? file : folder + "/" + file))
    }
    for backend in settings.backends {
      if case .file(let path) = backend.recipients {
        paths.append((backend.path + ".recipients", settings.resolve(path)))
      }
      if let path = backend.routes { paths.append((backend.path + ".routes", settings.resolve(path))) }
    }
    paths += AuthenticationWiring.files(settings)
    if let path = settings.relay.routes { paths.append(("relay.routes", settings.resolve(path))) }
    return paths.compactMap { key, path in
      guard !Privileges.canRead(path, as: user) else { return nil }
      return .init(
        isError: true,
        description:
          "\(settings.problem(key, "\(path) cannot be read as user '\(user.name)': a reload would fail; chgrp \(user.name) and chmod g+r it"))"
      )
    }
  }
}

extension SystemCheck {
  /// Where the gateway keeps its state and its log must be open to the user that it becomes.
  private static func placeProblems(_ settings: Settings) -> [Configuration.Problem] {
    let user: PasswdEntry
    if let name = settings.user {
      guard let named = PasswdEntry.named(name) else { return [] }
      user = named
    } else {
      user = .current
    }
    // Who checks without being root checks for a gateway that root starts, where it becomes somebody else.
    let isMadeByRoot = geteuid() == 0 || user.uid != geteuid()
    var problems: [Configuration.Problem] = []
    func report(_ key: String, _ path: String, _ obstacle: String?) {
      guard let obstacle else { return }
      let text = "\(path) cannot be used by user '\(settings.user ?? user.name)': \(obstacle)"
      problems.append(.init(isError: true, description: "\(settings.problem(key, text))"))
    }
    guard geteuid() == 0 || !isMadeByRoot else { return [] }
    let state = settings.resolve(settings.stateFolder)
    report(
      "state.folder", state, Privileges.obstacle(toFolder: state, of: user, isMadeByRoot: isMadeByRoot))
    if let file = settings.log.file {
      let path = settings.resolve(file)
      report("log.file", path, Privileges.obstacle(toFile: path, of: user, isMadeByRoot: isMadeByRoot))
    }
    return problems
  }
}

/// Whom the gateway becomes.
enum Identity {
  /// The user to become after binding; nil where the process stays what it is.
  static func user(of settings: Settings) throws -> PasswdEntry? {
    guard geteuid() == 0, let name = settings.user else { return nil }
    guard let user = PasswdEntry.named(name) else { throw StartFault(description: "no user '\(name)'") }
    return user
  }

  /// What a reload cannot change, said in words; empty where nothing of it was changed.
  static func unchangeable(from old: Settings, to new: Settings) -> [String] {
    var lines: [String] = []
    func compare(_ key: String, _ isSame: Bool) {
      if !isSame { lines.append("\(new.problem(key, "a reload cannot change \(key); restart the gateway"))") }
    }
    compare("user", old.user == new.user)
    compare("state.folder", old.resolve(old.stateFolder) == new.resolve(new.stateFolder))
    compare("log.file", old.log.file == new.log.file)
    return lines
  }
}
