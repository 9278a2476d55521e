import Foundation
import TestSupport
import Testing

/// A client that goes before it has read that its message was taken comes again: whatever became of the message, nothing
/// of it is done a second time, and the client reads what it would have read.
@Suite(.apart, .serialized) struct E2ERepeatTests {
  /// What a rule makes of a message, by its subject, and what is there of it when it has been done once.
  enum Fate: String, CaseIterable, Sendable {
    case held, away, junk, both, plain
    /// Held and sent on besides.
    case all

    var isHeld: Bool { self == .held || self == .all }
    /// Messages at the backend, legs of the outbox included.
    var arrivals: Int {
      switch self {
      case .held, .junk: 0
      case .away, .plain: 1
      case .both, .all: 2
      }
    }
    /// The log line that says what became of it.
    var code: String {
      switch self {
      case .held: "RULE_QUARANTINE"
      case .away: "RULE_REDIRECT"
      case .junk: "RULE_DISCARD"
      case .both, .plain, .all: "MESSAGE_ACCEPTED"
      }
    }
  }

  private static let rules = [
    "Rules/10.rc": """
    :0
    * ^Subject: held
    quarantine odd

    :0
    * ^Subject: away
    ! ann@example.org

    :0
    * ^Subject: junk
    /dev/null

    :0 c
    * ^Subject: both
    ! archive@example.org

    :0 c
    * ^Subject: all
    quarantine odd

    :0 c
    * ^Subject: all
    ! archive@example.org
    """
  ]

  private static let mark = "nothing will be done a second time"
  private static let code = "MESSAGE_ACCEPTED"

  private func front(_ settings: [String: String] = [:], tail: String = "", files: [String: String] = rules)
    throws -> Front
  {
    try Front(["outbox.retry": "[\"1s\"]"].merging(settings) { $1 }, tail: tail, files: files)
  }

  /// Sends a message and goes as soon as it is taken, its reply unread in the socket; what the log says was replied.
  @discardableResult
  private func lose(
    _ front: Front, _ text: String, _ fate: Fate, to recipients: [String] = [Mail.user],
    parameters: String = "",
    isNoticed: Bool = true
  ) throws -> LogLine {
    let before = front.gateway.events(fate.code).count
    let losses = losses(front).count
    let client = try front.session()
    try client.command("MAIL FROM:<\(Mail.sender)>\(parameters)")
    for recipient in recipients { #expect(try client.command("RCPT TO:<\(recipient)>").code == 250) }
    #expect(try client.command("DATA").code == 354)
    try client.send(RawClient.stuffed(Array(text.utf8)))
    let lines = try front.gateway.waitForEvents(fate.code, before + 1)
    client.reset()
    if isNoticed {
      #expect(
        eventually(within: .seconds(5)) { self.losses(front).count == losses + 1 }, "\(front.gateway.log())")
    } else {
      block(for: .milliseconds(300))
      #expect(self.losses(front).count == losses)
    }
    return try #require(lines.last)
  }

  private func losses(_ front: Front) -> [LogLine] {
    front.gateway.log().filter { $0["detail"]?.contains(Self.mark) == true }
  }

  private func repeats(_ front: Front) -> [LogLine] {
    front.gateway.log().filter { $0["detail"]?.hasPrefix("repeat of a message that was taken as ") == true }
  }

  private func entries(_ front: Front) throws -> Int {
    try front.gateway.listed("quarantine", ["--state", "any"]).count
  }

