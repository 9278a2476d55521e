public import Filtering
internal import Glibc
internal import NIOPosix

extension MessageStore {
  public func keep(
    _ parts: [WaitingPart], isProvisional: Bool,
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    let rooms = parts.map { part in
      StoreRoom(
        octets: ContentWriting.most(part.message), purpose: part.held == nil ? .outbox : .quarantine)
    }
    do throws(WaitingFault) {
      try check(parts)
      try ledger.reserve(rooms)
    } catch {
      return answer(.failure(error))
    }
    disk.submit { [self] state in
      do throws(WaitingFault) {
        guard case .active = state else { throw .closed }
        try ledger.checkDisk(folder.path)
        let octets = try write(parts.map(\.message))
        for (room, octets) in zip(rooms, octets) {
          ledger.written(room.octets)
          ledger.release(room.octets - octets, messages: 0, of: room.purpose)
        }
        let rows = parts.indices.map { place in
          MessageRow(
            message: parts[place].message, octets: octets[place], purpose: rooms[place].purpose,
            isProvisional: isProvisional)
        }
        enter(parts, rows, then: answer)
      } catch {
        for room in rooms {
          ledger.written(room.octets)
          ledger.release(room.octets, of: room.purpose)
        }
        answer(.failure(error))
      }
    }
  }

  private func check(_ parts: [WaitingPart]) throws(WaitingFault) {
    let bounds = ledger.bounds
    guard !parts.isEmpty else { throw .unavailable("nothing to keep") }
    guard Set(parts.map(\.message.id)).count == parts.count else {
      throw .unavailable("\(parts[0].message.id): an id given twice")
    }
    for part in parts {
      let id = part.message.id
      guard StoreFolder.isName(id) else { throw .unavailable("\(id): not an id") }
      let recipients = (part.held?.recipients.count ?? 0) + part.legs.count
      guard recipients > 0 else { throw .unavailable("\(id): nobody to keep it for") }
      guard recipients <= bounds.recipients else { throw .full("\(recipients) recipients") }
      guard part.legs.allSatisfy({ $0.hops <= bounds.hops }) else { throw .tooManyHops }
    }
  }

  /// Writes the files of all, or leaves none behind. Blocks.
  ///
  /// - Returns: the octets of each.
  private func write(_ messages: [WaitingMessage]) throws(WaitingFault) -> [Int] {
    let writing = ContentWriting(folder: folder, observer: observer)
    var octets: [Int] = []
    do throws(WaitingFault) {
      for message in messages { octets.append(try writing.write(message)) }
    } catch {
      for message in messages.prefix(octets.count) { unlink(folder.file(of: message.id)) }
      throw error
    }
    return octets
  }

  /// Tells the index of all, in one change.
  private func enter(
    _ parts: [WaitingPart], _ rows: [MessageRow],
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    index.submit(namesFiles: true) { db in
      for (part, row) in zip(parts, rows) {
        let (id, time) = (row.message.id, row.message.received)
        let key = try row.insert(into: db)
        if let held = part.held { _ = try EntryRow.insert(held, id: id, message: key, at: time, into: db) }
        for leg in part.legs {
          _ = try LegRow.insert(
            leg, message: key, entry: nil, isProvisional: row.isProvisional, at: time, into: db)
        }
      }
    } then: { [self] result in
      if case .failure = result {
        // Should the index have them all the same after a crash, the entries without a file are closed: never sent.
        for row in rows {
          unlink(folder.file(of: row.message.id))
          ledger.release(row.octets, of: row.purpose)
        }
      }
      answer(result)
    }
  }
}
