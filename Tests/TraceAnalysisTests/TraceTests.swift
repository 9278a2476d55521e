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
