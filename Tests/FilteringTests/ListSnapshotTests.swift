import Bytes
import Filtering
import NetAddress
import Testing

/// Lists of the given names and lines, read at noon of 2026-06-15.
func lists(_ files: [(String, String)]) -> ListReading {
  ListSnapshot.parse(files.map { ListSource(file: $0.0, text: Array($0.1.utf8)) }, at: listNoon)
}

/// The same, which have to be sound.
func soundLists(_ files: (String, String)...) throws -> ListSnapshot {
  let reading = lists(files)
  #expect(reading.problems.map(\.description) == [])
  return reading.snapshot
}

/// 2026-06-15T12:00:00Z.
let listNoon = Timestamp(milliseconds: 1_781_524_800_000)

/// An address that the test knows to be one.
func listAddress(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

@Suite struct ListClientTests {
  @Test func longestPrefixWins() throws {
    let lists = try soundLists(
      ("block.cidr", "198.51.100.0/24 bad neighbourhood\n198.51.100.128/25\n2001:db8::/32 all of them\n"),
      ("allow.cidr", "198.51.100.7\n  198.51.100.128/26   partner  network \n"))
    let plain = try #require(lists.client(listAddress("198.51.100.1"), at: listNoon))
    #expect(plain.verdict == .block)
    #expect(plain.kind == .cidr)
    #expect(plain.entry == "198.51.100.0/24")
    #expect(plain.file == "block.cidr")
    #expect(plain.line == 1)
    #expect(plain.reason == "bad neighbourhood")
    #expect(plain.until == nil)
    let allowed = try #require(lists.client(listAddress("198.51.100.130"), at: listNoon))
    #expect(allowed.verdict == .allow)
    #expect(allowed.line == 2)
    #expect(allowed.reason == "partner  network")
    let shorter = try #require(lists.client(listAddress("::ffff:198.51.100.200"), at: listNoon))
    #expect(shorter.entry == "198.51.100.128/25")
    #expect(shorter.reason == nil)
    #expect(lists.client(try listAddress("198.51.100.7"), at: listNoon)?.verdict == .allow)
    #expect(lists.client(try listAddress("2001:db8:ffff::1"), at: listNoon)?.reason == "all of them")
    #expect(lists.client(try listAddress("198.51.101.1"), at: listNoon) == nil)
    #expect(lists.client(try listAddress("2001:db9::"), at: listNoon) == nil)
    let all = lists.all(.client(try listAddress("198.51.100.130")), at: listNoon)
    #expect(all.map(\.entry) == ["198.51.100.128/26", "198.51.100.128/25", "198.51.100.0/24"])
  }

  @Test func onTheSamePrefixAllowWins() throws {
    for order in [["allow.cidr", "block.cidr"], ["block.cidr", "allow.cidr"]] {
      let reading = lists(order.map { ($0, "192.0.2.0/24\n") })
      #expect(reading.problems.isEmpty)
      let all = reading.snapshot.all(.client(try listAddress("192.0.2.9")), at: listNoon)
      #expect(all.map(\.verdict) == [.allow, .block])
      #expect(reading.snapshot.client(try listAddress("192.0.2.9"), at: listNoon)?.file == "allow.cidr")
    }
  }

  @Test func anExpiredEntryHidesNothing() throws {
    let reading = lists([
      ("block.cidr", "192.0.2.0/24 shorter\n"),
      ("allow.cidr", "192.0.2.4 until=2026-06-14 longer\n192.0.2.5 UNTIL=2026-06-15 last day\n"),
    ])
    #expect(!reading.hasErrors)
    #expect(
      reading.problems.map(\.description) == [
        "allow.cidr:1:1: warning: expired after 2026-06-14, it never matches: remove the line or set a later until="
      ])
    let snapshot = reading.snapshot
    let winner = try #require(snapshot.client(listAddress("192.0.2.4"), at: listNoon))
    #expect(winner.reason == "shorter")
    let all = snapshot.all(.client(try listAddress("192.0.2.4")), at: listNoon)
    #expect(all.map(\.isExpired) == [false, true])
    #expect(all.map(\.reason) == ["shorter", "longer"])

    let lastDay = try #require(snapshot.client(listAddress("192.0.2.5"), at: listNoon))
    #expect(lastDay.reason == "last day")
    #expect(lastDay.until == Timestamp(year: 2026, month: 6, day: 15))
    let midnight = try #require(Timestamp(year: 2026, month: 6, day: 16))
    let before = Timestamp(milliseconds: midnight.milliseconds - 1)
    #expect(snapshot.client(try listAddress("192.0.2.5"), at: before)?.verdict == .allow)
    #expect(snapshot.client(try listAddress("192.0.2.5"), at: midnight)?.verdict == .block)
  }

  @Test func ofOneNetworkTwiceInAFileTheLongerValidCounts() throws {
    let reading = lists([
      (
        "block.cidr",
        "192.0.2.1 until=2026-01-01 old\n192.0.2.1 until=2027-01-01 new\n192.0.2.1 until=2026-12-01 mid\n"
      )
    ])
    #expect(!reading.hasErrors)
    #expect(reading.problems.filter { $0.message.contains("stands on line") }.map(\.line) == [2, 3])
    #expect(reading.snapshot.count(of: .cidr) == 1)
    #expect(reading.snapshot.client(try listAddress("192.0.2.1"), at: listNoon)?.reason == "new")
  }

  @Test func emptyListsAnswerNothing() throws {
    for snapshot in [
      ListSnapshot.empty, lists([("block.cidr", ""), ("block.senders", "# nobody\n\n \t \r\n")]).snapshot,
    ] {
      #expect(snapshot.client(IPAddress(v4: 1), at: listNoon) == nil)
      #expect(snapshot.helo("a.example", at: listNoon) == nil)
      #expect(snapshot.sender(local: "a", domain: "b.example", at: listNoon) == nil)
      #expect(snapshot.url(host: "b.example", path: "/x", at: listNoon) == nil)
      #expect(snapshot.count == 0)
    }
  }
}

