import DNS
import DNSClient
import NetAddress
import Synchronization
import TestSupport
import Testing

@Suite("Deadlines, cancellation and bounds of the resolver", .serialized)
struct ResolverBoundsTests {
  @Test("Equal questions under way are asked once, and answered from memory afterwards", needs(.rbldnsd))
  func merging() async throws {
    let server = try Rbldnsd([.init("bl.test", .ip4set, "127.0.0.2")])
    let ask = try Asking { try $0.stub("bl.test", port: server.port) }
    server.freeze(true)
    let answers = try await withThrowingTaskGroup(of: DNSAnswer.self) { group in
      for _ in 0..<50 { group.addTask { try await ask("2.0.0.127.bl.test") } }
      let thawing = Task.detached {
        _ = eventually(within: .seconds(5)) { ask.resolver.status.merged == 49 }
        server.freeze(false)
      }
      var answers: [DNSAnswer] = []
      for try await answer in group { answers.append(answer) }
      await thawing.value
      return answers
    }
    #expect(answers.count == 50 && answers.allSatisfy { $0.addresses.count == 1 })
    #expect(Set(server.questions) == ["2.0.0.127.bl.test A IN"])
    #expect(
      server.questions.count == 1 || server.questions.count == 2, "libunbound may have asked again meanwhile")
    let asked = server.questions.count
    for _ in 0..<10 { #expect(try await ask("2.0.0.127.bl.test").addresses.count == 1) }
    #expect(try ask.remembered("2.0.0.127.bl.test") != nil)
    #expect(server.questions.count == asked)
    #expect(ask.resolver.status.merged == 49 && ask.resolver.status.hits >= 10)
  }

