import Bytes
import Filtering
import Testing

@testable import MessageStore

@Suite struct OutboxTests {
  private let terms = OutboxTerms(intervals: [.seconds(60), .seconds(300)])

  @Test func aLegIsClaimedOnceSentAndForgotten() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("O"), held: nil, legs: [leg("x@y.example"), leg("z@y.example", .copy)])
    #expect(store.use().outbox.messages == 1 && store.use().quarantine.messages == 0)
    #expect(try await store.nextDue() == morning)
    #expect(try await store.claim(dueAt: morning + .milliseconds(-1), most: 10).isEmpty)
    let first = try await store.claim(dueAt: morning, most: 1)
    let second = try await store.claim(dueAt: morning, most: 10)
    #expect(try await store.claim(dueAt: morning, most: 10).isEmpty)
    #expect(first.map(\.order) == [leg("x@y.example")])
    #expect(second.map(\.order) == [leg("z@y.example", .copy)])
    #expect(first[0].message == "O" && first[0].client == client() && first[0].attempts == 0)
    #expect(first[0].parameters == message("O").parameters)
    #expect(try await store.nextDue() == nil)
    #expect(try await store.beginSending([first[0].id, second[0].id, 99]) == [first[0].id, second[0].id])
    #expect(try await store.beginSending([first[0].id]) == [], "not twice")
    let wire = try await store.content(of: "O").held(memoryLimit: 20, grant: nil)
    #expect(wire.wire == Array("X-Added: yes\r\n".utf8) + content)
    try await store.finish([first[0].id: .delivered("250 ok")], at: morning, terms)
    #expect(folder.files == ["O.eml"])
    try await store.finish([second[0].id: .delivered("250 ok")], at: morning, terms)
    #expect(folder.files == [])
    #expect(store.use() == WaitingUse())
    #expect(try await store.legs(in: nil, after: 0, most: 10).isEmpty)
    // Told once more, as after an answer that was lost.
    try await store.finish([second[0].id: .refused("?")], at: morning, terms)
    #expect(try await store.everything().isEmpty)
    await store.close()
  }

  @Test func whoHasNotClaimedDoesNotSend() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("O"), held: nil, legs: [leg("x@y.example")])
    let all = try await store.legs(in: .waiting, after: 0, most: 10)
    #expect(all.count == 1)
    #expect(try await store.beginSending(all.map(\.id)) == [])
    await store.close()
  }

  @Test func attemptsAreSpacedAndTheLastIsMadeAtTheEnd() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("O"), held: nil, legs: [leg("x@y.example", lifetime: .seconds(1000))])
    var now = morning
    var waits: [Int64] = []
    while let leg = try await store.claim(dueAt: now, most: 1).first {
      #expect(leg.attempts == waits.count)
      if leg.attempts == 1 { _ = try await store.beginSending([leg.id]) }
      try await store.finish([leg.id: .deferred("451 later")], at: now, terms)
      guard let next = try await store.nextDue() else { break }
      #expect(try await store.claim(dueAt: next + .milliseconds(-1), most: 1).isEmpty)
      waits.append((next - now).milliseconds / 1000)
      now = next
    }
    #expect(waits == [60, 300, 300, 300, 40])
    // Its time is over: it lies where somebody looks, and nobody is sent a bounce.
    let entry = try #require(try await store.everything().first)
    #expect(entry.id == "O" && entry.order.folder == .undeliverable && entry.order.code == .outboxExpired)
    #expect(entry.recipients.map(\.state) == [.held] && entry.recipients[0].detail == "451 later")
    #expect(entry.recipients[0].recipient == recipient("x@y.example"))
    #expect(entry.order.expires == now + terms.undeliverableFor)
    #expect(try await store.legs(in: nil, after: 0, most: 10).isEmpty)
    #expect(store.use().outbox == WaitingUse.Part())
    #expect(store.use().quarantine.messages == 1 && store.use().quarantine.octets == Int(entry.octets))
    await store.close()
    let again = try MessageStore(folder: folder.messages)
    #expect(again.use() == store.use())
    await again.close()
  }

  @Test func whatIsRefusedForGoodIsGatheredInOneEntry() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(
      message("O"), held: try order(), legs: ["x@y.example", "z@y.example"].map { leg($0, .copy) })
    let legs = try await store.claim(dueAt: morning, most: 10)
    #expect(try await store.beginSending([legs[0].id]).count == 1)
    try await store.finish([legs[0].id: .refused("550 no")], at: morning, terms)
    try await store.finish([legs[1].id: .refused("554 never")], at: morning, terms)
    let entries = try await store.everything()
    #expect(Set(entries.map(\.id)) == ["O", "O-2"])
    let entry = try #require(entries.first { $0.id == "O-2" })
    #expect(entry.order.folder == .undeliverable && entry.order.code == .outboxRefused)
    #expect(entry.recipients.map(\.recipient.path.text) == ["x@y.example", "z@y.example"])
    #expect(entry.recipients.map(\.detail) == ["550 no", "554 never"])
    // Released and refused once more: held again, in the same place.
    let released = try await store.release(
      "O-2", to: nil, ReleaseTerms(time: morning, expires: morning + day))
    #expect(released.count == 2)
    let claimed = try await store.claim(dueAt: morning, most: 10)
    try await store.finish(
      Dictionary(uniqueKeysWithValues: claimed.map { ($0.id, LegEnding.refused("550 still")) }), at: morning,
      terms)
    let after = try #require(try await store.entry("O-2"))
    #expect(after.recipients.map(\.state) == [.held, .held])
    #expect(after.recipients.map(\.detail) == ["550 still", "550 still"])
    #expect(try await store.everything { $0.state = .held }.count == 2)
    await store.close()
  }

  @Test func aReleaseMakesLegsAndMarksRecipientsAtOnce() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("Q"), held: try order())
    let mark = Array("X-Released: yes\r\n".utf8)
    let legs = try await store.release(
      "Q", to: ["e@f.example"], ReleaseTerms(time: morning, expires: morning + day, header: mark))
    #expect(legs.map(\.order.recipient.path.text) == ["e@f.example"])
    #expect(legs[0].order.header == mark && legs[0].order.kind == .release)
    #expect(legs[0].order.sender == path("a@b.example"))
    #expect(try await store.entry("Q")?.recipients.map(\.state) == [.held, .released])
    #expect(
      try await store.release("Q", to: ["e@f.example"], ReleaseTerms(time: morning, expires: morning)) == [])
    #expect(
      try await store.release("Q", to: nil, ReleaseTerms(time: morning, expires: morning + day)).count == 1)
    // Held for nobody any more, yet the file stays until it is delivered.
    #expect(try await store.expire(at: morning + .milliseconds(2 * day.milliseconds)).entries.isEmpty)
    #expect(folder.files == ["Q.eml"])
    let claimed = try await store.claim(dueAt: morning, most: 10)
    #expect(claimed.count == 2)
    #expect(try await store.beginSending(claimed.map(\.id)).count == 2)
    try await store.finish(
      Dictionary(uniqueKeysWithValues: claimed.map { ($0.id, LegEnding.delivered("250")) }), at: morning,
      terms)
    #expect(folder.files == [])
    await #expect(throws: WaitingFault.missing) {
      _ = try await store.release("N", to: nil, ReleaseTerms(time: morning, expires: morning))
    }
    await store.close()
  }

  @Test func aDeliveredReleaseIsToldBesideTheRecipient() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("Q"), held: try order())
    _ = try await store.release("Q", to: ["c@d.example"], ReleaseTerms(time: morning, expires: morning + day))
    let claimed = try await store.claim(dueAt: morning, most: 10)
    _ = try await store.beginSending(claimed.map(\.id))
    try await store.finish([claimed[0].id: .delivered("250 2.0.0 queued")], at: morning, terms)
    let entry = try #require(try await store.entry("Q"))
    #expect(entry.recipients.map(\.state) == [.released, .held])
    #expect(entry.recipients.map(\.detail) == ["delivered: 250 2.0.0 queued", ""])
    await store.close()
  }

  @Test func whatIsUnsureWaitsForTheOperatorsWord() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(
      message("U"), held: nil, legs: [leg("x@y.example"), leg("y@y.example"), leg("z@y.example")])
    let legs = try await store.claim(dueAt: morning, most: 10)
    _ = try await store.beginSending(legs.map(\.id))
    await #expect(throws: WaitingFault.self) { try await store.resolve(legs[0].id, .sendAgain, at: morning) }
    try await store.finish([legs[0].id: .unsure("connection lost after the final dot")], at: morning, terms)
    await store.close()

    // The others were being sent when the process ended.
    let again = try MessageStore(folder: folder.messages)
    #expect(again.opening.unsure == [legs[1].id, legs[2].id])
    #expect(try await again.legs(in: .unsure, after: 0, most: 10).map(\.id) == legs.map(\.id))
    #expect(try await again.claim(dueAt: morning + day, most: 10).isEmpty)
    #expect(try await again.nextDue() == nil)
    #expect(try await again.expire(at: morning + .seconds(1 << 40)).entries.isEmpty)
    #expect(folder.files == ["U.eml"])
    try await again.resolve(legs[0].id, .drop, at: morning)
    try await again.resolve(legs[1].id, .sendAgain, at: morning + day)
    try await again.resolve(legs[2].id, .drop, at: morning)
    let claimed = try await again.claim(dueAt: morning + day, most: 10)
    #expect(claimed.map(\.id) == [legs[1].id] && claimed[0].attempts == 1)
    await #expect(throws: WaitingFault.missing) { try await again.resolve(legs[0].id, .drop, at: morning) }
    await #expect(throws: WaitingFault.self) { try await again.resolve(legs[1].id, .drop, at: morning) }
    try await again.finish([legs[1].id: .untried], at: morning, terms)
    #expect(try await again.claim(dueAt: morning + day, most: 10).map(\.attempts) == [1])
    await again.close()
  }

  @Test func whatIsWithdrawnIsGoneAndWhatIsConfirmedIsSent() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    for id in ["P1", "P2"] {
      try await store.keep(
        message(id), held: try order(), legs: [leg("\(id)@y.example")], isProvisional: true)
    }
    #expect(try await store.legs(in: nil, after: 0, most: 10).isEmpty && store.use().quarantine.messages == 2)
    #expect(try await store.nextDue() == nil)
    await #expect(throws: WaitingFault.missing) { _ = try await store.delete("P1", for: nil, at: morning) }
    await #expect(throws: WaitingFault.missing) {
      _ = try await store.release("P1", to: nil, ReleaseTerms(time: morning, expires: morning))
    }
    try await store.withdraw("P1")
    try await store.confirm("P2")
    #expect(folder.files == ["P2.eml"] && store.use().quarantine.messages == 1)
    #expect(try await store.everything().map(\.id) == ["P2"])
    #expect(try await store.claim(dueAt: morning, most: 10).map(\.message) == ["P2"])
    await store.close()
  }

  @Test func theyAreCountedByState() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    #expect(try await store.standing().isEmpty)
    try await store.keep(message("O"), held: nil, legs: [leg("x@y.example"), leg("z@y.example", .copy)])
    try await store.keep(message("P"), held: nil, legs: [leg("x@y.example")], isProvisional: true)
    #expect(try await store.standing() == [.waiting: LegStanding(legs: 2, oldest: morning)])
    let legs = try await store.claim(dueAt: morning, most: 1)
    _ = try await store.beginSending(legs.map(\.id))
    let one = LegStanding(legs: 1, oldest: morning)
    #expect(try await store.standing() == [.waiting: one, .sending: one])
    try await store.finish([legs[0].id: .unsure("?")], at: morning, terms)
    #expect(try await store.standing() == [.waiting: one, .unsure: one])
    await store.close()
  }

  @Test func mailThatGoesRoundIsNotTaken() async throws {
    let folder = try ScratchFolder()
    var bounds = StoreBounds()
    bounds.hops = 1
    let store = try MessageStore(folder: folder.messages, bounds: bounds)
    await #expect(throws: WaitingFault.tooManyHops) {
      try await store.keep(message("H"), held: nil, legs: [leg("x@y.example")])
    }
    #expect(folder.files.isEmpty && store.use() == WaitingUse())
    await store.close()
  }
}
