import DNS
import Foundation
import MailAuthentication
import NetAddress
import TestSupport
import Testing

/// The third-party cases of SPF.
@Suite struct SPFMaterialTests {
  /// One case of a set, with what came out.
  private struct Case: CustomStringConvertible {
    let description: String
    let expected: [String]
    let found: String
    var explanation: (expected: String, found: String)?
  }

  private func judge(_ set: String, _ cases: [Case]) -> [String] {
    Material.judge(set, cases) { one in
      guard one.expected.contains(one.found) else {
        return "\(one.found), not \(one.expected.joined(separator: " or "))"
      }
      guard let explanation = one.explanation, explanation.expected != explanation.found else { return nil }
      return "says “\(explanation.found)”, not “\(explanation.expected)”"
    }
  }

  // MARK: - spf/rfc7208

  private struct Scenario: Decodable {
    struct Test: Decodable {
      let helo: String
      let host: String
      let mailfrom: String
      let result: OneOrMore
      let explanation: String?
    }

    let description: String
    let tests: [String: Test]
    let zonedata: [String: [Record]]
  }

  private enum OneOrMore: Decodable {
    case texts([String])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let one = try? value.decode(String.self) {
        self = .texts([one])
      } else {
        self = .texts(try value.decode([String].self))
      }
    }

