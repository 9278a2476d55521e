import DNSClient
import Filtering
import Foundation
import NetAddress
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings
import Telemetry

extension GatewayService {
  /// What `weir status` shows and `GET /metrics` tells.
  func status() async -> StatusReport {
    let snapshot = admission.snapshot(at: Clock.monotonic)
    let counts = counters.snapshot()
    var offer = Offer(
      common: relay.capabilities(),
      size: configuration.settings.limits.client.messageSize.count.map(UInt64.init),
      mostRecipients: configuration.settings.limits.client.recipients.count,
      mostTransactions: configuration.settings.limits.client.transactions.count)
    offer.repliesEach = gateway.context.policy.repliesEach
    let addresses = Dictionary(
      configuration.settings.backends.map { ($0.name, $0.endpoint.description) },
      uniquingKeysWith: { first, _ in first })
    var report = StatusReport(
      version: Version.number, pid: getpid(), started: started.rfc3339,
      uptime: Int((Clock.monotonic - startedMonotonic) / 1000), generation: generation,
      listeners: gateway.endpoints.keys.map(\.description).sorted(), isDraining: gateway.context.isDraining,
      connections: snapshot.connections, connectionsLimit: snapshot.connectionsLimit, memory: snapshot.memory,
      memoryLimit: snapshot.memoryLimit, spool: snapshot.spool, spoolLimit: snapshot.spoolLimit,
      loopDelay: gateway.context.loopDelay, offered: offer.keywords(),
      backends: relay.status().map { backend in
        StatusReport.Backend(
          name: backend.name, address: addresses[backend.name] ?? "", isUp: backend.health == .up,
          isHeard: backend.health != .unheard, idle: backend.idleSessions, busy: backend.busySessions,
          delivered: backend.deliveries, refused: backend.refusals, failed: backend.failures,
          capabilities: backend.capabilities, encryption: backend.encryption, lastFault: backend.fault)
      },
      blocks: snapshot.blocks.map { StatusReport.Block($0.network, $0.because, $0.remaining) }
        + gateway.context.logins.blocks(at: Clock.monotonic).map {
          StatusReport.Block($0.network, "logins only: " + $0.because, $0.remaining)
        },
      refusedConnections: Dictionary(snapshot.refused.map { ($0.code.name, $0.count) }, uniquingKeysWith: +),
      events: Dictionary(counts.kinds.map { ($0.kind.rawValue, $0.count) }, uniquingKeysWith: +),
      codes: Dictionary(counts.codes.map { ($0.code.name, $0.count) }, uniquingKeysWith: +),
      shadow: Dictionary(counts.shadow.map { ($0.code.name, $0.count) }, uniquingKeysWith: +),
      octets: counts.octets,
      logDropped: log.status.dropped + log.status.unwritten,
      certificates: CertificateKeeping.report(gateway.context.certificates, at: Clock.now),
      zones: zones?.report ?? [], ownListings: zones?.ownListings ?? [],
      names: names.status.map { StatusReport.Names($0) },
      rules: RulesReport(configuration.rules, scans.status(of: configuration.rules)).brief,
      lacking: InspectionWiring.lacking(configuration.settings))
    report.waiting = await StatusReport.Waiting(room.store, configuration.settings)
    return report
  }
}

extension StatusReport {
  /// The resolver, where anybody is asked.
  struct Names: Codable, Sendable {
    /// Nobody out there answers.
    var isLost: Bool
    /// By what came of them.
    var questions: [String: Int]
    var hits: Int
    var merged: Int
    var waiting: Int
    var queue: Int
    var remembered: Int
    var octets: Int

    init(_ status: ResolverStatus) {
      isLost = status.isLost
      questions = Dictionary(
        uniqueKeysWithValues: ResolverStatus.Outcome.allCases.map {
          ($0.rawValue, status.questions[$0, default: 0])
        })
      hits = status.hits
      merged = status.merged
      waiting = status.waiting
      queue = status.queue
      remembered = status.remembered
      octets = status.octets
    }

    var text: String {
      let asked = StatusReport.counts(questions.filter { $0.value > 0 })
      return
        "\(isLost ? "NOBODY ANSWERS" : "answered"); \(waiting) of \(queue) questions under way, \(hits) answered from memory (\(remembered) there, \(StatusReport.octets(octets))); asked: \(asked)"
    }
  }
}
