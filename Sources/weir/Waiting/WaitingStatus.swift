import Bytes
import Filtering
import MessageStore
import SMTPServer
import Settings

extension StatusReport {
  /// Mail that waits, and how much of it may.
  struct Waiting: Codable, Sendable {
    struct Part: Codable, Sendable {
      var messages: Int
      var messagesLimit: Int?
      var octets: Int
      var octetsLimit: Int?

      init(_ use: WaitingUse.Part, messages limit: Bound, octets octetsLimit: Bound) {
        messages = use.messages
        messagesLimit = limit.count
        octets = use.octets
        self.octetsLimit = octetsLimit.count
      }

      var text: String {
        "\(messages) of \(messagesLimit.map(String.init) ?? "unlimited") messages, \(StatusReport.octets(octets)) of \(octetsLimit.map(StatusReport.octets) ?? "unlimited")"
      }
    }

    var quarantine: Part
    var outbox: Part
    /// Legs by their state; nil where the index could not be read.
    var legs: [String: Int]?
    /// Seconds since the oldest leg that waits was made; nil where none does.
    var oldestWaiting: Int?

    init(_ store: any Outbox, _ settings: Settings) async {
      let use = store.use()
      quarantine = Part(
        use.quarantine, messages: settings.quarantine.messages, octets: settings.quarantine.size)
      outbox = Part(use.outbox, messages: settings.outbox.messages, octets: settings.outbox.size)
      guard let standing = try? await store.standing() else { return }
      let known = LegState.allCases.map { ($0.rawValue, standing[$0]?.legs ?? 0) }
      legs = Dictionary(known, uniquingKeysWith: +)
      oldestWaiting = standing[.waiting].map { max(0, Int((Clock.now - $0.oldest).milliseconds / 1000)) }
    }

    var lines: [String] {
      let oldest = oldestWaiting.map { ", the oldest for \($0) s" } ?? ""
      let unsure = legs?["unsure"] ?? 0
      let lost = legs?["lost"] ?? 0
      var lines = [
        "quarantine   \(quarantine.text)",
        "outbox       \(outbox.text); \(legs.map { "\($0["waiting"] ?? 0) waiting\(oldest), \($0["sending"] ?? 0) being sent" } ?? "the index cannot be read")",
      ]
      if unsure > 0 {
        lines.append("UNSURE       \(unsure) leg(s) that a backend may have: weir outbox list --state unsure")
      }
      if lost > 0 {
        lines.append("LOST         \(lost) leg(s) whose file somebody removed: weir outbox list --state lost")
      }
      return lines
    }
  }
}
