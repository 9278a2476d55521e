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
import Testing
import TraceAnalysis

@testable import Checks

/// What the content checks find in real messages: good ones stay far below the threshold of tagging.
@Suite struct ContentCorpusTests {
  private static let folder = "corpus/spamassassin"
  private static let checks: Set<String> = [
    "header_shape", "encoding", "hidden_text", "link_mismatch", "lookalike_domain", "image_only", "bulk",
  ]

  /// The plan and the weights that a gateway of three lines has.
  private static func plan() throws -> (CheckPlan, ScoreTable) {
    var gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    gateway.settings["checks.header_shape.mode"] = "\"enforce\""
    let reading = Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml")
    let settings = try #require(reading.settings, "\(reading.problems)")
    var materials = CheckMaterials(
      lists: ListSnapshot.parse([], at: Timestamp(milliseconds: 0)).snapshot,
      relay: RelayControl(domains: settings.relay.domains, networks: settings.relay.networks),
      settings: settings)
    let suffixes = FileManager.default.contents(atPath: "/usr/share/publicsuffix/public_suffix_list.dat")
    materials.suffixes = PublicSuffixes.parse([UInt8](suffixes ?? Data()))
    let (plan, scores, problems) = Catalogue.plan(materials)
    #expect(problems.isEmpty, "\(problems)")
    return (plan, scores)
  }

  /// A message as it came, in the held form.
  private static func held(_ file: String) throws -> [UInt8] {
    var octets = try readBytes(atPath: file)
    if octets.starts(with: Array("From ".utf8)), let end = octets.firstIndex(of: .lineFeed) {
      octets.removeSubrange(...end)
    }
    var held: [UInt8] = []
    for octet in octets {
      if octet == .lineFeed, held.last != .carriageReturn { held.append(.carriageReturn) }
      held.append(octet)
      if octet == .dot, held.count == 1 || held[held.count - 2] == .lineFeed { held.append(.dot) }
    }
    return held
  }

  /// The facts of a message as if it came at the moment that its newest Received line tells.
  private static func facts(_ file: String) throws -> MessageFacts? {
    let held = try held(file)
    let header = MessageHeader(held)
    let trace = Trace(header, in: held, trust: .inferred)
    let told = trace.hops.lazy.compactMap { $0.line.date?.moment }.first
    let written = header.first("Date").flatMap { try? MailDate.read(held[$0.body]).0.get().moment }
    guard let now = told ?? written, let sender = PathParser.parse(whole: "a@outside.example"),
      let recipient = PathParser.parse(whole: "u@example.org")
    else { return nil }
    let connect = ConnectFacts(
      address: IPAddress(v4: 0xC000_0207), port: 1, listener: "x", isRelayNetwork: false, time: now)
    let mail = MailFacts(
      connect: connect, hello: Hello(name: "client.outside.example", isExtended: true), sender: sender,
      parameters: .none, time: now)
    return MessageFacts(
      mail: mail, recipients: [recipient], header: header, message: HeldMessage(memory: held))
  }

  /// The scores of the messages of some folders, and how many of them each code is found in.
  private static func judge(_ kinds: [String]) async throws -> (scores: [Double], hits: [String: Int]) {
    let (plan, table) = try plan()
    let lookups = Lookups(DNSTable.parse([], file: "none").0, until: .now + .seconds(600))
    let examinations = plan.message.filter { checks.contains($0.check) }
    var scores: [Double] = []
    var hits: [String: Int] = [:]
    for kind in kinds {
      let path = "\(Material.folder)/\(folder)/\(kind)"
      for name in (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] {
        guard let facts = try facts("\(path)/\(name)") else { continue }
        let found = await CheckPlan.examineWaiting(
          examinations, facts, at: .message, scores: table, lookups)
        scores.append(found.total)
        for one in found { hits[one.finding.code.name, default: 0] += 1 }
      }
    }
    return (scores, hits)
  }

  @Test(needsMaterial(ContentCorpusTests.folder)) func goodMailIsLeftAlone() async throws {
    let good = try await Self.judge(["easy_ham", "easy_ham_2", "hard_ham"])
    let bad = try await Self.judge(["spam", "spam_2"])
    print(
      "content/corpus: of \(good.scores.count) good messages \(good.scores.count { $0 >= 1 }) weigh 1 and more, of \(bad.scores.count) bad ones \(bad.scores.count { $0 >= 1 })"
    )
    for code in Set(good.hits.keys).union(bad.hits.keys).sorted() {
      print("  \(code): good \(good.hits[code] ?? 0), bad \(bad.hits[code] ?? 0)")
    }
    #expect((good.scores.max() ?? 0) < 3)
    #expect(good.scores.count { $0 >= 1 } * 50 <= good.scores.count)
    if bad.scores.count >= 100 { #expect(bad.scores.count { $0 >= 2 } * 5 >= bad.scores.count) }
  }
}
