import Bytes
import MailSyntax
import NetAddress
import Testing
import TraceAnalysis

/// The chain: whom is believed, where it ends, and what does not fit below.
@Suite struct TraceTests {
  private func trace(_ lines: [String], trusted: [String] = [], fields: [String] = []) -> Trace {
    let header = (lines.map { "Received: \($0)" } + fields).joined(separator: "\r\n") + "\r\n\r\n"
    let octets = Array(header.utf8)
    let networks = IPPrefixSet(trusted.compactMap { IPPrefix($0) })
    return Trace(MessageHeader(octets), in: octets, trust: TraceTrust(networks: networks))
  }

  private let inner =
    "from mx.b.example (mx.b.example [192.0.2.10]) by store.b.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:05 +0000"
  private let outer =
    "from mail.a.example (mail.a.example [198.51.100.7]) by mx.b.example (Postfix) with ESMTP id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:03 +0000"
  private let claimed =
    "from pc (pool.c.example [203.0.113.9]) by mail.a.example (Postfix) with ESMTPA id 4A1B2C3D50; Thu, 19 Nov 2026 10:00:01 +0000"

  @Test func theBoundaryIsTheFirstStranger() throws {
    let trace = trace([inner, outer, claimed], trusted: ["192.0.2.0/24"])
    #expect(trace.hops.map(\.trust) == [.own, .boundary, .claimed])
    #expect(trace.hops.map(\.isTrusted) == [true, false, false])
    #expect(trace.hops.map(\.isBelieved) == [true, true, false])
    #expect(trace.boundary == 1)
    #expect(trace.origin == IPAddress("198.51.100.7"))
    #expect(trace.originName == "mail.a.example")
    #expect(trace.hops.map(\.delay) == [.seconds(2), .seconds(2), nil])
    #expect(trace.hops.allSatisfy { $0.faults.isEmpty }, "\(trace.hops.map(\.faults))")
    // Whatever a stranger's server says of logins changes nothing.
    #expect(self.trace([inner, outer, claimed], trusted: ["192.0.2.0/24", "203.0.113.0/24"]).boundary == 1)
  }

  /// Of a client that nobody knows nothing makes a host of one's own, least of all its greeting.
  @Test func aClientWithoutAnAddressIsTheBoundary() throws {
    let time = try #require(Timestamp(year: 2026, month: 11, day: 20))
    for helo in ["localhost", "store.b.example", ""] {
      let client = ReceivedLine.pending(
        from: nil, helo: helo, reverseName: nil, isLoggedIn: false, at: time)
      let trace = Trace(
        lines: [client, ReceivedLine(outer)], trust: TraceTrust(isOwn: { _ in true }))
      #expect(trace.boundary == 0 && trace.origin == nil)
      #expect(trace.hops.map(\.trust) == [.boundary, .claimed])
    }
    let user = ReceivedLine.pending(from: nil, helo: "pc", reverseName: nil, isLoggedIn: true, at: time)
    #expect(Trace(lines: [user], trust: TraceTrust(isOwn: { _ in false })).hops.map(\.trust) == [.login])
    // As we write it ourselves.
    let line = ReceivedLine(
      "from pc (unknown [unknown]) by mx.b.example (Weir) with ESMTP id 1; "
        + "Thu, 19 Nov 2026 10:00:05 +0000")
    #expect(line.from == "pc" && line.address == nil && line.unread.isEmpty)
  }

  @Test func withoutNetworksTheBoundaryIsGuessed() {
    let local = inner.replacing("192.0.2.10", with: "10.0.0.2")
    #expect(trace([local, outer, claimed]).boundary == 1)
    // A host that the server itself found to be of its house.
    #expect(trace([inner, outer, claimed]).boundary == 1)
    #expect(trace([outer, claimed]).boundary == 0)
    // A greeting alone is no such proof.
    let greeted =
      "from mx.b.example ([198.51.100.7]) by store.b.example with ESMTP id 1; Thu, 19 Nov 2026 10:00:05 +0000"
    #expect(trace([greeted, outer]).boundary == 0)
  }

