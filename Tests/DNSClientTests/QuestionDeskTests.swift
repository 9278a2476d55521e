import DNS
import Testing

@testable import DNSClient

@Suite("The desk of questions")
struct QuestionDeskTests {
  private let start = ContinuousClock.now

  private func question(_ number: Int) throws -> DNSQuestion {
    DNSQuestion(try #require(DNSName("n\(number).example")), .a)
  }

  @Test("Questions go out in their order, so many at a time")
  func order() throws {
    var desk = QuestionDesk(.init(most: 5, mostAsked: 2))
    for number in 0..<5 {
      #expect(try desk.enter(Waiter(), question(number), until: start + .seconds(5), at: start) == .queued)
    }
    #expect(try desk.enter(Waiter(), question(9), until: start + .seconds(5), at: start) == .refused)
    #expect(try desk.enter(Waiter(), question(4), until: start + .seconds(5), at: start) == .merged)
    let first = desk.take(at: start)
    #expect(try first.map(\.question) == [question(0), question(1)])
    #expect(desk.take(at: start).isEmpty)
    #expect(desk.answered(first[1].number)?.waiters.count == 1)
    #expect(desk.answered(first[1].number) == nil, "once")
    #expect(try desk.take(at: start).map(\.question) == [question(2)])
    #expect(desk.count == 4)
  }

  @Test("A question is cancelled wherever it is, and only with the last who waits")
  func cancelling() throws {
    var desk = QuestionDesk(.init(most: 9, mostAsked: 2))
    let waiters = (0..<4).map { _ in Waiter() }
    for number in 0..<3 {
      _ = try desk.enter(waiters[number], question(number), until: start + .seconds(5), at: start)
    }
    _ = try desk.enter(waiters[3], question(0), until: start + .seconds(5), at: start)
    let asked = desk.take(at: start)
    #expect(desk.wasAsked(asked[0].number, id: 7).isEmpty)
    // On its way: it is cancelled as soon as it has its id.
    try desk.leave(waiters[1], question(1))
    #expect(desk.takeCancels() == [])
    #expect(desk.wasAsked(asked[1].number, id: 8).isEmpty)
    #expect(desk.takeCancels() == [8])
    // Still in the queue: it never goes out, and the next equal one is new.
    try desk.leave(waiters[2], question(2))
    #expect(desk.take(at: start).isEmpty && desk.count == 1)
    try desk.leave(waiters[0], question(0))
    #expect(desk.takeCancels() == [] && desk.count == 1)
    try desk.leave(waiters[3], question(0))
    #expect(desk.takeCancels() == [7] && desk.count == 0)
    #expect(desk.answered(asked[0].number) == nil)
    #expect(try desk.enter(Waiter(), question(0), until: start + .seconds(5), at: start) == .queued)
  }

  @Test("Deadlines come in their order; a question goes on without its waiters, and not for ever")
  func deadlines() throws {
    var desk = QuestionDesk(.init(most: 99, mostAsked: 10, patience: .seconds(30)))
    for number in [3, 1, 2, 5, 4] {
      let deadline = start + .seconds(number)
      _ = try desk.enter(Waiter(), question(number), until: deadline, at: start)
    }
    _ = try desk.enter(Waiter(), question(1), until: start + .seconds(9), at: start)
    #expect(desk.nextDeadline == start + .seconds(1))
    let asked = desk.take(at: start)
    for asking in asked { _ = desk.wasAsked(asking.number, id: Int32(asking.number)) }
    #expect(
      try desk.expire(at: start + .seconds(3)).map(\.question) == [question(1), question(2), question(3)])
    #expect(desk.nextDeadline == start + .seconds(4) && desk.count == 5)
    desk.tidy(at: start + .seconds(29))
    #expect(desk.count == 5)
    desk.tidy(at: start + .seconds(31))
    #expect(desk.count == 3, "question 1 is still waited for, and so are 4 and 5")
    #expect(desk.takeCancels().count == 2)
    let rest = desk.expire(at: start + .seconds(60))
    #expect(rest.count == 3)
    #expect(rest.filter(\.isFailure).count == 2, "question 1 has failed already")
    #expect(desk.nextDeadline == nil)
  }

  @Test("A question past its deadline that never went out is gone")
  func neverAsked() throws {
    var desk = QuestionDesk(.init(most: 9, mostAsked: 1))
    _ = try desk.enter(Waiter(), question(0), until: start + .seconds(5), at: start)
    _ = try desk.enter(Waiter(), question(1), until: start + .seconds(1), at: start)
    #expect(desk.take(at: start).count == 1)
    let late = desk.expire(at: start + .seconds(1))
    #expect(late.count == 1 && late.allSatisfy { !$0.isFailure })
    #expect(desk.count == 1)
  }

  @Test("Who is waited for goes before who is not")
  func abandoned() throws {
    var desk = QuestionDesk(.init(most: 9, mostAsked: 1))
    _ = try desk.enter(Waiter(), question(0), until: start + .seconds(1), at: start)
    let asked = desk.take(at: start)
    _ = desk.wasAsked(asked[0].number, id: 1)
    _ = desk.expire(at: start + .seconds(1))
    #expect(desk.count == 1)
    _ = try desk.enter(Waiter(), question(1), until: start + .seconds(9), at: start)
    #expect(try desk.take(at: start).map(\.question) == [question(1)])
    #expect(desk.takeCancels() == [1])
  }

  @Test("Names are written as libunbound reads them")
  func written() throws {
    #expect(UnboundContext.written(.root) == ".")
    #expect(try UnboundContext.written(#require(DNSName("a-b._c.example"))) == "a-b._c.example.")
    #expect(try UnboundContext.written(#require(DNSName("a\\b@\".x"))) == "a\\092b\\064\\034.x.")
  }
}
