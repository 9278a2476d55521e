import DNS
import Foundation
import MailAuthentication
import NetAddress
import TestSupport
import Testing

/// The third-party cases of DMARC, `dmarc/cases.json`.
@Suite struct DMARCMaterialTests {
  /// `dns` of a case: owners with their TXT records, or the name of a zone that several cases share.
  private enum Zone: Decodable {
    case records([String: [String]])
    case shared

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let records = try? value.decode([String: [String]].self) {
        self = .records(records)
      } else {
        self = .shared
      }
    }
  }

  private struct Identifier: Decodable {
    let result: String
    let domain: String?
  }

  private struct Expectation: Decodable {
    let result: String?
    let spf_aligned_pass: Bool?
    let dkim_aligned_pass: Bool?
    let policy_domain: String?
    let reject: Bool?
    let dkim: String?
    let spf: String?
    let policy: String?
    let disposition: String?
    let status: String?
    let record_found: Bool?
    let accepted: Bool?
  }

  private struct Case: Decodable, CustomStringConvertible {
    let id: String
    var from_domain: String?
    var from_nxdomain: Bool?
    var spf: Identifier?
    var dkim: [Identifier]?
    var dns: Zone?
    var dns_fail: [String]?
    var dns_a: [String: [String]]?
    var expect: Expectation?
    var record: String?
    var ok: Bool?
    var identifier: String?
    var mode: String?
    var aligned: Bool?
    var raw: String?
    var domain: String?
    var org: String?
    var policy_domain: String?
    var destination_domain: String?
    var description: String { id }
  }

  private struct File: Decodable {
    let verify, parse, alignment, from, lookup, report_auth, orgdomain: [Case]
  }

  private static func file() throws -> File { try Material.decode(File.self, from: "dmarc/cases.json") }

  private static func suffixes() throws -> PublicSuffixes {
    PublicSuffixes.parse(try readBytes(atPath: Material.folder + "/psl/public_suffix_list.dat"))
  }

  /// `mail_dmarc_zone`: what the names of that set's cases have, which the file does not tell.
  private static let shared = """
    _dmarc.mail-dmarc.tnpi.net TXT v=DMARC1; p=reject; rua=mailto:i@theartfarm.com; pct=90
    _dmarc.tnpi.net TXT v=DMARC1; p=reject; rua=mailto:f@theartfarm.com; pct=100
    tnpi.net MX 10 mail.theartfarm.com
    tnpi.net._report._dmarc.theartfarm.com TXT v=DMARC1
    cadillac.net._report._dmarc.theartfarm.com TXT v=DMARC1
    mail-dmarc.tnpi.net._report._dmarc.theartfarm.com TXT v=DMARC1; rua=mailto:t@theartfarm.com;
    invalid-sp-and-with-rua.example.com MX 10 mail.example.com
    invalid-sp-and-without-rua.example.com MX 10 mail.example.com
    _dmarc.invalid-sp-and-with-rua.example.com TXT v=DMARC1; p=reject; sp=invalid; rua=mailto:rua@example.com
    _dmarc.invalid-sp-and-without-rua.example.com TXT v=DMARC1; p=reject; sp=invalid
    example.com MX 10 mail.example.com
    _dmarc.example.com TXT v=DMARC1; p=none; psd=n; rua=mailto:dmarc@example.com
    anchor.dmarctest.net MX 10 mail.anchor.dmarctest.net
    _dmarc.anchor.dmarctest.net TXT v=DMARC1; p=none; psd=n; rua=mailto:dmarc@anchor.dmarctest.net
    sub.anchor.dmarctest.net MX 10 mail.anchor.dmarctest.net
    _dmarc.psd.dmarctest.net TXT v=DMARC1; psd=y
    sub.psd.dmarctest.net MX 10 mail.sub.psd.dmarctest.net
    deep.sub.psd.dmarctest.net MX 10 mail.sub.psd.dmarctest.net
    _dmarc.ttest.dmarctest.net TXT v=DMARC1; p=reject; t=y; rua=mailto:dmarc@ttest.dmarctest.net
    ttest.dmarctest.net MX 10 mail.ttest.dmarctest.net
    _dmarc.np.dmarctest.net TXT v=DMARC1; p=none; np=reject; rua=mailto:dmarc@np.dmarctest.net
    np.dmarctest.net MX 10 mail.np.dmarctest.net
    real.np.dmarctest.net MX 10 mail.np.dmarctest.net
    txtonly.np.dmarctest.net TXT v=SPF1 -all
    _dmarc.npnosp.dmarctest.net TXT v=DMARC1; p=none; sp=quarantine; rua=mailto:dmarc@npnosp.dmarctest.net
    npnosp.dmarctest.net MX 10 mail.npnosp.dmarctest.net
    _dmarc.npnone.dmarctest.net TXT v=DMARC1; p=reject; np=none; rua=mailto:dmarc@npnone.dmarctest.net
    npnone.dmarctest.net MX 10 mail.npnone.dmarctest.net
    _dmarc.npttest2.dmarctest.net TXT v=DMARC1; p=none; np=reject; t=y; rua=mailto:dmarc@npttest2.dmarctest.net
    npttest2.dmarctest.net MX 10 mail.npttest2.dmarctest.net
    """

  /// The case's zone, and how its authors find an organisation.
  private func zone(_ one: Case) throws -> (SPFZone, DMARCEvaluator.Discovery) {
    var zone = SPFZone()
    var discovery = DMARCEvaluator.Discovery.suffixes
    switch one.dns {
    case .records(let records)?:
      for owner in one.dns_fail ?? [] { try zone.add(owner, "FAIL", "") }
      for (owner, texts) in records.sorted(by: { $0.key < $1.key })
      where !(one.dns_fail ?? []).contains(owner) {
        for text in texts { try zone.add(owner, "TXT", text) }
      }
    case .shared?:
      zone = try SPFZone(Self.shared)
      discovery = .tree
    case nil: break
    }
    for (owner, addresses) in one.dns_a ?? [:] {
      for address in addresses { try zone.add(owner, "A", address) }
    }
    return (zone, discovery)
  }

  private func evaluated(_ one: Case, _ suffixes: PublicSuffixes) async throws -> DMARCOutcome {
    let (zone, discovery) = try zone(one)
    let author = try #require(one.from_domain.flatMap { DNSName($0) })
    let spf = try one.spf.map {
      SPFOutcome(
        try #require(SPFResult(rawValue: $0.result)), identity: .mailFrom,
        domain: $0.domain.flatMap { DNSName($0) })
    }
    let dkim = try (one.dkim ?? []).map {
      DKIMVerification(
        try #require(DKIMStatus(rawValue: $0.result)), domain: $0.domain.flatMap { DNSName($0) })
    }
    return await DMARCEvaluator(suffixes, discovery: discovery)
      .check(author, spf: spf, dkim: dkim, sample: Array(one.id.utf8), zone.lookups)
  }

  private func judge(_ set: String, _ cases: [Case], _ short: [String: String]) -> [String] {
    Material.judge("dmarc/\(set)", cases) { short[$0.id] }
  }

  @Test(needsMaterial("dmarc"), needsMaterial("psl")) func verifying() async throws {
    let suffixes = try Self.suffixes()
    var short: [String: String] = [:]
    let cases = try Self.file().verify
    for one in cases {
      let outcome = try await evaluated(one, suffixes)
      let expect = try #require(one.expect)
      short[one.id] = difference(outcome, expect, one, suffixes)
    }
    #expect(judge("verify", cases, short).isEmpty)
  }

  @Test(needsMaterial("dmarc"), needsMaterial("psl")) func lookingUp() async throws {
    let suffixes = try Self.suffixes()
    var short: [String: String] = [:]
    let cases = try Self.file().lookup
    for one in cases {
      let outcome = try await evaluated(one, suffixes)
      let expect = try #require(one.expect)
      short[one.id] = difference(outcome, expect, one, suffixes)
    }
    #expect(judge("lookup", cases, short).isEmpty)
  }

  private func difference(
    _ outcome: DMARCOutcome, _ expect: Expectation, _ one: Case, _ suffixes: PublicSuffixes
  ) -> String? {
    var found: [(String, String, String)] = []
    func compare<Value>(_ name: String, _ value: Value, _ expected: Value?) {
      if let expected { found.append((name, "\(value)", "\(expected)")) }
    }
    compare("result", outcome.result.rawValue, expect.result)
    compare("spf aligned", outcome.aligned.contains("spf"), expect.spf_aligned_pass)
    compare("dkim aligned", outcome.aligned.contains("dkim"), expect.dkim_aligned_pass)
    compare("reject", outcome.result == .fail && outcome.requested == .reject, expect.reject)
    compare("policy", (outcome.requested ?? DMARCPolicy.none).rawValue, expect.policy)
    compare("disposition", (outcome.policy ?? DMARCPolicy.none).rawValue, expect.disposition)
    let isError = outcome.result == .temperror || outcome.result == .permerror
    compare("status", isError ? outcome.result.rawValue : "none", expect.status)
    compare("record found", outcome.result == .fail || outcome.result == .pass, expect.record_found)
    // Where there is no record, those sets name the last domain that was asked.
    let asked = outcome.fromDomain.flatMap { suffixes.organizationalDomain(of: $0) ?? $0 }
    compare("policy domain", (outcome.policyDomain ?? asked)?.text ?? "", expect.policy_domain)
    compare("spf", words("spf", one.spf?.result == "pass", outcome), expect.spf)
    compare("dkim", words("dkim", one.dkim?.contains { $0.result == "pass" } ?? false, outcome), expect.dkim)
    return found.first { $0.1 != $0.2 }.map { "\($0.0) is \($0.1), not \($0.2) (\(outcome.reason))" }
  }

  private func words(_ method: String, _ passes: Bool, _ outcome: DMARCOutcome) -> String {
    outcome.aligned.contains(method) ? "pass" : passes ? "fail-not-aligned" : "none"
  }

  @Test(needsMaterial("dmarc")) func parsing() throws {
    let cases = try Self.file().parse
    var short: [String: String] = [:]
    for one in cases {
      var faults: [String] = []
      do throws(DMARCRecord.Fault) {
        let record = try DMARCRecord(Array((one.record ?? "").utf8))
        // Without a policy, or one that stands for it, it is none (RFC 7489 §6.6.3).
        faults = record.faults.filter { $0 != "no p=" || record.effectivePolicy == nil }
      } catch {
        faults = ["\(error)"]
      }
      if faults.isEmpty != one.ok {
        short[one.id] = faults.isEmpty ? "is read" : faults.joined(separator: ", ")
      }
    }
    #expect(judge("parse", cases, short).isEmpty)
  }

  @Test(needsMaterial("dmarc"), needsMaterial("psl")) func aligning() async throws {
    let evaluator = DMARCEvaluator(try Self.suffixes())
    var short: [String: String] = [:]
    let cases = try Self.file().alignment
    for one in cases {
      // The set writes names with dots around them.
      func name(_ text: String?) -> DNSName? { DNSName((text ?? "").trimmingCharacters(in: ["."])) }
      var aligned = false
      if let author = name(one.from_domain), let identifier = name(one.identifier) {
        var zone = SPFZone()
        let mode = one.mode == "strict" ? "s" : "r"
        let owner = evaluator.suffixes.organizationalDomain(of: author) ?? author
        try zone.add("_dmarc.\(owner)", "TXT", "v=DMARC1; p=none; aspf=\(mode)")
        let outcome = await evaluator.check(
          author, spf: SPFOutcome(.pass, identity: .mailFrom, domain: identifier), dkim: [], sample: [],
          zone.lookups)
        aligned = outcome.result == .pass
      }
      if aligned != one.aligned { short[one.id] = "aligned is \(aligned)" }
    }
    #expect(judge("alignment", cases, short).isEmpty)
  }

  @Test(needsMaterial("dmarc")) func findingTheAuthor() throws {
    let cases = try Self.file().from
    var short: [String: String] = [:]
    for one in cases {
      var raw = Array((one.raw ?? "").utf8)
      if raw.starts(with: "From:".utf8) { raw.removeFirst(5) }
      let authors = DMARCAuthors(from: raw)
      // Of several domains each is checked (RFC 7489 §6.6.1); the set names the first.
      if authors.domains.first?.text != one.domain {
        short[one.id] = "\(authors.domains), not \(one.domain ?? "null")"
      }
    }
    #expect(judge("from", cases, short).isEmpty)
  }

  @Test(needsMaterial("dmarc"), needsMaterial("psl")) func findingTheOrganisation() async throws {
    let suffixes = try Self.suffixes()
    var short: [String: String] = [:]
    let cases = try Self.file().orgdomain
    for one in cases {
      let (zone, discovery) = try zone(one)
      let domain = try #require(one.domain.flatMap { DNSName($0) })
      let found = await DMARCEvaluator(suffixes, discovery: discovery)
        .organizationalDomain(of: domain, zone.lookups)
      if found?.text != one.org { short[one.id] = "\(found?.text ?? "none")" }
    }
    #expect(judge("orgdomain", cases, short).isEmpty)
  }

  @Test(needsMaterial("dmarc")) func askingWhoGetsReports() async throws {
    var short: [String: String] = [:]
    let cases = try Self.file().report_auth
    for one in cases {
      let (zone, _) = try zone(one)
      let destination = try #require(one.destination_domain.flatMap { DNSName($0) })
      let policy = try #require(one.policy_domain.flatMap { DNSName($0) })
      let consent = await DMARCReportConsent.of(destination, reportsOn: policy, zone.lookups)
      let status =
        switch consent {
        case .given, .notGiven: "none"
        case .unreadable: "permerror"
        case .unknown: "temperror"
        }
      if (consent == .given) != one.expect?.accepted || one.expect?.status.map({ $0 != status }) ?? false {
        short[one.id] = "\(consent)"
      }
    }
    #expect(judge("report_auth", cases, short).isEmpty)
  }
}