  /// What is forged below a host that only bears the house's name must not become an origin that is believed.
  @Test func aGuessedHouseEndsWhereTheLineBelowIsAnothers() {
    let shared =
      "from mail-sor-f41.google.com (mail-sor-f41.google.com [209.85.220.41]) by mx.google.com with SMTPS id a1; Thu, 19 Nov 2026 10:00:05 +0000"
    let forged =
      "from victim.example.net (victim.example.net [203.0.113.5]) by mail.innocent.example (Postfix) with ESMTP id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:03 +0000"
    let trace = trace([shared, forged])
    #expect(trace.boundary == 0 && trace.origin == IPAddress("209.85.220.41"))
    #expect(trace.hops.map(\.trust) == [.boundary, .claimed])
  }

  private let forged =
    "from victim.example.net (victim.example.net [203.0.113.5]) by mail.innocent.example (Postfix) with ESMTP id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:01 +0000"

  /// Behind an address translator, a proxy or a program of one's own every stranger has an address of the house.
  @Test(arguments: [
    "from fw (unknown [10.0.0.1]) by mx.weir.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:03 +0000",
    // A greeting proves nothing, and neither does the name that a machine gives to its default route.
    "from mail.innocent.example (unknown [10.0.0.1]) by mx.weir.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:03 +0000",
    "from mail.innocent.example (_gateway [10.0.0.1]) by mx.weir.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:03 +0000",
    "from mail.innocent.example ([10.0.0.1]) by mx.weir.example with ESMTP id 1; Thu, 19 Nov 2026 10:00:03 +0000",
    "from mail.innocent.example (10.0.0.1) by EX01.weir.local (10.0.0.9) with Microsoft SMTP Server id 15.1.2.3; Thu, 19 Nov 2026 10:00:03 +0000",
  ])
  func aPrivateClientIsNoProofForTheLineBelow(_ line: String) {
    for below in [[forged], ["(qmail 99 invoked from network); 19 Nov 2026 10:00:02 -0000", forged]] {
      let trace = trace([line] + below)
      #expect(trace.boundary == 0 && trace.houseEnd == 0 && trace.origin == IPAddress("10.0.0.1"))
      #expect(trace.hops.allSatisfy { !$0.isTrusted } && trace.hops.dropFirst().allSatisfy { !$0.isBelieved })
    }
    // Whoever knows the network is believed, and told on what that rests.
    let known = trace([line, forged], trusted: ["10.0.0.0/8"])
    #expect(known.boundary == 1 && known.origin == IPAddress("203.0.113.5"))
  }

  @Test func whatAProgramOnTheHostBroughtIsItsWord() {
    let script =
      "by mx.weir.example (Postfix, from userid 33) id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:02 +0000"
    let proxied =
      "from x (localhost [127.0.0.1]) by mx.weir.example (Postfix) with SMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:02 +0000"
    for line in [script, proxied] {
      let trace = trace([line, forged])
      #expect(trace.boundary == nil && trace.houseEnd == 0 && trace.origin != IPAddress("203.0.113.5"))
      #expect(trace.hops.map(\.trust) == [.own, .claimed])
    }
    let relayed = inner.replacing("b.example", with: "weir.example")
    #expect(trace([relayed, script, forged]).origin == IPAddress("192.0.2.10"))
  }

  @Test func exchangeOnlineEndsWhereAnotherWrote() {
    let within =
      "from A.prod.outlook.com (2603:10a6:20b:3::9) by B.prod.outlook.com (2603:10a6:10:1::5) with Microsoft SMTP Server (version=TLS1_2) id 15.20.1.1; Thu, 19 Nov 2026 10:00:05 +0000"
    for below in [
      forged, forged.replacing("mail.innocent.example", with: "localhost"),
      forged.replacing("by mail.innocent.example", with: "by mail"),
    ] {
      let trace = trace([within, below])
      #expect(trace.boundary == 0 && trace.origin == IPAddress("2603:10a6:20b:3::9"), "\(below)")
    }
  }

