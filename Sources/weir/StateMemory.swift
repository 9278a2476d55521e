import SMTPRelay
import Storage

/// Keeps what the backends offer in the state folder.
struct StateMemory: CapabilityMemory {
  private let state: StateFolder

  init(_ state: StateFolder) { self.state = state }

  func load() -> [String: String] { state.loadCapabilities() }

  func save(_ capabilities: [String: String]) { state.saveCapabilities(capabilities) }
}
