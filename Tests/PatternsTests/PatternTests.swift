import Patterns
import Testing

@Suite struct PatternTests {
  @Test func findsTheFirstMatchInOctets() throws {
    #expect(try Pattern("b+").firstMatch(in: "abbcb") == .found(1..<3))
    #expect(try Pattern("b+").firstMatch(in: "acd") == .notFound)
    #expect(try Pattern("^$").firstMatch(in: "") == .found(0..<0))
    // `ü` is two octets.
    #expect(try Pattern("c").firstMatch(in: "üc") == .found(2..<3))
    #expect(try Pattern("(a)(b)(c)").firstMatch(in: "xabc") == .found(1..<4))
  }

  @Test func octetsThatAreNoTextAreSeenAsTheyAre() throws {
    let octets: [UInt8] = [0xff, 0x00, 0x80, 0x41]
    #expect(try Pattern(#"\x00.A"#).firstMatch(in: octets.span) == .found(1..<4))
    let none: [UInt8] = []
    #expect(try Pattern("a").firstMatch(in: none.span) == .notFound)
  }

  @Test func optionsSayWhatIsTheSame() throws {
    #expect(try Pattern("AB").firstMatch(in: "ab") == .notFound)
    #expect(try Pattern("AB", .caseless).firstMatch(in: "ab") == .found(0..<2))
    #expect(try Pattern("^b$").firstMatch(in: "a\nb\nc") == .notFound)
    #expect(try Pattern("^b$", .multiline).firstMatch(in: "a\nb\nc") == .found(2..<3))
    #expect(try Pattern("a.b").firstMatch(in: "a\nb") == .notFound)
    #expect(try Pattern("a.b", .dotAll).firstMatch(in: "a\nb") == .found(0..<3))
    // `$` is the end, not in front of a last line feed.
    #expect(try Pattern("a$").firstMatch(in: "a\n") == .notFound)
  }

  @Test(arguments: [
    ("a(b", 3), ("a)b", 1), ("[z-a]", 3), ("*a", 0), ("a{2,1}", 5), ("(?<n>a)(?<n>b)", 12), ("\\", 1),
    ("(*UTF)a", 6), ("(*UCP)a", 6), ("a\\Cb", 3), ("(?<=a+)b", 0),
  ])
  func aWrongExpressionSaysWhere(_ text: String, _ offset: Int) throws {
    let error = #expect(throws: PatternError.self) { try Pattern(text) }
    #expect(error?.offset == offset, "\(text): \(String(describing: error))")
    #expect(error?.message.isEmpty == false)
  }

  @Test func anExpressionHasABound() {
    let error = #expect(throws: PatternError.self) {
      try Pattern(String(repeating: "a", count: Pattern.longest + 1))
    }
    #expect(error?.offset == Pattern.longest)
    #expect(throws: PatternError.self) { try Pattern(String(repeating: "(", count: 2000)) }
  }

  /// Expressions on which a matcher without bounds stands still for hours.
  @Test(arguments: ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(?:a?){40}a{40}b"])
  func whatRunsWildIsStopped(_ text: String) throws {
    let subject = String(repeating: text.contains("x") ? "x" : "a", count: 4000) + "!"
    let pattern = try Pattern(text)
    let start = ContinuousClock.now
    let outcome = pattern.firstMatch(in: subject)
    #expect(ContinuousClock.now - start < .seconds(2), "\(text)")
    #expect(outcome == .unfinished || outcome == .notFound, "\(text): \(outcome)")
    // And it serves again.
    #expect(pattern.firstMatch(in: "") == (try Pattern(text).firstMatch(in: "")))
  }

  @Test func theWildestIsUnfinishedAndNotAnswered() throws {
    let subject = String(repeating: "a", count: 4000) + "!"
    #expect(try Pattern("^(a+)+$").firstMatch(in: subject) == .unfinished)
    let short = String(repeating: "a", count: 12) + "!"
    #expect(try Pattern("^(a+)+$").firstMatch(in: short) == .notFound)
    let narrow = Pattern.Bounds(steps: 10, heap: 16, depth: 10)
    #expect(try Pattern("^(a+)+$", within: narrow).firstMatch(in: short) == .unfinished)
  }

  @Test func oneServesManyThreads() async throws {
    let pattern = try Pattern(#"(\d+)-(\d+)"#)
    let sum = await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          (0..<2000).reduce(0) { sum, number in
            pattern.firstMatch(in: "x\(task)-\(number)").isFound ? sum + 1 : sum
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(sum == 16_000)
  }
}
