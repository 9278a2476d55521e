internal import MailSyntax
public import MessageViews

extension MessageFacts {
  /// What the message says, in the forms that checks and rules read; of a small one none is computed before it is
  /// asked for.
  ///
  /// A large one is read from its spool file, up to `contentLimit`, and worked on away from the event loop, all its
  /// views at once. What that takes is counted among the memory of messages; where none is left, the header is all that
  /// is looked at (`MessageViews.isWhole`).
  public func views() async -> MessageViews { await evidence.views.value { await readViews() } }

  // Past this an event loop would be held up for milliseconds.
  private static let small = 64 << 10

  private func readViews() async -> MessageViews {
    let most = max(contentLimit, header.end)
    let more = min(message.spool?.length ?? 0, max(0, most - message.memory.count))
    let count = min(message.memory.count, most) + more
    guard message.reserveMemory(Self.cost(of: count)) else {
      return views(Array(message.memory[..<min(header.end, message.memory.count)]), isWhole: false)
    }
    var octets = count < message.memory.count ? Array(message.memory[..<count]) : message.memory
    if more > 0, let rest = await message.spool?.beginning(most: more) { octets += rest }
    let isWhole = octets.count == message.memory.count + (message.spool?.length ?? 0)
    return octets.count > Self.small
      ? await prepared(octets, isWhole: isWhole) : views(octets, isWhole: isWhole)
  }

  /// What so many octets take at most while they are looked at: once more without dot-stuffing, once more what was
  /// encoded in them, and of their text, HTML and others, the forms that are made of it.
  private static func cost(of count: Int) -> Int { 2 * count + 4 * min(count, 2 * ViewLimits().text) }

  @concurrent private func prepared(_ octets: [UInt8], isWhole: Bool) async -> MessageViews {
    let views = views(octets, isWhole: isWhole)
    views.prepare()
    return views
  }

  private func views(_ octets: [UInt8], isWhole: Bool) -> MessageViews {
    message.isBinary
      ? MessageViews(octets, isWhole: isWhole) : MessageViews(stuffed: octets, isWhole: isWhole)
  }
}
