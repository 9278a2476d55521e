import Authentication
import Glibc
import NIOPosix
import Settings

/// What `weir check` finds about who knows the users.
enum AuthenticationCheck {
  /// What is wrong with them (an error), and, unless `isOffline`, which of them do not answer (a warning: that may be
  /// another in an hour).
  static func problems(_ configuration: Configuration, isOffline: Bool) async -> [Configuration.Problem] {
    guard configuration.settings.auth != nil else { return [] }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let parts = LoginParts(group: group, admission: nil)
    var problems: [Configuration.Problem] = openFiles(configuration.settings)
    do throws(UsersFault) {
      if let users = try AuthenticationWiring.users(configuration, parts), !isOffline {
        problems += await silent(users, configuration.settings)
      }
    } catch {
      problems += error.lines.map { .init(isError: true, description: $0) }
    }
    await parts.introspection.shutdown()
    try? await group.shutdownGracefully()
    return problems
  }

  /// A users file that others may write makes each of them a user, one that they may read tells them what to guess.
  private static func openFiles(_ settings: Settings) -> [Configuration.Problem] {
    guard case .file(let path)? = settings.auth?.backend else { return [] }
    let file = settings.resolve(path)
    var status = stat()
    guard stat(file, &status) == 0, status.st_mode & 0o027 != 0 else { return [] }
    let text = "\(file) is open to others on this machine: chmod 600 it, with the gateway's user as its owner"
    return [.init(isError: false, description: "\(settings.problem("auth.backend", as: .warning, text))")]
  }

  private static func silent(_ users: Users, _ settings: Settings) async -> [Configuration.Problem] {
    var problems: [Configuration.Problem] = []
    for (key, name, backend) in users.reachable {
      guard let obstacle = await backend.obstacle() else { continue }
      let text = "\(name) does not answer: \(obstacle); until it does, a login is answered 454"
      problems.append(
        .init(isError: false, description: "\(settings.problem(key, as: .warning, text))"))
    }
    return problems
  }
}
