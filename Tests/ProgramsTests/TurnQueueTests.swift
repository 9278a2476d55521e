import Synchronization
import Testing
import Turns

/// Places for so many, and the others in turn.
@Suite struct TurnQueueTests {
  private final class Order: Sendable {
    private let state = Mutex<[Int]>([])
    var numbers: [Int] { state.withLock { $0 } }
    func append(_ number: Int) { state.withLock { $0.append(number) } }
  }

  private func until(_ holds: () -> Bool) async {
    while !holds() { await Task.yield() }
  }

  @Test func whoWaitsLongestIsNext() async {
    let queue = TurnQueue(1)
    let order = Order()
    #expect(queue.takeFree() && !queue.takeFree())
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          #expect(await queue.take())
          order.append(number)
          queue.giveBack()
        }
        await until { queue.load == number + 2 }
      }
      queue.giveBack()
    }
    #expect(order.numbers == Array(0..<200))
    #expect(queue.load == 0 && queue.takeFree())
  }

  @Test func whoGivesUpHasNoTurn() async {
    let queue = TurnQueue(1)
    #expect(await queue.take())
    let first = Task { await queue.take() }
    await until { queue.load == 2 }
    let second = Task { await queue.take() }
    await until { queue.load == 3 }
    first.cancel()
    #expect(await first.value == false)
    #expect(queue.load == 2)
    queue.giveBack()
    #expect(await second.value)
    #expect(queue.load == 1)
    let late = Task {
      while !Task.isCancelled { await Task.yield() }
      return await queue.take()
    }
    late.cancel()
    #expect(await late.value == false)
    queue.giveBack()
    #expect(queue.load == 0)
  }

  @Test func thereIsAlwaysAPlace() async {
    let queue = TurnQueue(0)
    #expect(await queue.take())
    #expect(!queue.takeFree())
    queue.giveBack()
  }
}