@Suite struct ListNameTests {
  @Test func nameCoversSubDomainsAndEqualsSignDoesNot() throws {
    let lists = try soundLists(
      (
        "block.domains", "Spam.Example  sends spam\n=exact.example\nxn--mnchen-3ya.example\nmünchen.example\n"
      ),
      ("allow.domains", "good.spam.example\n"))
    func entry(_ name: String) -> String? { lists.clientName(name, at: listNoon)?.entry }
    #expect(entry("spam.example") == "Spam.Example")
    #expect(entry("SPAM.EXAMPLE.") == "Spam.Example")
    #expect(entry("a.b.spam.example") == "Spam.Example")
    #expect(entry("notspam.example") == nil)
    #expect(entry("example") == nil)
    #expect(entry("exact.example") == "=exact.example")
    #expect(entry("a.exact.example") == nil)
    #expect(entry("mail.MüNCHEN.example") == "münchen.example")
    #expect(entry("mail.XN--MNCHEN-3YA.example") == "xn--mnchen-3ya.example")
    #expect(entry("x.good.spam.example") == "good.spam.example")
    #expect(lists.senderDomain("spam.example", at: listNoon)?.reason == "sends spam")
    #expect(
      lists.all(.clientName("x.good.spam.example"), at: listNoon).map(\.verdict) == [.allow, .block])
    #expect(entry("") == nil)
    #expect(entry(".") == nil)
    #expect(entry("..") == nil)
    #expect(entry(".spam.example") == "Spam.Example")
    #expect(lists.helo("spam.example", at: listNoon) == nil)
  }

  @Test func equalsSignIsMoreSpecific() throws {
    let lists = try soundLists(("block.domains", "=a.example\n"), ("allow.domains", "a.example\n"))
    #expect(lists.clientName("a.example", at: listNoon)?.verdict == .block)
    #expect(lists.clientName("b.a.example", at: listNoon)?.verdict == .allow)
    let tied = try soundLists(("block.domains", "=a.example\n"), ("allow.domains", "=A.example\n"))
    #expect(tied.clientName("a.example", at: listNoon)?.verdict == .allow)
  }

  @Test func heloNamesWordsAndLiterals() throws {
    let lists = try soundLists(
      (
        "block.helo",
        "friend a bot says so\n[192.0.2.1]\n[IPv6:2001:db8::1]\n192.0.2.9\n=localhost\nylmf-pc\n"
      ))
    func entry(_ name: String) -> String? { lists.helo(name, at: listNoon)?.entry }
    #expect(entry("FRIEND") == "friend")
    #expect(entry("[192.0.2.1]") == "[192.0.2.1]")
    #expect(entry("[192.0.2.2]") == nil)
    #expect(entry("[ipv6:2001:DB8:0::1]") == "[IPv6:2001:db8::1]")
    #expect(entry("192.0.2.9") == "192.0.2.9")
    #expect(entry("localhost") == "=localhost")
    #expect(entry("x.localhost") == nil)
    #expect(entry("[") == nil)
    #expect(entry("[]") == nil)
  }

  @Test func sendersFromMailboxToDomain() throws {
    let lists = try soundLists(
      (
        "block.senders",
        "@bulk.example bulk\n.bulk.example below\nspammer@spam.example one\n\"a b\"@spam.example two\n"
      ),
      (
        "allow.senders",
        "Good@Bulk.example\n@sub.bulk.example\n.deep.sub.bulk.example\n\"quo\\\"ted\"@spam.example\n@[192.0.2.1]\n"
      ))
    func entry(_ local: String, _ domain: String) -> String? {
      lists.sender(local: local, domain: domain, at: listNoon)?.entry
    }
    #expect(entry("any", "bulk.example") == "@bulk.example")
    #expect(entry("GOOD", "BULK.EXAMPLE") == "Good@Bulk.example")
    #expect(entry("\"good\"", "bulk.example") == "@bulk.example")
    #expect(entry("any", "x.bulk.example") == ".bulk.example")
    #expect(entry("any", "sub.bulk.example") == "@sub.bulk.example")
    #expect(entry("any", "deep.sub.bulk.example") == ".bulk.example")
    #expect(entry("any", "very.deep.sub.bulk.example") == ".deep.sub.bulk.example")
    #expect(entry("spammer", "spam.example") == "spammer@spam.example")
    #expect(entry("spammer", "x.spam.example") == nil)
    #expect(entry("spammers", "spam.example") == nil)
    #expect(entry("a b", "spam.example") == "\"a b\"@spam.example")
    #expect(entry("quo\"ted", "spam.example") == "\"quo\\\"ted\"@spam.example")
    #expect(entry("any", "[192.0.2.1]") == "@[192.0.2.1]")
    #expect(entry("", "") == nil)
    #expect(
      lists.all(.sender(local: "good", domain: "bulk.example"), at: listNoon).map(\.entry)
        == ["Good@Bulk.example", "@bulk.example"])
    #expect(
      lists.all(.sender(local: "x", domain: "a.deep.sub.bulk.example"), at: listNoon).map(\.entry)
        == [".deep.sub.bulk.example", ".bulk.example"])
    #expect(lists.recipient(local: "any", domain: "bulk.example", at: listNoon) == nil)
  }

  @Test func recipientsAndTraps() throws {
    let lists = try soundLists(
      (
        "block.recipients",
        "trap@ours.example trap until=2026-12-31 never published\nold@ours.example left us\n"
      ),
      ("allow.recipients", "postmaster@ours.example\n"))
    let trap = try #require(lists.recipient(local: "Trap", domain: "ours.example", at: listNoon))
    #expect(trap.isTrap)
    #expect(trap.until == Timestamp(year: 2026, month: 12, day: 31))
    #expect(trap.reason == "never published")
    let gone = try #require(lists.recipient(local: "old", domain: "ours.example", at: listNoon))
    #expect(!gone.isTrap)
    #expect(lists.recipient(local: "postmaster", domain: "OURS.example", at: listNoon)?.verdict == .allow)
  }

  @Test func linksByHostAndPath() throws {
    let lists = try soundLists(
      ("block.urls", "bad.example\nshare.example/a/b phish\nshare.example/c/ whole folder\n192.0.2.1\n"),
      ("allow.urls", "ok.bad.example\nshare.example/a/b/known\n"))
    func entry(_ host: String, _ path: String) -> String? {
      lists.url(host: host, path: path, at: listNoon)?.entry
    }
    #expect(entry("bad.example", "") == "bad.example")
    #expect(entry("www.BAD.example", "/x") == "bad.example")
    #expect(entry("x.ok.bad.example", "/x") == "ok.bad.example")
    #expect(entry("share.example", "/a/b") == "share.example/a/b")
    #expect(entry("share.example", "/A/b/") == "share.example/a/b")
    #expect(entry("share.example", "/a/b/c") == "share.example/a/b")
    #expect(entry("share.example", "/a/b?x=1") == "share.example/a/b")
    #expect(entry("share.example", "/a/b#x") == "share.example/a/b")
    #expect(entry("www.share.example", "/a/b") == "share.example/a/b")
    #expect(entry("share.example", "/a/bc") == nil)
    #expect(entry("share.example", "/a?/b") == nil)
    #expect(entry("share.example", "a/b") == nil)
    #expect(entry("share.example", "/") == nil)
    #expect(entry("share.example", "") == nil)
    #expect(entry("share.example", "/c") == "share.example/c/")
    #expect(entry("share.example", "/a/b/known/x") == "share.example/a/b/known")
    #expect(entry("192.0.2.1", "/x") == "192.0.2.1")
  }

  @Test func expiryOfNames() throws {
    let reading = lists([
      ("block.senders", "@a.example wide\n"), ("allow.senders", "u@a.example until=2026-06-14\n"),
    ])
    let match = try #require(reading.snapshot.sender(local: "u", domain: "a.example", at: listNoon))
    #expect(match.entry == "@a.example")
    #expect(
      reading.snapshot.all(.sender(local: "u", domain: "a.example"), at: listNoon).map(\.isExpired)
        == [false, true])
  }

  @Test func repeatedNames() throws {
    let reading = lists([
      ("block.helo", "a.example until=2026-07-01 first\nA.example second\n=a.example other\n"),
      ("block-more.helo", "a.example elsewhere\n"),
    ])
    #expect(
      reading.problems.map(\.description) == [
        "block.helo:2:1: warning: the entry stands on line 1 already; the one that is valid longer counts: remove the other"
      ])
    #expect(reading.snapshot.count(of: .helo) == 3)
    #expect(
      reading.snapshot.all(.helo("a.example"), at: listNoon).map(\.reason) == [
        "other", "elsewhere", "second",
      ])
  }

  /// Against the plain reading of the format: go through all entries.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func agreesWithALinearSearch(seed: UInt64) throws {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    func roll(_ bound: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % bound)
    }
    func name() -> String {
      (0...roll(4)).map { _ in ["a", "b", "cc", "A", "é"][roll(5)] }.joined(separator: ".")
    }
    func folded(_ text: String) -> String { text.lowercasedASCII }
    var entries: [ListVerdict: [String]] = [.allow: [], .block: []]
    var seen: Set<String> = []
    for _ in 0..<300 {
      let entry = ["", "@", "."][roll(3)] + name()
      let full = entry.first == "@" || entry.first == "." ? entry : ["x", "Y"][roll(2)] + "@" + entry
      let verdict: ListVerdict = roll(2) == 0 ? .allow : .block
      if seen.insert("\(verdict) \(folded(full))").inserted { entries[verdict]?.append(full) }
    }
    let snapshot = try soundLists(
      ("allow.senders", (entries[.allow] ?? []).joined(separator: "\n")),
      ("block.senders", (entries[.block] ?? []).joined(separator: "\n")))
    func rank(_ entry: String, _ local: String, _ domain: String) -> Int? {
      let entry = folded(entry)
      if entry == folded(local + "@" + domain) { return 1000 }
      if entry == folded("@" + domain) { return 999 }
      return entry.hasPrefix(".") && folded(domain).hasSuffix(entry) ? entry.utf8.count : nil
    }
    for _ in 0..<2000 {
      let local = ["x", "y", "z"][roll(3)]
      let domain = name()
      var expected: [(Int, Int, String)] = []
      for (order, verdict) in [ListVerdict.allow, .block].enumerated() {
        for entry in entries[verdict] ?? [] {
          if let rank = rank(entry, local, domain) { expected.append((-rank, order, entry)) }
        }
      }
      expected.sort { ($0.0, $0.1) < ($1.0, $1.1) }
      let found = snapshot.all(.sender(local: local, domain: domain), at: listNoon)
      #expect(found.map(\.entry) == expected.map(\.2), "\(local)@\(domain)")
      #expect(snapshot.sender(local: local, domain: domain, at: listNoon)?.entry == expected.first?.2)
    }
  }
}

