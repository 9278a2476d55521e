import Foundation
import TestSupport
import Testing

/// SIGTERM: no new connections, messages under way are finished, everybody else reads 421, exit code 0.
@Suite(.apart) struct E2EDrainTests {
  @Test func messagesInTheMiddleAreFinishedAndTheIdleAreSentAway() throws {
    let front = try Front(behaviour: .at(.endOfData, .delay(.milliseconds(300))))
    let idle = try front.session()
    let begun = try front.transaction()
    let writing = try front.session()
    try writing.beginData()
    try writing.send("Subject: in the middle\r\n\r\nfirst half\r\n")
    let waiting = try front.session()
    try waiting.beginData()
    try waiting.send("Subject: handed over\r\n\r\n.\r\n")
    #expect(eventually { front.backend.timesReached(.endOfData) == 1 })
    front.gateway.process.send(SIGTERM)
    for client in [idle, begun] {
      let text = try client.readUntilClosed()
      #expect(text.hasPrefix("421 4.3.2 "), "\(text)")
    }
    #expect(!FreePort.answers("127.0.0.1", front.gateway.port))
    #expect(try waiting.readUntilClosed().hasPrefix("250 "))
    try writing.send("second half\r\n.\r\n")
    let text = try writing.readUntilClosed()
    #expect(text.hasPrefix("250 ") && text.contains("\r\n421 4.3.2 "), "\(text)")
    #expect(front.gateway.process.waitForEnd(within: .seconds(15)) == .exited(0))
    #expect(Set(front.backend.messages.flatMap { $0.header("Subject") }) == ["in the middle", "handed over"])
    #expect(front.backend.messages.contains { $0.text.contains("first half\r\nsecond half\r\n") })
    let log = front.gateway.log()
    #expect(log.filter { $0.event == "accept" }.count == 2 && log.contains { $0["code"] == "STOPPING" })
  }

  @Test func theDeadlineIsMet() throws {
    let front = try Front(["timeouts.drain": "\"1s\""])
    let stuck = try front.session()
    try stuck.beginData()
    try stuck.send("Subject: never ends\r\n")
    let start = ContinuousClock.now
    front.gateway.process.send(SIGTERM)
    #expect(front.gateway.process.waitForEnd(within: .seconds(15)) == .exited(0))
    let took = ContinuousClock.now - start
    #expect(took > .milliseconds(800) && took < .seconds(12), "\(took)")
    #expect(try stuck.readUntilClosed().hasPrefix("421 4.3.2 "))
    #expect(front.backend.messages.isEmpty)
  }

  @Test(arguments: [SIGTERM, SIGINT]) func nobodyThereEndsAtOnce(_ signal: Int32) throws {
    let front = try Front()
    _ = try front.status()
    let start = ContinuousClock.now
    front.gateway.process.send(signal)
    #expect(front.gateway.process.waitForEnd(within: .seconds(10)) == .exited(0))
    #expect(ContinuousClock.now - start < .seconds(9))
    #expect(!front.gateway.process.errors.contains("rror"))
    // And it can be started again at once, on the same port and with the same state.
    try front.gateway.restart()
    #expect(try front.session().command("NOOP").code == 250)
  }
}
