import Filtering
import Glibc
import NIOCore
import NIOPosix
import SMTPProtocol
import Testing

@testable import Storage

private func admission(memory: Int? = nil, spool: Int? = nil) -> Admission {
  var limits = AdmissionLimits()
  limits.memory = memory
  limits.spool = spool
  return Admission(limits)
}

/// What a message came to, taken on an event loop.
private enum Result: Sendable {
  case held(HeldMessage)
  case full(ReasonCode)
  case failed

  var code: ReasonCode? {
    switch self {
    case .held: nil
    case .full(let code): code
    case .failed: .internalFault
    }
  }
}

/// Feeds `content` in pieces as a session does: waits where it is told to.
private func take(
  _ content: [UInt8], pieces: Int, into store: IntakeStore, memoryLimit: Int, isBinary: Bool = false
) async throws -> Result {
  let loop = MultiThreadedEventLoopGroup.singleton.next()
  let promise = loop.makePromise(of: Result.self)
  loop.execute {
    let feeder = Feeder(
      content, pieces, store.begin(memoryLimit: memoryLimit, isBinary: isBinary), loop, promise)
    feeder.go()
  }
  return try await promise.futureResult.get()
}

private final class Feeder {
  private let content: [UInt8]
  private let pieces: Int
  private let intake: MessageIntake
  private let loop: any EventLoop
  private let promise: EventLoopPromise<Result>
  private var position = 0

  init(
    _ content: [UInt8], _ pieces: Int, _ intake: MessageIntake, _ loop: any EventLoop,
    _ promise: EventLoopPromise<Result>
  ) {
    self.content = content
    self.pieces = pieces
    self.intake = intake
    self.loop = loop
    self.promise = promise
  }

  func go() {
    while position < content.count {
      let end = min(position + pieces, content.count)
      intake.buffer += content[position..<end]
      position = end
      switch intake.settle(on: loop) {
      case .more: continue
      case .full(let code):
        intake.abandon()
        return promise.succeed(.full(code))
      case .wait(let future):
        let bound = NIOLoopBound(self, eventLoop: loop)
        return future.whenComplete { _ in bound.value.go() }
      }
    }
    switch intake.finish(octets: UInt64(content.count), on: loop) {
    case .held(let message): promise.succeed(.held(message))
    case .full(let code): promise.succeed(.full(code))
    case .wait(let future):
      future.map { Result.held($0) }.flatMapErrorThrowing { _ in .failed }.cascade(to: promise)
    }
  }
}

extension HeldMessage {
  fileprivate var content: [UInt8] {
    guard let spool else { return memory }
    var rest = [UInt8](repeating: 0, count: spool.length)
    #expect(pread(spool.descriptor, &rest, rest.count, 0) == rest.count)
    return memory + rest
  }
}

private func octets(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } }

/// Waits until the disk's threads have closed what they were given.
private func settled(_ admission: Admission) async throws -> (memory: Int, spool: Int) {
  for _ in 0..<500 {
    let snapshot = admission.snapshot(at: 0)
    if snapshot.memory == 0, snapshot.spool == 0 { break }
    try await Task.sleep(for: .milliseconds(5))
  }
  let snapshot = admission.snapshot(at: 0)
  return (snapshot.memory, snapshot.spool)
}

@Suite struct MessageIntakeTests {
  @Test(arguments: [0, 1, 999, 1000])
  func smallMessageIsOneArray(_ count: Int) async throws {
    let admission = admission(memory: 1 << 20, spool: 0)
    let store = IntakeStore(folder: missing, admission: admission)
    guard case .held(let message) = try await take(octets(count), pieces: 7, into: store, memoryLimit: 1000)
    else { throw TestFailure() }
    #expect(message.memory == octets(count))
    #expect(message.spool == nil)
    #expect(message.octets == UInt64(count))
  }

  /// What the checks of the content make of a message is counted, and refused where there is no room.
  @Test func whatIsMadeOfAMessageIsCountedAsMemory() async throws {
    let folder = try ScratchState()
    let admission = admission(memory: 4 << 20, spool: 8 << 20)
    let store = IntakeStore(folder: folder.path, admission: admission)
    let content = octets(2_000_000)
    do {
      guard case .held(let message) = try await take(content, pieces: 65_536, into: store, memoryLimit: 1000)
      else { throw TestFailure() }
      let spool = try #require(message.spool)
      let before = admission.snapshot(at: 0).memory
      #expect(message.reserveMemory(500_000))
      #expect(admission.snapshot(at: 0).memory == before + 500_000)
      #expect(!message.reserveMemory(8 << 20))
      #expect(admission.snapshot(at: 0).memory == before + 500_000)
      #expect(await spool.beginning(most: 500_000) == Array(content[1000..<501_000]))
      #expect(await spool.beginning(most: 9_000_000) == Array(content[1000...]))
    }
    #expect(try await settled(admission) == (0, 0))
  }

