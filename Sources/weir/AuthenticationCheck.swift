import Authentication
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
    var problems: [Configuration.Problem] = []
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
