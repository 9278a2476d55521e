import Filtering

/// The store as sessions see it: whoever sends what waits there hears of each new leg.
struct WatchedMail: WaitingMail {
  let store: any WaitingMail
  let bell: Doorbell

  func keep(
    _ parts: [WaitingPart], isProvisional: Bool,
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    let hasWork = !isProvisional && parts.contains { !$0.legs.isEmpty }
    store.keep(parts, isProvisional: isProvisional) { [bell] result in
      if hasWork, case .success = result { bell.ring() }
      answer(result)
    }
  }

  func confirm(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    store.confirm(messages) { [bell] result in
      if case .success = result { bell.ring() }
      answer(result)
    }
  }

  func withdraw(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    store.withdraw(messages, then: answer)
  }

  func content(of message: String) async throws(WaitingFault) -> any WaitingContent {
    try await store.content(of: message)
  }

  func use() -> WaitingUse { store.use() }
}
