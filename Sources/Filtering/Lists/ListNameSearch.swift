import Bytes

/// An entry that answers a question, and how specific its answer is.
struct ListCandidate {
  var rank: Int
  var id: UInt32
}

extension ListSnapshot {
  /// The entries of a kind that answer for a name, the winner first: a mailbox before its whole domain before
  /// the closest domain above it; equal ones by number, so that `allow` comes before `block`.
  func candidates(_ kind: ListKind, _ domain: String, _ rest: String) -> [ListCandidate] {
    let index = index(of: kind)
    guard !index.isEmpty, !domain.isEmpty else { return [] }
    var found: [ListCandidate] = []
    if domain.utf8.first == UInt8(ascii: "["), let literal = ListLiteral.canonical(domain) {
      search(kind, index, literal.utf8.span, rest.utf8.span, &found)
    } else {
      search(kind, index, domain.utf8.span, rest.utf8.span, &found)
    }
    if found.count > 1 {
      found.sort { $0.rank == $1.rank ? $0.id < $1.id : $0.rank > $1.rank }
    }
    return found
  }

  /// One pass over the name from its end: at each label the hash of the suffix so far is looked up.
  private func search(
    _ kind: ListKind, _ index: NameIndex, _ name: Span<UInt8>, _ rest: Span<UInt8>,
    _ found: inout [ListCandidate]
  ) {
    var end = name.count
    if end > 0, name[end - 1] == .dot { end -= 1 }
    var hash = NameHash()
    var start = end
    while start > 0, end - start < index.longestDomain {
      start -= 1
      hash.mix(name[start])
      let isWhole = start == 0
      guard isWhole || name[start - 1] == .dot else { continue }
      let suffix = Suffix(range: start..<end, isWhole: isWhole)
      probe(kind, index, hash, name, suffix, rest, 0..<0, &found)
      switch kind {
      case .senders, .recipients:
        guard isWhole, !rest.isEmpty else { continue }
        var mailbox = hash
        mailbox.mix(UInt8(ascii: "@"))
        mailbox.mix(rest, 0..<rest.count)
        probe(kind, index, mailbox, name, suffix, rest, 0..<rest.count, &found)
      case .urls:
        searchPaths(index, hash, name, suffix, rest, &found)
      case .cidr, .domains, .helo:
        continue
      }
    }
  }

  /// The paths above and at `path`, each segment's end being one.
  private func searchPaths(
    _ index: NameIndex, _ host: NameHash, _ name: Span<UInt8>, _ suffix: Suffix, _ path: Span<UInt8>,
    _ found: inout [ListCandidate]
  ) {
    guard index.longestPath > 0, !path.isEmpty, path[0] == UInt8(ascii: "/") else { return }
    var hash = host
    var position = 0
    while position < path.count, position < index.longestPath {
      hash.mix(path[position])
      position += 1
      let next = position < path.count ? path[position] : UInt8(ascii: "/")
      if next == UInt8(ascii: "/") || next == UInt8(ascii: "?") || next == UInt8(ascii: "#") {
        probe(.urls, index, hash, name, suffix, path, 0..<position, &found)
        if next != UInt8(ascii: "/") { return }
      }
    }
  }

  /// A suffix of the name asked for.
  private struct Suffix {
    var range: Range<Int>
    var isWhole: Bool
  }

  /// Takes the entries of a chain that truly are the suffix with this rest and cover the name.
  private func probe(
    _ kind: ListKind, _ index: NameIndex, _ hash: NameHash, _ name: Span<UInt8>, _ suffix: Suffix,
    _ rest: Span<UInt8>, _ restRange: Range<Int>, _ found: inout [ListCandidate]
  ) {
    var chain = index.chain(hash.value)
    while let id = index.next(&chain) {
      let storedText = store.files[store.fileIndex(of: id)].text
      let text = storedText.span
      let entry = ListEntry(text, store.entryRange(of: id, in: text, kind), kind: kind)
      guard let rank = rank(of: entry, suffix, restRange.count),
        equalsFolded(text, entry.domain, name, suffix.range)
      else { continue }
      if entry.isQuoted(in: text) {
        let content = ListEntry.unquoted(text, entry.rest)
        guard equalsFolded(content.span, 0..<content.count, rest, restRange) else { continue }
      } else if !equalsFolded(text, entry.rest, rest, restRange) {
        continue
      }
      found.append(ListCandidate(rank: rank, id: id))
    }
  }

  /// How specific an entry is that stands at this suffix; nil where it does not cover the name.
  private func rank(of entry: ListEntry, _ suffix: Suffix, _ restLength: Int) -> Int? {
    let closeness = suffix.range.count << 16
    switch entry.form {
    case .mailbox: return suffix.isWhole && restLength > 0 ? 3 << 40 : nil
    case .only: return suffix.isWhole && restLength == 0 ? 2 << 40 : nil
    case .below: return !suffix.isWhole && restLength == 0 ? closeness : nil
    case .subtree: return restLength == 0 ? closeness : nil
    case .path: return restLength > 0 ? closeness | restLength : nil
    }
  }
}

extension ListStore {
  /// The hash under which an entry of names is indexed.
  static func hash(_ text: Span<UInt8>, _ entry: ListEntry) -> NameHash {
    var hash = NameHash()
    hash.mixBackwards(text, entry.domain)
    switch entry.form {
    case .subtree, .only, .below:
      break
    case .path:
      hash.mix(text, entry.rest)
    case .mailbox:
      hash.mix(UInt8(ascii: "@"))
      if entry.isQuoted(in: text) {
        for byte in ListEntry.unquoted(text, entry.rest) { hash.mix(byte) }
      } else {
        hash.mix(text, entry.rest)
      }
    }
    return hash
  }

  /// Whether two name entries of one kind cover the same.
  static func isSame(
    _ a: Span<UInt8>, _ aEntry: ListEntry, _ b: Span<UInt8>, _ bEntry: ListEntry
  ) -> Bool {
    guard aEntry.form == bEntry.form, equalsFolded(a, aEntry.domain, b, bEntry.domain) else { return false }
    if aEntry.isQuoted(in: a) || bEntry.isQuoted(in: b) {
      let left = ListEntry.unquoted(a, aEntry.rest)
      let right = ListEntry.unquoted(b, bEntry.rest)
      return equalsFolded(left.span, 0..<left.count, right.span, 0..<right.count)
    }
    return equalsFolded(a, aEntry.rest, b, bEntry.rest)
  }
}