  /// What is there of so many messages of that fate, and nothing more comes for a while.
  private func expect(
    _ fate: Fate, _ times: Int, in front: Front, at place: SourceLocation = #_sourceLocation
  )
    throws
  {
    #expect(
      eventually { front.backend.messages.count == fate.arrivals * times }, "\(front.backend.messages.count)",
      sourceLocation: place)
    block(for: .milliseconds(500))
    #expect(front.backend.messages.count == fate.arrivals * times, sourceLocation: place)
    #expect(try entries(front) == (fate.isHeld ? times : 0), sourceLocation: place)
    #expect(try front.gateway.listed("outbox").isEmpty, sourceLocation: place)
  }

  @Test(arguments: Fate.allCases, [0, 700_000]) func nothingIsDoneTwice(_ fate: Fate, _ size: Int) throws {
    let front = try front()
    let text = Mail.text("\(fate)", size: size)
    let told = try lose(front, text, fate)
    try expect(fate, 1, in: front)
    let reply = try front.gateway.send(text)
    #expect(reply.code == 250 && told["reply"] == "250 " + reply.text, "\(reply) \(told)")
    #expect(eventually { repeats(front).count == 1 })
    let line = try #require(repeats(front).first)
    let id = try #require(told["id"])
    #expect(line.event == "accept" && line["id"] != id && line["detail"]?.contains("taken as \(id);") == true)
    try expect(fate, 1, in: front)
    #expect(front.gateway.events(fate.code).count == (fate.code == Self.code ? 2 : 1))
    // It is used up: what comes a third time is meant.
    #expect(try front.gateway.send(text).code == 250)
    #expect(repeats(front).count == 1)
    try expect(fate, 2, in: front)
  }

  @Test func itIsLostAsOftenAsTheClientLikes() throws {
    let front = try front()
    let text = Mail.text("held")
    let told = try lose(front, text, .held)
    for round in 1...3 {
      let losses = losses(front).count
      let client = try front.session()
      try client.beginData(from: Mail.sender, to: [Mail.user])
      try client.send(RawClient.stuffed(Array(text.utf8)))
      #expect(eventually { repeats(front).count == round })
      client.reset()
      #expect(eventually { self.losses(front).count == losses + 1 })
    }
    let reply = try front.gateway.send(text)
    #expect(told["reply"] == "250 " + reply.text, "\(reply)")
    try expect(.held, 1, in: front)
  }

  @Test func whatDiffersIsJudgedAnew() throws {
    let front = try front()
    let text = Mail.text("held")
    try lose(front, text, .held, to: [Mail.user, "second@example.org"])
    #expect(try front.gateway.send(text, to: [Mail.user]).code == 250)
    #expect(
      try front.gateway.send(text, to: [Mail.user, "second@example.org", "third@example.org"]).code == 250)
    #expect(
      try front.gateway.send(
        text, from: "other@outside.example", to: [Mail.user, "second@example.org"]
      ).code == 250)
    #expect(
      try front.gateway.send(
        text.replacing("line of", with: "LINE of"), to: [Mail.user, "second@example.org"]
      ).code == 250)
    #expect(repeats(front).isEmpty)
    #expect(try entries(front) == 5)
    // The recipients in another order are the same message.
    #expect(try front.gateway.send(text, to: ["second@example.org", Mail.user]).code == 250)
    #expect(try entries(front) == 5)
    #expect(eventually { repeats(front).count == 1 })
  }

  @Test(arguments: ["Date", "Message-ID"]) func withoutDateOrIDNothingIsRemembered(_ field: String) throws {
    let front = try front()
    let text = Mail.text("held").replacing("\(field):", with: "X-\(field):")
    try lose(front, text, .held, isNoticed: false)
    #expect(try front.gateway.send(text).code == 250)
    try expect(.held, 2, in: front)
  }

  @Test func theMemoryEndsAndIsBounded() throws {
    let front = try front(["delivery.digest_lifetime": "\"2s\"", "delivery.digest_entries": "1"])
    let (first, second) = (Mail.text("held 1"), Mail.text("held 2"))
    try lose(front, first, .held)
    try lose(front, second, .held)
    #expect(try front.gateway.send(first).code == 250)
    #expect(try entries(front) == 3, "the second took the first's place")
    #expect(try front.gateway.send(second).code == 250)
    #expect(try entries(front) == 3)
    try lose(front, second, .held)
    block(for: .milliseconds(2100))
    #expect(try front.gateway.send(second).code == 250)
    #expect(try entries(front) == 5)
  }

  /// Also where the rule that made it so is gone meanwhile, and with it the backends' table.
  @Test func aReloadForgetsNothing() throws {
    let front = try front()
    let text = Mail.text("held")
    let told = try lose(front, text, .held)
    try front.gateway.folder.write("Rules/10.rc", ":0\n* ^Subject: held\nreject\n")
    let reload = try front.reload(
      ["replies.MESSAGE_HELD": "\"Other words {id}\"", "delivery.digest_lifetime": "\"3h\""]
    ) { $0.backends[0].extra = ["connections = 7"] }
    #expect(reload.succeeded, "\(reload)")
    let reply = try front.gateway.send(text)
    #expect(told["reply"] == "250 " + reply.text, "\(reply)")
    try expect(.held, 1, in: front)
    #expect(try front.gateway.send(text).code == 550)
  }

  /// A reply for each: one recipient is refused, one gets it, for one it is held.
  @Test func whoAsksForAReplyForEachHasThemAllAgain() throws {
    let front = try front(files: [
      "Rules/domains/strict.example.net/10.rc": ":0\n* ^Subject: odd\nreject \"not here\"\n",
      "Rules/users/second@example.org/10.rc": ":0\n* ^Subject: odd\nquarantine\n",
    ])
    let text = Mail.text("odd")
    let recipients = [Mail.user, "x@strict.example.net", "second@example.org"]
    try lose(front, text, .plain, to: recipients, parameters: " PRDR")
    // For one recipient of them alone it is another message.
    #expect(try front.gateway.send(text, to: ["x@strict.example.net"]).code == 550)
    let client = try front.session()
    try client.command("MAIL FROM:<\(Mail.sender)> PRDR")
    for recipient in recipients.reversed() {
      #expect(try client.command("RCPT TO:<\(recipient)>").code == 250)
    }
    #expect(try client.command("DATA").code == 354)
    try client.send(RawClient.stuffed(Array(text.utf8)))
    let replies = try (0..<5).map { _ in try client.reply() }
    #expect(replies.map(\.code) == [353, 250, 550, 250, 250])
    #expect(replies[1].text.contains("<second@example.org>") && replies[2].text.contains("not here"))
    #expect(replies[3].text.contains("<\(Mail.user)>") || replies[3].text.contains("Taken as"))
    #expect(front.backend.messages.map(\.addresses) == [[Mail.user]])
    #expect(try entries(front) == 1)
    #expect(eventually { repeats(front).count == 1 })
    let line = try #require(repeats(front).first)
    #expect(line["to"]?.contains("strict") == false)
    let refused = front.gateway.log().filter { $0["detail"]?.hasPrefix("as it was told of ") == true }
    #expect(refused.count == 1 && refused.first?.event == "reject")
    // The session goes on, and nothing is remembered any more.
    #expect(try client.deliver(from: Mail.sender, to: [Mail.user], text).code == 250)
    #expect(front.backend.messages.count == 2)
  }

  /// Killed and started again the gateway knows no replies, but what it told of is there, once, and what it did not is
  /// not.
  @Test func whatWasToldIsThereAfterTheEnd() throws {
    let front = try front()
    try lose(front, Mail.text("all"), .all)
    #expect(eventually { front.backend.messages.count == 2 })
    #expect(front.gateway.kill() == .signalled(SIGKILL))
    try front.gateway.restart()
    try expect(.all, 1, in: front)
  }
}
