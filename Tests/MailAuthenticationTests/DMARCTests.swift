import DNS
import MailAuthentication
import MailSyntax
import Testing

/// The rules of RFC 7489 and RFC 9091, one by one.
@Suite struct DMARCTests {
  private static let suffixes = PublicSuffixes.parse(Array("com\nuk\nco.uk\nexample\n".utf8))

  private func record(_ text: String) throws -> DMARCRecord {
    do throws(DMARCRecord.Fault) {
      return try DMARCRecord(Array(text.utf8))
    } catch {
      throw error
    }
  }

  @Test func aRecordIsReadWithItsDefaults() throws {
    let plain = try record("v=DMARC1; p=reject")
    #expect(plain.policy == .reject && plain.percent == 100 && plain.faults.isEmpty)
    #expect(plain.dkimAlignment == .relaxed && plain.spfAlignment == .relaxed && !plain.isTesting)
    let full = try record(
      " V = DMARC1 ;P= Quarantine;sp=NONE ; np=reject; adkim=s;aspf=S; pct=5;t=y;psd=n; x-y=2".replacing(
        "x-y", with: "xy"))
    #expect(
      full.policy == .quarantine && full.subdomainPolicy == DMARCPolicy.none
        && full.missingNamePolicy == .reject)
    #expect(full.dkimAlignment == .strict && full.spfAlignment == .strict && full.percent == 5)
    #expect(full.isTesting && full.suffixClaim == .organization && full.faults.isEmpty)
  }

  @Test func aValueThatIsWrongCountsAsItsDefault() throws {
    let one = try record(
      "v=DMARC1; p=reject; adkim=x; aspf=; pct=101; ri=1d; fo=2; rf=iodef; rua=nobody, mailto:a@b.example")
    #expect(one.effectivePolicy == .reject && one.percent == 100 && one.dkimAlignment == .relaxed)
    #expect(one.aggregateReports == ["mailto:a@b.example"])
    #expect(one.faults.count == 7)
  }

  @Test(
    arguments: [
      // §6.6.3: no policy that can be read is `none` where somebody wants reports, else no record.
      ("v=DMARC1; rua=mailto:a@b.example", DMARCPolicy.none),
      ("v=DMARC1; p=maybe; rua=mailto:a@b.example!10m", DMARCPolicy.none),
      ("v=DMARC1; p=reject; sp=maybe; rua=mailto:a@b.example", DMARCPolicy.none),
      ("v=DMARC1; p=reject; sp=maybe", nil),
      ("v=DMARC1; p=maybe; rua=nobody", nil), ("v=DMARC1;", nil), ("v=DMARC1", nil),
      ("v=DMARC1; rua=mailto:a@b!x", nil),
      // Deviation, as §6.3 has it for what is wrong elsewhere: p= counts wherever it stands.
      ("v=DMARC1; sp=none; p=reject", .reject), ("v=DMARC1;; p=reject;", .reject),
    ] as [(String, DMARCPolicy?)])
  func thePolicyThatCounts(_ text: String, _ policy: DMARCPolicy?) throws {
    #expect(try record(text).effectivePolicy == policy)
  }

  @Test(arguments: [
    ("v=DMARC2; p=none", true), ("p=none; v=DMARC1", true), ("v=spf1 -all", true), ("", true),
    ("v=dmarc1;p=none", true),
    ("v=DMARC1; p=none; p=reject", false), ("v=DMARC1; p=none; bogus", false),
    ("v=DMARC1; p=none; =x", false),
    ("v=DMARC1; p=none; x=\u{1}", false), ("v=DMARC1; p=none; x=\u{e9}", false),
    ("v=DMARC1" + String(repeating: ";", count: 200), false),
    ("v=DMARC1;" + String(repeating: " ", count: 20_000), false),
  ])
  func whatIsNoRecord(_ text: String, _ isOther: Bool) {
    #expect {
      try record(text)
    } throws: {
      ($0 as? DMARCRecord.Fault == .otherVersion) == isOther
    }
  }

  private func outcome(
    _ zone: String, from: String, spf: SPFOutcome? = nil, dkim: [DKIMVerification] = [], sample: String = "",
    discovery: DMARCEvaluator.Discovery = .suffixes
  ) async throws -> DMARCOutcome {
    await DMARCEvaluator(Self.suffixes, discovery: discovery).check(
      DMARCAuthors(from: Array(from.utf8)), spf: spf, dkim: dkim, sample: Array(sample.utf8),
      try SPFZone(zone).lookups)
  }

  @Test func ofSeveralAuthorsTheStrictestFailureCounts() async throws {
    let zone = """
      _dmarc.a.example TXT v=DMARC1; p=none
      _dmarc.b.example TXT v=DMARC1; p=reject
      _dmarc.c.example TXT v=DMARC1; p=quarantine
      """
    let spf = SPFOutcome(.pass, identity: .mailFrom, domain: DNSName("a.example"))
    let three = try await outcome(
      zone, from: "x@a.example, y@c.example, g: z@b.example, y@B.example;", spf: spf)
    #expect(three.result == .fail && three.policy == .reject && three.fromDomain?.text == "b.example")
    #expect(try await outcome(zone, from: "x@a.example", spf: spf).result == .pass)
    // One proved and one without a policy: not proved as a whole.
    #expect(try await outcome(zone, from: "x@a.example, y@d.example", spf: spf).result == .none)
    // More than are kept: the worst of those, and never less than a fault, whatever they prove.
    let many = (0..<11).map { "x@a\($0).example" }.joined(separator: ",")
    #expect(try await outcome(zone, from: many).result == .permerror)
    #expect(try await outcome(zone, from: "x@b.example,\(many)").policy == .reject)
    let own = (0..<11).map { "x@n\($0).a.example" }.joined(separator: ",")
    #expect(try await outcome(zone, from: own, spf: spf).result == .permerror)
    #expect(try await outcome(zone, from: "nobody").result == .none)
    #expect(try await outcome(zone, from: "x@[192.0.2.1]").result == .none)
  }

  @Test(arguments: [
    ("Some <a@b.example>", ["b.example"], true),
    ("a@b.example, \"c@d.example\" <e@f.example>", ["b.example", "f.example"], true),
    ("(a@b.example) c@d.example", ["d.example"], true),
    ("=?utf-8?q?a=40b.example?= <c@d.example>", ["d.example"], true),
    ("u@BÜCHER.example", ["xn--bcher-kva.example"], true), ("u@b.example.", ["b.example"], true),
    ("<<a@b.example>>", ["b.example"], false),
    ("a@b.example c@d.example", ["b.example", "d.example"], false),
    ("\"a@b.example\" c@d.example", ["d.example"], false),
    ("\"a@b.example <c@d.example>", ["b.example", "d.example"], false),
    ("@b.example", [], false), ("a @b.example@c.example", ["b.example", "c.example"], false), ("x", [], true),
    ("", [], true),
    // What the grammar has no domain for is shown all the same.
    ("\"boss@b.example\"", ["b.example"], true), ("\"b@b.example\" <nobody>", ["b.example"], true),
    ("\"b@b.example\" <>", ["b.example"], false), ("\"boss\\@b.example\"", ["b.example"], true),
    ("\"b@b.example\", c@d.example", ["b.example", "d.example"], true),
    ("(b@b.example)", ["b.example"], true),
    ("boss@b.example..", ["b.example"], false), ("boss@.b.example", ["b.example"], false),
    ("boss@b.example..d.example", ["b.example", "d.example"], false),
    ("boss@b.example!", ["b.example"], true),
    ("boss@b.example\u{202e}", ["b.example"], true),
    ("b@b\u{fc}cher.example..", ["xn--bcher-kva.example"], false),
    ("boss\u{ff20}b.example", ["b.example"], true), ("boss@[b.example]", ["b.example"], true),
    ("=?utf-8?q?boss=40b.example?=", ["b.example"], true),
    ("=?x?B?Ym9zc0BiLmV4YW1wbGU?=", ["b.example"], true),
    ("=?utf-16be?b?AGIAQABiAC4AZQB4AGEAbQBwAGwAZQ==?=", ["b.example"], true),
    ("boss@=?utf-8?q?b.example?=", ["b.example"], true),
    ("boss=?utf-8?Q?=40?=b.example", ["b.example"], true),
    ("boss@=?utf-8?q?b.ex?= =?utf-8?q?ample?=", ["b.example"], false),
    ("=?utf-8?q?bo?=\r\n =?utf-8?q?ss=40b.example_x?=", ["b.example"], false),
    ("<=?utf-8?q?boss=40b.example?=>", ["b.example"], true),
    ("=?utf-8?q?=22?= b@b.example =?utf-8?q?=22?= c@d.example", ["b.example", "d.example"], false),
    ("=?utf-8?q?b=40b.example", [], true), ("=?=?=?=?", [], true), ("nobody <b@>", [], false),
    ("x@[192.0.2.1]", [], true), ("Smith, John <c@d.example>", ["d.example"], true),
  ])
  func theDomainsOfFrom(_ text: String, _ domains: [String], _ isReadable: Bool) {
    let authors = DMARCAuthors(from: Array(text.utf8))
    #expect(authors.domains.map(\.text) == domains, "\(text)")
    #expect(authors.isReadable == isReadable, "\(text)")
  }

  @Test(arguments: [
    ("boss@b.example\\", "", ["b.example"]),
    ("<boss@b.example\\> c@d.example", "", ["b.example", "d.example"]),
    ("J\\rg <boss@b.example>", "", ["b.example"]), ("boss@\\b.example", "", ["b.example"]),
    ("boss@b.example ", "\\", ["b.example"]), ("\"J\\rg b@b.example\"", "", ["b.example"]),
  ])
  func whatIsNoUTF8HidesNothing(_ text: String, _ behind: String, _ domains: [String]) {
    let octets = (text + behind).utf8.map { $0 == UInt8(ascii: "\\") ? 0xe9 : $0 }
    #expect(DMARCAuthors(from: octets).domains.map(\.text) == domains, "\(text)")
  }

  @Test func whoNamesNobodyIsKnown() {
    #expect(DMARCAuthors(from: Array("nobody".utf8)).isNobody && DMARCAuthors(from: []).isNobody)
    #expect(!DMARCAuthors(from: Array("x@[192.0.2.1]".utf8)).isNobody)
    #expect(!DMARCAuthors(from: Array("x@[IPv6:2001:db8::1]".utf8)).isNobody)
    let none = DMARCAuthors(MessageHeader(Array("To: a@b.example\r\n\r\n".utf8)), of: [])
    #expect(none.fields == 0 && !none.isNobody)
  }

  /// Each was quadratic once, or could be: at the bound that took a minute without optimisation.
  @Test(arguments: [
    "(", "\"", "(\"", "\"(\\", "=?", "=", "=?a?q?", "=?utf-8?b?", "a@b..", "a@\u{fc}..", "@", "<a@",
    "a@b.example,", "[",
    "a@\u{fc}.\u{202e}", "=?a?q?=40?= ", "a@x\u{fc}.example ", "\u{ff20}", "(\r\n ", "\"b@\u{fc}.x\", ",
  ])
  func aHostileFromTakesLinearTime(_ pattern: String) {
    let octets = Array(String(repeating: pattern, count: 640 * 1024 / pattern.utf8.count).utf8)
    var field = Array("From: ".utf8)
    field += octets + Array("\r\n\r\n".utf8)
    let begun = ContinuousClock.now
    let authors = DMARCAuthors(MessageHeader(field), of: field)
    #expect(begun.duration(to: .now) < .seconds(10), "\(pattern)")
    #expect(authors.isCut && authors.fields <= 1, "what is left out counts: \(pattern)")
    let whole = Array(octets.prefix(DMARCAuthors.mostOctets))
    let begunAgain = ContinuousClock.now
    #expect(DMARCAuthors(from: whole).domains.count <= DMARCAuthors.mostDomains)
    #expect(begunAgain.duration(to: .now) < .seconds(10), "\(pattern)")
  }

  @Test func whateverStandsInFromIsReadWithinBounds() {
    let pieces: [[UInt8]] =
      [
        "(", ")", "\"", "\\", "@", "<", ">", ",", ";", ":", "[", "]", "=", "?", "=?", "?=", "=?u?q?",
        "=?u?b?", ".",
        "..", "a", "b.example", "@c.example", "=40", "_", " ", "\r\n ", "\u{ff20}", "\u{fc}", "\u{202e}",
        "YUBi", "=4",
      ].map { Array($0.utf8) } + [[0xff], [0xe9], [0xef], [0xef, 0xbc], [0], [0x0d]]
    var seed: UInt64 = 1
    for _ in 0..<5000 {
      var text: [UInt8] = []
      for _ in 0..<Int(seed >> 33 % 24) {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(seed >> 33) % pieces.count]
      }
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      let authors = DMARCAuthors(from: text)
      #expect(authors.domains.count <= DMARCAuthors.mostDomains && !authors.isCut)
      #expect(Set(authors.domains).count == authors.domains.count)
      // What stands in front of a readable address takes none of its domain away.
      if authors.isReadable, !text.isEmpty {
        #expect(DMARCAuthors(from: Array("x@d.example,".utf8) + text).domains.first?.text == "d.example")
      }
    }
  }

  @Test func theOctetsOfAllFromFieldsAreBounded() {
    let long = "a@b.example" + String(repeating: " ", count: DMARCAuthors.mostOctets - 100)
    let text = "From:\(long)\r\nFrom: c@d.example\r\nFrom:\(long)\r\nFrom: e@f.example\r\n\r\n"
    let authors = DMARCAuthors(MessageHeader(Array(text.utf8)), of: Array(text.utf8))
    #expect(authors.isCut && authors.domains.map(\.text) == ["b.example", "d.example"])
    #expect(authors.fields == 4)
    #expect(!DMARCAuthors(from: Array(long.utf8)).isCut)
  }

  @Test func everyFromFieldIsRead() {
    let octets = Array(
      "From: a@b.example\r\nfrom : c@d.example\r\nX-From: e@f.example\r\n\r\nFrom: g@h.example\r\n".utf8)
    let authors = DMARCAuthors(MessageHeader(octets), of: octets)
    #expect(authors.fields == 2 && authors.domains.map(\.text) == ["b.example", "d.example"])
  }

  @Test func alignmentIsThatOfTheOrganisation() async throws {
    let zone = "_dmarc.a.co.uk TXT v=DMARC1; p=reject; adkim=s\n_dmarc.co.uk TXT v=DMARC1; p=none"
    func dkim(_ name: String, _ status: DKIMStatus = .pass) -> [DKIMVerification] {
      [DKIMVerification(status, domain: DNSName(name))]
    }
    func spf(_ name: String, _ result: SPFResult = .pass) -> SPFOutcome {
      SPFOutcome(result, identity: .mailFrom, domain: DNSName(name))
    }
    let from = "x@news.a.co.uk"
    #expect(try await outcome(zone, from: from, spf: spf("mail.a.co.uk")).aligned == ["spf"])
    #expect(try await outcome(zone, from: from, spf: spf("b.co.uk")).result == .fail)
    #expect(try await outcome(zone, from: from, spf: spf("co.uk")).result == .fail)
    #expect(try await outcome(zone, from: from, spf: spf("mail.a.co.uk", .softfail)).result == .fail)
    #expect(try await outcome(zone, from: from, dkim: dkim("a.co.uk")).result == .fail, "adkim=s")
    #expect(try await outcome(zone, from: from, dkim: dkim("news.a.co.uk")).aligned == ["dkim"])
    // What DNS did not tell counts where it could have proved the author, and only there.
    #expect(try await outcome(zone, from: from, spf: spf("mail.a.co.uk", .temperror)).result == .temperror)
    #expect(try await outcome(zone, from: from, spf: spf("b.co.uk", .temperror)).result == .fail)
    #expect(try await outcome(zone, from: from, dkim: dkim("a.co.uk", .temperror)).result == .fail)
    let both = try await outcome(
      zone, from: from, spf: spf("a.co.uk", .temperror), dkim: dkim("news.a.co.uk"))
    #expect(both.result == .pass)
  }

  @Test func whatASignatureLeavesOpenProvesNothing() async throws {
    let zone = "_dmarc.a.example TXT v=DMARC1; p=reject"
    func judged(_ change: (inout DKIMVerification) -> Void, beside: DKIMVerification? = nil) async throws
      -> DMARCOutcome
    {
      var one = DKIMVerification(.pass, domain: DNSName("a.example"))
      change(&one)
      return try await outcome(zone, from: "x@a.example", dkim: [one] + (beside.map { [$0] } ?? []))
    }
    #expect(try await judged { _ in }.result == .pass)
    // RFC 6376 §3.6.1, §8.2
    let test = try await judged { $0.isTesting = true }
    #expect(test.result == .fail && test.policy == .reject && test.reason.hasSuffix("a.example is a test"))
    let part = try await judged { $0.signsPartOfBody = true }
    #expect(part.result == .fail && part.reason.hasSuffix("a.example leaves out a part of the body"))
    let whole = DKIMVerification(.pass, domain: DNSName("n.a.example"))
    #expect(try await judged({ $0.isTesting = true }, beside: whole).result == .pass)
    let other = DKIMVerification(.pass, domain: DNSName("b.example"))
    #expect(try await judged({ $0.signsPartOfBody = true }, beside: other).result == .fail)
  }

  @Test func doubtAboutAProofIsWorseThanAFailureNobodyMinds() async throws {
    let zone = "_dmarc.a.example TXT v=DMARC1; p=none\n_dmarc.b.example TXT v=DMARC1; p=reject"
    let doubt = SPFOutcome(.temperror, identity: .mailFrom, domain: DNSName("b.example"))
    let both = try await outcome(zone, from: "x@a.example, y@b.example", spf: doubt)
    #expect(both.result == .temperror && both.policy == .reject && both.fromDomain?.text == "b.example")
    #expect(both.reason == "SPF of b.example could not be told for b.example")
    // Of somebody else's name nothing could have come.
    let silent = DKIMVerification(.temperror, domain: DNSName("k.tarpit.example"))
    #expect(try await outcome(zone, from: "y@b.example", dkim: [silent]).result == .fail)
    #expect(try await outcome(zone, from: "y@b.example", dkim: [silent], discovery: .tree).result == .fail)
  }

  @Test(arguments: DMARCEvaluator.Discovery.allCases)
  func whatThePoliciesAreIsKnownBeforeTheProofs(_ discovery: DMARCEvaluator.Discovery) async throws {
    let zone = try SPFZone(
      """
      _dmarc.bank.example TXT v=DMARC1; p=none; sp=quarantine; np=reject
      _dmarc.other.example TXT v=DMARC1; p=quarantine
      """)
    let evaluator = DMARCEvaluator(Self.suffixes, discovery: discovery)
    let nobody = Lookups(NoResolver(), until: .now)
    let stranger = DKIMVerification(.pass, domain: DNSName("k.tarpit.example"))
    for (from, policy) in [
      ("x@mail.bank.example", DMARCPolicy.reject), ("x@evil.example, y@mail.bank.example", .reject),
      ("x@evil.example, y@n.other.example", .quarantine),
    ] {
      let authors = DMARCAuthors(from: Array(from.utf8))
      let policies = await evaluator.policies(of: authors, zone.lookups)
      // Nobody is there to be asked any more.
      let outcome = await evaluator.check(
        authors, policies, spf: nil, dkim: [stranger], sample: [], nobody)
      #expect(outcome.result == .fail && outcome.policy == policy, "\(from): \(outcome)")
    }
  }

  @Test func namesThatAreNotThereHaveAPolicyOfTheirOwn() async throws {
    let zone = """
      _dmarc.a.example TXT v=DMARC1; p=none; sp=quarantine; np=reject
      there.a.example A 192.0.2.1
      text.a.example TXT hello
      sick.a.example FAIL
      _dmarc.sick.a.example TXT hello
      """
    func policy(_ from: String) async throws -> DMARCPolicy? { try await outcome(zone, from: from).policy }
    #expect(try await policy("x@a.example") == DMARCPolicy.none)
    #expect(try await policy("x@there.a.example") == .quarantine)
    #expect(try await policy("x@gone.a.example") == .reject)
    #expect(try await policy("x@text.a.example") == .reject)
    #expect(try await policy("x@sick.a.example") == .quarantine)
  }

  @Test func severalRecordsAreNone() async throws {
    let zone = """
      _dmarc.a.example TXT v=DMARC1; p=reject
      _dmarc.a.example TXT v=DMARC1; p=reject
      _dmarc.b.example TXT v=DMARC1; p=reject
      _dmarc.b.example TXT something else
      _dmarc.com FAIL
      """
    #expect(try await outcome(zone, from: "x@a.example").result == .none)
    #expect(try await outcome(zone, from: "x@b.example").result == .fail)
    #expect(try await outcome(zone, from: "x@com").result == .temperror)
  }

  @Test func theSampleOfPctIsTheSameForTheSameMessage() async throws {
    let zone = "_dmarc.a.example TXT v=DMARC1; p=reject; pct=30"
    var rejected = 0
    for number in 0..<1000 {
      let first = try await outcome(zone, from: "x@a.example", sample: "<\(number)@a.example>")
      if first.policy == .reject { rejected += 1 } else { #expect(first.policy == .quarantine) }
      if number < 50 {
        #expect(try await outcome(zone, from: "x@a.example", sample: "<\(number)@a.example>") == first)
      }
    }
    #expect((230...370).contains(rejected), "\(rejected)")
  }

  @Test func theTreeIsWalkedUpToWhomeverAnswers() async throws {
    let zone = """
      _dmarc.host.com TXT v=DMARC1; psd=y
      _dmarc.a.host.com TXT v=DMARC1; p=reject
      _dmarc.com TXT v=DMARC1; psd=y; p=quarantine; rua=mailto:a@b.example
      _dmarc.own.big.example TXT v=DMARC1; p=reject; psd=n
      _dmarc.big.example TXT v=DMARC1; p=none
      """
    func found(_ from: String, spf: String) async throws -> DMARCOutcome {
      try await outcome(
        zone, from: from, spf: SPFOutcome(.pass, identity: .mailFrom, domain: DNSName(spf)), discovery: .tree)
    }
    #expect(try await found("x@n.a.host.com", spf: "m.a.host.com").result == .pass)
    #expect(try await found("x@n.a.host.com", spf: "b.host.com").policy == .reject)
    #expect(try await found("x@n.own.big.example", spf: "big.example").result == .fail)
    #expect(try await found("x@n.big.example", spf: "m.big.example").result == .pass)
    #expect(try await found("x@n.big.example", spf: "own.big.example").result == .fail)
    // Nobody's record but that of the suffix.
    let alone = try await found("x@n.b.com", spf: "m.b.com")
    #expect(alone.policyDomain?.text == "com" && alone.result == .pass)
    let deep = (0..<30).map { "l\($0)" }.joined(separator: ".") + ".big.example"
    #expect(try await found("x@\(deep)", spf: "big.example").result == .pass)
  }
}
