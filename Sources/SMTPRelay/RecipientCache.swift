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

/// What the reply to MAIL or RCPT says about whom, and how long it may be believed.
enum RecipientVerdict {
  /// Whether there is no such mailbox: 5.1.x, or 550–553 where the enhanced code does not say otherwise.
  static func isUnknown(_ reply: Reply) -> Bool { isRemembered(reply) && !dependsOnSender(reply) }

  /// Whether a refusal at RCPT may be kept at all: 5.1.x and 550–553, never a 4xx.
  static func isRemembered(_ reply: Reply) -> Bool {
    reply.isPermanent && (reply.enhanced?.subject == 1 || (550...553).contains(reply.code))
  }

  /// Policy (5.7.x) and faults of the sender's address (5.1.7, 5.1.8) say nothing of other senders' mail.
  static func dependsOnSender(_ reply: Reply) -> Bool {
    guard let enhanced = reply.enhanced else { return false }
    return enhanced.subject == 7 || (enhanced.subject == 1 && (enhanced.detail == 7 || enhanced.detail == 8))
  }
}

/// Answers about recipients, shared by all event loops.
///
/// Bound: `capacity` entries; past it the oldest goes.
final class RecipientCache: Sendable {
  private struct Entry {
    /// nil: what was known is in doubt, the backend is to be asked.
    let answer: RecipientAnswer?
    let expires: Timestamp
    let serial: UInt64
  }

  private struct State {
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
          state.entries[key] = nil
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
    if key.sender != nil { hasSenders.store(true, ordering: .relaxed) }
    hasAny.store(true, ordering: .relaxed)
    state.withLock { state in
      state.serial += 1
      state.entries[key] = Entry(answer: answer, expires: expires, serial: state.serial)
      state.order.append((key, state.serial))
      while state.entries.count > capacity || state.order.count > 2 * capacity {
        guard let (oldest, serial) = state.order.popFirst() else { break }
        if state.entries[oldest]?.serial == serial { state.entries[oldest] = nil }
      }
    }
  }
}

/// A queue in one array.
struct Ring<Element> {
  private var elements: [Element?] = []
  private var first = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) {
    if count == elements.count {
      var grown: [Element?] = []
      grown.reserveCapacity(max(8, 2 * count))
      for offset in 0..<count { grown.append(elements[(first + offset) % elements.count]) }
      grown.append(contentsOf: repeatElement(nil, count: max(8, count)))
      elements = grown
      first = 0
    }
    elements[(first + count) % elements.count] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = elements[first]
    elements[first] = nil
    first = (first + 1) % elements.count
    count -= 1
    return element
  }

  /// Takes out what `isWanted` does not want, in order.
  mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    for _ in 0..<count {
      guard let element = popFirst() else { break }
      if isUnwanted(element) { removed.append(element) } else { append(element) }
    }
    return removed
  }
}
