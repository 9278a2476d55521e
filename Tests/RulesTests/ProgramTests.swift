import Bytes
import Filtering
import RuleLanguage
import SMTPProtocol
import Synchronization
import Testing

@testable import Rules

/// Programs that rules ask, by somebody who only remembers what was asked.
@Suite struct ProgramTests {
  private final class Remembering: ProgramRunner {
    let asked = Mutex<[(arguments: [String], input: [UInt8])]>([])
    let result: ProgramResult

    init(_ result: ProgramResult) { self.result = result }

    func run(_ arguments: [[UInt8]], input: [UInt8], within limits: ProgramLimits) async -> ProgramResult {
      asked.withLock { $0.append((arguments.map { String(decoding: $0, as: UTF8.self) }, input)) }
      return result
    }
  }

  private static func terms(_ runner: (any ProgramRunner)?) -> RuleTerms {
    var terms = RuleTerms()
    terms.programs = ["spamc"]
    terms.runner = runner
    return terms
  }

  @Test func aProgramIsAskedWithItsInput() async throws {
    let runner = Remembering(ProgramResult(status: 0, output: []))
    let book = try Rehearsed.book(
      ["a.rc": ":0\n* SUBJECT ?? hello\n* ? spamc -u $SENDER\nscore +1 A\n"], Self.terms(runner))
    let outcome = try await Rehearsed().outcome(book)
    #expect(outcome.told == ["RULE_SCORE A a.rc:1"])
    let asked = runner.asked.withLock { $0 }
    #expect(asked.count == 1 && asked[0].arguments == ["spamc", "-u", "ann@outside.example"])
    #expect(asked[0].input.starts(with: "From: Ann".utf8))
    #expect(asked[0].input.allSatisfy { $0 != .carriageReturn })
  }

  @Test func whatItPrintsIsAValue() async throws {
    let runner = Remembering(ProgramResult(status: 0, output: Array("5.0\n".utf8)))
    let book = try Rehearsed.book(
      ["a.rc": "X=`spamc -c`\n:0\n* X ?? ^^5\\.0^^\ntag\n"], Self.terms(runner))
    #expect(try await Rehearsed().outcome(book).isTagged)
  }

  /// What became of the program, and of the rule that asked it.
  @Test func aProgramThatFailsIsToldOf() async throws {
    let unanswered = "RULE_UNAVAILABLE a.rc:1: the program did not run, or was ended"
    let rules = ["a.rc": ":0\n* ? spamc -c\ntag\n"]
    let slow = try Rehearsed.book(rules, Self.terms(Remembering(ProgramResult(.tooLong))))
    let outcome = try await Rehearsed().outcome(slow)
    #expect(!outcome.isTagged)
    #expect(outcome.told == ["RULE_UNAVAILABLE a.rc:2: the program took too long", unanswered])
    let nobody = try Rehearsed.book(rules, Self.terms(nil))
    #expect(
      try await Rehearsed().outcome(nobody).told == [
        "RULE_UNAVAILABLE a.rc:2: the program did not start: programs are not run here", unanswered,
      ])
    // Nor does it hold where the rule asks for the contrary.
    let negated = try Rehearsed.book(
      ["a.rc": ":0\n* ! ? spamc -c\ntag\n"], Self.terms(Remembering(ProgramResult(.tooLong))))
    #expect(!(try await Rehearsed().outcome(negated).isTagged))
  }
}
