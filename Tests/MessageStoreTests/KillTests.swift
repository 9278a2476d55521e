import Bytes
import Filtering
import Glibc
import Testing

@testable import MessageStore

/// Ends this process the moment the store has made a step, as a power switch would.
private func dying(at step: String) -> StepObserver {
  { made in if made.rawValue == step { raise(SIGKILL) } }
}

/// Steps of a change that writes no file. The last is that the caller was told.
private let changeSteps = [StoreStep.indexChanged, .indexCommitted].map(\.rawValue) + ["told"]
private let removalSteps =
  [StoreStep.indexChanged, .indexCommitted, .contentRemoved].map(\.rawValue) + ["told"]
private let holdSteps =
  [
    StoreStep.contentBegun, .contentWritten, .contentFlushed, .contentNamed, .folderFlushed, .indexChanged,
    .indexCommitted,
  ].map(\.rawValue) + ["told"]

/// One mail in three forms.
private func threeParts() throws -> [WaitingPart] {
  [
    WaitingPart(message: message("H"), held: try order()),
    WaitingPart(message: message("H-2"), held: nil, legs: [leg("x@y.example"), leg("z@y.example")]),
    WaitingPart(
      message: message("H-3"), held: try order("odd", ["g@h.example"]), legs: [leg("u@y.example", .copy)]),
  ]
}

private func reopened(_ folder: ScratchFolder) throws -> MessageStore {
  let store = try MessageStore(folder: folder.messages)
  #expect(store.opening.lost == [], "no entry is without its file")
  return store
}

/// What is in the index after a step: everything from the commit on.
private func isCommitted(_ step: String) -> Bool {
  ![
    StoreStep.contentBegun, .contentWritten, .contentFlushed, .contentNamed, .folderFlushed, .indexChanged,
  ].map(\.rawValue).contains(step)
}

