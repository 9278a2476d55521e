import Foundation
import TestSupport
import Testing

/// `[dns]` of the built gateway: real servers on loopback, none at all, and what it says of it.
@Suite(.apart) struct E2EResolverTests {
  private func deliver(_ front: Front, from domain: String) throws -> (code: Int, took: Duration) {
    let begin = ContinuousClock.now
    let session = try front.session()
    let reply = try session.deliver(from: "a@\(domain)", to: ["user@example.org"])
    try session.command("QUIT")
    return (reply.code, ContinuousClock.now - begin)
  }

  private func names(_ front: Front) throws -> [String: Any] {
    guard let names = try front.status()["names"] as? [String: Any] else {
      throw HarnessFault("no names in the status")
    }
    return names
  }

  private func count(_ front: Front, _ code: String) -> Int {
    front.gateway.log().filter { $0["code"] == code }.count
  }

  @Test(
    "Without a network mail flows; it is said once when it goes, and once when it is back", needs(.unbound))
  func noNetwork() throws {
    let server = try Unbound(
      data: ["back.example. 300 IN MX 10 mx.back.example.", "mx.back.example. 300 IN A 198.51.100.25"],
      zones: [".": "static"])
    server.freeze(true)
    let front = try Front([
      "dns.servers": "[\"\(server.place)\"]", "dns.timeout": "\"1s\"",
    ])
    let end = ContinuousClock.now + .seconds(20)
    var number = 0
    while count(front, "NAMES_UNAVAILABLE") == 0, ContinuousClock.now < end {
      number += 1
      let (code, took) = try deliver(front, from: "sender\(number).example")
      #expect(code == 250)
      #expect(took < .seconds(6), "the stages wait no longer than they may")
    }
    #expect(count(front, "NAMES_UNAVAILABLE") == 1)
    #expect(try names(front)["isLost"] as? Bool == true)
    let begin = ContinuousClock.now
    for number in 0..<5 {
      let (code, _) = try deliver(front, from: "later\(number).example")
      #expect(code == 250)
    }
    #expect(ContinuousClock.now - begin < .seconds(4), "nobody waits any more")
    let report = try front.gateway.weir(["status"]).output
    #expect(report.contains("names        NOBODY ANSWERS;"), "\(report)")
    server.freeze(false)
    try front.gateway.waitForLog(within: .seconds(15)) { $0["code"] == "NAMES_AVAILABLE" }
    #expect(try deliver(front, from: "back.example").code == 250)
    #expect(server.questions.contains("back.example. MX IN"))
    #expect(count(front, "NAMES_UNAVAILABLE") == 1 && count(front, "NAMES_AVAILABLE") == 1)
  }

  @Test(
    "A stub below .test is asked; the resolver outlives a reload, and goes when [dns] changes", needs(.nsd))
  func stubAndReload() throws {
    let server = try Nsd(zones: ["senders.test": "good MX 10 mx\nmx A 198.51.100.25"])
    let stub = """
      [[dns.stub]]
      zone = "senders.test"
      address = "\(server.place)"

      """
    let settings = ["checks.sender_domain.action": "\"reject\""]
    let front = try Front(settings, tail: stub)
    #expect(try deliver(front, from: "good.senders.test").code == 250)
    let session = try front.session()
    try session.command("MAIL FROM:<a@bad.senders.test>")
    #expect(try session.command("RCPT TO:<user@example.org>").code == 550)
    #expect(
      try front.gateway.waitForLog { $0["code"] == "SENDER_DOMAIN_MISSING" }["from"] == "<a@bad.senders.test>"
    )
    let before = try #require(try names(front)["questions"] as? [String: Int])
    #expect(before["no_name", default: 0] >= 1 && before["records", default: 0] >= 2)

    #expect(try front.reload(settings.merging(["limits.recipients": "7"]) { $1 }, tail: stub).succeeded)
    #expect(try names(front)["questions"] as? [String: Int] == before, "the same resolver")
    #expect(try deliver(front, from: "good.senders.test").code == 250)
    #expect(try names(front)["hits"] as? Int ?? 0 >= 1)

    let changed = settings.merging(["dns.queue": "77"]) { $1 }
    #expect(try front.reload(changed, tail: stub).succeeded)
    let after = try names(front)
    #expect(after["queue"] as? Int == 77 && after["hits"] as? Int == 0, "a new one")
    #expect(try front.reload(["dns.enabled": "false"]).succeeded)
    #expect(try front.status()["names"] == nil)
  }

  @Test("weir check names what is wrong in a fixture, and a resolver that lists refuse")
  func check() throws {
    let front = try Front(
      ["dns.fixture": "\"names.txt\""], files: ["names.txt": "a.example A 192.0.2.1\n"])
    #expect(try front.gateway.weir(["check", "--offline"]).succeeded)
    try front.gateway.folder.write("names.txt", "a.example A 192.0.2.1\nb.example A nothing\n")
    let broken = try front.gateway.weir(["check", "--offline"])
    #expect(broken.ending == .exited(1))
    #expect(broken.output.contains("names.txt:2:13: expected an address of IPv4"), "\(broken.output)")
    try front.gateway.rewrite(
      GatewayConfiguration(before: front.backend) { $0.settings["dns.servers"] = "[\"8.8.8.8\"]" })
    let warned = try front.gateway.weir(["check", "--offline"])
    #expect(warned.ending == .exited(0))
    #expect(warned.output.contains("warning: dns.servers: 8.8.8.8 is a public resolver"), "\(warned.output)")
    try front.gateway.rewrite(
      GatewayConfiguration(before: front.backend) { $0.settings["dns.fixture"] = "\"nowhere.txt\"" })
    let missing = try front.gateway.weir(["check", "--offline"])
    #expect(missing.ending == .exited(1) && missing.output.contains("nowhere.txt"), "\(missing.output)")
  }
}
