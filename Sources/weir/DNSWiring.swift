import Bytes
import DNS
import DNSClient
import Filtering
import Foundation
import SMTPProtocol
import SMTPServer
import Settings
import Synchronization

/// Who answers questions about names, for one generation of the configuration after the other.
final class NameResolution: Sendable {
  private struct State {
    var settings: DNSSettings?
    var resolver: UnboundResolver?
  }

  private let state = Mutex(State())
  private let events: any EventSink

  init(events: any EventSink) {
    self.events = events
  }

  /// The resolver of a configuration. As long as `[dns]` says the same it is the same one, with all that it
  /// remembers; an old one lives as long as a session keeps it. Where it cannot be made there is one that knows
  /// nothing, said in the log: mail flows.
  func resolver(for settings: Settings) -> any DNS.Resolver {
    state.withLock { state in
      if state.settings == settings.dns, let resolver = state.resolver { return resolver }
      state.settings = settings.dns
      do throws(ResolverError) {
        let resolver = try make(settings)
        state.resolver = resolver
        return resolver
      } catch {
        state.resolver = nil
        events.record(.system(.error, .resolverRefused, "no names are resolved: \(error)", at: Clock.now))
        return NoResolver()
      }
    }
  }

  /// A copy of the trust anchor that libunbound does not take, cut short when the disk was full, is made anew; without
  /// a good one names are resolved all the same, not validated.
  private func make(_ settings: Settings) throws(ResolverError) -> UnboundResolver {
    var options = Self.options(settings.dns)
    let news = Self.report(to: events)
    guard settings.dns.validates else { return try UnboundResolver(options, news: news) }
    func validating(anew: Bool) throws(ResolverError) -> UnboundResolver {
      options.trustAnchorFile = try TrustAnchor.place(settings, anew: anew)
      return try UnboundResolver(options, news: news)
    }
    if let resolver = try? validating(anew: false) { return resolver }
    do throws(ResolverError) {
      return try validating(anew: true)
    } catch {
      options.trustAnchorFile = nil
      let resolver = try UnboundResolver(options, news: news)
      let text = "answers are not validated (DNSSEC), no trust anchor can be had: \(error)"
      events.record(.system(.error, .resolverRefused, text, at: Clock.now))
      return resolver
    }
  }

  /// Nobody is asked any more.
  func forget() { state.withLock { $0 = State() } }

  /// nil where nobody is asked.
  var status: ResolverStatus? { state.withLock { $0.resolver }?.status }

  /// As `[dns]` has it, but for the trust anchor, which is a file of the state folder.
  static func options(_ settings: DNSSettings) -> ResolverOptions {
    var options = ResolverOptions()
    options.servers = settings.servers.map { .init($0.address, port: $0.port) }
    options.stubs = settings.stubs.compactMap { stub in
      DNSName(stub.zone).map { .init(zone: $0, server: .init(stub.server.address, port: stub.server.port)) }
    }
    options.cache = settings.cache
    options.queue = settings.queue
    options.outgoing = settings.outgoing
    options.leastWait = min(options.leastWait, settings.timeout)
    return options
  }

  /// What the configuration asks of it that cannot be had, found without asking anybody.
  static func problems(_ settings: Settings) -> [Configuration.Problem] {
    guard settings.dns.isEnabled, settings.dns.fixture == nil else { return [] }
    var problems: [Configuration.Problem] = []
    do throws(ResolverError) {
      try UnboundResolver.check(options(settings.dns))
    } catch {
      problems.append(.init(isError: true, description: "\(settings.problem("dns", "dns: \(error)"))"))
    }
    if settings.dns.validates, !FileManager.default.isReadableFile(atPath: TrustAnchor.source) {
      let text = settings.problem(
        "dns.dnssec", as: .warning,
        "no \(TrustAnchor.source) (package dns-root-data): answers are not validated")
      problems.append(.init(isError: false, description: "\(text)"))
    }
    return problems
  }