/// The child process opens the store, does one thing, and is killed by SIGKILL right after one step of it. What the next
/// process finds is what was promised: nothing lost, nothing to be sent twice.
@Suite(.serialized) struct KillTests {
  @Test(arguments: holdSteps) func whileHolding(_ step: String) async throws {
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.messages as String, step] in
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: dying(at: step))
      try await store.keep(message("H"), held: try order(), legs: [leg("x@y.example", .copy)])
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    if isCommitted(step) {
      #expect(try await store.entry("H")?.recipients.map(\.state) == [.held, .held])
      #expect(try await store.content(of: "H").all().suffix(storedContent.count) == storedContent[...])
      #expect(try await store.legs(in: .waiting, after: 0, most: 10).count == 1)
      #expect(store.opening.strays == [] && store.use().quarantine.messages == 1)
    } else {
      #expect(try await store.everything().isEmpty)
      #expect(try await store.legs(in: nil, after: 0, most: 10).isEmpty)
      #expect(folder.files == [] && store.use() == WaitingUse())
      let wasNamed = [StoreStep.contentNamed, .folderFlushed, .indexChanged].map(\.rawValue).contains(step)
      #expect(store.opening.strays == (wasNamed ? ["H"] : []))
      #expect(folder.strays == (wasNamed ? ["H.eml"] : []))
    }
    // The client, who read nothing, comes again.
    try await store.keep(message("H2"), held: try order())
    await store.close()
  }

  enum Word: String, CaseIterable, Codable { case none, confirmed, withdrawn }

  /// Whoever kept a message provisionally has told the client nothing: without a word of his it is gone.
  @Test(arguments: Word.allCases, removalSteps) func whileOneIsProvisional(_ word: Word, _ step: String)
    async throws
  {
    // Only what is withdrawn removes a file.
    guard step != StoreStep.contentRemoved.rawValue || word == .withdrawn else { return }
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = folder.messages as String, step = step as String, word = word as Word] in
      let counted = Steps(dying: step, at: word == .none || step == StoreStep.contentRemoved.rawValue ? 1 : 3)
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: { counted.made($0) })
      try await store.keep(
        message("P"), held: try order(), legs: [leg("x@y.example", .copy)], isProvisional: true)
      #expect(try await store.everything().isEmpty)
      #expect(try await store.entry("P") == nil)
      #expect(try await store.folders().isEmpty)
      #expect(try await store.claim(dueAt: morning + day, most: 10).isEmpty)
      switch word {
      case .none: break
      case .confirmed: try await store.confirm("P")
      case .withdrawn: try await store.withdraw("P")
      }
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let stays = word == .confirmed && isCommitted(step)
    #expect(try await store.everything().map(\.id) == (stays ? ["P"] : []))
    #expect(try await store.claim(dueAt: morning, most: 10).count == (stays ? 1 : 0))
    #expect(folder.files == (stays ? ["P.eml"] : []))
    #expect(store.use().quarantine.messages == (stays ? 1 : 0))
    await #expect(throws: WaitingFault.missing) { try await store.confirm("P") }
    await #expect(throws: WaitingFault.missing) { try await store.withdraw("P") }
    await store.close()
  }

  /// Three parts of one mail: held for some, sent on for others, both for a third.
  @Test(arguments: holdSteps, [1, 2, 3]) func whileHoldingThreeParts(_ step: String, _ number: Int)
    async throws
  {
    let isOnce = ![StoreStep.contentBegun, .contentWritten, .contentFlushed, .contentNamed].map(\.rawValue)
      .contains(step)
    // Each file is written by itself; the folder, the index and the caller hear of all at once.
    guard number == 1 || !isOnce else { return }
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = folder.messages as String, step = step as String, number = number as Int] in
      let counted = Steps(dying: step, at: number)
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: { counted.made($0) })
      try await store.keep(try threeParts())
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let isKept = isCommitted(step)
    #expect(Set(try await store.everything().map(\.id)) == (isKept ? ["H", "H-3"] : []))
    #expect(try await store.claim(dueAt: morning, most: 10).count == (isKept ? 3 : 0))
    #expect(folder.files == (isKept ? ["H-2.eml", "H-3.eml", "H.eml"] : []))
    // Of what was not told nothing is shown; files that had their names are put aside.
    let named = isOnce ? 3 : step == StoreStep.contentNamed.rawValue ? number : number - 1
    #expect(folder.strays.count == (isKept ? 0 : named), "\(folder.strays)")
    #expect(store.use().quarantine.messages == (isKept ? 2 : 0))
    #expect(store.use().outbox.messages == (isKept ? 1 : 0))
    await store.close()
  }

  /// A step, the nth time that it is made.
  struct Moment: Codable, Sendable {
    let step: String
    let number: Int

    /// The first change of the index is that three parts are kept; then each file is removed by itself.
    static let ofRemoval = removalSteps.flatMap { step in
      step == StoreStep.contentRemoved.rawValue
        ? (1...3).map { Moment(step: step, number: $0) } : [Moment(step: step, number: 2)]
    }
  }

  /// What became of the three is one change of the index: all of them stay, or none.
  @Test(arguments: [Word.confirmed, .withdrawn], Moment.ofRemoval)
  func whileThreePartsAreProvisional(_ word: Word, _ moment: Moment) async throws {
    // Only what is withdrawn removes files.
    guard moment.step != StoreStep.contentRemoved.rawValue || word == .withdrawn else { return }
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = folder.messages as String, word = word as Word, moment = moment as Moment] in
      let counted = Steps(dying: moment.step, at: moment.number)
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: { counted.made($0) })
      try await store.keep(try threeParts(), isProvisional: true)
      if word == .confirmed {
        try await store.confirm("H", "H-2", "H-3")
      } else {
        try await store.withdraw("H", "H-2", "H-3")
      }
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let stays = word == .confirmed && isCommitted(moment.step)
    #expect(Set(try await store.everything().map(\.id)) == (stays ? ["H", "H-3"] : []))
    #expect(try await store.claim(dueAt: morning, most: 10).count == (stays ? 3 : 0))
    #expect(folder.files == (stays ? ["H-2.eml", "H-3.eml", "H.eml"] : []))
    #expect(folder.strays == [])
    #expect(store.use().quarantine.messages == (stays ? 2 : 0))
    for id in ["H", "H-2", "H-3"] {
      await #expect(throws: WaitingFault.missing) { try await store.confirm(id) }
    }
    await store.close()
  }

  @Test(arguments: changeSteps) func whileReleasing(_ step: String) async throws {
    let folder = try ScratchFolder()
    let before = try MessageStore(folder: folder.messages)
    try await before.keep(message("Q"), held: try order())
    await before.close()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.messages as String, step] in
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: dying(at: step))
      _ = try await store.release("Q", to: nil, ReleaseTerms(time: morning, expires: morning + day))
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let legs = try await store.legs(in: .waiting, after: 0, most: 10)
    let states = try await store.entry("Q")?.recipients.map(\.state)
    #expect(legs.count == (isCommitted(step) ? 2 : 0))
    #expect(states == (isCommitted(step) ? [.released, .released] : [.held, .held]))
    #expect(folder.files == ["Q.eml"])
    // Released again by the operator, who read nothing: once each, all the same.
    _ = try await store.release("Q", to: nil, ReleaseTerms(time: morning, expires: morning + day))
    #expect(try await store.claim(dueAt: morning, most: 10).count == 2)
    await store.close()
  }

  @Test(arguments: changeSteps) func whileTakingALeg(_ step: String) async throws {
    let folder = try ScratchFolder()
    let before = try MessageStore(folder: folder.messages)
    try await before.keep(message("T"), held: nil, legs: [leg("x@y.example")])
    await before.close()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.messages as String, step] in
      let counted = Steps(dying: step, at: 2)
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: { counted.made($0) })
      let legs = try await store.claim(dueAt: morning, most: 10)
      _ = try await store.beginSending(legs.map(\.id))
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    // Before the commit nobody may have sent it; from then on somebody may have.
    #expect(try await store.legs(in: .waiting, after: 0, most: 10).count == (isCommitted(step) ? 0 : 1))
    #expect(try await store.legs(in: .unsure, after: 0, most: 10).count == (isCommitted(step) ? 1 : 0))
    #expect(store.opening.unsure.count == (isCommitted(step) ? 1 : 0))
    #expect(folder.files == ["T.eml"])
    await store.close()
  }

  enum Ending: String, CaseIterable, Codable {
    case delivered, deferred, refused, unsure

    var ending: LegEnding {
      switch self {
      case .delivered: .delivered("250")
      case .deferred: .deferred("451")
      case .refused: .refused("550")
      case .unsure: .unsure("gone")
      }
    }
  }

  @Test(arguments: Ending.allCases, removalSteps) func whileFinishingALeg(_ ending: Ending, _ step: String)
    async throws
  {
    // Only a delivered one removes the file.
    guard step != StoreStep.contentRemoved.rawValue || ending == .delivered else { return }
    let folder = try ScratchFolder()
    let before = try MessageStore(folder: folder.messages)
    try await before.keep(message("F"), held: nil, legs: [leg("x@y.example")])
    await before.close()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.messages as String, step, ending] in
      let counted = Steps(dying: step, at: step == StoreStep.contentRemoved.rawValue ? 1 : 3)
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: { counted.made($0) })
      let legs = try await store.claim(dueAt: morning, most: 10)
      let begun = try await store.beginSending(legs.map(\.id))
      try await store.finish(
        Dictionary(uniqueKeysWithValues: begun.map { ($0, ending.ending) }), at: morning, OutboxTerms())
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let waiting = try await store.legs(in: .waiting, after: 0, most: 10).count
    let unsure = try await store.legs(in: .unsure, after: 0, most: 10).count
    let held = try await store.everything { $0.folder = .undeliverable }.count
    let expected =
      switch (isCommitted(step), ending) {
      case (false, _), (true, .unsure): (0, 1, 0)
      case (true, .delivered): (0, 0, 0)
      case (true, .deferred): (1, 0, 0)
      case (true, .refused): (0, 0, 1)
      }
    #expect((waiting, unsure, held) == expected)
    #expect(folder.files == (isCommitted(step) && ending == .delivered ? [] : ["F.eml"]))
    #expect(folder.strays == [])
    await store.close()
  }

  enum Removal: String, CaseIterable, Codable { case deleted, expired }

  @Test(arguments: Removal.allCases, removalSteps) func whileRemoving(_ removal: Removal, _ step: String)
    async throws
  {
    let folder = try ScratchFolder()
    let before = try MessageStore(folder: folder.messages)
    try await before.keep(message("E1"), held: try order())
    try await before.keep(message("E2"), held: try order(expires: morning + .seconds(1 << 30)))
    await before.close()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.messages as String, step, removal] in
      let store = try MessageStore(
        folder: path, bounds: StoreBounds(), patience: 5, observer: dying(at: step))
      switch removal {
      case .deleted: _ = try await store.delete("E1", for: nil, at: morning)
      case .expired: _ = try await store.expire(at: morning + day)
      }
      raise(SIGKILL)
    }
    let store = try reopened(folder)
    let held = try await store.list(QuarantineFilter(), after: nil, most: 10).entries.map(\.id)
    #expect(held.sorted() == (isCommitted(step) ? ["E2"] : ["E1", "E2"]))
    #expect(folder.files == (isCommitted(step) ? ["E2.eml"] : ["E1.eml", "E2.eml"]))
    #expect(store.use().quarantine.messages == held.count)
    for id in held { #expect(try await store.content(of: id).all(piece: 4096).isEmpty == false) }
    await store.close()
  }
}

/// Ends this process at the nth time that a step is made.
private final class Steps: Sendable {
  private let step: String
  private let count: Counter

  init(dying step: String, at number: Int) {
    self.step = step
    count = Counter(number)
  }

  func made(_ step: StoreStep) {
    if step.rawValue == self.step, count.next() == 0 { raise(SIGKILL) }
  }
}
