import Patterns
import Testing

@Suite struct PatternSetTests {
  typealias Member = PatternSet.Member

  /// What each of the expressions says of a text, by PCRE2 alone and by a scan with it.
  private func answers(_ members: [Member], _ text: String) throws -> (
    alone: [PatternAnswer], scanned: [PatternAnswer]
  ) {
    let alone = try PatternSet(members)
    let scanned = try PatternSet(members)
    if let database = ScanDatabase.make(of: members) { #expect(scanned.adopt(database)) }
    var first = PatternAnswers(alone, text: text)
    var second = PatternAnswers(scanned, text: text)
    return (members.indices.map { first.isFound($0) }, members.indices.map { second.isFound($0) })
  }

  /// Written out, some expressions are thousands of positions, which cost more to scan for than to look for.
  @Test(arguments: [
    (#"\S(?:(?:\s|=09){4,80}(?!\d)[a-z]{1,15}){7}<b>"#, ScanDatabase.Kind.unscanned),
    (#"\S(?:(?:\s|=09){4,8}(?!\d)[a-z]{1,15}){3}<b>"#, .candidate),
    (#"<a\s[^>]{0,2048}href=(?!x)[^>]{0,2048}>"#, .candidate),
    // A list of words is as wide as it is long.
    ("(?!x)(?:" + (0..<400).map { "word\($0)" }.joined(separator: "|") + ")", .candidate),
    (#"(?:(?:[a-z]\d){9}){90}z"#, .exact),
  ])
  func whatIsTooWideIsNotScannedFor(_ text: String, _ kind: ScanDatabase.Kind) throws {
    guard ScanDatabase.library != nil else { return }
    let made = try #require(ScanDatabase.make(of: [Member(text), Member("plain")]))
    #expect(made.kinds == [kind, .exact])
    let subject = "a" + String(repeating: "     word", count: 7) + "<b> word399 <a  href=y>"
    let (alone, scanned) = try answers([Member(text), Member("plain")], subject)
    #expect(alone == scanned)
  }

  struct Case: Sendable {
    let text: String
    let options: Pattern.Options
    let subject: String
    let isFound: Bool

    init(_ text: String, _ options: Pattern.Options, _ subject: String, _ isFound: Bool) {
      self.text = text
      self.options = options
      self.subject = subject
      self.isFound = isFound
    }
  }

  static let cases: [Case] = [
    Case("foo", [], "a foo b", true), Case("FOO", [], "a foo b", false),
    Case("FOO", .caseless, "a foo b", true),
    // Without `multiline` `$` is the very end.
    Case("foo$", [], "foo\n", false), Case("foo$", [], "a\nfoo", true),
    Case("foo$", .multiline, "foo\nb", true),
    Case("[a$]$", [], "b$", true), Case("\\$$", [], "x$\n", false),
    Case("^(?i:FOO$|bar)", [], "foo\n", false),
    Case("[[:alpha:]$]$", [], "a\n", false), Case("(?m)a$", [], "a\nb", true), Case("a.b", [], "a\nb", false),
    Case("a.b", .dotAll, "a\nb", true), Case("x*", [], "", true), Case("^$", [], "", true),
    Case("x*", [], "abc", true),
    Case("(?<!a)b", [], "ab", false), Case("(?<!a)b", [], "cb", true), Case("(a|b)\\1", [], "ab", false),
    Case("(a|b)\\1", [], "abb", true),
    // Octets and characters.
    Case("^发.票$", .characters, "发发票", true), Case("^发.票$", [], "发发票", false),
    Case("[发票]{2}", .characters, "票发", true), Case("ÄRGER", [.characters, .caseless], "ärger", true),
  ]

  @Test(arguments: cases) func aScanSaysWhatAMatchSays(_ one: Case) throws {
    let members = [Member(one.text, one.options), Member("unlikely"), Member("(?=un)likely")]
    let answers = try answers(members, one.subject)
    #expect(answers.alone == [one.isFound ? .found : .notFound, .notFound, .notFound])
    #expect(answers.scanned == answers.alone)
  }

  /// So many that they are several databases, plain texts one of their own; some that no scan takes among them.
  @Test func manyAreToldInParts() throws {
    let plain = (0..<300).map { Member("plain \($0)x") }
    let others = (0..<900).map { Member($0 % 100 == 7 ? "(a)\\1x\($0)" : "b[0-9]c\($0)", .caseless) }
    let members = plain + others
    let made = ScanDatabase.make(of: members)
    guard let made else {
      #expect(ScanDatabase.library == nil)
      return
    }
    #expect(made.count == 1200)
    let kept = try #require(made.serialized())
    for octets in [kept.dropLast(), kept + [0], kept.dropLast(kept.count / 2), Array(kept[..<(13 + 1200)])] {
      #expect(ScanDatabase(serialized: Array(octets), count: 1200) == nil, "\(octets.count) octets")
    }
    let set = try PatternSet(members)
    #expect(set.adopt(try #require(ScanDatabase(serialized: kept, count: 1200))))
    let subject = "b7C12 plain 7x, plain 299x, aax107 aax7 b1c899"
    var answers = PatternAnswers(set, text: subject)
    let found = members.indices.filter { answers.isFound($0) == .found }
    let expected = members.indices.filter { place in
      (try? Pattern(members[place].text, members[place].options))?.firstMatch(in: subject).isFound == true
    }
    #expect(found == expected && found.count >= 8, "\(found)")
    #expect(answers.matches < 30)
  }

  /// Expressions of a small alphabet, so that they often match, over texts of the same.
  @Test func theyAgreeOnWhateverChanceWrites() throws {
    var chance = Chance(seed: 6)
    let atoms = [
      "a", "b", ".", "[ab]", "[^a]", "\\n", "$", "^", "\\b", "(?=b)", "(?!a)", "(a|b)", "(?:ab|a)", "x",
      "\\s", "\\z", "\\$",
    ]
    let repeats = ["", "", "", "*", "+", "?", "{2}", "*?"]
    var members: [Member] = []
    while members.count < 400 {
      var text = ""
      for _ in 0..<chance.below(5) + 1 {
        text += atoms[chance.below(atoms.count)] + repeats[chance.below(repeats.count)]
      }
      let options = Pattern.Options(rawValue: chance.below(8))
      if (try? Pattern.validate(text, options)) != nil { members.append(Member(text, options)) }
    }
    let letters = Array("aabb x$\n")
    var found = 0
    let alone = try PatternSet(members)
    let scanned = try PatternSet(members, areKnown: true)
    if let database = ScanDatabase.make(of: members) {
      #expect(scanned.adopt(database))
      #expect(
        database.kinds.count { $0 == .exact } > 200 && database.kinds.contains(.candidate),
        "\(database.kinds)")
    }
    for _ in 0..<40 {
      let text = String((0..<chance.below(12)).map { _ in letters[chance.below(letters.count)] })
      var first = PatternAnswers(alone, text: text)
      var second = PatternAnswers(scanned, octets: Array(text.utf8))
      for place in members.indices {
        let expected = first.isFound(place)
        #expect(second.isFound(place) == expected, "\(members[place]) over \(text.debugDescription)")
        if expected == .found { found += 1 }
      }
      #expect(first.matches == members.count && second.matches <= first.matches)
    }
    #expect(found > 2000)
  }

  @Test func aScanLeavesLittleToBeMatched() throws {
    guard ScanDatabase.library != nil else { return }
    let members = (0..<500).map { Member("word\($0)\\b") } + [Member("(?<=a )word7\\b")]
    let set = try PatternSet(members)
    #expect(set.adopt(try #require(ScanDatabase.make(of: members))))
    var answers = PatternAnswers(set, text: "here is a word7 and a word44 that stand here")
    #expect(members.indices.filter { answers.isFound($0) == .found } == [7, 44, 500])
    #expect(answers.matches == 1)
    #expect(answers.firstMatch(44) == .found(22..<28))
  }

  @Test func aDatabaseCanBeKept() throws {
    let members = [Member("foo"), Member("(?<=a)bar"), Member("baz$", .caseless)]
    guard let made = ScanDatabase.make(of: members) else {
      #expect(ScanDatabase.library == nil && ScanDatabase.key(of: members) == nil)
      return
    }
    let kept = try #require(made.serialized())
    let again = try #require(ScanDatabase(serialized: kept, count: 3))
    #expect(again.kinds == made.kinds && again.kinds == [.exact, .candidate, .exact])
    let set = try PatternSet(members, areKnown: true)
    #expect(set.adopt(again))
    var answers = PatternAnswers(set, text: "abar BAZ")
    #expect(members.indices.map { answers.isFound($0) } == [.notFound, .found, .found])
    // Of another number of expressions, of another make, or not whole.
    #expect(!(try PatternSet(Array(members.dropLast()))).adopt(again))
    #expect(ScanDatabase(serialized: kept, count: 1000) == nil)
    for length in 0..<min(kept.count, 200) {
      #expect(ScanDatabase(serialized: Array(kept.prefix(length)), count: 3) == nil)
    }
    var spoiled = kept
    spoiled[0] ^= 1
    #expect(ScanDatabase(serialized: spoiled, count: 3) == nil)
    let keys = [members, Array(members.reversed()), [Member("foo", .caseless)] + members.dropFirst()].map(
      ScanDatabase.key)
    #expect(Set(keys).count == 3)
  }

  @Test func textThatIsNoTextIsNotScannedForCharacters() throws {
    let members = [Member("^.$", .characters), Member("\\xff")]
    let set = try PatternSet(members)
    if let database = ScanDatabase.make(of: members) { #expect(set.adopt(database) && database.wantsText) }
    var answers = PatternAnswers(set, octets: [0xff, 0x61])
    #expect(answers.isFound(0) == .notFound)
    #expect(answers.isFound(1) == .found)
  }

  @Test func whatIsNoExpressionIsNamed() {
    let error = #expect(throws: PatternSetError.self) { try PatternSet([Member("a"), Member("(b")]) }
    #expect(error?.place == 1 && error?.reason.offset == 2 && error?.reason.message.isEmpty == false)
    // What grows past the library's bounds is left to PCRE2.
    let huge = [Member("(?:a.{200}b){1,3000}"), Member("plain")]
    if let database = ScanDatabase.make(of: huge) {
      #expect(database.kinds[0] != .exact && database.kinds[1] == .exact)
    }
  }

  @Test func manyAskAtOnceWhileTheDatabaseComes() async throws {
    let members = (0..<60).map { Member("n\($0)(?!x)") }
    let set = try PatternSet(members)
    let database = ScanDatabase.make(of: members)
    await withTaskGroup(of: Int.self) { group in
      for turn in 0..<40 {
        group.addTask {
          if turn == 20, let database { set.adopt(database) }
          var answers = PatternAnswers(set, text: "n1 n2x n30 n\(turn)")
          return members.indices.count { answers.isFound($0) == .found }
        }
      }
      // n3 stands in n30, and n1 in n1 and in n10 to n19.
      for await count in group { #expect((3...5).contains(count)) }
    }
  }
}

/// The same chance at every run.
private struct Chance {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
