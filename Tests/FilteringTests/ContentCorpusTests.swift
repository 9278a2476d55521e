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
    "header_shape", "encoding", "hidden_text", "link_mismatch", "lookalike_domain", "own_from", "image_only",
    "bulk",
  ]

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

  /// The moment that the newest Received line of a message tells.
  private static func moment(of held: [UInt8]) -> Timestamp? {
    let header = MessageHeader(held)
    let trace = Trace(header, in: held, trust: .inferred)
    let told = trace.hops.lazy.compactMap { $0.line.date?.moment }.first
    return told ?? header.first("Date").flatMap { try? MailDate.read(held[$0.body]).0.get().moment }
  }

  private struct Outcome {
    var scores: [Double] = []
    var hits: [String: Int] = [:]
    /// The heaviest, with what was found in them.
    var heavy: [String] = []
  }

  /// The messages of some folders, each judged as if it came at its moment.
  private static func judge(_ kinds: [String]) async throws -> Outcome {
    let run = try ContentRun(suffixes: "/usr/share/publicsuffix/public_suffix_list.dat")
    var outcome = Outcome()
    for kind in kinds {
      let path = "\(Material.folder)/\(folder)/\(kind)"
      for name in (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] {
        let held = try held("\(path)/\(name)")
        guard let now = moment(of: held) else { continue }
        let found = try await run.findings(held, checks: checks, now: now)
        outcome.scores.append(found.total)
        if found.total > 1.5 {
          outcome.heavy.append("\(kind)/\(name): \(found.map(\.logForm).joined(separator: ", "))")
        }
        for one in found { outcome.hits[one.finding.code.name, default: 0] += 1 }
      }
    }
    return outcome
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
    #expect(good.heavy.isEmpty, "\(good.heavy)")
    #expect(good.scores.count { $0 >= 1 } * 50 <= good.scores.count)
    if bad.scores.count >= 100 { #expect(bad.scores.count { $0 >= 2 } * 5 >= bad.scores.count) }
  }
}
