import Bytes
import Filtering
import Foundation
import NetAddress
import SMTPProtocol
import SMTPRelay
import SMTPServer

/// What `weir status` shows.
struct StatusReport: Codable, Sendable {
  struct Backend: Codable, Sendable {
    var name: String
    var address: String
    var isUp: Bool
    var isHeard: Bool
    var idle: Int
    var busy: Int
    var delivered: Int
    var refused: Int
    var failed: Int
    var capabilities: String
    /// How the last session was encrypted; "clear", or empty where none stood.
    var encryption: String
    var lastFault: String
  }

  struct ShownCertificate: Codable, Sendable {
    var names: [String]
    var file: String
    var notAfter: String
    /// Whole days left, negative past the end.
    var days: Int
  }

  struct Block: Codable, Sendable {
    var network: String
    var because: String
    var seconds: Int

    init(_ network: IPPrefix, _ because: String, _ remaining: Duration) {
      self.network = network.description
      self.because = because
      seconds = Int(remaining.milliseconds / 1000)
    }
  }

  var version: String
  var pid: Int32
  var started: String
  /// Seconds since the start.
  var uptime: Int
  var generation: Int
  var listeners: [String]
  var isDraining: Bool
  var connections: Int
  var connectionsLimit: Int?
  var memory: Int
  var memoryLimit: Int?
  var spool: Int
  var spoolLimit: Int?
  var loopDelay: Int
  var offered: [String]
  var backends: [Backend]
  var blocks: [Block]
  var refusedConnections: [String: Int]
  var events: [String: Int]
  var codes: [String: Int]
  /// Findings of checks in shadow mode.
  var shadow: [String: Int]
  /// Of the messages that backends have taken.
  var octets: UInt64
  var logDropped: Int
  var certificates: [ShownCertificate]
  var zones: [Zone] = []
  var ownListings: [OwnListing] = []
  var names: Names?
  var waiting: Waiting?
  var rules = RulesReport.Brief()
  /// What this build or this machine lacks for looking into files.
  var lacking: [String] = []

  /// The report for a terminal.
  var text: String {
    var lines = [
      "weir \(version), pid \(pid), since \(started), configuration generation \(generation)\(isDraining ? ", stopping" : "")",
      "listening    \(listeners.joined(separator: ", "))",
      "connections  \(connections) of \(connectionsLimit.map(String.init) ?? "unlimited")",
      "memory       \(Self.octets(memory)) of \(memoryLimit.map(Self.octets) ?? "unlimited") for messages in flight; spool \(Self.octets(spool)) of \(spoolLimit.map(Self.octets) ?? "unlimited")",
      "loop delay   \(loopDelay) ms",
      "offered      \(offered.joined(separator: ", "))",
    ]
    for backend in backends {
      lines.append(
        "backend      \(backend.name) \(backend.address): \(backend.isUp ? "up" : backend.isHeard ? "DOWN" : "never heard")\(backend.lastFault.isEmpty ? "" : " (\(backend.lastFault))"); sessions \(backend.busy) busy, \(backend.idle) idle; delivered \(backend.delivered), refused \(backend.refused), failed \(backend.failed)"
      )
      lines.append(
        "             can: \(backend.capabilities.isEmpty ? "-" : backend.capabilities); TLS: \(backend.encryption.isEmpty ? "-" : backend.encryption)"
      )
    }
    for certificate in certificates {
      let days =
        certificate.days < 0 ? "EXPIRED \(-certificate.days) day(s) ago" : "\(certificate.days) day(s) left"
      lines.append(
        "certificate  \(certificate.names.joined(separator: ", ")): \(days), until \(certificate.notAfter) (\(certificate.file))"
      )
    }
    if let waiting { lines += waiting.lines }
    if rules.count > 0 { lines.append("rules        \(rules.summary)") }
    if let names { lines.append("names        \(names.text)") }
    for zone in zones where zone.state != "off" { lines.append("list         \(zone.text)") }
    for own in ownListings {
      lines.append(
        "OWN ADDRESS  \(own.address) is listed by \(own.list) as \(own.codes)\(own.removal.isEmpty ? "" : "; to get off: \(own.removal)")"
      )
    }
    for lack in lacking { lines.append("LACKING      \(lack)") }
    lines.append("events       " + Self.counts(events))
    lines.append("codes        " + Self.counts(codes))
    if !refusedConnections.isEmpty { lines.append("turned away  " + Self.counts(refusedConnections)) }
    for block in blocks {
      lines.append("blocked      \(block.network) for \(block.seconds) s more: \(block.because)")
    }
    if logDropped > 0 { lines.append("LOG          \(logDropped) lines could not be written") }
    return lines.joined(separator: "\n")
  }

  static func counts(_ counts: [String: Int]) -> String {
    counts.isEmpty
      ? "-" : counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  static func octets(_ count: Int) -> String {
    switch count {
    case ..<10_240: "\(count) B"
    case ..<10_485_760: "\(count >> 10) KiB"
    case ..<10_737_418_240: "\(count >> 20) MiB"
    default: "\(count >> 30) GiB"
    }
  }
}
