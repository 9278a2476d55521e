import Bytes
import Filtering
import Foundation
import SMTPProtocol
import SMTPServer

/// Answers the commands that look at mail that waits, or say what becomes of it. All that changes something is logged.
struct WaitingDesk {
  let room: WaitingRoom
  let hostname: String
  let context: GatewayContext

  /// Bound: entries or legs in one answer.
  static let longestPage = 200
  /// Bound: octets of a message in one answer.
  static let longestPiece = 512 * 1024

  func answer(_ order: WaitingOrder, outboxLifetime: Duration) async -> ControlAnswer {
    do throws(WaitingFault) {
      switch order {
      case .list(let filter, let cursor, let most): return try await list(filter, cursor, most)
      case .show(let id): return try await show(id)
      case .content(let id, let offset): return try await content(id, offset)
      case .release(let id, let addresses):
        return try await release(id, addresses, lifetime: outboxLifetime)
      case .delete(let id, let addresses): return try await delete(id, addresses)
      case .legs(let state, let leg, let most): return try await legs(state, leg, most)
      case .retry(let leg): return try await resolve(leg, .sendAgain)
      case .drop(let leg): return try await resolve(leg, .drop)
      }
    } catch {
      return Self.failed(error.detail)
    }
  }

  private static func failed(_ line: String) -> ControlAnswer { ControlAnswer(isFine: false, lines: [line]) }

  // MARK: Quarantine

  private func list(_ filter: WaitingFilter, _ cursor: String?, _ most: Int) async throws(WaitingFault)
    -> ControlAnswer
  {
    guard let filter = filter.meaning else { return Self.failed("the filter was not understood") }
    let start = cursor.flatMap { QuarantineCursor($0) }
    if cursor != nil, start == nil { return Self.failed("--after takes what a list before ended with") }
    let page = try await room.store.list(filter, after: start, most: min(max(1, most), Self.longestPage))
    return ControlAnswer(
      isFine: true,
      waiting: WaitingAnswer(
        entries: page.entries.map { ShownEntry($0, isWhole: false) }, next: page.next?.description))
  }

  private func show(_ id: String) async throws(WaitingFault) -> ControlAnswer {
    let entry = try await entry(id)
    return ControlAnswer(
      isFine: true, waiting: WaitingAnswer(entries: [ShownEntry(entry, isWhole: true)]))
  }

  private func content(_ id: String, _ offset: Int) async throws(WaitingFault) -> ControlAnswer {
    let content = try await room.store.content(of: try await entry(id).message)
    let piece = try await content.read(from: offset, most: Self.longestPiece)
    let end = offset + piece.count
    return ControlAnswer(
      isFine: true,
      waiting: WaitingAnswer(next: end < content.octets ? "\(end)" : nil, content: Data(piece)))
  }

  private func release(_ id: String, _ addresses: [String]?, lifetime: Duration) async throws(WaitingFault)
    -> ControlAnswer
  {
    let entry = try await entry(id)
    if let strange = addresses.flatMap({ Self.unknown($0, in: entry) }) { return Self.failed(strange) }
    let now = Clock.now
    let terms = ReleaseTerms(
      time: now, expires: now + lifetime,
      header: WaitingMark.released(by: hostname, id: entry.id, date: now.rfc5322))
    let legs = try await room.store.release(id, to: addresses.map { Self.known($0, in: entry) }, terms)
    let recipients = legs.map(\.order.recipient.path.text)
    guard !legs.isEmpty else { return Self.failed("held for none of them any more") }
    context.events.record(
      .held(
        entry, .quarantineReleased, for: recipients,
        "by the operator, from folder \(entry.order.folder)", at: now))
    room.outbox.bell.ring()
    return ControlAnswer(isFine: true, waiting: WaitingAnswer(recipients: recipients))
  }

  private func delete(_ id: String, _ addresses: [String]?) async throws(WaitingFault) -> ControlAnswer {
    let entry = try await entry(id)
    if let strange = addresses.flatMap({ Self.unknown($0, in: entry) }) { return Self.failed(strange) }
    let wanted = addresses.map { Self.known($0, in: entry) }
    let now = Clock.now
    let count = try await room.store.delete(id, for: wanted, at: now)
    guard count > 0 else { return Self.failed("held for none of them any more") }
    let recipients = entry.recipients.filter { $0.state == .held }.map(\.recipient.path.text)
      .filter { wanted?.contains($0) ?? true }
    context.events.record(
      .held(
        entry, .quarantineDeleted, for: recipients,
        "by the operator, from folder \(entry.order.folder)", at: now))
    return ControlAnswer(isFine: true, waiting: WaitingAnswer(recipients: recipients))
  }

  private func entry(_ id: String) async throws(WaitingFault) -> QuarantineEntry {
    guard let entry = try await room.store.entry(id) else { throw .missing }
    return entry
  }

  /// The entry's own spelling of addresses.
  private static func known(_ addresses: [String], in entry: QuarantineEntry) -> [String] {
    entry.recipients.map(\.recipient.path.text).filter { path in
      addresses.contains { path.equalsIgnoringASCIICase($0) }
    }
  }

  private static func unknown(_ addresses: [String], in entry: QuarantineEntry) -> String? {
    let strange = addresses.first { address in
      !entry.recipients.contains { $0.recipient.path.text.equalsIgnoringASCIICase(address) }
    }
    return strange.map { "it was never held for <\($0.printable())>" }
  }

  // MARK: Outbox

  private func legs(_ state: String?, _ leg: OutboxLeg.ID, _ most: Int) async throws(WaitingFault)
    -> ControlAnswer
  {
    let known = state.flatMap(LegState.init)
    if state != nil, known == nil { return Self.failed("there is no such state of a leg") }
    let most = min(max(1, most), Self.longestPage)
    let legs = try await room.store.legs(in: known, after: leg, most: most)
    return ControlAnswer(
      isFine: true,
      waiting: WaitingAnswer(
        legs: legs.map { ShownLeg($0) }, next: legs.count == most ? legs.last.map { "\($0.id)" } : nil))
  }

  private func resolve(_ id: OutboxLeg.ID, _ resolution: LegResolution) async throws(WaitingFault)
    -> ControlAnswer
  {
    let now = Clock.now
    let leg = try await room.store.legs(in: nil, after: id - 1, most: 1).first { $0.id == id }
    guard let leg else { throw .missing }
    try await room.store.resolve(id, resolution, at: now)
    var event = Event.system(
      .info, .outboxResolved,
      "\(leg.order.kind.rawValue), leg \(id), \(leg.state.rawValue) before: \(resolution == .drop ? "dropped" : "sent again") by the operator",
      at: now)
    event.id = leg.message
    event.sender = leg.order.sender.text
    event.recipients = [leg.order.recipient.path.text]
    context.events.record(event)
    room.outbox.bell.ring()
    return ControlAnswer(isFine: true, waiting: WaitingAnswer(recipients: [leg.order.recipient.path.text]))
  }
}
