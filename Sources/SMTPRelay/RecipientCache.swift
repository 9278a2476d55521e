internal import Bytes
internal import Filtering
internal import MailSyntax
internal import SMTPProtocol
internal import Synchronization

/// Whom an answer of a backend is about.
struct RecipientKey: Hashable, Sendable {
  /// The first backend of the route.
  let backend: String
  /// As said in RCPT, the domain in small letters; empty where the answer is about the sender alone.
  let recipient: String
  /// Set where the answer depends on the sender.
  let sender: String?

  static func recipientText(_ path: Path) -> String {
    guard path.text.utf8.contains(where: { $0 &- 0x41 < 26 }) else { return path.text }
    guard let at = path.text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return path.text.lowercasedASCII }
    return path.text[..<at] + path.text[at...].lowercasedASCII
  }
}

/// What a refusal at MAIL or RCPT says about whom, and so for whom it may be believed.
enum RecipientVerdict {
  /// For whose mail a refusal holds.
  enum Scope {
    /// The address is no good, whoever writes to it.
    case everySender
    /// It may be about the sender.
    case thisSender
    /// It is about one message or one moment: nobody else is to be told.
    case nobody
  }

  /// RFC 3463 §3.2 and RFC 7505 §4.2: no such mailbox, no such system, bad syntax, moved, null MX.
  private static let addressDetails: Set<Int> = [1, 2, 3, 6, 10]

  private static func isAboutAddress(_ enhanced: Reply.Enhanced) -> Bool {
    enhanced.subject == 1 && addressDetails.contains(enhanced.detail)
  }

  private static func isPlain(_ code: Int) -> Bool { code == 550 || code == 551 || code == 553 }

  /// Whether it says that there is no such mailbox, which counts towards harvesting. Many servers say `550
  /// Unknown user` without an enhanced code, so that one without it counts too.
  static func isUnknown(_ reply: Reply) -> Bool {
    guard reply.isPermanent else { return false }
    guard let enhanced = reply.enhanced else { return isPlain(reply.code) }
    return isAboutAddress(enhanced)
  }

  /// Never a 4xx; never a full mailbox or a message too large (552, 5.2.2, 5.2.3, 5.3.4).
  ///
  /// Abuse: `550` alone may say `Sender verify failed` as well as `Unknown user`, so that one stranger's answer
  /// is nobody else's.
  static func scope(_ reply: Reply) -> Scope {
    guard reply.isPermanent, reply.code != 552 else { return .nobody }
    guard let enhanced = reply.enhanced else { return isPlain(reply.code) ? .thisSender : .nobody }
    if isAboutAddress(enhanced) { return .everySender }
    if isAboutMessage(reply) { return .nobody }
    return enhanced.subject == 1 || isPlain(reply.code) ? .thisSender : .nobody
  }

  /// Whether a smaller message, or the same when there is room again, may be taken.
  static func isAboutMessage(_ reply: Reply) -> Bool {
    if reply.code == 552 { return true }
    guard let enhanced = reply.enhanced else { return false }
    return (enhanced.subject == 2 && (enhanced.detail == 2 || enhanced.detail == 3))
      || (enhanced.subject == 3 && enhanced.detail == 4)
  }
}

/// Answers about recipients, shared by all event loops.
///
/// Bound: `capacity` entries; past it the oldest goes.
final class RecipientCache: Sendable {
  fileprivate struct Entry {
    /// nil: what was known is in doubt, the backend is to be asked.
    let answer: RecipientAnswer?
    let expires: Timestamp
    let serial: UInt64
    /// Set for a 4xx at delivery: for how long it was believed.
    var deferral: Duration?
  }

  fileprivate struct State {
    var entries: [RecipientKey: Entry] = [:]
    var order = Ring<(RecipientKey, UInt64)>()
    var serial: UInt64 = 0
  }

  private let capacity: Int
  private let state = Mutex(State())
  /// Whether there was ever an answer that depends on the sender: mostly there is none to look for.
  private let hasSenders = Atomic<Bool>(false)
  private let hasAny = Atomic<Bool>(false)

  init(capacity: Int) { self.capacity = max(1, capacity) }

  var count: Int { state.withLock { $0.entries.count } }

  enum Knowledge {
    case answer(RecipientAnswer)
    /// The backend is to be asked, whatever it is asked otherwise.
    case doubt
    case none
  }

  /// The answer for a recipient of mail from `sender`; nil where there is none.
  func answer(_ backend: String, _ recipient: Path, sender: Path, at time: Timestamp) -> RecipientAnswer? {
    guard case .answer(let answer) = knowledge(backend, recipient, sender: sender, at: time) else {
      return nil
    }
    return answer
  }

  /// What is known of a recipient of mail from `sender`; what depends on the sender comes first.
  func knowledge(_ backend: String, _ recipient: Path, sender: Path, at time: Timestamp) -> Knowledge {
    guard hasAny.load(ordering: .relaxed) else { return .none }
    let text = RecipientKey.recipientText(recipient)
    let looksForSenders = hasSenders.load(ordering: .relaxed)
    return state.withLock { state in
      func find(_ recipient: String, _ sender: String?) -> Knowledge? {
        let key = RecipientKey(backend: backend, recipient: recipient, sender: sender)
        guard let entry = state.entries[key] else { return nil }
        guard entry.expires > time else {
          // How long it was believed is still of use when it is said again.
          if entry.deferral == nil { state.entries[key] = nil }
          return nil
        }
        return entry.answer.map { .answer($0) } ?? .doubt
      }
      if looksForSenders, let found = find(text, sender.text) ?? find("", sender.text) { return found }
      return find(text, nil) ?? .none
    }
  }

  /// - Parameter answer: nil puts what was known in doubt.
  func keep(_ answer: RecipientAnswer?, for key: RecipientKey, until expires: Timestamp) {
    state.withLock { $0.keep(Entry(answer: answer, expires: expires, serial: $0.serial + 1), key, capacity) }
    isFilled(key)
  }

  /// Keeps what was said for now: for `shortest`, then twice as long each time that it is said again, at most
  /// `longest`, since a client that comes again later than it is believed would never find it.
  func postpone(
    _ answer: RecipientAnswer, for key: RecipientKey, at time: Timestamp, shortest: Duration,
    longest: Duration
  ) {
    state.withLock { state in
      let last = state.entries[key]?.deferral
      let lifetime = last.map { min($0 * 2, max(longest, shortest)) } ?? shortest
      let entry = Entry(
        answer: answer, expires: time + lifetime, serial: state.serial + 1, deferral: lifetime)
      state.keep(entry, key, capacity)
    }
    isFilled(key)
  }

  private func isFilled(_ key: RecipientKey) {
    if key.sender != nil { hasSenders.store(true, ordering: .relaxed) }
    hasAny.store(true, ordering: .relaxed)
  }
}

extension RecipientCache.State {
  fileprivate mutating func keep(_ entry: RecipientCache.Entry, _ key: RecipientKey, _ capacity: Int) {
    serial = entry.serial
    entries[key] = entry
    order.append((key, serial))
    while entries.count > capacity || order.count > 2 * capacity {
      guard let (oldest, serial) = order.popFirst() else { break }
      if entries[oldest]?.serial == serial { entries[oldest] = nil }
    }
  }
}
