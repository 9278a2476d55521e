import NetAddress
import Settings
import Testing

@Suite struct CheckKeysTests {
  private func keys(_ text: String) throws -> CheckKeys {
    let reading = readWith("[checks.sample]\n\(text)")
    #expect(reading.lines == [])
    return try #require(reading.settings?.checks["sample"]).keys
  }

  @Test func whatAllChecksHave() throws {
    let reading = readWith(
      """
      [checks.sample]
      mode = "shadow"
      enforce_at = "message"
      weights = { SAMPLE_SEEN = 2, SAMPLE_PASSED = -1.5 }
      [checks.plain]
      """)
    let checks = try #require(reading.settings).checks
    #expect(checks["sample"]?.mode == .shadow)
    #expect(checks["sample"]?.enforceAt == .message)
    #expect(checks["sample"]?.weights == ["SAMPLE_SEEN": 2, "SAMPLE_PASSED": -1.5])
    #expect(checks["sample"]?.keys.unreadKeys == [])
    #expect(checks["plain"]?.mode == nil && checks["plain"]?.enforceAt == nil)
  }

  @Test func everyKind() throws {
    var keys = try keys(
      """
      text = "a"
      list = ["b", "c"]
      word = "left"
      count = 3
      number = 2.5
      whole = 2
      duration = "5m"
      size = "64KiB"
      flag = true
      networks = ["192.0.2.0/24"]
      domains = ["Example.org", ".example.net"]
      blank = ""
      """)
    #expect(keys.unreadKeys.count == 12)
    let got1 = keys.string("text", default: "")
    #expect(got1 == "a")
    let got2 = keys.strings("list", default: [])
    #expect(got2 == ["b", "c"])
    let got3 = keys.word("word", of: ["left", "right"], default: "right")
    #expect(got3 == "left")
    let got4 = keys.count("count", in: 0...5, default: 1)
    #expect(got4 == 3)
    let got5 = keys.number("number", default: 1)
    #expect(got5 == 2.5)
    let got6 = keys.number("whole", default: 1)
    #expect(got6 == 2)
    let got7 = keys.duration("duration", default: .zero)
    #expect(got7 == .seconds(300))
    let got8 = keys.size("size", default: 0)
    #expect(got8 == 65_536)
    let got9 = keys.flag("flag", default: false)
    #expect(got9)
    let got10 = keys.networks("networks", default: []).map(\.description)
    #expect(got10 == ["192.0.2.0/24"])
    let got11 = keys.domains("domains").written
    #expect(got11 == [".example.net", "example.org"])
    let got12 = keys.string("blank", default: "standard")
    #expect(got12 == "standard")
    let got13 = keys.count("missing", in: 0...5, default: 1)
    #expect(got13 == 1)
    #expect(keys.problems == [])
    #expect(keys.unreadKeys == [])
  }

  @Test func whatIsWrongIsReportedWhereItStands() throws {
    var keys = try keys(
      """
      exceptions = ["ok.example", "*.example"]
      count = 9
      list = ["a", 2]
      word = "up"
      exeptions = []
      own = "x"
      """)
    _ = keys.domains("exceptions")
    let got14 = keys.count("count", in: 0...5, default: 1)
    #expect(got14 == 1)
    let got15 = keys.strings("list", default: ["z"])
    #expect(got15 == ["z"])
    let got16 = keys.word("word", of: ["left", "right"], default: "right")
    #expect(got16 == "right")
    _ = keys.string("own", default: "")
    keys.report("own", "is not to my taste")
    #expect(
      keys.problems.map(\.description) == [
        "weir.toml:5:29: checks.sample.exceptions: \"*.example\" has a star: write \".example\" for the sub-domains",
        "weir.toml:6:9: checks.sample.count: expected a whole number from 0 to 5; found the number 9",
        "weir.toml:7:14: checks.sample.list: expected a text in quotes here; found the number 2",
        "weir.toml:8:8: checks.sample.word: expected one of \"left\", \"right\"; found the text \"up\"",
        "weir.toml:9:1: unknown key 'exeptions' in [checks.sample]; did you mean 'exceptions'?",
        "weir.toml:10:7: checks.sample.own: is not to my taste",
      ])
  }

  @Test func namesThatNobodyKnows() throws {
    let settings = try #require(
      readWith(
        """
        [checks.own_domian]
        [checks.zebra]
        [checks.own_domain]
        [replies]
        RELAY_DENIED = "no"
        RELAY_DENEID = "no"
        SOMETHING = "no"
        """
      ).settings)
    #expect(
      settings.unknownChecks(known: ["own_domain", "null_sender"]).map(\.description) == [
        "weir.toml:4:1: unknown check 'own_domian'; did you mean 'own_domain'?",
        "weir.toml:5:1: unknown check 'zebra'; there are null_sender, own_domain",
      ])
    #expect(
      settings.unknownReplies(known: ["RELAY_DENIED", "TIMEOUT"]).map(\.description) == [
        "weir.toml:9:1: unknown reason code 'RELAY_DENEID' in [replies]; did you mean 'RELAY_DENIED'?",
        "weir.toml:10:1: unknown reason code 'SOMETHING' in [replies]",
      ])
  }
}
