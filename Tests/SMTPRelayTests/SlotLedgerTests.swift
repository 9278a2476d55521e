import Testing

@testable import SMTPRelay

@Suite struct SlotLedgerTests {
  @Test func boundHolds() {
    let slots = SlotLedger(bound: 3, loops: 2)
    #expect((0..<5).map { slots.reserve($0 % 2) } == [true, true, true, false, false])
    #expect(slots.openSessions == 3)
    #expect(slots.release(0) == nil)
    #expect(slots.openSessions == 2)
    #expect(slots.reserve(1))
  }

  @Test func freedSlotGoesToTheLoopWithTheFewest() {
    let slots = SlotLedger(bound: 5, loops: 3)
    for loop in [0, 0, 0, 0, 1] { #expect(slots.reserve(loop)) }
    slots.setDemand(0, 5)
    slots.setDemand(1, 1)
    slots.setDemand(2, 1)
    #expect(slots.release(0) == 2)
    #expect(slots.release(0) == 1)
    #expect(slots.release(0) == 0)
    #expect(slots.openSessions == 5)
  }

  @Test func sessionIsGivenUpForALoopBelowItsShareOnly() {
    let slots = SlotLedger(bound: 4, loops: 2)
    for loop in [0, 0, 0, 1] { #expect(slots.reserve(loop)) }
    #expect(!slots.shouldYield(0, isWantedHere: false))
    slots.setDemand(1, 1)
    #expect(slots.shouldYield(0, isWantedHere: true))
    #expect(!slots.shouldYield(1, isWantedHere: true))
    #expect(slots.release(0) == 1)
    slots.setDemand(1, 1)
    // Both have their share: only a session that nobody wants here goes.
    #expect(!slots.shouldYield(0, isWantedHere: true))
    #expect(slots.shouldYield(0, isWantedHere: false))
    slots.setDemand(1, 0)
    #expect(!slots.shouldYield(0, isWantedHere: false))
  }

  @Test func equalNeedChangesPlaces() {
    let slots = SlotLedger(bound: 1, loops: 2)
    #expect(slots.reserve(0))
    slots.setDemand(0, 3)
    slots.setDemand(1, 3)
    #expect(slots.release(0) == 1)
    #expect(slots.release(1) == 0)
    #expect(slots.release(0) == 1)
  }

  @Test func thereIsAlwaysOneSlot() {
    let slots = SlotLedger(bound: 0, loops: 4)
    #expect(slots.reserve(3))
    #expect(!slots.reserve(0))
  }
}
