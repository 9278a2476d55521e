import DNS
import Foundation
import MailAuthentication
import TestSupport
import Testing

@Suite struct DKIMMaterialTests {
  private struct OpenDKIM: Decodable {
    struct Case: Decodable, CustomStringConvertible {
      let id: String
      let message: String
      let eom: String?
      let dkimpy: [String]?
      var description: String { id }
    }
    let verify: [Case]
    let dns_txt: [String: String]
  }

  @Test(needsMaterial("dkim-opendkim"))
  func openDKIM() async throws {
    let set = try Material.decode(OpenDKIM.self, from: "dkim-opendkim/cases.json")
    var table = DNSTable()
    for (name, text) in set.dns_txt { try table.addText(name, text) }
    var found: [String: [DKIMVerification]] = [:]
    for one in set.verify { found[one.id] = await SignedMessage(one.message).verified(table) }
    let short = Material.judge("dkim-opendkim/verify", set.verify) { one in
      let results = found[one.id] ?? []
      let passes = results.contains(where: \.isGenuine)
      // Where the library was not asked to the end, the other one's answer stands.
      let expected = one.eom.map { $0 == "DKIM_STAT_OK" } ?? (one.dkimpy ?? []).contains("pass")
      if one.eom == "DKIM_STAT_NOSIG", !results.isEmpty { return "a signature found where there is none" }
      return passes == expected ? nil : "\(one.eom ?? "\(one.dkimpy ?? [])"): \(results)"
    }
    #expect(short.isEmpty)
  }

  private struct MailDKIM: Decodable {
    struct Case: Decodable, CustomStringConvertible {
      let file: String
      let expect: String
      let note: String?
      var description: String { file }
    }
    struct Record: Decodable {
      let txt: String?
      let error: String?
    }
    let cases: [Case]
    let dns_txt: [String: Record]
  }

  @Test(needsMaterial("dkim-mail-dkim"))
  func mailDKIM() async throws {
    let set = try Material.decode(MailDKIM.self, from: "dkim-mail-dkim/cases.json")
    var table = DNSTable()
    for (name, record) in set.dns_txt {
      if let text = record.txt {
        try table.addText(name, text)
      } else if record.error != nil, let name = DNSName(name) {
        table.set(DNSQuestion(name, .txt), .failed(.timeout))
      }
    }
    var found: [String: [DKIMVerification]] = [:]
    for one in set.cases {
      let text = try readBytes(atPath: "\(Material.folder)/dkim-mail-dkim/\(one.file)")
      found[one.file] = await SignedMessage(text).verified(table)
    }
    let short = Material.judge("dkim-mail-dkim/verify", set.cases) { one in
      let results = found[one.file] ?? []
      let passes = results.contains(where: \.isGenuine)
      return passes == (one.expect == "pass") ? nil : "\(one.expect) (\(one.note ?? "")): \(results)"
    }
    #expect(short.isEmpty)
  }

  private struct ARCGroup: Decodable {
    struct Case: Decodable {
      let message: String
      let cv: String
    }
    let description: String
    let tests: [String: Case]
    let records: [String: String]?

    enum CodingKeys: String, CodingKey {
      case description, tests
      case records = "txt-records"
    }
  }

  @Test(needsMaterial("arc"))
  func arc() async throws {
    let groups = try Material.decode([ARCGroup].self, from: "arc/validation.json")
    var expected: [String: String] = [:]
    var found: [String: ARCOutcome] = [:]
    for group in groups {
      var table = DNSTable()
      for (name, text) in group.records ?? [:] { try table.addText(name, text) }
      for (name, one) in group.tests {
        expected[name] = one.cv.isEmpty ? "none" : one.cv.lowercased()
        found[name] = await SignedMessage(one.message).validated(table)
      }
    }
    let short = Material.judge("arc/validation", expected.keys.sorted()) { name in
      guard let outcome = found[name], let expected = expected[name] else { return "not tried" }
      return outcome.status.rawValue == expected ? nil : "\(expected): \(outcome.status) \(outcome.reason)"
    }
    #expect(short.isEmpty)
  }

  private struct Signed: CustomStringConvertible {
    let description: String
    /// Which of its signatures are genuine.
    let genuine: [Bool]
  }

  /// RFC 6376 appendix A and RFC 8463 appendix A signed by one implementation, a message signed by another, and a
  /// domain that ends a comment (`legitimate.com(.attacker.com`).
  @Test(needsMaterial("dkim-dkimpy"))
  func dkimpy() async throws {
    let folder = "\(Material.folder)/dkim-dkimpy"
    func text(_ file: String) throws -> String {
      String(decoding: try readBytes(atPath: "\(folder)/\(file)"), as: UTF8.self)
    }
    var table = DNSTable()
    try table.addText("test._domainkey.football.example.com", try text("test.txt"))
    try table.addText(
      "brisbane._domainkey.football.example.com",
      "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    try table.addText("sed._domainkey.test.ex", try text("eximtest.dns"))
    let cases = [
      Signed(description: "rfc6376.signed.msg", genuine: [true, true]),
      Signed(description: "rfc6376.signed.rsa.msg", genuine: [true]),
      Signed(description: "ed25519test2.msg", genuine: [true]),
      Signed(description: "test.message.baddomain", genuine: [false]),
      Signed(description: "test.message", genuine: []), Signed(description: "rfc6376.msg", genuine: []),
    ].filter { Material.has("dkim-dkimpy/\($0)") }
    var found: [String: [DKIMVerification]] = [:]
    for one in cases {
      let octets = try readBytes(atPath: "\(folder)/\(one)")
      found[one.description] = await SignedMessage(octets).verified(table)
    }
    let short = Material.judge("dkim-dkimpy/verify", cases) { one in
      let results = found[one.description] ?? []
      return results.map(\.isGenuine) == one.genuine ? nil : "\(results)"
    }
    #expect(short.isEmpty)
    // Keys that are none.
    let message = SignedMessage(try text("rfc6376.signed.rsa.msg"))
    for file in ["badk.txt", "badversion.txt"] where Material.has("dkim-dkimpy/\(file)") {
      var bad = DNSTable()
      try bad.addText("test._domainkey.football.example.com", try text(file))
      #expect(await message.verified(bad).map(\.status) == [.permerror], "\(file)")
    }
  }
}
