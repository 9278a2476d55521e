import ArgumentParser
import Bytes
import Checks
import DNS
import Filtering
import Foundation
import MailSyntax
import NetAddress
import SMTPServer
import Settings
import TraceAnalysis

/// What `weir scan` judges with: a configuration, whoever answers questions about names, and the time.
struct ScanContext: Sendable {
  /// The configuration that is used where none is named.
  static let standardFile = "/etc/weir/weir.toml"

  let rehearsal: Rehearsal
  let relay: RelayControl
  /// One's own servers, whose Received lines are believed.
  let networks: IPPrefixSet
  /// Octets that a message may have; nil for any number.
  let messageSize: Int?
  /// Whether it is known what is one's own: somebody wrote a configuration.
  let isConfigured: Bool
  /// The moment to judge by; nil: that of the message's arrival, or now.
  let time: Timestamp?
  let now: Timestamp
  /// What is worth knowing about all of it.
  let notes: [String]

  init(_ command: ScanCommand) async throws {
    time = try command.now.map { text in
      guard let date = MailDate(text) else {
        throw ValidationError("--now takes a time such as 2026-11-20T12:00:00Z")
      }
      return date.moment
    }
    now = Clock.now
    let table = try command.dns.map { try CommandResolver.table($0) }
    let (configuration, isWritten) = try Self.configuration(command, at: time ?? now)
    let settings = configuration.settings
    let resolver: (any DNS.Resolver)? =
      command.offline ? nil : table ?? CommandResolver.resolver(configuration)
    let budget = settings.dns.timeout
    var rehearsal = Rehearsal(
      plan: configuration.plan, scores: configuration.scores, recipients: Wiring.recipients(settings),
      catalogue: configuration.catalogue, bounds: Wiring.bounds(settings),
      lookups: { Lookups(resolver ?? NoResolver(), until: .now + budget) })
    rehearsal.rules = configuration.rules
    self.rehearsal = rehearsal
    relay = configuration.relay
    networks = IPPrefixSet(settings.relay.networks.prefixes + settings.trustedNetworks.prefixes)
    messageSize = settings.limits.client.messageSize.count
    isConfigured = isWritten
    var notes: [String] = []
    if !isWritten { notes.append("no configuration is named: judged by the defaults; --config names one") }
    if resolver == nil { notes.append("nobody is asked about names: the checks that ask are left out") }
    // The gateway asks no list that it has not seen to be well; a table has the records that it has.
    if table == nil, configuration.fixture == nil, let resolver {
      notes += await Self.probe(configuration.zones, resolver, budget)
    }
    self.notes = notes
  }

  /// Looks whether the DNS lists are well, and says which are not.
  private static func probe(_ zones: DNSZones, _ resolver: any DNS.Resolver, _ budget: Duration) async
    -> [String]
  {
    let used = zones.all.filter(\.isInUse)
    let sick = await withTaskGroup(of: (Int, String?).self) { group in
      for (index, zone) in used.enumerated() {
        group.addTask {
          switch await zone.probe(Lookups(resolver, until: .now + budget)) {
          case .well: return (index, nil)
          case .sick(let words): return (index, words)
          case .silent(let words): return (index, "does not answer (\(words))")
          case .unknown: return (index, "cannot be asked")
          }
        }
      }
      var words = [String?](repeating: nil, count: used.count)
      for await (index, text) in group { words[index] = text }
      return words
    }
    return zip(used, sick).compactMap { zone, words in
      guard let words else { return nil }
      zone.state.fallSick(words)
      return "the DNS list \(zone.label) is not asked: it \(words)"
    }
  }

  /// - Returns: also whether somebody wrote it.
  private static func configuration(_ command: ScanCommand, at now: Timestamp) throws -> (Configuration, Bool)
  {
    let isThere = FileManager.default.fileExists(atPath: standardFile)
    let file = command.config ?? standardFile
    let isNamed = command.config != nil || isThere
    let resolves: Bool? = command.offline ? false : command.dns == nil ? nil : true
    let (configuration, problems) = Configuration.load(
      file, at: now, text: isNamed ? nil : defaults, resolves: resolves)
    guard let configuration else {
      for problem in problems where problem.isError { Complaint.write(problem.description) }
      throw ExitCode(2)
    }
    return (configuration, isNamed)
  }

  /// The least that a configuration says; nothing is listened on, nobody is handed anything.
  static let defaults = """
    hostname = "localhost.localdomain"
    [relay]
    domains = ["localhost.localdomain"]
    [[listener]]
    address = "127.0.0.1:25"
    [[backend]]
    address = "127.0.0.1:10025"
    recipients = "any"
    """
}
