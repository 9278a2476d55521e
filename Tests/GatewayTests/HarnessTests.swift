import Foundation
import TestSupport
import Testing

/// The pieces of the harness that are not a peer.
@Suite struct HarnessTests {
  @Test func aScratchFolderGoesWithItsOwner() throws {
    var folder: ScratchFolder? = try ScratchFolder()
    let path = try #require(folder).path
    try folder?.write("a/b.txt", "text")
    #expect(try folder?.read("a/b.txt") == "text")
    folder = nil
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func freePortsDiffer() throws {
    let ports = try (0..<50).map { _ in try FreePort.take() }
    #expect(Set(ports).count == 50)
    let backend = try ScriptedBackend(port: ports[0])
    #expect(!FreePort.isFree(backend.port) && FreePort.answers("127.0.0.1", backend.port))
  }

  @Test func aProcessIsRunFedAndEnded() throws {
    let result = try run(
      "sh", ["-c", "cat; echo $WORD >&2; pwd; exit 3"], environment: ["WORD": "seen"], workingFolder: "/",
      input: Array("in\n".utf8))
    #expect(result.ending == .exited(3) && result.output == "in\n/\n" && result.errors == "seen\n")
    let sleeper = try RunningProcess("sleep", ["100"])
    #expect(sleeper.isRunning)
    #expect(sleeper.terminate() == .signalled(SIGTERM))
    let stubborn = try RunningProcess("sh", ["-c", "trap '' TERM; while :; do sleep 0.1; done"])
    block(for: .milliseconds(200))
    #expect(stubborn.terminate(within: .milliseconds(300)) == .signalled(SIGKILL))
    #expect(throws: HarnessFault.self) { try run("sleep", ["100"], within: .milliseconds(50)) }
  }

  @Test func aProcessThatDiesBeforeItListensIsReported() throws {
    let process = try RunningProcess("sh", ["-c", "echo broken configuration >&2; exit 1"])
    let fault = #expect(throws: HarnessFault.self) { try process.waitForPort(FreePort.take()) }
    #expect(fault?.description.contains("broken configuration") == true)
  }

  @Test func repliesAreTakenApart() {
    let reply = RawReply(lines: ["550-5.7.1 First", "550 5.7.1 Second"])
    #expect(reply.code == 550 && reply.enhanced == "5.7.1" && reply.text == "5.7.1 First\n5.7.1 Second")
    #expect(RawReply(lines: ["250 mx.example"]).enhanced == nil)
    #expect(RawReply(lines: ["250 1.2.3.4"]).enhanced == nil)
    #expect(RawReply(lines: []).code == 0)
  }

  @Test func dotsAreStuffed() {
    func stuffed(_ text: String) -> String {
      String(decoding: RawClient.stuffed(Array(text.utf8)), as: UTF8.self)
    }
    #expect(stuffed("") == ".\r\n")
    #expect(stuffed(".\r\n..a\r\nb.") == "..\r\n...a\r\nb.\r\n.\r\n")
  }

  @Test func bareLineEndsAreFound() {
    for text in ["a\r\n", "", "a\r\n\r\n"] { #expect(!containsBareLineEnds(Array(text.utf8))) }
    for text in ["a\n", "\n", "a\rb\r\n", "a\r\r\n", "a\r", "a\0\r\n"] {
      #expect(containsBareLineEnds(Array(text.utf8)), "\(text.debugDescription)")
    }
  }

  @Test func logLinesAreTakenApart() throws {
    let line = try #require(
      LogLine(
        #"2026-11-20T12:00:01.123Z reject id=4F2A ptr=- from=<a@b.example> reply="550 5.7.1 \"no\"\n" took=31ms"#
      ))
    #expect(line.time == "2026-11-20T12:00:01.123Z" && line.event == "reject")
    #expect(line["id"] == "4F2A" && line["ptr"] == "-" && line["from"] == "<a@b.example>")
    #expect(line["reply"] == "550 5.7.1 \"no\"\n" && line["took"] == "31ms" && line["none"] == nil)
    #expect(LogLine("2026-11-20T12:00:01Z x a=\"\\x41\\u{20ac}\"")?["a"] == "A€")
    #expect(LogLine("Fatal error: something") == nil && LogLine("") == nil)
    let json = try #require(LogLine(#"{"time":"T","event":"accept","id":"1","score":1.5,"findings":["A"]}"#))
    #expect(
      json.event == "accept" && json["id"] == "1" && json["score"] == "1.5" && json["findings"] == #"["A"]"#)
  }

  @Test func theConfigurationIsWritten() throws {
    let configuration = try GatewayConfiguration(
      backends: [.init(port: 1, extra: ["protocol = \"lmtp\""])], listeners: [.init(port: 2)]
    ) {
      $0.domains = ["example.org"]
      $0.settings["limits.errors"] = "3"
    }
    #expect(
      configuration.toml(folder: "/x") == """
        checks.header_shape.mode = "off"
        dns.enabled = false
        hostname = "mx.example.org"
        limits.errors = 3
        limits.loop_delay = "30s"
        relay.domains = ["example.org"]
        relay.networks = []
        state.folder = "/x/state"

        [[listener]]
        address = "127.0.0.1:2"

        [[backend]]
        name = "main"
        address = "127.0.0.1:1"
        protocol = "lmtp"


        """)
  }

  @Test func casesAreCounted() {
    let (line, short) = Material.count(
      "x/numbers", [1, 2, 3, 4], disputes: "# Disputed\n- x/numbers 3: why\n- y/numbers 1: why\n"
    ) { $0 == 3 || $0 == 2 ? "no" : nil }
    #expect(line == "x/numbers: 2 of 3, 1 disputed\n  falls short: 2: no" && short == ["2: no"])
    #expect(Material.count("x", [1], disputes: "") { _ in nil }.line == "x: 1 of 1")
  }

  @Test(needsMaterial("smtp/smuggling.json")) func smugglingCasesAreRead() throws {
    let cases = try SmugglingCase.all()
    #expect(!cases.isEmpty && Set(cases.map(\.id)).count == cases.count)
    #expect(cases.allSatisfy { !$0.bytes.isEmpty && $0.bytes != Array("\r\n.\r\n".utf8) })
  }

  @Test(needsMaterial("smtp/open-relay.json")) func openRelayCasesAreRead() throws {
    let cases = try OpenRelayCase.all()
    #expect(!cases.isEmpty)
    for one in cases {
      let filled = one.filled(server: "mx.example.org")
      #expect(!filled.recipient.contains("{") && !filled.sender.contains("{"), "case \(one.n)")
      #expect(filled.recipient.contains("outside.example"), "case \(one.n)")
    }
  }
}
