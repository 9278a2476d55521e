import Foundation
import TestSupport
import Testing

/// Several backends: who takes whose mail, and what happens when one is away.
@Suite(.apart) struct BackendRouteTests {
  private static func two(
    _ first: [String] = [], _ second: [String] = [],
    _ change: (inout GatewayConfiguration) -> Void = { _ in },
    files: [String: String] = [:]
  ) throws -> (ScriptedBackend, ScriptedBackend, Gateway) {
    let one = try ScriptedBackend()
    let other = try ScriptedBackend()
    let configuration = try GatewayConfiguration(
      backends: [
        .init("one", port: one.port, extra: first), .init("two", port: other.port, extra: second),
      ], change)
    return (one, other, try Gateway(configuration, files: files))
  }

  private static let any = ["recipients = \"any\"", "health_interval = \"1s\""]

  @Test func theNextTakesOverBeforeContentAndTheFirstComesBack() throws {
    let (one, two, gateway) = try Self.two(Self.any, Self.any)
    #expect(try gateway.send(Mail.text("first")).code == 250)
    #expect(one.messages.count == 1)
    let port = one.port
    one.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", port) })
    for index in 0..<3 { #expect(try gateway.send(Mail.text("over-\(index)")).code == 250) }
    #expect(two.messages.count == 3 && one.messages.count == 1)
    // While another loop still believes to have a session with it, it is not called down yet.
    #expect(
      try eventually(every: .milliseconds(100)) {
        try gateway.send(Mail.text("over")).code == 250
          && gateway.log().contains { $0["code"] == "BACKEND_DOWN" && $0.raw.contains("one") }
      })
    let status = try gateway.weir(["status"])
    #expect(status.output.contains("one") && status.output.contains("two"), "\(status.output)")
    let again = try ScriptedBackend(port: port)
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try gateway.send(Mail.text("back")).code == 250 && !again.messages.isEmpty
      })
    try gateway.waitForLog { $0["code"] == "BACKEND_UP" && $0.raw.contains("one") }
  }

  /// Dead in the envelope: the other one. Dead in the content: the client, for the first may have it.
  @Test func failoverIsBeforeContentOnly() throws {
    let (one, two, gateway) = try Self.two(Self.any, Self.any)
    one.behaviour = .at(.data, .close)
    #expect(try gateway.send(Mail.text("envelope")).code == 250)
    #expect(one.messages.isEmpty && two.messages.map(\.subject) == ["envelope"])
    one.behaviour = .at(.content, .close)
    let reply = try gateway.send(Mail.text("content", size: 5000))
    #expect(reply.code == 451 || two.messages.map(\.subject) == ["envelope", "content"])
    one.behaviour = .at(.endOfData, .close)
    try #require(
      eventually(within: .seconds(5), every: .milliseconds(100)) {
        (try? gateway.send(Mail.text("dot")).code) == 451
      })
    #expect(one.messages.filter { $0.subject == "dot" }.count == 1)
  }

  /// A refusal is an answer: it is not taken to the next.
  @Test func aRefusalIsNoFailure() throws {
    let (one, two, gateway) = try Self.two(Self.any, Self.any)
    one.behaviour = .at(.endOfData, .reply("550 5.7.1 No"))
    #expect(try gateway.send(Mail.text("refused")).code == 550)
    #expect(two.messages.isEmpty)
  }

  @Test func domainsDecideAndRoutesDoNotMix() throws {
    let (one, two, gateway) = try Self.two(["domains = [\"example.org\"]"], ["domains = [\".example.net\"]"])
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    let other = try client.command("RCPT TO:<user@sub.example.net>")
    #expect(other.code == 452 && other.enhanced == "4.5.3", "\(other)")
    #expect(try client.command("RCPT TO:<second@example.org>").code == 250)
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(Mail.text("org").utf8)))
    #expect(try client.reply().code == 250)
    #expect(try client.deliver(from: Mail.sender, to: ["user@sub.example.net"], Mail.text("net")).code == 250)
    #expect(one.messages.map(\.addresses) == [["user@example.org", "second@example.org"]])
    #expect(two.messages.map(\.addresses) == [["user@sub.example.net"]])
  }

  /// A relay network's message follows one route, whoever its recipients are.
  @Test func relayNetworksNeverRead452ForARoute() throws {
    let (one, two, gateway) = try Self.two(
      ["domains = [\"example.org\"]"], ["domains = [\".example.net\"]"], { $0.networks = ["127.0.0.0/8"] })
    let all = ["user@example.org", "user@sub.example.net", "user@far.example"]
    #expect(try gateway.send(Mail.text("mixed"), to: all).code == 250)
    #expect(one.messages.map(\.addresses) == [all])
    #expect(two.messages.isEmpty)
  }

  @Test func theRoutesMapDecidesAndRewrites() throws {
    let (one, two, gateway) = try Self.two(
      [], [], { $0.settings["relay.routes"] = "\"routes\"" },
      files: [
        "routes": """
        # domain or address, backend, rewritten address
        example.org one
        Boss@example.org two chief@inner.example
        .example.net two

        """
      ])
    #expect(try gateway.send(Mail.text("plain")).code == 250)
    #expect(try gateway.send(Mail.text("boss"), to: ["boss@example.org"]).code == 250)
    #expect(try gateway.send(Mail.text("net"), to: ["user@a.example.net"]).code == 250)
    #expect(one.messages.map(\.addresses) == [["user@example.org"]])
    #expect(two.messages.map(\.addresses) == [["chief@inner.example"], ["user@a.example.net"]])
    // It was the rewritten address that was asked for.
    #expect(two.asked.contains("chief@inner.example") && !two.asked.contains("boss@example.org"))
    let replies = try gateway.ask(["user@example.org", "boss@example.org", "other@example.org"])
    #expect(replies.map(\.code) == [250, 452, 250])
    // The trace names the recipient that the client named.
    #expect(two.messages[0].header("Received")[0].contains("for <boss@example.org>"))
  }

  /// A backend that is away keeps its own domains waiting, and nobody else's.
  @Test func oneAwayHoldsUpOnlyItsOwn() throws {
    let (one, two, gateway) = try Self.two(["domains = [\"example.org\"]"], ["domains = [\".example.net\"]"])
    one.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", one.port) })
    #expect(try gateway.ask(["fresh@example.org"]).map(\.code) == [451])
    #expect(try gateway.send(Mail.text("net"), to: ["user@sub.example.net"]).code == 250)
    #expect(two.messages.count == 1)
  }
}