  @Test(arguments: [1, 1001, 4096, 65_536, 300_000, 3_000_000])
  func largeMessageIsReadBackWhole(_ pieces: Int) async throws {
    let folder = try ScratchState()
    let admission = admission(memory: 8 << 20, spool: 8 << 20)
    let store = IntakeStore(folder: folder.path, admission: admission)
    let content = octets(pieces == 1 ? 300_001 : 2_345_678)
    do {
      guard
        case .held(let message) = try await take(
          content, pieces: pieces, into: store, memoryLimit: 100_000, isBinary: true)
      else { throw TestFailure() }
      #expect(message.isBinary)
      #expect(message.memory.count == 100_000)
      #expect(message.spool?.length == content.count - 100_000)
      #expect(message.content == content)
      let snapshot = admission.snapshot(at: 0)
      #expect(snapshot.spool == content.count - 100_000)
      #expect(snapshot.memory >= 100_000)
      // No name is left behind, so a crash leaves nothing either.
      #expect(ScratchState.names(in: folder.path).isEmpty)
      // Bound: what is held in memory on the way is the beginning, a block, and a piece.
      #expect(snapshot.mostMemory <= 100_000 + IntakeStore.block + 2 * max(pieces, IntakeStore.step))
    }
    #expect(try await settled(admission) == (0, 0))
  }

  @Test func memoryCeilingIsKeptAndGivenBack() async throws {
    let admission = admission(memory: 100_000)
    let store = IntakeStore(folder: missing, admission: admission)
    guard
      case .full(let code) = try await take(octets(200_000), pieces: 1000, into: store, memoryLimit: 1 << 20)
    else { throw TestFailure() }
    #expect(code == .limitMemory)
    #expect(admission.snapshot(at: 0).mostMemory <= 100_000)
    #expect(try await settled(admission) == (0, 0))
    #expect(store.refusesNow() == nil)
    #expect(admission.reserveMemory(100_000))
    #expect(store.refusesNow() == .limitMemory)
  }

  @Test func spoolCeilingIsKeptAndGivenBack() async throws {
    let folder = try ScratchState()
    let admission = admission(spool: 600_000)
    let store = IntakeStore(folder: folder.path, admission: admission)
    guard
      case .full(let code) = try await take(octets(1_000_000), pieces: 10_000, into: store, memoryLimit: 1000)
    else { throw TestFailure() }
    #expect(code == .limitSpool)
    #expect(admission.snapshot(at: 0).mostMemory > 0)
    #expect(try await settled(admission) == (0, 0))
  }

  @Test func diskThatRefusesEndsTheMessage() async throws {
    let admission = admission()
    let store = IntakeStore(folder: missing, admission: admission)
    // Found while it comes, and found at its end.
    let early = try await take(octets(900_000), pieces: 10_000, into: store, memoryLimit: 1000)
    #expect(early.code == .limitSpool)
    let late = try await take(octets(20_000), pieces: 10_000, into: store, memoryLimit: 1000)
    #expect(late.code == .internalFault)
    #expect(try await settled(admission) == (0, 0))
  }

  @Test func manyAtOnceStayUnderTheCeilings() async throws {
    let folder = try ScratchState()
    let admission = admission(memory: 4 << 20, spool: 20 << 20)
    let store = IntakeStore(folder: folder.path, admission: admission)
    let content = octets(1_500_000)
    let held = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<24 {
        group.addTask {
          switch try await take(content, pieces: 50_000, into: store, memoryLimit: 200_000) {
          case .held(let message): message.content == content
          case .full(let code): code == .limitMemory || code == .limitSpool
          case .failed: false
          }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(held.count == 24 && held.allSatisfy { $0 })
    #expect(admission.snapshot(at: 0).mostMemory <= 4 << 20)
    #expect(try await settled(admission) == (0, 0))
  }
}

/// A folder that is nowhere: a file made there would be a fault.
private let missing = "/proc/self/no-such-folder"

struct TestFailure: Error {}
