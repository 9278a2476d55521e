import Bytes
import DNS
import MailAuthentication
import NetAddress
import Synchronization
import Testing

/// The rules and the limits of RFC 7208, one by one.
@Suite struct SPFTests {
  @Test(arguments: [
    // §4.6.1: what is a term and what is none.
    ("v=spf1 ", SPFResult.neutral), ("v=spf1", .neutral), ("V=SPF1 ALL", .pass), ("v=spf1  ?all  ", .neutral),
    ("v=spf1 all.", .permerror), ("v=spf1 all:x.example", .permerror), ("v=spf1 +-all", .permerror),
    ("v=spf1 al", .permerror), ("v=spf1\tall", .none), ("v=spf1 -all\tx", .permerror),
    ("v=spf2.0/mfrom all", .none),
    // A fault behind what decides is a fault.
    ("v=spf1 +all moo", .permerror), ("v=spf1 +all ip4:1.2.3", .permerror),
    // §6: modifiers.
    ("v=spf1 all=x -all", .fail), ("v=spf1 x-1_.y=%{d}/:: -all", .fail), ("v=spf1 x=%{ -all", .permerror),
    ("v=spf1 x=%{c}%{r}%{t} -all", .fail), ("v=spf1 exp=%{c}.example -all", .permerror),
    ("v=spf1 x= -all", .fail),
    ("v=spf1 redirect=a.example redirect=a.example", .permerror), ("v=spf1 exp= -all", .permerror),
    ("v=spf1 EXP=a.example exp=a.example -all", .permerror), ("v=spf1 -x=y", .permerror),
    // §5.6
    ("v=spf1 ip4:192.0.2.7", .pass), ("v=spf1 ip4:192.0.2.0/29 -all", .pass),
    ("v=spf1 ip4:192.0.2.0/30 -all", .fail),
    ("v=spf1 ip4:0.0.0.0/0", .pass), ("v=spf1 ip4:192.0.2.7/00", .permerror),
    ("v=spf1 ip4:192.0.2.7/", .permerror),
    ("v=spf1 ip4:192.0.2.07", .permerror), ("v=spf1 ip4:::ffff:192.0.2.7", .permerror),
    ("v=spf1 ip4=192.0.2.7", .neutral),
    ("v=spf1 ip6:::ffff:192.0.2.7 -all", .fail), ("v=spf1 ip6:::/0 -all", .fail),
    ("v=spf1 ip6:192.0.2.7", .permerror),
    ("v=spf1 ip6:2001:db8::1/129", .permerror), ("v=spf1 ip6:2001:db8::1//64", .permerror),
    // §5.3, the lengths of §5.6 behind names that may hold slashes.
    ("v=spf1 a -all", .pass), ("v=spf1 a/33", .permerror), ("v=spf1 a//129", .permerror),
    ("v=spf1 a/24/64", .permerror),
    ("v=spf1 a:near.example -all", .fail), ("v=spf1 a:near.example/29 -all", .pass),
    ("v=spf1 a:near.example//0 -all", .fail), ("v=spf1 a:x/y.near.example -all", .fail),
    ("v=spf1 a:near.example/ -all", .permerror), ("v=spf1 a: -all", .permerror),
    ("v=spf1 a:near -all", .permerror),
    ("v=spf1 a:near.example.", .neutral), ("v=spf1 a:near.7", .permerror), ("v=spf1 a:near.-x", .permerror),
    ("v=spf1 a:near.x-", .permerror), ("v=spf1 a:near.1-7", .neutral), ("v=spf1 a:%{d}x", .permerror),
    ("v=spf1 a:%{d}/24 -all", .pass), ("v=spf1 a:..near..example -all", .fail),
    // §5.5, §5.7
    ("v=spf1 ptr/24", .permerror), ("v=spf1 ptr -all", .pass), ("v=spf1 ptr:other.example -all", .fail),
    ("v=spf1 exists", .permerror), ("v=spf1 exists:near.example/24", .permerror),
    ("v=spf1 exists:near.example", .pass),
    ("v=spf1 include", .permerror), ("v=spf1 include:near.example -all", .permerror),
    // §7.1
    ("v=spf1 a:%{x}.example", .permerror), ("v=spf1 a:%{d0}.example", .permerror),
    ("v=spf1 a:%{dr2}.example", .permerror),
    ("v=spf1 a:%{d2r-+,/_=.}.example -all", .fail), ("v=spf1 a:%{d;}.example", .permerror),
    ("v=spf1 a:%", .permerror),
  ])
  func aRecordIsReadAsWritten(_ record: String, _ result: SPFResult) async throws {
    var zone = try SPFZone(
      """
      a.example A 192.0.2.7
      near.example A 192.0.2.1
      7.2.0.192.in-addr.arpa PTR a.example
      """)
    try zone.add("a.example", "TXT", record)
    let outcome = try await zone.check("192.0.2.7", "user@a.example")
    #expect(outcome.result == result, "\(record): \(outcome)")
    #expect(outcome.problem.isEmpty == (result != .permerror))
  }