  @Test("A deadline is kept, and the answer that comes after it is remembered", needs(.nsd))
  func lateAnswer() async throws {
    let server = try Nsd(zones: ["weir.test": "@ A 192.0.2.1"])
    let ask = try Asking(patience: .milliseconds(300)) { try $0.stub("weir.test", port: server.port) }
    server.freeze(true)
    let begin = ContinuousClock.now
    #expect(try await ask("weir.test") == .failed(.timeout))
    let took = ContinuousClock.now - begin
    #expect(took >= .milliseconds(300) && took < .seconds(2))
    #expect(try ask.remembered("weir.test") == nil, "so short a wait says nothing")
    server.freeze(false)
    let isThere = await eventuallyAsync(within: .seconds(10)) {
      (try? ask.remembered("weir.test"))??.addresses.count == 1
    }
    #expect(isThere)
    #expect(ask.resolver.status.questions[.timeout] == 1)
    let past = await ask.resolver.resolve(
      DNSQuestion(try #require(DNSName("other.weir.test")), .a), until: .now - .seconds(1))
    #expect(past == .failed(.timeout))
  }

  @Test("A time-out that somebody waited for is remembered shortly")
  func rememberedTimeout() async throws {
    let server = try SilentNameServer()
    let ask = try Asking(patience: .milliseconds(600)) {
      try $0.stub("weir.test", port: server.port)
      $0.leastWait = .milliseconds(500)
    }
    #expect(try await ask("weir.test") == .failed(.timeout))
    #expect(try ask.remembered("weir.test") == .failed(.timeout))
    #expect(!ask.resolver.status.isLost, "one stub that does not answer is not the world")
  }

  @Test("Who is cancelled is answered at once; with the last of them the question goes")
  func cancellation() async throws {
    let server = try SilentNameServer()
    let ask = try Asking(patience: .seconds(60)) { try $0.stub("weir.test", port: server.port) }
    let tasks = (0..<3).map { _ in Task { try await ask("weir.test") } }
    #expect(await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.merged == 2 })
    tasks[0].cancel()
    #expect(try await tasks[0].value == .failed(.cancelled))
    #expect(ask.resolver.status.waiting == 1, "the others want to know")
    tasks[1].cancel()
    tasks[2].cancel()
    #expect(try await tasks[1].value == .failed(.cancelled))
    #expect(try await tasks[2].value == .failed(.cancelled))
    #expect(await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.waiting == 0 })
    #expect(try ask.remembered("weir.test") == nil)
    let before = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await ask("weir.test")
    }
    #expect(try await before.value == .failed(.cancelled))
  }

  @Test("The queue has an end: one question more fails at once")
  func boundedQueue() async throws {
    let server = try SilentNameServer()
    let ask = try Asking(patience: .seconds(60)) {
      try $0.stub("weir.test", port: server.port)
      $0.queue = 40
      $0.outgoing = 16
    }
    let tasks = (0..<40).map { number in Task { try await ask("n\(number).weir.test") } }
    #expect(await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.waiting == 40 })
    #expect(try await ask("more.weir.test") == .failed(.unavailable))
    for task in tasks { task.cancel() }
    for task in tasks { #expect(try await task.value == .failed(.cancelled)) }
    #expect(ask.resolver.status.questions[.unavailable] == 1 && ask.resolver.status.waiting == 0)
  }

  @Test("An answer is asked for again when its time is over", needs(.nsd))
  func expiry() async throws {
    let server = try Nsd(zones: ["weir.test": "@ 1 A 192.0.2.1"])
    let ask = try Asking {
      try $0.stub("weir.test", port: server.port)
      $0.lifetimes.least = .seconds(1)
    }
    #expect(try await ask("weir.test").addresses.map(\.description) == ["192.0.2.1"])
    try server.replace(zones: ["weir.test": "@ 1 A 192.0.2.2"])
    let isNew = await eventuallyAsync(within: .seconds(10)) {
      (try? await ask("weir.test"))?.addresses.map(\.description) == ["192.0.2.2"]
    }
    #expect(isNew)
  }

  @Test(
    "Without a network it is said once, questions fail at once, and its return is said once", needs(.unbound))
  func lossAndReturn() async throws {
    let server = try Unbound(
      data: ["back.example. 300 IN A 192.0.2.1"], zones: ["example": "static", ".": "static"])
    let told = Mutex<[ResolverNews]>([])
    let ask = try Asking(patience: .milliseconds(600), news: { news in told.withLock { $0.append(news) } }) {
      $0.servers = [.at(port: server.port)]
      $0.leastWait = .milliseconds(500)
      $0.health.span = .milliseconds(500)
      $0.health.patience = .seconds(1)
      $0.health.interval = .milliseconds(300)
    }
    #expect(try await ask("back.example").addresses.count == 1)
    server.freeze(true)
    // A while of silence, and then some more.
    for round in 0..<6 where !ask.resolver.status.isLost {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<6 { group.addTask { _ = try? await ask("host\(round)-\(number).example") } }
      }
    }
    #expect(await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.isLost })
    let begin = ContinuousClock.now
    for number in 0..<100 { #expect(try await ask("other\(number).example") == .failed(.unavailable)) }
    #expect(ContinuousClock.now - begin < .milliseconds(500))
    #expect(await eventuallyAsync(within: .seconds(1)) { told.withLock { $0 } == [.lost] })
    // A name of one's own machine is not the world's business.
    #expect(try await ask("localhost").addresses.count == 1)
    #expect(ask.resolver.status.questions[.unavailable, default: 0] >= 100)
    server.freeze(false)
    #expect(await eventuallyAsync(within: .seconds(15)) { !ask.resolver.status.isLost })
    #expect(try await ask("back.example").addresses.count == 1)
    #expect(try await ask("other1.example") == .noName, "what failed meanwhile is forgotten")
    _ = await eventuallyAsync(within: .seconds(1)) { told.withLock { $0.count } == 2 }
    let news = told.withLock { $0 }
    #expect(news.count == 2 && news.first == .lost)
    guard case .back(let duration)? = news.last else { Issue.record("told: \(news)"); return }
    #expect(duration > .zero)
  }

  @Test("Without a network from the beginning, that is known before anybody waited", needs(.unbound))
  func noNetworkAtTheStart() async throws {
    let server = try Unbound(data: [], zones: [".": "static"])
    server.freeze(true)
    let ask = try Asking(patience: .seconds(30)) {
      $0.servers = [.at(port: server.port)]
      $0.health.beginsWithProbe = true
      $0.health.patience = .milliseconds(500)
      $0.health.interval = .milliseconds(300)
    }
    #expect(await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.isLost })
    #expect(try await ask("first.example") == .failed(.unavailable))
    server.freeze(false)
    #expect(await eventuallyAsync(within: .seconds(15)) { !ask.resolver.status.isLost })
    #expect(try await ask("first.example") == .noName)
  }

  @Test("Its threads and descriptors end with the last reference")
  func ending() async throws {
    let before = openDescriptors()
    for _ in 0..<20 {
      let server = try SilentNameServer()
      let ask = try Asking { try $0.stub("weir.test", port: server.port) }
      let task = Task { try await ask("weir.test") }
      _ = await eventuallyAsync(within: .seconds(5)) { ask.resolver.status.waiting == 1 }
      task.cancel()
      _ = try await task.value
    }
    #expect(await eventuallyAsync(within: .seconds(10)) { openDescriptors() <= before + 10 })
  }

  @Test("Many questions side by side are all answered", needs(.rbldnsd))
  func many() async throws {
    let server = try Rbldnsd([.init("bl.test", .ip4set, "192.0.2.0/24")])
    let ask = try Asking { try $0.stub("bl.test", port: server.port) }
    let listed = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<2000 {
        group.addTask { try await !ask("\(number & 255).\(2 + number >> 8).0.192.bl.test").addresses.isEmpty }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(listed == 256)
    #expect(ask.resolver.status.questions[.noName] == 2000 - 256)
  }
}