@Suite struct ListValueTests {
  private let snapshot = lists([
    ("block.cidr", "192.0.2.0/24\n"), ("block.helo", "[192.0.2.1]\n"), ("block.domains", "spam.example\n"),
    ("block.senders", "@spam.example\n"), ("allow.senders", "ok@spam.example\n"),
    ("block.recipients", "ok@spam.example\n"), ("block.urls", "spam.example/x\n"),
  ]).snapshot

  private func lines(_ value: String) throws -> [String] {
    try snapshot.check(value, at: listNoon).filter { !$0.matches.isEmpty }.map { answer in
      "\(answer.question): "
        + answer.matches.map { "\($0.file):\($0.line)\($0 == answer.winner ? "!" : "")" }.joined(
          separator: " ")
    }
  }

  @Test func asksAllThatAValueCanMean() throws {
    #expect(
      try lines("192.0.2.1") == [
        "the client's address 192.0.2.1: block.cidr:1!", "the HELO name [192.0.2.1]: block.helo:1!",
      ])
    #expect(try lines("[192.0.2.1]") == (try lines("::ffff:192.0.2.1")))
    #expect(
      try lines("ok@spam.example") == [
        "the sender ok@spam.example: allow.senders:1! block.senders:1",
        "the sender's domain spam.example: block.domains:1!",
        "the recipient ok@spam.example: block.recipients:1!",
      ])
    #expect(
      try lines("spam.example") == [
        "the client's name or a sender's domain spam.example: block.domains:1!",
        "the sender @spam.example: block.senders:1!",
      ])
    #expect(try lines("http://www.spam.example/x/y") == ["the link www.spam.example/x/y: block.urls:1!"])
    #expect(try lines("spam.example/x") == ["the link spam.example/x: block.urls:1!"])
    #expect(try lines("\"o\\k\"@spam.example") == (try lines("ok@spam.example")))
    #expect(try lines("other.example").isEmpty)
  }

  @Test(arguments: ["", "192.0.2.0/24", "user@", "http:///x", "a\nb"])
  func saysWhatItCannotAsk(value: String) {
    #expect(throws: ListValueError.self) { try snapshot.check(value, at: listNoon) }
  }
}
