import Filtering

/// The store as sessions see it: whoever sends what waits there hears of each new leg.
struct WatchedMail: WaitingMail {
  let store: any WaitingMail
  let bell: Doorbell

  func keep(
    _ message: WaitingMessage, held: QuarantineOrder?, legs: [OutboxOrder], isProvisional: Bool,
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    let hasWork = !legs.isEmpty && !isProvisional
    store.keep(message, held: held, legs: legs, isProvisional: isProvisional) { [bell] result in
      if hasWork, case .success = result { bell.ring() }
      answer(result)
    }
  }

  func confirm(_ message: String, then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    store.confirm(message) { [bell] result in
      if case .success = result { bell.ring() }
      answer(result)
    }
  }

  func withdraw(_ message: String, then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    store.withdraw(message, then: answer)
  }

  func content(of message: String) async throws(WaitingFault) -> any WaitingContent {
    try await store.content(of: message)
  }

  func use() -> WaitingUse { store.use() }
}
