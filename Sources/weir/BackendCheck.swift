import Foundation
import NIOPosix
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings
import Filtering

/// What `weir check` asks the backends: do they answer, and do they know who is theirs?
enum BackendCheck {
  static func problems(_ configuration: Configuration) async -> [Configuration.Problem] {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let (relay, backends) = Wiring.relay(configuration)
    let asked = BackendRelay(relay, backends: backends, group: group, memory: Forgetting(), events: Silence())
    await asked.learn()
    var problems: [Configuration.Problem] = []
    let settings = configuration.settings
    for (backend, status) in zip(settings.backends, asked.status()) {
      guard status.health == .up else {
        problems.append(
          .init(
            isError: false,
            description:
              "\(settings.problem(backend.path + ".address", as: .warning, "backend '\(backend.name)' at \(backend.endpoint) does not answer: \(status.fault)"))"
          ))
        continue
      }
      let isNamed = Capabilities(storedForm: status.capabilities).clientAttributes.contains("ADDR")
      if backend.identity == .xclient, !isNamed {
        problems.append(
          .init(
            isError: true,
            description:
              "\(settings.problem(backend.path + ".identity", "backend '\(backend.name)' does not offer XCLIENT to this gateway, so that no mail could go there: allow it (Postfix: smtpd_authorized_xclient_hosts), or write identity = \"auto\""))"
          ))
        continue
      }
      let domains = backend.domains.isEmpty ? settings.relay.domains : backend.domains
      guard case .probe = backend.recipients, let domain = domains.names.sorted().first else { continue }
      if await asked.acceptsEverything(domain, backend: backend.name) == true {
        problems.append(
          .init(
            isError: false,
            description:
              "\(settings.problem(backend.path + ".recipients", as: .warning, "backend '\(backend.name)' accepts a made-up address, so it accepts all, and bounces later: give it the list of its users, or write recipients = \"file:PATH\""))"
          ))
      }
    }
    await asked.close()
    try? await group.shutdownGracefully()
    return problems
  }

  private struct Silence: EventSink {
    func record(_ event: Event) {}
  }

  private struct Forgetting: CapabilityMemory {
    func load() -> [String: String] { [:] }
    func save(_ capabilities: [String: String]) {}
  }
}
