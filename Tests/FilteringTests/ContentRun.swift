import Bytes
import DNS
import Filtering
import Foundation
import MailAuthentication
import MailSyntax
import NetAddress
import SMTPProtocol
import Settings
import TestSupport

@testable import Checks

/// The content checks of a gateway of three lines, on messages as they are held.
struct ContentRun {
  static let checks: Set<String> = [
    "header_shape", "encoding", "hidden_text", "link_mismatch", "lookalike_domain", "own_from", "image_only",
    "bulk", "language",
  ]

  private let plan: CheckPlan
  private let table: ScoreTable
  private let lookups: Lookups

  /// - Parameters:
  ///   - settings: keys of the configuration, dotted, with their values.
  ///   - names: records that the resolver knows; nil for a gateway without one.
  ///   - suffixes: the file of the public suffix list.
  init(settings extra: [String: String] = [:], names: String? = nil, suffixes: String? = nil) throws {
    var gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    gateway.settings["checks.header_shape.mode"] = "\"enforce\""
    gateway.settings.merge(extra) { $1 }
    let reading = Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml")
    guard let settings = reading.settings else { throw HarnessFault("\(reading.problems)") }
    var materials = CheckMaterials(
      lists: ListSnapshot.parse([], at: Timestamp(milliseconds: 0)).snapshot,
      relay: RelayControl(domains: settings.relay.domains, networks: settings.relay.networks),
      settings: settings)
    materials.resolves = names != nil
    let list = suffixes.flatMap { FileManager.default.contents(atPath: $0) } ?? Data("com\norg\nnet\n".utf8)
    materials.suffixes = PublicSuffixes.parse([UInt8](list))
    let (plan, scores, problems) = Catalogue.plan(materials)
    if !problems.isEmpty { throw HarnessFault("\(problems)") }
    self.plan = plan
    table = scores
    lookups = Lookups(DNSTable.parse(Array((names ?? "").utf8), file: "none").0, until: .now + .seconds(600))
  }

  func findings(
    _ held: [UInt8], checks: Set<String> = Self.checks,
    now: Timestamp? = Timestamp(year: 2026, month: 11, day: 20),
    contentLimit: Int = 8 << 20
  ) async throws -> [WeighedFinding] {
    guard let now, let sender = PathParser.parse(whole: "a@outside.example"),
      let recipient = PathParser.parse(whole: "u@example.org")
    else { throw HarnessFault("no facts") }
    let connect = ConnectFacts(
      address: IPAddress(v4: 0xC000_0207), port: 1, listener: "x", isRelayNetwork: false, time: now)
    let mail = MailFacts(
      connect: connect, hello: Hello(name: "client.outside.example", isExtended: true), sender: sender,
      parameters: .none, time: now)
    let facts = MessageFacts(
      mail: mail, recipients: [recipient], header: MessageHeader(held), message: HeldMessage(memory: held),
      contentLimit: contentLimit)
    return await CheckPlan.examineWaiting(
      plan.message.filter { checks.contains($0.check) }, facts, at: .message, scores: table, lookups)
  }

  /// The names of what is found in a message of these lines.
  func codes(
    _ lines: [String], checks: Set<String> = Self.checks, contentLimit: Int = 8 << 20
  ) async throws -> [String] {
    let held = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    return try await findings(held, checks: checks, contentLimit: contentLimit).map(\.finding.code.name)
  }
}
