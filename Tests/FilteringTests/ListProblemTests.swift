import Bytes
import Filtering
import NetAddress
import Testing

@Suite struct ListProblemTests {
  /// One line in a list of each kind, and what the admin reads.
  @Test(arguments: [
    ("block.cidr", "192.0.2.1/24", "1:1: host bits set below the /24: write 192.0.2.0/24"),
    ("block.cidr", "  192.0.2.0/33 x", "1:3: prefix length out of range: 0 to 32"),
    (
      "block.cidr", "spam.example",
      "1:1: not an address: write an address or a network, 192.0.2.1 or 192.0.2.0/24; a name belongs in a .domains or .helo file"
    ),
    (
      "block.cidr", "a@spam.example",
      "1:1: not an address: write an address or a network, 192.0.2.1 or 192.0.2.0/24; a mailbox belongs in a .senders or .recipients file"
    ),
    (
      "block.cidr", "192.0.2.1#bot",
      "1:1: not an address: write an address or a network, 192.0.2.1 or 192.0.2.0/24; put a space in front of the #"
    ),
    ("block.cidr", "192.0.2.1 until=2026-02-30", "1:17: not a day: write until=YYYY-MM-DD"),
    ("block.cidr", "192.0.2.1 until=soon", "1:17: not a day: write until=YYYY-MM-DD"),
    ("block.cidr", "192.0.2.1 until=2027-01-01 until=2028-01-01", "1:28: until= stands here a second time"),
    (
      "block.cidr", "192.0.2.1 bad until=2027-01-01",
      "1:15: until= stands before the reason: ENTRY until=YYYY-MM-DD reason"
    ),
    ("block.cidr", "192.0.2.1 a\u{1}b", "1:12: a control character: delete it"),
    ("block.cidr", "192.0.2.1 é\u{202E}b", "1:12: an invisible character U+202e: delete it"),
    ("block.domains", "192.0.2.1", "1:1: an address belongs in a .cidr file"),
    ("block.domains", "2001:db8::1", "1:1: an address belongs in a .cidr file"),
    ("block.domains", "a@b.example", "1:2: a mailbox or @domain belongs in a .senders or .recipients file"),
    (
      "block.domains", ".b.example",
      "1:1: write it without the dot in front: a name covers its sub-domains"
    ),
    ("block.domains", "b.example.", "1:10: write it without the dot at its end"),
    ("block.domains", "b..example", "1:3: two dots in a row"),
    ("block.domains", "=", "1:2: no name here"),
    ("block.domains", "b.exa,mple", "1:6: `,` cannot stand in a name"),
    (
      "block.domains", "*.b.example",
      "1:1: `*` is no wildcard here: example.org covers its sub-domains as well, =example.org itself alone"
    ),
    ("block.helo", "[192.0.2.300]", "1:1: not an address literal: write [192.0.2.1] or [IPv6:2001:db8::1]"),
    ("block.helo", "[IPv6:2001:db8:0::1]", "1:1: write the address as [IPv6:2001:db8::1]"),
    (
      "block.senders", "b.example",
      "1:1: write @b.example for every mailbox of the domain, .b.example for its sub-domains, user@b.example for one mailbox"
    ),
    ("block.senders", "a@", "1:3: no name here"),
    ("block.senders", "@", "1:2: no name here"),
    ("block.senders", "a,b@c.example", "1:2: `,` stands in a local part only inside quotes: \"…\"@dom"),
    (
      "block.senders", "*@c.example",
      "1:1: `*` is no wildcard here: @example.org is every mailbox of a domain, .example.org its sub-domains"
    ),
    ("block.senders", "\"a\"b@c.example", "1:1: the quotes do not end before the @"),
    (
      "allow.recipients", "a@c.example trap",
      "1:12: a trap stands in a list of block….recipients, not in this one"
    ),
    (
      "block.urls", "https://b.example/x",
      "1:1: leave the scheme away: write example.org or example.org/path"
    ),
    ("block.urls", "b.example/x?y", "1:12: only host and path are compared: end the entry before this"),
    ("block.urls", "/x", "1:1: no name here"),
  ])
  func saysWhatToDo(file: String, line: String, expected: String) {
    let reading = lists([(file, line)])
    #expect(reading.problems.map(\.description) == ["\(file):\(expected)"])
    #expect(reading.hasErrors)
    #expect(reading.snapshot.count == 0)
  }

