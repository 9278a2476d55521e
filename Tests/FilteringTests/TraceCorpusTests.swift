import Bytes
import Filtering
import Foundation
import MailSyntax
import NetAddress
import SMTPProtocol
import TestSupport
import Testing
import TraceAnalysis

@testable import Checks

/// What the trace check finds in real messages: next to nothing in good ones.
@Suite struct TraceCorpusTests {
  private static let folder = "corpus/spamassassin"

  /// The findings of a message as if its first outside relay were the client of a session.
  private func score(_ file: String) throws -> Double {
    var octets = try readBytes(atPath: file)
    if octets.starts(with: Array("From ".utf8)), let end = octets.firstIndex(of: .lineFeed) {
      octets.removeSubrange(...end)
    }
    var held: [UInt8] = []
    for octet in octets.prefix(256 << 10) {
      if octet == .lineFeed, held.last != .carriageReturn { held.append(.carriageReturn) }
      held.append(octet)
    }
    let found = Trace(MessageHeader(held), in: held, trust: .inferred)
    let boundary = found.boundary ?? 0
    guard found.hops.indices.contains(boundary) else { return 0 }
    let relay = found.hops[boundary].line
    let client = ReceivedLine.pending(
      from: relay.address ?? IPAddress(v4: 0xC000_0201), helo: relay.helo ?? "x",
      reverseName: relay.reverseName,
      isLoggedIn: false, at: relay.date?.moment ?? Timestamp(milliseconds: 0))
    let trace = Trace(
      lines: [client] + found.hops[(boundary + 1)...].map(\.line), trust: TraceTrust(isOwn: { _ in false }))
    return TraceCheck.findings(trace, mostHops: Trace.usualHops)
      .reduce(0) { $0 + (TraceCheck.weights[$1.code]?.score ?? 0) }
  }

  private func scores(_ kinds: [String]) throws -> [Double] {
    try kinds.flatMap { kind -> [Double] in
      let folder = "\(Material.folder)/\(Self.folder)/\(kind)"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return try names.map { try score("\(folder)/\($0)") }
    }
  }

  @Test(needsMaterial(TraceCorpusTests.folder)) func goodMailIsLeftAlone() throws {
    let good = try scores(["easy_ham", "easy_ham_2", "hard_ham"])
    let bad = try scores(["spam", "spam_2"])
    func share(_ scores: [Double], from limit: Double) -> Double {
      scores.isEmpty ? 0 : Double(scores.count { $0 >= limit }) / Double(scores.count)
    }
    print(
      "trace/corpus: of \(good.count) good messages \(good.count { $0 >= 1 }) weigh 1 and more, of \(bad.count) bad ones \(bad.count { $0 >= 1 })"
    )
    #expect(share(good, from: 1) <= 0.01)
    #expect(share(good, from: 0.3) <= 0.15)
    #expect((good.max() ?? 0) < 2.5)
    if bad.count >= 100 { #expect(share(bad, from: 1) >= 0.05) }
  }
}
