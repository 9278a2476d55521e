import Bytes
import Filtering
import Foundation
import NetAddress
import Testing

/// The folder `Blocklists/` as shipped: sound, and naming nobody real.
@Suite struct ListShippedTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Blocklists").standardizedFileURL

  private func shipped() throws -> [ListSource] {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
    return try names.map {
      ListSource(file: $0, text: [UInt8](try Data(contentsOf: Self.folder.appending(path: $0))))
    }
  }

  @Test func isSoundAndHasWhatTheDemoNeeds() throws {
    let reading = ListSnapshot.parse(try shipped(), at: listNoon)
    #expect(reading.problems.map(\.description) == [])
    let snapshot = reading.snapshot
    for kind in ListKind.allCases { #expect(snapshot.count(of: kind) > 0, "\(kind)") }
    let client = try #require(try snapshot.client(listAddress("203.0.113.66"), at: listNoon))
    #expect(client.file == "block.cidr")
    #expect(client.reason != nil)
    let sender = try #require(snapshot.sender(local: "spammer", domain: "spam.example", at: listNoon))
    #expect(sender.verdict == .block)
    #expect(sender.reason != nil)
    let bulk = try #require(snapshot.sender(local: "anyone", domain: "bulk.example", at: listNoon))
    #expect(bulk.entry == "@bulk.example")
    #expect(bulk.reason != nil)
    #expect(snapshot.sender(local: "invoices", domain: "bulk.example", at: listNoon)?.verdict == .allow)
    #expect(try snapshot.client(listAddress("198.51.100.25"), at: listNoon)?.verdict == .allow)
    #expect(snapshot.recipient(local: "trap", domain: "trap.example", at: listNoon)?.isTrap == true)
  }

  @Test func namesNobodyReal() throws {
    let reserved = IPPrefixSet(
      try ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"].map(IPPrefix.parse(_:)))
    for source in try shipped() {
      // What the world's DNS lists and providers are called is no judgement on anybody.
      guard case .list = ListFileName(source.file) else { continue }
      for line in String(decoding: source.text, as: UTF8.self).split(separator: "\n") {
        guard let word = line.split(separator: " ").first, word != "#" else { continue }
        let host = word.split(separator: "@").last.map { String($0.split(separator: "/").first ?? $0) } ?? ""
        let literal = host.filter { !"[]=".contains($0) }
        if let address = IPAddress(literal) {
          #expect(reserved.contains(address), "\(source.file): \(line)")
        } else {
          let top = host.split(separator: ".").last.map(String.init) ?? ""
          #expect(["example", "test", "invalid"].contains(top), "\(source.file): \(line)")
        }
      }
    }
  }
}