  /// What honest houses look like inside: the guess reads on to the first stranger.
  @Test(arguments: [
    // A content filter on the host, which speaks as localhost.
    [
      "from localhost (localhost [127.0.0.1]) by mx.b.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:06 +0000",
      "from mx.b.example ([127.0.0.1]) by localhost (mx.b.example [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id x; Thu, 19 Nov 2026 10:00:05 +0000",
    ],
    // A private relay that the server knows by name, under a name of another house.
    [
      "from gate.isp.example (gate.isp.example [10.0.0.2]) by store.b.local (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:06 +0000",
      "(qmail 99 invoked from network); 19 Nov 2026 10:00:05 -0000",
      "from mx.b.example (mx.b.example [10.0.0.3]) by gate.isp.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:04 +0000",
    ],
    // Names that nobody outside sees.
    [
      "from gw.lan (unknown [192.168.1.2]) by mx.lan with ESMTP id 1; Thu, 19 Nov 2026 10:00:06 +0000",
      "from mx.b.example (mx.b.example [192.168.1.3]) by gw.lan with ESMTP id 1; Thu, 19 Nov 2026 10:00:05 +0000",
    ],
    // Fetched from a mailbox, whose server is one's own.
    [
      "from localhost (localhost [127.0.0.1]) by pc.home.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:06 +0000",
      "from pop.b.example [198.51.100.200] by localhost with POP3 (fetchmail-6.4); Thu, 19 Nov 2026 10:00:05 +0000",
    ],
    // Gmail's, which sign with 10/8 written as 6to4.
    ["by 2002:a05:6a10:1234:b0:1:2:3 with SMTP id a1csp1; Thu, 19 Nov 2026 10:00:06 +0000"],
  ])
  func withinAHouse(_ lines: [String]) {
    let trace = trace(lines + [outer, claimed])
    #expect(trace.boundary == lines.count && trace.houseEnd == nil, "\(trace.hops.map(\.trust))")
    #expect(trace.origin == IPAddress("198.51.100.7"))
  }

  @Test func whatAUserOfOnesOwnWroteIsClaimed() {
    let login =
      "from pc (pool.c.example [203.0.113.9]) (Authenticated sender: joe) by mx.b.example (Postfix) with ESMTPSA id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:03 +0000"
    for trusted in [[], ["192.0.2.0/24"]] {
      let trace = trace([login, forged, outer], trusted: trusted)
      #expect(trace.hops.map(\.trust) == [.login, .claimed, .claimed])
    }
  }

  @Test func ownNetworksUnderAnothersNameAreTold() {
    let hop =
      "from fw (unknown [10.0.0.1]) by mx.weir.example (Postfix) with ESMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:03 +0000"
    #expect(trace([hop, forged], trusted: ["10.0.0.0/8"]).houseEnd == 0)
    // Where the address is one's own, the greeting says its name well enough.
    let named = hop.replacing("from fw", with: "from mail.innocent.example")
    #expect(trace([named, forged], trusted: ["10.0.0.0/8"]).houseEnd == nil)
    #expect(trace([inner, outer, claimed], trusted: ["192.0.2.0/24"]).houseEnd == nil)
  }

