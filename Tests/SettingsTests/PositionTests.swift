import Settings
import Testing

/// The place of a key, in each way that TOML has to write one.
@Suite struct PositionTests {
  static let text = """
    # ünïcode = 1
    hostname = "mx.example.org"
    limits.connections = 10
    "log" . 'level' = "info"
    backend = [
      # the first
      { name = "a", address = "127.0.0.1:10025", domains = [ "example.org",  # one
          "example.net" ] },
      { name = "ß", address = "127.0.0.1:10026" },
    ]
    relay = { domains = ["example.org", "example.net"], networks = [] }

    [[ listener ]]
      address = "127.0.0.1:2525"   # "not a key = 1"
    [[listener]]
    address = "127.0.0.1:2526"

    [checks . own_domain]
    note = '''
    [[listener]]
    address = 5
    '''
    more = \"\"\"
    \\\"\"\"
    x = 1 \"\"\"\"\"
    exceptions = [
      "a.example",
    ]
    [checks.own_domain.weights]
    OWN_DOMAIN_FORGED = 3
    [checks.other]
    x.y.z = [[1, 2], [{ a = "]" }]]
    """

  static let places = [
    ("hostname", 2, 12), ("limits", 3, 22), ("limits.connections", 3, 22), ("log.level", 4, 19),
    ("backend[0].name", 7, 12), ("backend[0].domains[0]", 7, 58), ("backend[0].domains[1]", 8, 7),
    ("backend[1].address", 9, 27), ("relay.domains[1]", 11, 37), ("relay.networks", 11, 64),
    ("listener[0].address", 14, 13), ("listener[1].address", 16, 11), ("listener[1]", 15, 1),
    ("checks.own_domain", 18, 1), ("checks.own_domain.exceptions[0]", 27, 3),
    ("checks.own_domain.weights.OWN_DOMAIN_FORGED", 30, 21), ("checks.other.x.y.z[1][0].a", 32, 25),
    // Not written: the nearest around it.
    ("checks.other.x.y.w", 32, 9), ("listener[1].tls", 15, 1), ("nothing.of.the.kind", 1, 1),
    ("backend[7].name", 5, 11),
  ]

  @Test func everyWayToWriteAKey() throws {
    let reading = read(Self.text)
    #expect(reading.lines == [])
    let settings = try #require(reading.settings)
    for (path, line, column) in Self.places {
      #expect(settings.position(of: path) == SourcePosition(line: line, column: column), "\(path)")
    }
    #expect(settings.isWritten("checks.other.x.y.z[1][0].a"))
    #expect(!settings.isWritten("checks.own_domain.x"), "what stands in a text is no key")
  }

  @Test(arguments: [
    ("0", 0), ("+7", 7), ("1_000", 1000), ("0x1F", 31), ("0o17", 15), ("0b101", 5), ("10", 10),
  ])
  func wholeNumbers(_ text: String, _ expected: Int) {
    let reading = readWith("limits.connections = \(text)")
    #expect(reading.lines == [])
    #expect(reading.settings?.limits.connections == .atMost(expected))
  }

  @Test(arguments: [("1.5", 1.5), ("5", 5), ("2e1", 20), ("-0.5", -0.5), ("1_0.2_5E-1", 1.025)])
  func numbers(_ text: String, _ expected: Double) {
    let reading = readWith("actions.tag = \(text)")
    #expect(reading.lines == [])
    #expect(reading.settings?.actions.tag == expected)
  }

  @Test(arguments: [
    "01", "1__0", "_1", "1_", "1.", ".5", "1.e5", "1e", "0x", "+0x1", "0xG", "0b2", "1979-05-27T07:32:00",
    "07:32",
    "infinity", "-", "+", "1e+", "True", "truefalse",
  ])
  func noNumbers(_ text: String) {
    let reading = readWith("actions.tag = \(text)")
    #expect(reading.settings == nil)
    #expect(reading.problems.map(\.position) == [SourcePosition(line: 4, column: 15)])
  }

  /// What is remembered of a text speaks of the file it was read from, and goes when the text is another.
  @Test func whatWasReadBeforeIsReadTheSame() {
    func complaint(_ text: String, _ file: String) -> [String] {
      Settings.read(text: text, file: file).problems.map { "\($0)" }.filter { $0.contains("nonsense") }
    }
    let first = complaint("nonsense = 1\n", "a.toml")
    #expect(first.count == 1 && first[0].hasPrefix("a.toml:1:1: "))
    #expect(complaint("nonsense = 1\n", "a.toml") == first)
    #expect(complaint("nonsense = 1\n", "b.toml")[0].hasPrefix("b.toml:1:1: "))
    #expect(complaint("\nnonsense = 1\n", "a.toml")[0].hasPrefix("a.toml:2:1: "))
    #expect(complaint("\n", "a.toml").isEmpty)
  }
}
