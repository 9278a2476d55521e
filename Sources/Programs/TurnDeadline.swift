internal import Turns

extension TurnQueue {
  /// Waits for a place; false where there was none in time, or the task was cancelled. Who has one gives it back.
  func take(until deadline: ContinuousClock.Instant) async -> Bool {
    if takeFree() { return true }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask { await self.take() }
      group.addTask {
        try? await Task.sleep(until: deadline, clock: .continuous)
        return false
      }
      // The first that ends calls the other off; a place that was given meanwhile is taken all the same.
      var has = await group.next() ?? false
      group.cancelAll()
      for await other in group { has = has || other }
      return has
    }
  }
}
