import Bytes
import Filtering
import Testing

@Suite struct ListEditTests {
  private func add(
    _ entry: String, trap: Bool = false, until: String? = nil, reason: String? = nil, to text: String,
    file: String
  ) throws -> String {
    let edited = try ListEdit.add(
      entry, isTrap: trap, until: until, reason: reason, to: Array(text.utf8), file: file, at: listNoon)
    return String(decoding: edited.text, as: UTF8.self)
  }

  @Test func appends() throws {
    #expect(try add("192.0.2.1", to: "", file: "block.cidr") == "192.0.2.1\n")
    #expect(
      try add(
        "192.0.2.1", until: "2026-06-15", reason: " bad  host ", to: "# head\n192.0.2.2\n",
        file: "d/block.cidr")
        == "# head\n192.0.2.2\n192.0.2.1 until=2026-06-15 bad  host\n")
    #expect(try add("@b.example", to: "@a.example", file: "allow.senders") == "@a.example\n@b.example\n")
    #expect(try add("b.example", to: "a.example\r\n", file: "block.helo") == "a.example\r\nb.example\r\n")
    #expect(
      try add("t@a.example", trap: true, reason: "x", to: "", file: "block.recipients")
        == "t@a.example trap x\n")
    #expect(try add("\"a b\"@c.example", to: "", file: "block.senders") == "\"a b\"@c.example\n")
    let edited = try ListEdit.add(
      "192.0.2.1", to: Array("#\n#\n".utf8), file: "block.cidr", at: listNoon)
    #expect(edited.lines == [3])
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.2\n192.0.2.1/32 x\n", "block.cidr", "block.cidr:2: 192.0.2.1 stands here already"),
    (
      "2001:DB8::/32", "# c\n2001:db8:0::/32\n", "block.cidr",
      "block.cidr:2: 2001:DB8::/32 stands here already"
    ),
    ("A.example", "a.EXAMPLE why\n", "block.helo", "block.helo:1: A.example stands here already"),
    ("U@a.example", "\"u\"@a.example\n", "block.senders", "block.senders:1: U@a.example stands here already"),
    ("192.0.2.1/24", "", "block.cidr", "192.0.2.1/24: host bits set below the /24: write 192.0.2.0/24"),
    ("a.example b", "", "block.helo", "a.example b: an entry is one word that begins with no #"),
    ("#a", "", "block.helo", "#a: an entry is one word that begins with no #"),
    ("", "", "block.helo", ": an entry is one word that begins with no #"),
    ("a\nb", "", "block.helo", "a\\x0ab: an entry is one word that begins with no #"),
    (
      "a.example", "", "list.helo",
      "list.helo: a list's name begins with allow or block: rename it, for example to block-list.helo"
    ),
    ("a.example", "", "zones.toml", "zones.toml: not a list"),
  ])
  func refuses(entry: String, text: String, file: String, expected: String) {
    #expect(throws: ListEditError(description: expected)) { try add(entry, to: text, file: file) }
  }

  @Test(
    arguments: [
      (nil, "a\nb"), (nil, "a\r\n192.0.2.9"), (nil, "a\u{0}b"), (nil, "a\u{85}b"), (nil, "a\u{2028}b"),
      (nil, "until=2030-01-01 x"), (nil, "x until=2030-01-01"), (nil, "# x"), (nil, "trap x"),
      (nil, String(repeating: "x", count: 401)), ("2026-06-14", "x"), ("2026-13-01", "x"), ("2026-6-20", "x"),
      ("soon", "x"), ("2026-07-01 x", "x"),
    ] as [(String?, String)])
  func refusesReasonsAndDays(until: String?, reason: String) {
    #expect(throws: ListEditError.self) {
      try add("192.0.2.1", until: until, reason: reason, to: "", file: "block.cidr")
    }
  }

  @Test func trapsOnlyAmongBlockedRecipients() {
    for file in ["allow.recipients", "block.senders", "block.cidr"] {
      #expect(throws: ListEditError.self) { try add("a@b.example", trap: true, to: "", file: file) }
    }
  }

  @Test func removes() throws {
    func remove(_ entry: String, _ text: String, _ file: String) throws -> (String, [Int]) {
      let edited = try ListEdit.remove(entry, from: Array(text.utf8), file: file)
      return (String(decoding: edited.text, as: UTF8.self), edited.lines)
    }
    let one = try remove("192.0.2.1/32", "# 192.0.2.1\n192.0.2.1 x\r\n192.0.2.0/24\n\n", "block.cidr")
    #expect(one == ("# 192.0.2.1\n192.0.2.0/24\n\n", [2]))
    let twice = try remove(
      "@A.example", "@a.example\n.a.example\n@a.EXAMPLE until=2020-01-01", "block.senders")
    #expect(twice == (".a.example\n", [1, 3]))
    let broken = try remove("a.example", "###\n* nonsense\na.example", "block.helo")
    #expect(broken == ("###\n* nonsense\n", [3]))
    #expect(throws: ListEditError(description: "block.helo: =a.example does not stand here")) {
      try remove("=a.example", "a.example\n", "block.helo")
    }
  }

  @Test func whatIsAddedIsFoundAndWhatIsRemovedIsGone() throws {
    let text = try add(
      "u@a.example", until: "2026-07-01", reason: "why not", to: "# x", file: "block.senders")
    let snapshot = try soundLists(("block.senders", text))
    let match = try #require(snapshot.sender(local: "u", domain: "a.example", at: listNoon))
    #expect(match.reason == "why not")
    #expect(match.until?.isoDay == "2026-07-01")
    let back = try ListEdit.remove("U@A.example", from: Array(text.utf8), file: "block.senders")
    #expect(String(decoding: back.text, as: UTF8.self) == "# x\n")
  }
}
