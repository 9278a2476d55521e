import Settings
import Testing

/// The files of one entry a line that the configuration names.
@Suite struct LineFileTests {
  static let map = """
    # domain-or-address  backend  [rewritten-address]
    Example.ORG        main
    .example.org       main       # its sub-domains

      Sales@example.net\tother\tdesk@example.com
    "john doe"@example.net  other  "J D"@example.com
    bücher.example  main\r
    """

  @Test func routes() {
    let (map, problems) = RoutesMap.read(text: Self.map, file: "routes.map", backends: ["main", "other"])
    #expect(problems == [])
    #expect(
      map.entries.map(\.key) == [
        "example.org", ".example.org", "sales@example.net", "john doe@example.net", "bücher.example",
      ])
    #expect(map.entries.map(\.backend) == ["main", "main", "other", "other", "main"])
    #expect(map.entries.map(\.rewritten) == [nil, nil, "desk@example.com", "\"J D\"@example.com", nil])
    #expect(map.entries[2].position == SourcePosition(line: 5, column: 27))
  }

  @Test(arguments: [
    ("example.org", "1:1: no backend: write \"example.org  BACKEND\""),
    ("example.org mian", "1:13: unknown backend 'mian'; did you mean 'main'?"),
    ("example.org elsewhere", "1:13: unknown backend 'elsewhere'; there are 'main', 'other'"),
    (
      "@example.org main",
      "1:1: \"@example.org\" begins with an @: write the domain alone, \"example.org\""
    ),
    ("*.example.org main", "1:1: \"*.example.org\" has a star: write \".example.org\" for the sub-domains"),
    ("example.org main desk", "1:18: \"desk\" is no address: write user@example.org"),
    (
      "ü.example main a@b c",
      "1:20: \"c\" is one word too many: a line is a domain or address, a backend, and maybe a rewritten address"
    ),
    ("a@b@c.example main", "1:1: \"a@b@c.example\" holds \"@\" outside quotes"),
    ("\"a@c.example main", "1:1: no backend: write \"\"a@c.example main  BACKEND\""),
    (
      "\"a\"b\"@c.example main",
      "1:1: \"\\\"a\\\"b\\\"@c.example\" has a local part with a quote in the wrong place"
    ),
    (
      "a@[192.0.2.300] main",
      "1:1: \"a@[192.0.2.300]\" has a wrong address literal: write [192.0.2.1] or [IPv6:2001:db8::1]"
    ),
    ("@ main", "1:1: \"@\" begins with an @: write the domain alone, \"\""),
    ("a\0b.example main", "1:1: \"a\\u{0}b.example\" holds \"\\u{0}\", which no domain does"),
    (
      "example.org main\n\nEXAMPLE.org other",
      "3:1: \"example.org\" has a route in line 1 already: remove one"
    ),
  ])
  func wrongRoutes(_ text: String, _ expected: String) {
    let (map, problems) = RoutesMap.read(text: text, file: "routes.map", backends: ["main", "other"])
    #expect(problems.map(\.description) == ["routes.map:\(expected)"])
    #expect(map.entries.count == (text.contains("EXAMPLE") ? 1 : 0))
  }

  @Test func recipients() {
    let text = """
      # our people
      Info@Example.org
      @lists.example.org   # anyone
      "john doe"@example.org
      root@[192.0.2.1]
      root@[IPv6:2001:DB8::1]
      """
    let (recipients, problems) = RecipientsFile.read(text: text, file: "recipients")
    #expect(problems == [])
    #expect(recipients.count == 5)
    #expect(recipients.contains(localPart: "INFO", domain: "example.ORG"))
    #expect(recipients.contains(localPart: "any", domain: "lists.example.org"))
    #expect(recipients.contains(localPart: "john doe", domain: "example.org"))
    #expect(recipients.contains(localPart: "root", domain: "[192.0.2.1]"))
    #expect(recipients.contains(localPart: "root", domain: "[IPv6:2001:db8::1]"))
    #expect(!recipients.contains(localPart: "any", domain: "example.org"))
    #expect(!recipients.contains(localPart: "any", domain: "x.lists.example.org"))
    #expect(!recipients.contains(localPart: "", domain: ""))
  }

  @Test func wrongRecipients() {
    let text =
      "info\n@\nx@\n@example.org extra\n.example.org\n\(String(repeating: "l", count: 65))@example.org"
    let (recipients, problems) = RecipientsFile.read(text: text, file: "recipients")
    #expect(
      problems.map(\.description) == [
        "recipients:1:1: \"info\" is no address: write user@example.org, or @example.org for anyone there",
        "recipients:2:1: \"@\" is empty",
        "recipients:3:1: \"x@\" is empty",
        "recipients:4:14: \"extra\" is one word too many: write one address a line",
        "recipients:5:1: \".example.org\" is no address: write user@example.org, or @example.org for anyone there",
        "recipients:6:1: \"\(String(repeating: "l", count: 65))@example.org\" has a local part of 65 bytes:"
          + " RFC 5321 allows 1 to 64",
      ])
    #expect(recipients.domains == ["example.org"])
  }

  @Test func aWrongFileIsNotAMillionProblems() {
    let junk = String(repeating: "junk\n", count: 100_000)
    let (_, problems) = RecipientsFile.read(text: junk, file: "recipients")
    #expect(problems.count == 101)
    #expect(problems.last?.message == "and 99900 more problems like these")
  }
}