    var texts: [String] { if case .texts(let texts) = self { texts } else { [] } }
  }

  /// `"TIMEOUT"`, or a type with its data: a text, texts that belong together, or a preference with a host.
  private enum Record: Decodable {
    case timeout
    case data(type: String, words: [String])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let word = try? value.decode(String.self) {
        guard word == "TIMEOUT" else {
          throw DecodingError.dataCorruptedError(in: value, debugDescription: word)
        }
        self = .timeout
        return
      }
      let pair = try value.decode([String: Words].self)
      guard let (type, words) = pair.first, pair.count == 1 else {
        throw DecodingError.dataCorruptedError(in: value, debugDescription: "more than one record")
      }
      self = .data(type: type, words: words.words)
    }

    private struct Words: Decodable {
      let words: [String]

      init(from decoder: any Decoder) throws {
        if let one = try? decoder.singleValueContainer().decode(String.self) {
          words = [one]
          return
        }
        var list = try decoder.unkeyedContainer()
        var words: [String] = []
        while !list.isAtEnd {
          if let text = try? list.decode(String.self) {
            words.append(text)
          } else {
            words.append(String(try list.decode(Int.self)))
          }
        }
        self.words = words
      }
    }
  }

  /// The conventions of the suite's own driver: a name without a TXT record has its SPF records as TXT, unless
  /// `TXT: NONE` forbids it; what a `TIMEOUT` name does not list times out.
  private func zone(_ data: [String: [Record]]) throws -> SPFZone {
    var zone = SPFZone()
    var aliases: [(String, String)] = []
    for (owner, records) in data.sorted(by: { $0.key < $1.key }) {
      let name = try #require(DNSName(expanded: Array(owner.utf8)[...]), "\(owner)")
      let hasText = records.contains { if case .data("TXT", _) = $0 { true } else { false } }
      var isTimeout = false
      for record in records {
        switch record {
        case .timeout: isTimeout = true
        case .data("TXT", ["NONE"]): break
        case .data("SPF", _) where hasText: break
        case .data("SPF", let words), .data("TXT", let words):
          // Each character of the JSON is an octet.
          let octets = words.joined().unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
          zone.table.add(name, .txt, .text(octets))
        case .data("CNAME", let words): aliases.append((owner, words[0]))
        case .data(let type, let words): try zone.add(owner, type, words.joined(separator: " "))
        }
      }
      if isTimeout { try zone.add(owner, "FAIL", "") }
    }
    for (owner, target) in aliases {
      let (name, target) = (try #require(DNSName(owner)), try #require(DNSName(target)))
      for type in RecordType.allCases {
        guard let answer = zone.table.answers[DNSQuestion(target, type)] else { continue }
        zone.table.set(DNSQuestion(name, type), answer)
      }
    }
    return zone
  }

  @Test(needsMaterial("spf")) func theSuiteOfRFC7208() async throws {
    var cases: [Case] = []
    for scenario in try Material.decode([Scenario].self, from: "spf/rfc7208.json") {
      let zone = try zone(scenario.zonedata)
      for (name, test) in scenario.tests.sorted(by: { $0.key < $1.key }) {
        let outcome = try await zone.check(test.host, test.mailfrom, helo: test.helo)
        let explanation = test.explanation.map { $0 == "DEFAULT" ? "" : $0 }
        cases.append(
          Case(
            description: name, expected: test.result.texts, found: outcome.result.rawValue,
            explanation: explanation.map { ($0, outcome.explanation) }))
      }
    }
    #expect(cases.count > 10)
    #expect(judge("spf/rfc7208", cases).isEmpty)
  }

  // MARK: - spf-mail-auth

  private struct Sequence: Decodable {
    /// What it sets stays for those that follow.
    struct Test: Decodable {
      let domain: String?
      let sender: String?
      let ip: String?
      let expect: String?
      let spf: String?
      let a: String?
      let mx: String?
      let ptr: String?
    }

    let file: String
    let name: String
    let records: [[String]]
    let tests: [Test]
  }

  /// `type` and `name value, value, …`, as the set's own driver reads them; a record replaces the one before.
  private func set(_ type: String, _ text: String, in zone: inout SPFZone) throws {
    let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
    let (owner, value) = (parts[0], parts.count > 1 ? parts[1] : "")
    let values = value.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    func clear(_ name: DNSName, _ type: RecordType) { zone.table.set(DNSQuestion(name, type), .noData) }
    let name = try #require(DNSName(owner), "\(owner)")
    switch type {
    case "spf", "exp", "txt":
      clear(name, .txt)
      try zone.add(owner, "TXT", value)
    case "a", "aaaa":
      clear(name, type == "a" ? .a : .aaaa)
      for value in values { try zone.add(owner, type.uppercased(), value) }
    case "mx":
      clear(name, .mx)
      for (index, value) in values.enumerated() {
        let host = "mx\(index).\(owner)"
        let isV6 = value.contains(":")
        clear(try #require(DNSName(host)), isV6 ? .aaaa : .a)
        try zone.add(host, isV6 ? "AAAA" : "A", value)
        try zone.add(owner, "MX", "\(10 * (index + 1)) \(host)")
      }
    case "ptr":
      let reverse = DNSName.reverse(of: try #require(IPAddress(owner), "\(owner)"))
      clear(reverse, .ptr)
      for value in values { try zone.add(reverse.text, "PTR", value) }
    default: Issue.record("\(type)")
    }
  }

  @Test(needsMaterial("spf-mail-auth")) func theScenariosOfMailAuth() async throws {
    var cases: [Case] = []
    for sequence in try Material.decode([Sequence].self, from: "spf-mail-auth/cases.json") {
      var zone = SPFZone()
      // The set is written for a checker that does not count look-ups that find nothing; RFC 7208 §4.6.4 makes that
      // limit a SHOULD, and a setting. Here it is as wide as that of the terms.
      zone.limits.voids = zone.limits.terms
      for record in sequence.records { try set(record[0], record[1], in: &zone) }
      var (domain, sender) = ("", "")
      for (index, test) in sequence.tests.enumerated() {
        for (type, text) in [("spf", test.spf), ("a", test.a), ("mx", test.mx), ("ptr", test.ptr)] {
          if let text { try set(type, text, in: &zone) }
        }
        domain = test.domain ?? domain
        sender = test.sender ?? sender
        guard let ip = test.ip, let expect = test.expect else { continue }
        // Both identities: the greeting's name first, and where it may not send that is the answer.
        var outcome = try await zone.check(ip, helo: domain)
        if outcome.result != .fail { outcome = try await zone.check(ip, sender, helo: domain) }
        let words = expect.split(separator: " ", maxSplits: 1).map(String.init)
        cases.append(
          Case(
            description: "\(sequence.file) \(sequence.name) \(index + 1)", expected: [words[0]],
            found: outcome.result.rawValue,
            explanation: words.count > 1 ? (words[1], outcome.explanation) : nil))
      }
    }
    #expect(cases.count > 10)
    #expect(judge("spf-mail-auth", cases).isEmpty)
  }
}
