import DNS
import NetAddress
import Testing

@Suite("Answers as long as they hold")
struct AnswerCacheTests {
  private let start = ContinuousClock.now
  private let answer = DNSAnswer.records([.address(IPAddress(v4: 0x7f00_0002))])

  private func question(_ text: String) throws -> DNSQuestion {
    DNSQuestion(try #require(DNSName(text)), .a)
  }

  @Test("An answer holds as long as it says, within the bounds")
  func lifetimes() throws {
    var cache = AnswerCache(octets: 1 << 20)
    let question = try question("a.example")
    #expect(cache.answer(to: question, at: start) == nil)
    cache.keep(answer, to: question, for: .seconds(60), at: start)
    #expect(cache.answer(to: question, at: start + .seconds(59)) == answer)
    #expect(cache.answer(to: question, at: start + .seconds(60)) == nil)
    cache.keep(answer, to: question, for: .zero, at: start)
    #expect(cache.answer(to: question, at: start + .seconds(4)) == answer, "the least")
    #expect(cache.answer(to: question, at: start + .seconds(5)) == nil)
    cache.keep(answer, to: question, for: .seconds(10_000_000), at: start)
    #expect(cache.answer(to: question, at: start + .seconds(86_399)) == answer)
    #expect(cache.answer(to: question, at: start + .seconds(86_400)) == nil, "the most")
    cache.keep(.noName, to: question, for: .seconds(10_000), at: start)
    #expect(cache.answer(to: question, at: start + .seconds(3599)) == .noName)
    #expect(cache.answer(to: question, at: start + .seconds(3600)) == nil, "negative")
  }

  @Test("Failures are kept shortly, each one in a row twice as long as the one before, up to a bound")
  func failures() throws {
    var cache = AnswerCache(octets: 1 << 20)
    let question = try question("a.example")
    let failure = DNSAnswer.failed(.server(code: 2))
    var now = start
    for seconds in [5, 10, 20, 40, 60, 60] {
      cache.keep(failure, to: question, for: .seconds(3600), at: now)
      #expect(cache.answer(to: question, at: now + .seconds(seconds) - .milliseconds(1)) == failure)
      now += .seconds(seconds)
      #expect(cache.answer(to: question, at: now) == nil)
    }
    cache.keep(answer, to: question, for: .seconds(1), at: now)
    cache.keep(.failed(.timeout), to: question, for: .zero, at: now)
    #expect(cache.answer(to: question, at: now + .seconds(4)) == .failed(.timeout))
    #expect(cache.answer(to: question, at: now + .seconds(5)) == nil, "a success in between begins afresh")
  }

  @Test("What says nothing about the name is not kept, and the network's return forgets failures only")
  func forgetting() throws {
    var cache = AnswerCache(octets: 1 << 20)
    let question = try question("a.example")
    let other = try self.question("b.example")
    cache.keep(.failed(.unavailable), to: question, for: .zero, at: start)
    cache.keep(.failed(.cancelled), to: question, for: .zero, at: start)
    #expect(cache.answer(to: question, at: start) == nil)
    cache.keep(.failed(.bogus), to: question, for: .zero, at: start)
    cache.keep(answer, to: other, for: .seconds(60), at: start)
    cache.forgetFailures()
    #expect(cache.answer(to: question, at: start) == nil)
    #expect(cache.answer(to: other, at: start) == answer)
    cache.keep(.failed(.bogus), to: question, for: .zero, at: start)
    #expect(cache.answer(to: question, at: start + .seconds(4)) == .failed(.bogus))
    #expect(cache.answer(to: question, at: start + .seconds(5)) == nil, "and counts from the first one again")
  }

  @Test("Memory has a bound, and what is asked for stays")
  func bounds() throws {
    var cache = AnswerCache(octets: 256 << 10)
    let hot = try question("hot.example")
    cache.keep(answer, to: hot, for: .seconds(3600), at: start)
    for number in 0..<20_000 {
      let text = DNSAnswer.records([.text([UInt8](repeating: 120, count: number % 500))])
      cache.keep(text, to: try question("n\(number).example"), for: .seconds(3600), at: start)
      #expect(cache.octets <= 256 << 10)
      if number % 50 == 0 { #expect(cache.answer(to: hot, at: start) == answer) }
    }
    #expect(cache.count > 300 && cache.count < 2000)
    #expect(cache.answer(to: try question("n0.example"), at: start) == nil)
    #expect(cache.answer(to: try question("n19999.example"), at: start) != nil)
  }

  @Test("The same question kept again and again takes its room once")
  func replacing() throws {
    var cache = AnswerCache(octets: 64 << 10)
    let question = try question("a.example")
    for _ in 0..<10_000 { cache.keep(answer, to: question, for: .seconds(60), at: start) }
    #expect(cache.count == 1 && cache.octets < 1000)
  }
}

@Suite("Whether the world answers")
struct ResolverHealthTests {
  private let start = ContinuousClock.now

  @Test("A run of failures calls for a probe; when that fails as well the network is lost, said once")
  func losing() {
    var health = ResolverHealth()
    for number in 0..<4 { #expect(health.failed(at: start + .seconds(number)) == nil) }
    #expect(health.failed(at: start + .seconds(4)) == .probe)
    #expect(health.failed(at: start + .seconds(4)) == nil, "one probe at a time")
    #expect(!health.isLost)
    #expect(health.probeFailed(at: start + .seconds(7)) == .lost)
    #expect(health.isLost)
    #expect(
      health.probeFailed(at: start + .seconds(8)) == nil && health.failed(at: start + .seconds(8)) == nil)
    #expect(health.tick(at: start + .seconds(8)) == nil)
    #expect(health.tick(at: start + .seconds(9)) == .probe)
    #expect(health.tick(at: start + .seconds(10)) == nil)
    #expect(health.tick(at: start + .seconds(11)) == .probe)
    #expect(health.succeeded(at: start + .seconds(12)) == .back(after: .seconds(5)))
    #expect(!health.isLost && health.succeeded(at: start + .seconds(13)) == nil)
  }

  @Test("A success in between, a burst, or a probe that is answered is no loss")
  func staying() {
    var health = ResolverHealth()
    for _ in 0..<100 { #expect(health.failed(at: start) == nil, "all at once") }
    #expect(health.succeeded(at: start) == nil)
    for number in 0..<40 {
      #expect(health.failed(at: start + .seconds(number)) == nil)
      if number % 3 == 0 { #expect(health.succeeded(at: start + .seconds(number)) == nil) }
    }
    #expect(health.succeeded(at: start) == nil)
    for _ in 0..<5 { _ = health.failed(at: start) }
    #expect(health.failed(at: start + .seconds(60)) == .probe)
    #expect(health.succeeded(at: start + .seconds(60)) == nil)
    #expect(health.probeFailed(at: start + .seconds(61)) == nil, "somebody answered meanwhile")
    #expect(!health.isLost)
  }
}