  /// Hosts of one network may bear the names of two houses; those of two providers are never in one.
  @Test func privateAddressesWithinAStrangersNetworkAreOrdinary() throws {
    let ordinary =
      "from mail.x.test (mail.x.test [10.1.2.3]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    let impossible =
      "from smtp.mail.yahoo.com (smtp.mail.yahoo.com [10.1.2.3]) by mail.google.com with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    func fault(_ line: String) throws -> TraceFault {
      try #require(trace([outer, line]).hops[1].faults.first { $0.name == "private-address" })
    }
    #expect(try !fault(ordinary).isSuspicious && !fault(ordinary).description.contains("cannot"))
    #expect(
      try fault(impossible).isSuspicious && fault(impossible).description.contains("cannot have reached"))
    // A greeting anybody can choose.
    let greeted = impossible.replacing("(smtp.mail.yahoo.com [", with: "([")
    #expect(try !fault(greeted).isSuspicious)
  }

  @Test func exchangeOnlineIsOneHouse() {
    let within =
      "from A.prod.outlook.com (2603:10b6:303:8f::8) by B.prod.outlook.com (2603:10b6:806::5) with Microsoft SMTP Server (version=TLS1_2) id 15.20.7202.24; Thu, 19 Nov 2026 10:00:05 +0000"
    let front =
      "from A.prod.outlook.com (198.51.100.7) by C.mail.protection.outlook.com (10.1.2.3) with Microsoft SMTP Server id 15.20.7202.24; Thu, 19 Nov 2026 10:00:04 +0000"
    // A stranger may greet with such a name, but not from such an address.
    #expect(trace([within, front]).boundary == 1)
    #expect(trace([within, front]).origin == IPAddress("198.51.100.7"))
  }

  @Test func smailWritesTheServerFirst() {
    let line = ReceivedLine(
      "by mx.b.example (Smail3.1.28.1) from mail.a.example with smtp id <m0>; Thu, 19 Nov 2026 10:00:04 +0000"
    )
    #expect(
      line.from == "mail.a.example" && line.by == "mx.b.example" && line.kind == .handover
        && !line.isAmbiguous)
  }

  @Test func aUserOfOnesOwnIsTheOrigin() {
    let login =
      "from pc (pool.c.example [203.0.113.9]) (Authenticated sender: joe) by mx.b.example (Postfix) with ESMTPSA id 4A1B2C3D4F; Thu, 19 Nov 2026 10:00:03 +0000"
    let trace = trace([inner, login], trusted: ["192.0.2.0/24"])
    #expect(trace.hops.map(\.trust) == [.own, .login])
    #expect(trace.origin == IPAddress("203.0.113.9"))
  }

  @Test func hintsAreNoProof() {
    let hint = ["X-Originating-IP: [203.0.113.77]"]
    let outside = trace([outer], trusted: ["192.0.2.0/24"], fields: hint)
    #expect(outside.origin == IPAddress("198.51.100.7"))
    #expect(outside.hints.map(\.address) == [IPAddress("203.0.113.77")])
    #expect(outside.hints.map(\.isBelieved) == [false])
    // One's own web mailer may say so, for addresses of one's own.
    let own = trace([inner], trusted: ["192.0.2.0/24", "203.0.113.0/24"], fields: hint)
    #expect(own.origin == IPAddress("203.0.113.77"))
    #expect(trace([outer], fields: ["X-Originating-IP: nobody"]).hints.isEmpty)
  }

  @Test func noLines() {
    let trace = trace([])
    #expect(trace.origin == nil && trace.boundary == nil)
    #expect(trace.faults == [.noHops])
  }

  @Test func aFetchedMessageWasFetchedFromOnesOwn() {
    let fetched =
      "from pop.isp.example [198.51.100.200] by localhost with POP3 (fetchmail-6.4) for <joe@localhost>; Thu, 19 Nov 2026 11:00:00 +0000"
    #expect(trace([fetched, outer, claimed]).boundary == 1)
    #expect(trace([fetched, outer, claimed]).origin == IPAddress("198.51.100.7"))
  }

  /// Each kind of fault, from the line below the boundary.
  @Test(arguments: [
    (
      "helo-other-address",
      "from 62.57.1.71 ([62.90.8.146]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "helo-not-reverse",
      "from mail.x.test (host.y.test [203.0.113.9]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "name-doubted",
      "from x (host.y.test [203.0.113.9] (may be forged)) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    ("delayed", "from x ([203.0.113.9]) by mail.a.example with SMTP; Thu, 12 Nov 2026 10:00:01 +0000"),
    ("time-backwards", "from x ([203.0.113.9]) by mail.a.example with SMTP; Thu, 19 Nov 2026 14:00:01 +0000"),
    (
      "impossible-zone", "from x ([203.0.113.9]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +2500"
    ),
    (
      "zone-name-differs",
      "from x ([203.0.113.9]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000 (EST)"
    ),
    ("wrong-weekday", "from x ([203.0.113.9]) by mail.a.example with SMTP; Mon, 19 Nov 2026 10:00:01 +0000"),
    ("date-missing", "from x ([203.0.113.9]) by mail.a.example with SMTP"),
    ("date-unreadable", "from x ([203.0.113.9]) by mail.a.example with SMTP; some day"),
    (
      "date-impossible", "from x ([203.0.113.9]) by mail.a.example with SMTP; Thu, 31 Nov 2026 10:00:01 +0000"
    ),
    (
      "date-malformed",
      "from x ([203.0.113.9]) by mail.a.example with SMTP; Nov, 19 2026 10:00:01 AM +0000"
    ),
    (
      "private-address",
      "from mail.x.test (mail.x.test [10.1.2.3]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "impossible-address",
      "from x ([240.1.2.3]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    ("invented-protocol", "from [203.0.113.9] by mail.a.example with local; Thu, 19 Nov 2026 10:00:01 +0000"),
    (
      "invented-id",
      "from x ([203.0.113.9]) by mail.a.example (Postfix) with SMTP id 12-34; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "id-time-differs",
      "from x ([203.0.113.9]) by mail.a.example with smtp (Exim 4.96) id 1GzVLs-0002Oz-7b; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "id-time-differs",
      "from x ([203.0.113.9]) by mail.a.example (8.13.1/8.13.1) with SMTP id i8FJcSRZ007847; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "ambiguous",
      "from x by y.example ([203.0.113.9]) by mail.a.example with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    (
      "unread",
      "from x ([203.0.113.9]) by mail.a.example with SMTP id 1 lorem; Thu, 19 Nov 2026 10:00:01 +0000"
    ),
    ("no-server", "from x ([203.0.113.9]) with SMTP id 1; Thu, 19 Nov 2026 10:00:01 +0000"),
    ("gap", "from x ([203.0.113.9]) by mail.elsewhere.test with SMTP; Thu, 19 Nov 2026 10:00:01 +0000"),
  ])
  func faults(_ name: String, _ line: String) throws {
    let trace = trace([outer, line])
    let all = trace.hops.flatMap(\.faults)
    #expect(all.contains { $0.name == name }, "\(all)")
    for fault in all { #expect(!fault.description.isEmpty && !fault.description.contains("\n")) }
    // An honest line in its place has none of it.
    #expect(!self.trace([outer, claimed]).hops.flatMap(\.faults).contains { $0.name == name })
  }

  @Test func idsThatTellTheRightTimeAreFine() {
    for line in [
      "from x ([203.0.113.9]) by mail.a.example with esmtps (Exim 4.50) id 1GzVLs-0002Oz-7b; Wed, 27 Dec 2006 10:45:49 +0100",
      "from x ([203.0.113.9]) by mail.a.example (8.13.1/8.13.1) with ESMTP id i8FJcSRZ007847; Wed, 15 Sep 2004 21:38:31 +0200",
      "from x ([203.0.113.9]) by mail.a.example (8.12.10/8.12.10) with ESMTP id i06MBJ6U020255; Tue, 6 Jan 2004 16:11:19 -0600",
    ] {
      #expect(
        !trace([line]).hops[0].faults.contains { $0.name.hasSuffix("id") || $0.name.hasPrefix("id") },
        "\(line)")
    }
  }

  @Test func tooManyHops() {
    let many = Array(repeating: claimed, count: 51)
    #expect(trace(many).faults == [.tooManyHops(51)])
    #expect(trace(Array(repeating: claimed, count: 50)).faults.isEmpty)
  }
}
