public import MessageViews

extension MessageFacts {
  /// What the message says, in the forms that checks and rules read; of a small one none is computed before it is
  /// asked for.
  ///
  /// A large one is read from its spool file, up to `contentLimit`, and worked on away from the event loop, all its
  /// views at once; where there is no memory left for that, what is in memory is all that is looked at
  /// (`MessageViews.isWhole`).
  public func views() async -> MessageViews {
    await evidence.views.value { await Self.views(of: message, most: contentLimit) }
  }

  // Past this an event loop would be held up for milliseconds.
  private static let small = 64 << 10

  private static func views(of message: HeldMessage, most: Int) async -> MessageViews {
    guard message.spool != nil || message.memory.count > small else {
      return views(message.memory, isWhole: true, isBinary: message.isBinary)
    }
    var octets = message.memory
    var isWhole = message.spool == nil
    if octets.count > most {
      octets = Array(octets[..<most])
      isWhole = false
    } else if let spool = message.spool, octets.count < most {
      let more = min(spool.length, most - octets.count)
      // The copy, and as much again for what is decoded from it.
      if let rest = await spool.beginning(most: more, reserving: 2 * (octets.count + more)) {
        octets += rest
        isWhole = rest.count == spool.length
      }
    }
    return await prepared(octets, isWhole: isWhole, isBinary: message.isBinary)
  }

  @concurrent private static func prepared(_ octets: [UInt8], isWhole: Bool, isBinary: Bool) async
    -> MessageViews
  {
    let views = views(octets, isWhole: isWhole, isBinary: isBinary)
    views.prepare()
    return views
  }

  private static func views(_ octets: [UInt8], isWhole: Bool, isBinary: Bool) -> MessageViews {
    isBinary ? MessageViews(octets, isWhole: isWhole) : MessageViews(stuffed: octets, isWhole: isWhole)
  }
}
