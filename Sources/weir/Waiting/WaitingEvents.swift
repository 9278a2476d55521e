import Bytes
import Filtering
import MessageStore
import SMTPProtocol

extension ReasonCode {
  static let outboxDelivered: ReasonCode = "OUTBOX_DELIVERED"
  static let outboxDeferred: ReasonCode = "OUTBOX_DEFERRED"
  static let outboxResolved: ReasonCode = "OUTBOX_RESOLVED"
  static let quarantineExpired: ReasonCode = "QUARANTINE_EXPIRED"
  static let quarantineReleased: ReasonCode = "QUARANTINE_RELEASED"
  static let quarantineDeleted: ReasonCode = "QUARANTINE_DELETED"
  static let waitingMailLost: ReasonCode = "WAITING_MAIL_LOST"
  static let waitingMailStray: ReasonCode = "WAITING_MAIL_STRAY"
}

/// What the log says of mail that waits, beside what sessions say of it.
enum WaitingSystemReasons {
  static let all: [Reason] = [
    Reason(
      .outboxDelivered, nil, .notice, cause: "A redirect, copy or release was sent.",
      effect: "The backend has it.", remedy: "Nothing."),
    Reason(
      .outboxDeferred, nil, .notice,
      cause: "A redirect, copy or release could not be sent now; reply= or detail= says why.",
      effect: "It waits and is tried again (outbox.retry) until its time is over (outbox.lifetime).",
      remedy: "See to the backend; weir outbox list shows what waits."),
    Reason(
      .outboxResolved, nil, .notice, cause: "weir outbox retry or drop.", effect: "As it says.",
      remedy: "Nothing."),
    Reason(
      .quarantineExpired, nil, .notice, cause: "A held message reached its age; nobody had asked for it.",
      effect: "It is gone.", remedy: "quarantine.lifetime says how long later ones are held."),
    Reason(
      .quarantineReleased, nil, .notice, cause: "weir quarantine release.",
      effect: "The message goes to the backend, past the checks that held it; X-Weir-Released marks it.",
      remedy: "Nothing."),
    Reason(
      .quarantineDeleted, nil, .notice, cause: "weir quarantine delete.",
      effect: "The recipients never get the message; the last one's takes its file along.",
      remedy: "Nothing."),
    Reason(
      .waitingMailLost, nil, .alarm,
      cause: "The file of a message that waited is gone: somebody removed it from messages/files.",
      effect: "Nobody can have it any more: its entries and legs are closed as lost.",
      remedy: "Put the file back from a copy before the next start, or tell those it was for."),
    Reason(
      .waitingMailStray, nil, .warning,
      cause:
        "A file lies in messages/files that the index does not know: the gateway was killed before it had told anybody, or the index is an older copy.",
      effect: "It is put aside in messages/strays, and removed after a week. It is not delivered.",
      remedy: "Nothing after a kill, since the client comes again; with an old index, look into the files."),
  ]
}

extension Event {
  /// Something became of a message in the quarantine.
  static func held(
    _ entry: QuarantineEntry, _ code: ReasonCode, for recipients: [String], _ detail: String,
    at time: Timestamp
  ) -> Event {
    var event = Event(.system, .info, at: time)
    event.code = code
    event.id = entry.id
    event.client = entry.client.isAddressKnown ? entry.client.address : nil
    event.sender = entry.sender.text
    event.recipients = recipients
    event.score = entry.order.score
    event.octets = entry.octets
    event.detail = detail
    return event
  }

  static func expired(_ entry: QuarantineEntry, at time: Timestamp) -> Event {
    held(
      entry, .quarantineExpired,
      for: entry.recipients.filter { $0.state == .held }.map(\.recipient.path.text),
      "folder \(entry.order.folder), held since \(entry.since.rfc3339)", at: time)
  }
}

extension StoreOpening {
  /// What is to be said of it.
  func events(at time: Timestamp) -> [Event] {
    func event(_ code: ReasonCode, _ id: String, _ severity: Event.Severity, _ detail: String) -> Event {
      var event = Event.system(severity, code, detail, at: time)
      event.id = id
      return event
    }
    return lost.map { event(.waitingMailLost, $0, .error, "its file is gone from the disk") }
      + strays.map { event(.waitingMailStray, $0, .warning, "put aside in messages/strays") }
      + unsure.map {
        event(
          .outboxUnsure, "", .warning,
          "leg \($0) was being sent when the gateway ended: weir outbox list --state unsure")
      }
  }
}
