public import Bytes
public import Filtering
internal import GRDB
internal import Synchronization

extension MessageStore: Outbox {
  public func claim(dueAt time: Timestamp, most: Int) async throws(WaitingFault) -> [OutboxLeg] {
    let ticket = claims.ticket()
    do throws(WaitingFault) {
      return try await index.change { [claims] db in
        let known = claims.all
        let rows = try Row.fetchAll(
          db.cachedStatement(
            sql: """
              \(LegRow.selection) WHERE leg.state = 'waiting' AND leg.next <= ?
              ORDER BY leg.next, leg.key LIMIT ?
              """), arguments: [time.milliseconds, min(max(0, most), Self.longestPage) + known.count])
        let legs = rows.map(LegRow.leg).filter { !known.contains($0.id) }.prefix(most)
        ticket.take(legs.map(\.id))
        return Array(legs)
      }
    } catch {
      ticket.giveBack()
      throw error
    }
  }

  public func nextDue() async throws(WaitingFault) -> Timestamp? {
    try await look { [claims] db in
      let known = claims.all
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: "SELECT key, next FROM leg WHERE state = 'waiting' ORDER BY next, key LIMIT ?"),
        arguments: [known.count + 1])
      return rows.first { !known.contains($0["key"]) }.map { MessageRow.moment($0, "next") }
    }
  }

  public func beginSending(_ legs: [OutboxLeg.ID]) async throws(WaitingFault) -> Set<OutboxLeg.ID> {
    try await index.change { [claims] db in
      let known = claims.all
      let update = try db.cachedStatement(
        sql: "UPDATE leg SET state = 'sending' WHERE key = ? AND state = 'waiting'")
      var begun: Set<OutboxLeg.ID> = []
      for leg in legs where known.contains(leg) {
        try update.execute(arguments: [leg])
        if db.changesCount == 1 { begun.insert(leg) }
      }
      return begun
    }
  }

  public func finish(_ endings: [OutboxLeg.ID: LegEnding], at time: Timestamp, _ terms: OutboxTerms)
    async throws(WaitingFault)
  {
    try await change { db, closing in
      for (leg, ending) in endings.sorted(by: { $0.key < $1.key }) {
        try LegFinish(leg: leg, time: time, terms: terms).run(ending, db, &closing)
      }
    }
    claims.giveBack(endings.keys)
  }

  public func legs(in state: LegState?, after leg: OutboxLeg.ID, most: Int)
    async throws(WaitingFault) -> [OutboxLeg]
  {
    try await look { db in
      let condition = state == nil ? "" : "AND leg.state = ?"
      var arguments: StatementArguments = [leg]
      if let state { arguments += [state.rawValue] }
      return try Row.fetchAll(
        db,
        sql:
          "\(LegRow.selection) WHERE leg.key > ? AND message.isProvisional = 0 \(condition) ORDER BY leg.key LIMIT ?",
        arguments: arguments + [min(max(1, most), Self.longestPage)]
      ).map(LegRow.leg)
    }
  }

  public func standing() async throws(WaitingFault) -> [LegState: LegStanding] {
    try await look { db in
      let rows = try Row.fetchAll(
        db.cachedStatement(sql: "SELECT state, count(*), min(created) FROM leg GROUP BY state"))
      let known = rows.compactMap { row -> (LegState, LegStanding)? in
        guard let state = LegState(rawValue: row[0]) else { return nil }
        return (state, LegStanding(legs: row[1], oldest: Timestamp(milliseconds: row[2])))
      }
      return Dictionary(known, uniquingKeysWith: { first, _ in first })
    }
  }

  public func resolve(_ leg: OutboxLeg.ID, _ resolution: LegResolution, at time: Timestamp)
    async throws(WaitingFault)
  {
    try await change { [claims] db, closing in
      guard
        let row = try Row.fetchOne(db, sql: "SELECT message, state FROM leg WHERE key = ?", arguments: [leg]),
        let state = (row["state"] as String?).flatMap(LegState.init)
      else { throw WaitingFault.missing }
      if state == .sending || claims.all.contains(leg) {
        throw WaitingFault.unavailable("leg \(leg) is being sent now")
      }
      switch resolution {
      case .sendAgain:
        guard state != .lost else { throw WaitingFault.missing }
        try db.execute(
          sql:
            "UPDATE leg SET state = 'waiting', next = ?, detail = 'sent again by the operator' WHERE key = ?",
          arguments: [time.milliseconds, leg])
      case .drop:
        try db.execute(sql: "DELETE FROM leg WHERE key = ?", arguments: [leg])
        closing.touched.insert(row["message"])
      }
    }
  }
}

/// Which legs somebody has in hand. They are given out in this process alone, so that a leg whose sender ended waits
/// again by itself.
final class LegClaims: Sendable {
  private let claimed = Mutex<Set<OutboxLeg.ID>>([])

  var all: Set<OutboxLeg.ID> { claimed.withLock { $0 } }

  func giveBack(_ legs: some Sequence<OutboxLeg.ID>) { claimed.withLock { $0.subtract(legs) } }

  func ticket() -> Ticket { Ticket(self) }

  /// What one caller took, should it never learn of it.
  final class Ticket: Sendable {
    private let claims: LegClaims
    private let taken = Mutex<[OutboxLeg.ID]>([])

    init(_ claims: LegClaims) { self.claims = claims }

    func take(_ legs: [OutboxLeg.ID]) {
      claims.claimed.withLock { $0.formUnion(legs) }
      taken.withLock { $0 = legs }
    }

    func giveBack() { claims.giveBack(taken.withLock { $0 }) }
  }
}
