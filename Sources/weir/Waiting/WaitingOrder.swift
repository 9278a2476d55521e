import Bytes
import Filtering
import Foundation
import MailSyntax
import NetAddress
import SMTPProtocol

/// What a command asks of the mail that waits, over the control socket.
enum WaitingOrder: Codable, Sendable {
  case list(WaitingFilter, after: String?, most: Int)
  case show(String)
  /// A piece of the content of an entry's message.
  case content(String, offset: Int)
  case release(String, to: [String]?)
  case delete(String, for: [String]?)
  case legs(state: String?, after: Int64, most: Int)
  case retry(Int64)
  case drop(Int64)
}

struct WaitingAnswer: Codable, Sendable {
  var entries: [ShownEntry] = []
  var legs: [ShownLeg] = []
  /// Where the next page begins; nil where there is none.
  var next: String?
  var content: Data?
  /// For whom something was done.
  var recipients: [String] = []
}

/// `QuarantineFilter` in words.
struct WaitingFilter: Codable, Sendable {
  /// With those below it.
  var folder: String?
  /// Empty for any.
  var state = QuarantineState.held.rawValue
  var sender: String?
  var recipient: String?
  var text: String?
  var rule: String?
  var code: String?
  var client: String?
  /// Milliseconds of the civil clock.
  var since: Int64?
  var until: Int64?

  /// nil where a word of it is none: an older or newer command asked.
  var meaning: QuarantineFilter? {
    var filter = QuarantineFilter()
    filter.isNested = true
    if let folder {
      guard let known = QuarantineFolder(folder) else { return nil }
      filter.folder = known
    }
    filter.state = nil
    if !state.isEmpty {
      guard let known = QuarantineState(rawValue: state) else { return nil }
      filter.state = known
    }
    if let client {
      guard let address = IPAddress(client) else { return nil }
      filter.client = address
    }
    filter.sender = sender
    filter.recipient = recipient
    filter.text = text
    filter.rule = rule
    filter.code = code.map { ReasonCode($0) }
    filter.since = since.map(Timestamp.init)
    filter.until = until.map(Timestamp.init)
    return filter
  }
}

/// A held message as the commands show it.
struct ShownEntry: Codable, Sendable {
  struct Recipient: Codable, Sendable {
    var address: String
    var state: String
    var changed: String
    var detail: String
  }

  var id: String
  var message: String
  var folder: String
  var since: String
  var expires: String
  var sender: String
  var from: String
  var subject: String
  var recipients: [Recipient]
  var client: String
  var clientName: String?
  var helo: String
  var octets: UInt64
  var score: Double?
  var code: String
  var rule: String
  var findings: String

  /// - Parameter isWhole: with all that is known of it; else as much as a list shows.
  init(_ entry: QuarantineEntry, isWhole: Bool) {
    id = entry.id
    message = entry.message
    folder = entry.order.folder.description
    since = entry.since.rfc3339
    expires = entry.order.expires.rfc3339
    sender = entry.sender.text
    from = entry.from
    subject = entry.subject
    recipients = entry.recipients.prefix(isWhole ? Int.max : Self.mostListed).map {
      Recipient(
        address: $0.recipient.path.text, state: $0.state.rawValue, changed: $0.changed.rfc3339,
        detail: $0.detail)
    }
    client = entry.client.isAddressKnown ? entry.client.address.description : "unknown"
    clientName = entry.client.name
    helo = entry.client.helo
    octets = entry.octets
    score = entry.order.score
    code = entry.order.code.name
    rule = entry.order.rule
    findings = isWhole ? entry.order.findings : ""
  }

  /// Bound: of a message with thousands of recipients a list shows so many.
  private static let mostListed = 50
}

/// A leg of the outbox as the commands show it.
struct ShownLeg: Codable, Sendable {
  var leg: Int64
  var state: String
  var kind: String
  var message: String
  var sender: String
  var recipient: String
  var octets: UInt64
  var created: String
  var expires: String
  var attempts: Int
  var next: String
  var hops: Int
  var detail: String

  init(_ leg: OutboxLeg) {
    self.leg = leg.id
    state = leg.state.rawValue
    kind = leg.order.kind.rawValue
    message = leg.message
    sender = leg.order.sender.text
    recipient = leg.order.recipient.path.text
    octets = leg.octets
    created = leg.created.rfc3339
    expires = leg.order.expires.rfc3339
    attempts = leg.attempts
    next = leg.next.rfc3339
    hops = leg.order.hops
    detail = leg.detail
  }
}
