import Bytes
import DNS
import MailAuthentication
import NetAddress
import Testing

/// A zone for a test, and one check in it.
struct SPFZone {
  var table = DNSTable()
  var hostname = "mx.receiver.example"
  var limits = SPFLimits()

  init() {}

  /// Records as `name TYPE data`, one a line; `name FAIL` for what cannot be asked.
  init(_ text: String) throws {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      try #require(words.count >= 2, "\(line)")
      try add(words[0], words[1], words.count > 2 ? words[2] : "")
    }
  }

  mutating func add(_ owner: String, _ type: String, _ data: String) throws {
    let name = try #require(DNSName(expanded: Array(owner.utf8)[...]) ?? DNSName(owner), "\(owner)")
    switch type {
    case "TXT": table.add(name, .txt, .text(Array(data.utf8)))
    case "A": table.add(name, .a, .address(try #require(IPAddress(data), "\(data)")))
    case "AAAA": table.add(name, .aaaa, .address(try #require(IPAddress(data), "\(data)")))
    case "PTR": table.add(name, .ptr, .name(try #require(DNSName(data), "\(data)")))
    case "MX":
      let words = data.split(separator: " ").map(String.init)
      let preference = try #require(UInt16(words[0]), "\(data)")
      let host = words.count > 1 && words[1] != "." ? try #require(DNSName(words[1]), "\(data)") : .root
      table.add(name, .mx, .exchange(preference: preference, host))
    case "FAIL":
      for type in RecordType.allCases where table.answers[DNSQuestion(name, type)] == nil {
        table.set(DNSQuestion(name, type), .failed(.timeout))
      }
    default: Issue.record("no such type: \(type)")
    }
  }

  var lookups: Lookups { Lookups(table, until: .now + .seconds(20)) }

  func check(
    _ ip: String, _ sender: String, helo: String = "mail.client.example"
  ) async throws -> SPFOutcome {
    await SPFEvaluator(hostname: hostname, limits: limits).check(
      ip: try #require(IPAddress(ip), "\(ip)"), sender: sender, helo: helo,
      now: Timestamp(milliseconds: 1_700_000_000_000), lookups)
  }

  func check(_ ip: String, helo: String) async throws -> SPFOutcome {
    await SPFEvaluator(hostname: hostname, limits: limits).check(
      ip: try #require(IPAddress(ip), "\(ip)"), helo: helo, now: Timestamp(milliseconds: 0), lookups)
  }
}
