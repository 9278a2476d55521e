public import Bytes
public import NetAddress

/// All local lists as read at one moment, immutable; each question is answered by the one entry that wins.
///
/// A question that nothing answers, the common case, allocates nothing; an empty table costs nothing.
public final class ListSnapshot: Sendable {
  let store: ListStore
  let clients: PrefixTable
  let domains: NameIndex
  let helo: NameIndex
  let senders: NameIndex
  let recipients: NameIndex
  let urls: NameIndex

  init(
    store: ListStore, clients: PrefixTable, domains: NameIndex, helo: NameIndex, senders: NameIndex,
    recipients: NameIndex, urls: NameIndex
  ) {
    self.store = store
    self.clients = clients
    self.domains = domains
    self.helo = helo
    self.senders = senders
    self.recipients = recipients
    self.urls = urls
  }

  /// The snapshot without lists.
  public static let empty = ListSnapshot(
    store: ListStore(), clients: PrefixTable(), domains: NameIndex(), helo: NameIndex(),
    senders: NameIndex(), recipients: NameIndex(), urls: NameIndex())

  /// The number of entries of a kind that can match; of entries that a file repeats one is counted.
  public func count(of kind: ListKind) -> Int {
    kind == .cidr ? clients.count : index(of: kind).count
  }

  /// The number of entries of all kinds.
  public var count: Int { ListKind.allCases.reduce(0) { $0 + count(of: $1) } }

  /// The lists read, in order of precedence.
  public var files: [String] { store.files.map(\.name) }

  /// The index of the names of a kind; `.cidr` has none.
  func index(of kind: ListKind) -> NameIndex {
    switch kind {
    case .cidr: NameIndex()
    case .domains: domains
    case .helo: helo
    case .senders: senders
    case .recipients: recipients
    case .urls: urls
    }
  }

  /// What the lists say of the client's address: the longest prefix wins, on the same prefix `allow`; an
  /// entry that has expired hides no shorter one.
  public func client(_ address: IPAddress, at now: Timestamp) -> ListMatch? {
    if clients.isEmpty { return nil }
    for id in clients.lookup(address) {
      if let match = store.match(id, at: now), !match.isExpired { return match }
    }
    return nil
  }

  /// What `.domains` says of the client's confirmed name.
  public func clientName(_ name: String, at now: Timestamp) -> ListMatch? {
    winner(.domains, name, at: now)
  }

  /// What `.helo` says of the name in HELO or EHLO, an address literal included.
  public func helo(_ name: String, at now: Timestamp) -> ListMatch? {
    winner(.helo, name, at: now)
  }

  /// What `.senders` says of the envelope sender; nil for the null sender (an empty domain). The local part
  /// is given with its quoting taken off.
  public func sender(local: String, domain: String, at now: Timestamp) -> ListMatch? {
    winner(.senders, domain, local, at: now)
  }

  /// What `.domains` says of the domain of the envelope sender or of From.
  public func senderDomain(_ domain: String, at now: Timestamp) -> ListMatch? {
    winner(.domains, domain, at: now)
  }

  /// What `.recipients` says of an envelope recipient, its local part without quoting.
  public func recipient(local: String, domain: String, at now: Timestamp) -> ListMatch? {
    winner(.recipients, domain, local, at: now)
  }

  /// What `.urls` says of a link's host and path (with its first `/`, or empty).
  public func url(host: String, path: String, at now: Timestamp) -> ListMatch? {
    winner(.urls, host, path, at: now)
  }

  /// Every entry that answers a question: those that are valid in order of precedence, the winner first, then
  /// those that have expired.
  public func all(_ question: ListQuestion, at now: Timestamp) -> [ListMatch] {
    let matches: [ListMatch]
    switch question {
    case .client(let address):
      matches = clients.lookup(address).compactMap { store.match($0, at: now) }
    case .clientName(let name), .senderDomain(let name):
      matches = every(.domains, name, at: now)
    case .helo(let name):
      matches = every(.helo, name, at: now)
    case .sender(let local, let domain):
      matches = every(.senders, domain, local, at: now)
    case .recipient(let local, let domain):
      matches = every(.recipients, domain, local, at: now)
    case .url(let host, let path):
      matches = every(.urls, host, path, at: now)
    }
    return matches.filter { !$0.isExpired } + matches.filter(\.isExpired)
  }

  private func winner(
    _ kind: ListKind, _ domain: String, _ rest: String = "", at now: Timestamp
  ) -> ListMatch? {
    let candidates = candidates(kind, domain, rest)
    for candidate in candidates {
      if let match = store.match(candidate.id, at: now), !match.isExpired { return match }
    }
    return nil
  }

  private func every(
    _ kind: ListKind, _ domain: String, _ rest: String = "", at now: Timestamp
  ) -> [ListMatch] {
    candidates(kind, domain, rest).compactMap { store.match($0.id, at: now) }
  }
}

/// A question to the lists; local parts have their quoting taken off.
public enum ListQuestion: Hashable, Sendable {
  case client(IPAddress)
  case clientName(String)
  case helo(String)
  case sender(local: String, domain: String)
  case senderDomain(String)
  case recipient(local: String, domain: String)
  case url(host: String, path: String)
}