  @Test func whatMatchedIsSaid() async throws {
    let zone = try SPFZone(
      """
      a.example TXT v=spf1 -ip4:192.0.2.7 include:b.example ~all
      b.example TXT v=spf1 ip4:192.0.2.8 -all
      """)
    #expect(try await zone.check("192.0.2.7", "u@a.example").mechanism == "-ip4:192.0.2.7")
    #expect(try await zone.check("192.0.2.8", "u@a.example").mechanism == "include:b.example")
    let last = try await zone.check("192.0.2.9", "u@a.example")
    #expect(last.mechanism == "~all" && last.domain?.text == "a.example" && last.identity == .mailFrom)
  }

  /// A resolver that counts what it is asked.
  private final class Counting: Resolver {
    let table: DNSTable
    let asked = Mutex<[String]>([])

    init(_ table: DNSTable) { self.table = table }

    func remembered(_ question: DNSQuestion) -> DNSAnswer? { nil }

    func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
      asked.withLock { $0.append("\(question)") }
      return await table.resolve(question, until: deadline)
    }
  }

  private func asked(_ zone: SPFZone, _ ip: String, _ sender: String) async throws -> (SPFOutcome, [String]) {
    let resolver = Counting(zone.table)
    let outcome = await SPFEvaluator(hostname: "mx.example").check(
      ip: try #require(IPAddress(ip)), sender: sender, helo: "helo.example", now: Timestamp(milliseconds: 0),
      Lookups(resolver, until: .now + .seconds(10)))
    return (outcome, resolver.asked.withLock { $0 })
  }

  @Test func tenTermsMayAskAndTheEleventhIsAFault() async throws {
    func zone(_ count: Int) throws -> SPFZone {
      var zone = try SPFZone("near.example A 192.0.2.1")
      try zone.add(
        "a.example", "TXT",
        "v=spf1 " + (0..<count).map { _ in "a:near.example" }.joined(separator: " ") + " ip4:192.0.2.7 -all")
      return zone
    }
    #expect(try await zone(10).check("192.0.2.7", "u@a.example").result == .pass)
    #expect(try await zone(11).check("192.0.2.7", "u@a.example").result == .permerror)
  }

  @Test func aRecordThatNamesItselfEnds() async throws {
    for term in ["include", "redirect"] {
      let sign = term == "include" ? ":" : "="
      let zone = try SPFZone(
        "a.example TXT v=spf1 \(term)\(sign)b.example\nb.example TXT v=spf1 \(term)\(sign)a.example")
      let (outcome, questions) = try await asked(zone, "192.0.2.7", "u@a.example")
      #expect(outcome.result == .permerror)
      #expect(questions.count == 11)
    }
  }

  @Test func theWorstRecordAsksNoMoreThanItMay() async throws {
    var zone = SPFZone()
    for index in 0..<20 {
      try zone.add("a.example", "MX", "\(index) mx\(index).example")
      try zone.add("mx\(index).example", "A", "203.0.113.\(index)")
      try zone.add("7.2.0.192.in-addr.arpa", "PTR", "ptr\(index).example")
      try zone.add("ptr\(index).example", "A", "192.0.2.7")
    }
    // One mx too large is the end; what any number of ptr and %{p} ask is asked once.
    try zone.add(
      "a.example", "TXT",
      "v=spf1 ptr:none.example exists:%{p}.none.example ptr:%{p}.none.example mx -all exp=%{p}.example")
    let (outcome, questions) = try await asked(zone, "192.0.2.7", "u@a.example")
    #expect(outcome.result == .permerror, "\(outcome)")
    #expect(questions.filter { $0.hasSuffix(" PTR") }.count == 1)
    #expect(questions.filter { $0.hasPrefix("ptr") && !$0.contains("none") }.count == 10)
    #expect(questions.filter { $0.hasPrefix("mx") }.count == 10)
    #expect(questions.count < 30)
  }

  @Test func theTenthExchangeCountsAndTheEleventhDoesNot() async throws {
    func zone(_ count: Int) throws -> SPFZone {
      var zone = SPFZone()
      try zone.add("a.example", "TXT", "v=spf1 mx -all")
      for index in 0..<count {
        try zone.add("a.example", "MX", "\(index) mx\(index).example")
        try zone.add("mx\(index).example", "A", "203.0.113.\(index)")
      }
      return zone
    }
    #expect(try await zone(10).check("192.0.2.7", "u@a.example").result == .fail)
    #expect(try await zone(11).check("203.0.113.9", "u@a.example").result == .pass)
    #expect(try await zone(11).check("203.0.113.10", "u@a.example").result == .permerror)
  }

  @Test func ofManyNamesOfTheClientTheFirstTenCount() async throws {
    var zone = try SPFZone("a.example TXT v=spf1 ptr -all")
    for index in 0..<11 {
      try zone.add(
        "7.2.0.192.in-addr.arpa", "PTR", index == 10 ? "late.a.example" : "n\(index).other.example")
    }
    try zone.add("late.a.example", "A", "192.0.2.7")
    #expect(try await zone.check("192.0.2.7", "u@a.example").result == .fail)
  }

  @Test func twoTermsMayFindNothing() async throws {
    let zone = try SPFZone(
      """
      a.example TXT v=spf1 a:no1.example exists:no2.example ip4:192.0.2.7 a:no3.example -all
      b.example TXT v=spf1 a:no1.example exists:no2.example ip4:192.0.2.8 mx:no3.example -all
      """)
    #expect(try await zone.check("192.0.2.7", "u@a.example").result == .pass)
    let outcome = try await zone.check("192.0.2.7", "u@b.example")
    #expect(outcome.result == .permerror && outcome.problem.contains("mx:no3.example"))
  }

  @Test(arguments: [
    ("v=spf1 a:sick.example -all", SPFResult.temperror), ("v=spf1 mx:sick.example -all", .temperror),
    ("v=spf1 mx:half.example -all", .temperror), ("v=spf1 exists:sick.example -all", .temperror),
    ("v=spf1 include:sick.example -all", .temperror), ("v=spf1 redirect=sick.example", .temperror),
    // §5.5: what DNS does not tell of the client's name is no match. §6.2: nor an explanation.
    ("v=spf1 ptr -all", .fail), ("v=spf1 -all exp=sick.example", .fail),
    // What decides before it is asked is not disturbed.
    ("v=spf1 ip4:192.0.2.7 a:sick.example", .pass),
  ])
  func unknownIsNeitherPassNorFail(_ record: String, _ result: SPFResult) async throws {
    var zone = try SPFZone(
      "sick.example FAIL\nhalf.example MX 10 sick.example\n7.2.0.192.in-addr.arpa FAIL\nbad.example FAIL")
    try zone.add("a.example", "TXT", record)
    #expect(try await zone.check("192.0.2.7", "u@a.example").result == result)
    #expect(try await zone.check("192.0.2.7", "u@bad.example").result == .temperror)
  }

  @Test(arguments: [
    ("[192.0.2.7]", SPFResult.none), ("localhost", .none), ("", .none), ("a..example", .none),
    ("a.example.", .fail),
    ("A.Example", .fail), ("bücher.example", .softfail), ("xn--bcher-kva.example", .softfail),
  ])
  func theNameOfTheGreetingAnswersForItself(_ helo: String, _ result: SPFResult) async throws {
    let zone = try SPFZone("a.example TXT v=spf1 -all\nxn--bcher-kva.example TXT v=spf1 ~all")
    let outcome = try await zone.check("192.0.2.7", helo: helo)
    #expect(outcome.result == result && outcome.identity == .helo)
    let null = try await zone.check("192.0.2.7", "", helo: helo)
    #expect(null.result == result && null.identity == .mailFrom && null.domain == outcome.domain)
  }

  @Test func aClientOfIPv6() async throws {
    let zone = try SPFZone(
      """
      a.example TXT v=spf1 a//64 ip6:2001:db8:9::/48 exists:%{ir}.%{v}.list.example -all
      a.example AAAA 2001:db8::5
      a.example A 192.0.2.7
      1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.list.example A 127.0.0.2
      b.example TXT v=spf1 a//0 -all
      b.example AAAA ::ffff:192.0.2.7
      """)
    #expect(try await zone.check("2001:db8::7", "u@a.example").mechanism == "a//64")
    #expect(try await zone.check("2001:db8:9:1::1", "u@a.example").mechanism == "ip6:2001:db8:9::/48")
    #expect(try await zone.check("2001:db8:0:9::7", "u@a.example").result == .fail)
    #expect(try await zone.check("2001:db8:0:9::7", "u@b.example").result == .fail)
    #expect(try await zone.check("::ffff:192.0.2.7", "u@a.example").mechanism == "a//64")
  }

  @Test func spacesAndPercentSignsMayStandInANameThatIsAsked() async throws {
    var zone = try SPFZone("a.example TXT v=spf1 exists:x%%y%_%-z.example -all")
    try zone.add("x%y %20z.example", "A", "127.0.0.2")
    #expect(try await zone.check("192.0.2.7", "u@a.example").result == .pass)
  }

  @Test func aSenderOutsideOfASCII() async throws {
    let zone = try SPFZone(
      """
      xn--bcher-kva.example TXT v=spf1 exists:%{l}.none.example exists:%{o}.list.example -all exp=why.%{d}
      xn--bcher-kva.example.list.example A 127.0.0.2
      xn--mnchen-3ya.example TXT v=spf1 exists:%{s}.none.example -all exp=why.xn--mnchen-3ya.example
      why.xn--mnchen-3ya.example TXT %{s} %{S}
      """)
    // RFC 8616 §4: the domain in A-labels; a local part that is not ASCII is no part of a name.
    #expect(try await zone.check("192.0.2.7", "müller@bücher.example").result == .pass)
    let outcome = try await zone.check("192.0.2.7", "ю@münchen.example")
    #expect(outcome.result == .fail)
    #expect(outcome.explanation == "??@xn--mnchen-3ya.example %D1%8E%40xn--mnchen-3ya.example")
  }

  @Test(arguments: [
    // RFC 8616 §4: such a term matches nothing; the ones behind it do. None of them is an error.
    ("include:%{l}._spf.a.example ip4:192.0.2.0/24 -all", SPFResult.pass),
    ("include:%{L1r-}._spf.a.example -all", .fail), ("redirect=%{s}._spf.a.example", .neutral),
    ("a:%{l}.a.example mx:%{l}.a.example/24 ptr:%{l}.a.example -all", .fail),
    // Nor where the macro leaves but what is ASCII.
    ("exists:%{l1-}.there.example -all", .fail), ("include:%{l1-}.there.example ~all", .softfail),
    // It still is a term that asks, and its grammar still counts.
    ("include:%{x} -all", .permerror),
    (String(repeating: "include:%{l}.a.example ", count: 11) + "-all", .permerror),
  ])
  func aTermOfALocalPartOutsideOfASCIIMatchesNothing(_ record: String, _ result: SPFResult) async throws {
    var zone = try SPFZone("abc.there.example A 192.0.2.7\nabc.there.example TXT v=spf1 +all")
    try zone.add("a.example", "TXT", "v=spf1 \(record)")
    let outcome = try await zone.check("192.0.2.7", "ü-abc@a.example")
    #expect(outcome.result == result, "\(outcome)")
  }
}
