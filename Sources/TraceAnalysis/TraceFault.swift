public import NetAddress

/// What does not fit in the way of a message. Each says what was seen; none proves a forgery by itself.
public enum TraceFault: Hashable, Sendable {
  /// The client greeted with an address that is not the one it had.
  case heloOtherAddress(said: String, seen: IPAddress)
  /// The client's greeting and its name by DNS are of two houses.
  case heloNotReverse(helo: String, reverse: String)
  /// The server itself doubted the client's name.
  case nameDoubted(String)
  /// Whoever handed the message on is not who wrote the line below.
  case gap(said: String, below: String)
  /// The line below is later than this one, by seconds.
  case timeBackwards(seconds: Int)
  /// The line's date has not come yet, by seconds.
  case inFuture(seconds: Int)
  /// It waited here, by seconds.
  case delayed(seconds: Int)
  /// A zone that no place on earth has.
  case impossibleZone(String)
  /// The name of the zone is not its offset.
  case zoneNameDiffers(String)
  case wrongWeekday
  case dateMissing
  case dateUnreadable(String)
  /// A day or a time that never was.
  case dateImpossible(String)
  /// A form of the date that can be read, but that no server writes.
  case dateMalformed(String)
  /// A private address between two names of different houses: ordinary within one network, and certainly forged only
  /// where no network can have both.
  case privateAddress(IPAddress, from: String, by: String, isCertain: Bool)
  /// An address that no host can have.
  case impossibleAddress(IPAddress)
  /// No protocol, and nothing that a server is known to write.
  case inventedProtocol(String)
  /// An id that this software does not make.
  case inventedID(String, product: String)
  /// The id says another time than the date.
  case idTimeDiffers(id: String, seconds: Int)
  /// The line can be read in two ways: the client greeted with what looks like a server's words.
  case ambiguous
  /// Some of the line could not be read.
  case unread([String])
  /// The line names no server that wrote it.
  case noServer
  /// Nobody's line tells where the message came in.
  case noHops
  /// More hops than a message takes that is not lost.
  case tooManyHops(Int)
  /// The header has more lines than are looked at.
  case cut

  /// Its kind, as JSON and tests name it.
  public var name: String {
    switch self {
    case .heloOtherAddress: "helo-other-address"
    case .heloNotReverse: "helo-not-reverse"
    case .nameDoubted: "name-doubted"
    case .gap: "gap"
    case .timeBackwards: "time-backwards"
    case .delayed: "delayed"
    case .inFuture: "in-future"
    case .impossibleZone: "impossible-zone"
    case .zoneNameDiffers: "zone-name-differs"
    case .wrongWeekday: "wrong-weekday"
    case .dateMissing: "date-missing"
    case .dateUnreadable: "date-unreadable"
    case .dateImpossible: "date-impossible"
    case .dateMalformed: "date-malformed"
    case .privateAddress: "private-address"
    case .impossibleAddress: "impossible-address"
    case .inventedProtocol: "invented-protocol"
    case .inventedID: "invented-id"
    case .idTimeDiffers: "id-time-differs"
    case .ambiguous: "ambiguous"
    case .unread: "unread"
    case .noServer: "no-server"
    case .noHops: "no-hops"
    case .tooManyHops: "too-many-hops"
    case .cut: "cut"
    }
  }

  /// Whether it speaks for a forged line; the others are worth knowing only.
  public var isSuspicious: Bool {
    switch self {
    case .privateAddress(_, _, _, let isCertain): isCertain
    case .delayed, .nameDoubted, .unread, .cut, .noHops, .heloNotReverse, .dateMissing: false
    default: true
    }
  }
}

extension TraceFault {
  /// Whether it lies between a line and the one below, not in the line itself.
  public var isBetweenHops: Bool {
    switch self {
    case .gap, .timeBackwards, .delayed: true
    default: false
    }
  }
}

extension TraceFault: CustomStringConvertible {
  /// For people.
  public var description: String {
    switch self {
    case .heloOtherAddress(let said, let seen): "greeted with \(said), but came from \(seen)"
    case .heloNotReverse(let helo, let reverse): "calls itself \(helo), but its name by DNS is \(reverse)"
    case .nameDoubted(let doubt): "the server doubts its name: \(doubt)"
    case .gap(let said, let below): "came from \(said), but the line below was written by \(below)"
    case .timeBackwards(let seconds): "the line below is \(Self.span(seconds)) later than this one"
    case .inFuture(let seconds): "its date lies \(Self.span(seconds)) in the future"
    case .delayed(let seconds): "waited \(Self.span(seconds)) on the way here"
    case .impossibleZone(let zone): "no place has the time zone \(zone)"
    case .zoneNameDiffers(let name): "the time zone \(name) is not its offset"
    case .wrongWeekday: "the weekday is not that date's"
    case .dateMissing: "no date"
    case .dateUnreadable(let text): "the date cannot be read: \(text)"
    case .dateImpossible(let text): "there is no such date: \(text)"
    case .dateMalformed(let text): "no server writes a date like this: \(text)"
    case .privateAddress(let address, let name, let by, let isCertain):
      isCertain
        ? "the private address \(address) of \(name) cannot have reached \(by)"
        : "\(address) is a private address: ordinary if \(name) and \(by) share a network"
    case .impossibleAddress(let address): "no host can have the address \(address)"
    case .inventedProtocol(let text): "no server writes: with \(text)"
    case .inventedID(let id, let product): "\(product) makes no such id: \(id)"
    case .idTimeDiffers(let id, let seconds): "its id \(id) was made \(Self.span(seconds)) away from its date"
    case .ambiguous: "the greeting looks like a server's line; only the last part is the server's own"
    case .unread(let parts): "could not read: \(parts.prefix(4).joined(separator: ", "))"
    case .noServer: "names no server that wrote it"
    case .noHops: "no Received line"
    case .tooManyHops(let count): "\(count) hops, more than mail takes"
    case .cut: "more lines than are looked at"
    }
  }

  /// A span in words: the two largest units.
  static func span(_ seconds: Int) -> String {
    let seconds = abs(seconds)
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60) min" }
    if seconds < 86_400 {
      return seconds / 60 % 60 == 0 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(seconds / 60 % 60) min"
    }
    let days = seconds / 86_400
    if days > 730 { return "\(days / 365) years" }
    return seconds / 3600 % 24 == 0 || days > 9 ? "\(days) days" : "\(days) d \(seconds / 3600 % 24) h"
  }
}