  @Test func fileNames() {
    let reading = lists([
      ("Blocklists/spam.cidr", "192.0.2.1"), ("Blocklists/block.cdir", "192.0.2.1"),
      ("README.md", "hello world"),
      ("zones.toml", "x = 1"), (".block.cidr.swp", "\u{0}"), ("block.cidr~", "x"),
      ("Block.cidr", "192.0.2.1"),
    ])
    #expect(
      reading.problems.map(\.description) == [
        "Block.cidr:1:1: a list's name begins with allow or block: rename it, for example to block-Block.cidr",
        "Blocklists/block.cdir:1:1: warning: not read: a list's name ends in one of .cidr .domains .helo .senders .recipients .urls",
        "Blocklists/spam.cidr:1:1: a list's name begins with allow or block: rename it, for example to block-spam.cidr",
        "block.cidr~:1:1: warning: not read: a list's name ends in one of .cidr .domains .helo .senders .recipients .urls",
      ])
    #expect(reading.snapshot.files.isEmpty)
    #expect(ListFileName("a/allow-partners.senders") == .list(.senders, .allow))
  }

  @Test func theWholeListIsReportedAndTheSoundPartRead() throws {
    let reading = lists([
      (
        "block.cidr",
        "# head\r\n192.0.2.1 fine\r\nnonsense\r\n\r\n198.51.100.0/24\r\n192.0.2.300\r\n203.0.113.1"
      )
    ])
    #expect(reading.problems.map(\.line) == [3, 6])
    #expect(reading.snapshot.count(of: .cidr) == 3)
    let match = try #require(
      reading.snapshot.client(listAddress("192.0.2.1"), at: listNoon))
    #expect(match.reason == "fine")
    #expect(match.line == 2)
    let last = try #require(
      reading.snapshot.client(listAddress("203.0.113.1"), at: listNoon))
    #expect(last.line == 7)
    #expect(last.reason == nil)
  }

  @Test func problemsAreBoundedAndErrorsAreNotCrowdedOut() {
    let expired = String(repeating: "192.0.2.1 until=2020-01-01\n", count: 200)
    let wrong = String(repeating: "x\n", count: 120)
    let reading = lists([("block.cidr", expired + wrong), ("block.helo", "a b\n*\n")])
    let first = reading.problems.filter { $0.file == "block.cidr" }
    #expect(first.filter { $0.isError && !$0.message.hasPrefix("and ") }.count == 50)
    #expect(first.filter { !$0.isError && !$0.message.hasPrefix("and ") }.count == 50)
    #expect(first.contains { $0.isError && $0.message == "and 70 more errors in this file" })
    #expect(reading.problems.filter { $0.file == "block.helo" }.map(\.line) == [2])
  }

  @Test func aLaterHashIsPartOfTheReason() throws {
    let snapshot = try soundLists(
      ("block.cidr", " # a comment\n192.0.2.1 # open proxy #7\n192.0.2.2\t; SBL1\n192.0.2.3 #\n"))
    func reason(_ text: String) throws -> String? {
      try #require(snapshot.client(listAddress(text), at: listNoon)).reason
    }
    #expect(try reason("192.0.2.1") == "open proxy #7")
    #expect(try reason("192.0.2.2") == "SBL1")
    #expect(try reason("192.0.2.3") == nil)
  }

  @Test func trapElsewhereIsAWord() throws {
    let reading = lists([("block.cidr", "192.0.2.1 trap hit twice\n")])
    #expect(reading.problems.map(\.isError) == [false])
    #expect(reading.problems.first?.column == 11)
    let match = try reading.snapshot.client(listAddress("192.0.2.1"), at: listNoon)
    #expect(match?.reason == "trap hit twice")
    #expect(match?.isTrap == false)
  }

  @Test func marksAndForeignEncodings() throws {
    let marked = try soundLists(("block.helo", "\u{FEFF}a.example\n"))
    #expect(marked.helo("a.example", at: listNoon)?.line == 1)
    let latin = ListSnapshot.parse(
      [ListSource(file: "block.helo", text: [0x61, 0x20, 0xE9, 0x0A])], at: listNoon)
    #expect(latin.problems.map(\.message) == ["not UTF-8: save the file as UTF-8"])
    let comment = ListSnapshot.parse(
      [ListSource(file: "block.helo", text: [0x23, 0x20, 0xE9, 0x00, 0x0A])], at: listNoon)
    #expect(comment.problems.isEmpty)
  }

  @Test func bounds() {
    func messages(_ file: String, _ line: String) -> [String] {
      lists([(file, line)]).problems.map(\.message)
    }
    let label = String(repeating: "a", count: 63)
    #expect(messages("block.helo", label).isEmpty)
    #expect(messages("block.helo", label + "a") == ["a label of more than 63 bytes"])
    let name = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
    #expect(name.utf8.count == 253)
    #expect(messages("block.helo", name).isEmpty)
    #expect(messages("block.helo", name + "b") == ["a name of more than 253 bytes"])
    #expect(messages("block.cidr", "192.0.2.1 " + String(repeating: "r", count: 400)).isEmpty)
    #expect(
      messages("block.cidr", "192.0.2.1 " + String(repeating: "r", count: 401))
        == ["the reason is longer than 400 bytes: shorten it"])
    #expect(
      messages("block.cidr", "192.0.2.1" + String(repeating: " ", count: 4088))
        == ["a line of more than 4096 bytes: shorten or split it"])
    let local = String(repeating: "l", count: 256)
    #expect(messages("block.senders", local + "@a.example").isEmpty)
    #expect(messages("block.senders", local + "l@a.example") == ["a local part of more than 256 bytes"])
    let path = "/" + String(repeating: "p", count: 1023)
    #expect(messages("block.urls", "a.example" + path).isEmpty)
    #expect(messages("block.urls", "a.example" + path + "p") == ["a path of more than 1024 bytes"])
  }

  /// Bytes of no format: nothing crashes, problems stay bounded, and what is kept can be asked for.
  @Test(arguments: [
    "block.cidr", "allow.domains", "block.helo", "block.senders", "block.recipients", "block.urls",
  ])
  func anyBytes(file: String) {
    var state: UInt64 = 99
    let alphabet = Array("a.@\"\\[]=/*#:;12 \t\r\n\u{0}until=2026-06-16 trap é:IPv6".utf8) + [0xFF, 0xC3]
    for _ in 0..<200 {
      var text: [UInt8] = []
      for _ in 0..<400 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      let reading = ListSnapshot.parse([ListSource(file: file, text: text)], at: listNoon)
      #expect(reading.problems.count <= 102)
      for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace) {
        let value = String(line)
        if let answers = try? reading.snapshot.check(value, at: listNoon) {
          for match in answers.flatMap(\.matches) { #expect(match.file == file) }
        }
      }
    }
  }

  /// Every sound entry is found when asked for in its own words.
  @Test func everyEntryFindsItself() throws {
    let names = (0..<5000).map { "host\($0).net\($0 % 7).example" }
    let snapshot = try soundLists(
      ("block.domains", names.joined(separator: "\n")),
      ("block.cidr", (0..<5000).map { "198.18.\($0 / 256).\($0 % 256)" }.joined(separator: "\n")),
      ("block.senders", names.map { "u@\($0)" }.joined(separator: "\n")))
    for (index, name) in names.enumerated() {
      #expect(snapshot.clientName(name, at: listNoon)?.line == index + 1)
      #expect(snapshot.sender(local: "u", domain: name, at: listNoon)?.line == index + 1)
      #expect(snapshot.client(IPAddress(v4: 0xC612_0000 + UInt32(index)), at: listNoon)?.line == index + 1)
    }
    #expect(snapshot.count == 15_000)
  }
}
