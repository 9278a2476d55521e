import Filtering
import Patterns
import RuleLanguage
import SMTPProtocol
import Testing

@testable import Rules

/// What is counted, and that scans change no answer.
@Suite struct CounterTests {
  private static let rules = [
    "a.rc": """
    # weir: name EARLY
    :0
    * SENDER ?? ann@
    score +1 A

    # weir: name LATE
    :0
    * SUBJECT ?? hel+o
    score +1 B

    # weir: name SHADOW, mode shadow
    :0
    * SUBJECT ?? hello
    tag

    # weir: name NEVER
    :0
    * SUBJECT ?? nothing
    tag

    # weir: name UNKNOWN
    :0
    * SPF ?? pass
    tag

    """
  ]

  /// A rule that was decided at RCPT counts once, over both stages and over books.
  @Test func hitsCountOnce() async throws {
    var terms = RuleTerms()
    let ticks = Ticks()
    terms.clock = { ticks.next() }
    terms.budget = 1_000_000_000
    let first = try Rehearsed.book(Self.rules, terms)
    _ = try await Rehearsed().outcome(first)
    let second = try Rehearsed.book(Self.rules, terms, replacing: first)
    _ = try await Rehearsed().outcome(second)
    let counted = second.counters.snapshot()
    let lines = Dictionary(uniqueKeysWithValues: counted.lines.map { ($0.id, $0.count) })
    #expect(counted.judgements == 2)
    #expect(lines["EARLY"]?.hits == 2 && lines["LATE"]?.hits == 2)
    #expect(lines["SHADOW"]?.hits == 0 && lines["SHADOW"]?.shadowHits == 2)
    #expect(lines["UNKNOWN"]?.unknown == 2 && lines["UNKNOWN"]?.unfinished == 0)
    #expect((lines["LATE"]?.nanoseconds ?? 0) > 0 && (lines["NEVER"]?.hits ?? 0) == 0)
  }

  @Test(.enabled(if: ScanDatabase.library != nil)) func aScanSaysTheSame() async throws {
    let words = (0..<300).map { ":0\n* SUBJECT ?? w\($0)[xy]\nscore +1 W\($0)\n" }.joined()
    let rules = ["a.rc": words + ":0\n* SUBJECT ?? hel+o\nscore +1 IT\n"]
    var mail = Rehearsed()
    mail.message = "Subject: hello w17x w255y w25z\r\n\r\nx\r\n"
    let book = try Rehearsed.book(rules)
    #expect(!book.views.isWarm)
    let cold = try await mail.outcome(book).told
    for set in book.patternSets {
      if let made = ScanDatabase.make(of: set.members) { #expect(set.adopt(made)) }
    }
    #expect(book.views.isWarm)
    #expect(try await mail.outcome(book).told == cold)
    #expect(cold.count == 3)
  }

  @Test func aListTellsAll() throws {
    let listing = try Rehearsed.book(Self.rules).listing
    #expect(listing.map(\.id) == ["EARLY", "LATE", "SHADOW", "NEVER", "UNKNOWN"])
    #expect(
      listing[0].place == "a.rc:2" && listing[0].stage == .recipient && listing[0].action == "score +1 A")
    #expect(listing[2].mode == .shadow && listing[1].stage == .message)
  }
}
