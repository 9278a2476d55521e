internal import Filtering
internal import Glibc
internal import Synchronization

/// How much may wait. Past a bound `WaitingFault.full` is the answer, and `.tooLarge` where a message alone is past it; nothing that was kept is given up.
public struct StoreBounds: Hashable, Sendable {
  /// Of the messages that somebody is to look at.
  public var quarantineOctets = 10 << 30
  public var quarantineMessages = 100_000
  /// Of those that are there to be sent only.
  public var outboxOctets = 1 << 30
  public var outboxMessages = 10_000
  /// Octets of the disk that are left to others.
  public var freeDisk = 256 << 20
  /// Messages that are being written when another mail may still begin.
  public var underWay = 1024
  /// How far mail may have come that is handed on.
  public var hops = 30
  /// Recipients and legs of one message.
  public var recipients = 10_000
  /// Entries that nobody is waiting for any more, kept to be looked at until their time is over.
  public var closedEntries = 100_000

  public init() {}
}

/// Why a message lies there, which says whose room it takes.
enum StorePurpose: Int {
  case quarantine = 0
  case outbox = 1
}

/// What one message takes of it at most.
struct StoreRoom: Sendable {
  let octets: Int
  let purpose: StorePurpose
}

extension StoreBounds {
  /// Why all of the room would not be enough, whoever else has some of it; nil where it would.
  fileprivate func excess(of rooms: [StoreRoom]) -> WaitingFault? {
    let bounds = [
      (StorePurpose.quarantine, quarantineOctets, quarantineMessages),
      (.outbox, outboxOctets, outboxMessages),
    ]
    for (purpose, mostOctets, most) in bounds {
      let own = rooms.filter { $0.purpose == purpose }
      let octets = own.reduce(0) { $0 + $1.octets }
      if octets > mostOctets {
        return .tooLarge("\(octets) octets, and \(purpose).size allows \(mostOctets) in all")
      }
      // Of one part alone it is the bound that says there is to be nothing.
      if own.count > max(1, most) {
        return .tooLarge("\(own.count) forms of it, and \(purpose).messages allows \(most) in all")
      }
    }
    return nil
  }
}

/// Who has how much of the room.
final class StoreLedger: Sendable {
  private struct State {
    var bounds: StoreBounds
    var use = WaitingUse()
    /// Messages being written, their octets counted in `use` too, and those octets of them that no disk has yet.
    var underWay = 0
    var unwritten = 0

    /// Why there is no room; nil where it is taken.
    mutating func reserve(_ octets: Int, for purpose: StorePurpose) -> WaitingFault? {
      let part = use[purpose]
      let (most, mostOctets) =
        purpose == .quarantine
        ? (bounds.quarantineMessages, bounds.quarantineOctets) : (bounds.outboxMessages, bounds.outboxOctets)
      guard part.messages < most else {
        return .full("\(part.messages) messages in the \(purpose), of \(most) (\(purpose).messages)")
      }
      guard octets <= mostOctets - part.octets else {
        return .full(
          "\(part.octets) octets in the \(purpose), of \(mostOctets) (\(purpose).size), and \(octets) are to come"
        )
      }
      underWay += 1
      unwritten += octets
      use[purpose].messages += 1
      use[purpose].octets += octets
      return nil
    }
  }

  private let state: Mutex<State>

  init(_ bounds: StoreBounds) { state = Mutex(State(bounds: bounds)) }

  var bounds: StoreBounds { state.withLock { $0.bounds } }
  var use: WaitingUse { state.withLock { $0.use } }

  func adopt(_ bounds: StoreBounds) { state.withLock { $0.bounds = bounds } }
  func adopt(_ use: WaitingUse) { state.withLock { $0.use = use } }

  /// Takes room for all that is about to be written together, or for nothing; `written` follows for each in any case.
  func reserve(_ rooms: [StoreRoom]) throws(WaitingFault) {
    let fault: WaitingFault? = state.withLock { state in
      if let fault = state.bounds.excess(of: rooms) { return fault }
      // Asked once: the parts of one mail are taken together, however many they are.
      guard state.underWay < state.bounds.underWay else {
        return .unavailable("\(state.underWay) messages are being written")
      }
      let before = state
      for room in rooms {
        guard let fault = state.reserve(room.octets, for: room.purpose) else { continue }
        state = before
        return fault
      }
      return nil
    }
    if let fault { throw fault }
  }

  /// The disk has the message, or never will.
  func written(_ reserved: Int) {
    state.withLock {
      $0.underWay -= 1
      $0.unwritten -= reserved
    }
  }

  /// Whether the disk of `folder` has room for what is being written.
  func checkDisk(_ folder: String) throws(WaitingFault) {
    var disk = statvfs()
    guard statvfs(folder, &disk) == 0 else {
      throw .unavailable("\(folder): \(String(cString: strerror(errno)))")
    }
    let free = Int(clamping: UInt64(disk.f_bavail)) &* Int(clamping: UInt64(disk.f_frsize))
    let (needed, reserve) = state.withLock { ($0.unwritten, $0.bounds.freeDisk) }
    guard free - needed >= reserve else {
      throw .full(
        "\(free) octets free on the disk of \(folder), of which \(reserve) are left to others (quarantine.free)"
          + " and \(needed) are being written")
    }
  }

  /// Gives back, or takes where negative, without asking the bounds.
  func release(_ octets: Int, messages: Int = 1, of purpose: StorePurpose) {
    state.withLock {
      $0.use[purpose].messages -= messages
      $0.use[purpose].octets -= octets
    }
  }
}

extension WaitingUse {
  fileprivate subscript(_ purpose: StorePurpose) -> Part {
    get { purpose == .quarantine ? quarantine : outbox }
    set {
      switch purpose {
      case .quarantine: quarantine = newValue
      case .outbox: outbox = newValue
      }
    }
  }
}