  private static func report(to events: any EventSink) -> @Sendable (ResolverNews) -> Void {
    { news in
      switch news {
      case .lost:
        let text = "nobody answers questions about names; the checks that ask say so, and mail flows"
        events.record(.system(.error, .namesUnavailable, text, at: Clock.now))
      case .back(let duration):
        let text = "questions about names are answered again, after \(max(1, duration.milliseconds / 1000)) s"
        events.record(.system(.info, .namesAvailable, text, at: Clock.now))
      }
    }
  }
}

extension ReasonCode {
  static let namesUnavailable: ReasonCode = "NAMES_UNAVAILABLE"
  static let namesAvailable: ReasonCode = "NAMES_AVAILABLE"
  static let resolverRefused: ReasonCode = "RESOLVER_REFUSED"
}

/// What the gateway says of the resolver in the log.
enum NameReasons {
  static let all: [Reason] = [
    Reason(
      .namesUnavailable, nil, .alarm,
      cause:
        "A run of questions about names came to nothing for seconds, and so did one put to find out; or the first one of all did.",
      effect:
        "Mail flows; checks that ask about names find …_UNAVAILABLE at once, without waiting. A question every two seconds tells when it is over.",
      remedy:
        "Look at the network, at a firewall in front of port 53, and at dns.servers where some are named."),
    Reason(
      .namesAvailable, nil, .notice, cause: "Questions about names are answered again.",
      effect: "All checks run as before; failures that were remembered are forgotten.", remedy: "Nothing."),
    Reason(
      .resolverRefused, nil, .alarm,
      cause: "The resolver does not take what [dns] says, or has no descriptors.",
      effect:
        "Mail flows; no names are resolved, and checks that ask find …_UNAVAILABLE; or, where the line says so, names are resolved without DNSSEC.",
      remedy: "weir check says what is wrong; then weir reload."),
  ]
}

/// The keys of the root zone, with which signed answers are validated (RFC 4035, RFC 5011).
enum TrustAnchor {
  /// Debian's, from the package dns-root-data.
  static let source = "/usr/share/dns/root.key"

  /// A copy in the state folder, which the resolver keeps up to date; made anew where Debian's is newer.
  ///
  /// - Parameter anew: made anew in any case.
  /// - Returns: its path; nil where there is no such file: nothing is validated.
  static func place(_ settings: Settings, anew: Bool = false) throws(ResolverError) -> String? {
    let files = FileManager.default
    let target = settings.resolve(settings.stateFolder) + "/root.key"
    func changed(_ path: String) -> Date? {
      (try? files.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }
    guard let sourceChanged = changed(source), let keys = files.contents(atPath: source) else { return nil }
    if !anew, let targetChanged = changed(target), targetChanged >= sourceChanged { return target }
    do {
      try keys.write(to: URL(fileURLWithPath: target), options: .atomic)
      return target
    } catch {
      throw ResolverError("\(target): cannot be written: \(FileFault.words(error))")
    }
  }
}

/// The table of `dns.fixture`.
enum NameFixture {
  /// - Returns: nil where none is named, or it cannot be read, which is a problem of its own.
  static func read(_ settings: Settings) -> (table: DNSTable?, problems: [Configuration.Problem]) {
    guard let written = settings.dns.fixture else { return (nil, []) }
    let path = settings.resolve(written)
    do {
      let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let (table, found) = DNSTable.parse(text, file: path)
      let problems = found.map { Configuration.Problem(isError: true, description: "\($0)") }
      return (table, problems + warnings(settings))
    } catch {
      let text = settings.problem("dns.fixture", "\(path): cannot be read: \(FileFault.words(error))")
      return (nil, [.init(isError: true, description: "\(text)")])
    }
  }

  private static func warnings(_ settings: Settings) -> [Configuration.Problem] {
    guard settings.dns.isEnabled else { return [] }
    let text = settings.problem(
      "dns.fixture", as: .warning, "names come from this file alone, nobody is asked: only for trials")
    return [.init(isError: false, description: "\(text)")]
  }
}
