public import Bytes
import NetAddress

/// Lists as read, and what is wrong with them.
public struct ListReading: Sendable {
  /// The entries that are sound. To go live only when there is no error.
  public var snapshot: ListSnapshot
  /// By file and line; at most 50 errors and 50 warnings a file, and a note of how many more.
  public var problems: [ListProblem]
  /// True when one of the problems is an error.
  public var hasErrors: Bool { problems.contains(where: \.isError) }
}

extension ListSnapshot {
  /// Reads the files of the folder of lists; takes any bytes, and reports all problems at once.
  ///
  /// `now` decides which entries have expired, each a warning.
  public static func parse(_ sources: [ListSource], at now: Timestamp) -> ListReading {
    var loader = ListLoader(now: now)
    return loader.load(sources)
  }
}

/// The reading of all lists into one store and its indexes.
private struct ListLoader {
  /// Bound: bytes of all lists; it keeps the numbers and offsets of entries within 32 bits.
  static let totalLimit = 1 << 31

  let now: Timestamp
  private var store = ListStore()
  private var clients = PrefixTable.Builder()
  private var problems: [ListProblem] = []
  /// Of the files in the store, in the same order.
  private var fileProblems: [ListProblems] = []

  init(now: Timestamp) {
    self.now = now
  }

  mutating func load(_ sources: [ListSource]) -> ListReading {
    let lists = judgeNames(sources)
    store.rows.reserveCapacity(lists.reduce(0) { $0 + Self.lineCount($1.source.text) })
    clients.reserveCapacity(lists.reduce(0) { $0 + ($1.kind == .cidr ? Self.lineCount($1.source.text) : 0) })
    for list in lists { read(list) }
    let snapshot = ListSnapshot(
      store: store, clients: buildClients(), domains: buildIndex(.domains), helo: buildIndex(.helo),
      senders: buildIndex(.senders), recipients: buildIndex(.recipients), urls: buildIndex(.urls))
    problems += fileProblems.flatMap(\.all)
    // Stable: the problems of one file stay in their order.
    let sorted = problems.enumerated().sorted { ($0.element.file, $0.offset) < ($1.element.file, $1.offset) }
    return ListReading(snapshot: snapshot, problems: sorted.map(\.element))
  }

  private struct List {
    var source: ListSource
    var kind: ListKind
    var verdict: ListVerdict
  }

  /// The lists among the files, in order of precedence: allow lists first, then by name.
  private mutating func judgeNames(_ sources: [ListSource]) -> [List] {
    var lists: [List] = []
    var total = 0
    for source in sources {
      func problem(_ message: String, isError: Bool) -> ListProblem {
        ListProblem(file: source.file, line: 1, column: 1, message: message, isError: isError)
      }
      switch ListFileName(source.file) {
      case .other:
        continue
      case .wrong(let message):
        problems.append(problem(message, isError: true))
      case .unknown(let message):
        problems.append(problem(message, isError: false))
      case .list(let kind, let verdict):
        total += source.text.count
        if total > Self.totalLimit {
          problems.append(
            problem("with this list all of them are larger than 2 GiB: not read", isError: true))
        } else {
          lists.append(List(source: source, kind: kind, verdict: verdict))
        }
      }
    }
    return lists.sorted {
      $0.verdict == $1.verdict ? $0.source.file < $1.source.file : $0.verdict == .allow
    }
  }

  private static func lineCount(_ text: [UInt8]) -> Int {
    let bytes = text.span.bytes
    var count = 1
    var position = 0
    while let end = bytes.firstLineFeed(from: position) {
      count += 1
      position = end + 1
    }
    return count
  }
}

// The lines of a file.
extension ListLoader {
  private mutating func read(_ list: List) {
    let first = UInt32(store.rows.count)
    var found = ListProblems(file: list.source.file)
    let text = list.source.text.span
    var position = ListText.start(text)
    var number = 0
    while position < text.count {
      let lineEnd = text.bytes.firstLineFeed(from: position) ?? text.count
      number += 1
      let line =
        position..<(lineEnd > position && text[lineEnd - 1] == .carriageReturn ? lineEnd - 1 : lineEnd)
      do {
        try read(text, line, number, list, &found)
      } catch {
        found.report(
          line: number, column: ListText.column(text, line, error.offset), isError: true, error.message)
      }
      position = lineEnd + 1
    }
    fileProblems.append(found)
    store.files.append(
      ListStore.File(
        name: list.source.file, kind: list.kind, verdict: list.verdict, text: list.source.text,
        entries: first..<UInt32(store.rows.count)))
  }

  private mutating func read(
    _ text: Span<UInt8>, _ range: Range<Int>, _ number: Int, _ list: List, _ found: inout ListProblems
  ) throws(ListLineError) {
    guard range.count <= ListLine.limit else {
      throw ListLineError(
        offset: range.lowerBound, message: "a line of more than \(ListLine.limit) bytes: shorten or split it")
    }
    guard let line = try ListLine(text, range, kind: list.kind) else { return }
    if line.isTrap, list.verdict == .allow {
      throw ListLineError(
        offset: line.entry.upperBound,
        message: "a trap stands in a list of block….recipients, not in this one")
    }
    let id = UInt32(store.rows.count)
    if list.kind == .cidr {
      clients.add(try ListEntryCheck.prefix(text, line.entry), value: id)
    } else {
      try ListEntryCheck.check(text, line.entry, kind: list.kind)
    }
    store.rows.append(ListStore.Row(offset: UInt32(line.entry.lowerBound), line: UInt32(number)))
    if line.isExpired(at: now) {
      found.report(
        line: number, column: ListText.column(text, range, line.entry.lowerBound), isError: false,
        "expired after \(line.until?.isoDay ?? ""), it never matches: remove the line or set a later until=")
    }
    if let stray = line.strayTrap {
      found.report(
        line: number, column: ListText.column(text, range, stray), isError: false,
        "`trap` has a meaning only in .recipients; here it is read as the reason's first word")
    }
  }
}

// The indexes, once all lines are stored.
extension ListLoader {
  private mutating func buildClients() -> PrefixTable {
    var repeated: [(UInt32, UInt32)] = []
    let store = store
    let table = clients.build { first, second in
      guard store.fileIndex(of: first) == store.fileIndex(of: second) else { return .keepBoth }
      repeated.append((first, second))
      return store.longerValid(first, second) == first ? .keepFirst : .keepSecond
    }
    for (first, second) in repeated { reportRepeated(first, second) }
    return table
  }

  private mutating func buildIndex(_ kind: ListKind) -> NameIndex {
    let files = store.files.indices.filter { store.files[$0].kind == kind }
    var index = NameIndex(capacity: files.reduce(0) { $0 + store.files[$1].entries.count })
    for file in files {
      let fileText = store.files[file].text
      let text = fileText.span
      let numbers = store.files[file].entries
      for id in numbers {
        let entry = ListEntry(text, store.entryRange(of: id, in: text, kind), kind: kind)
        let hash = ListStore.hash(text, entry).value
        if let earlier = repetition(of: entry, text, in: numbers, index, hash, kind) {
          if store.longerValid(earlier, id) == id { index.replace(earlier, by: id, hash) }
          reportRepeated(earlier, id)
        } else {
          let pathLength = entry.form == .path ? entry.rest.count : 0
          index.insert(id, hash, domainLength: entry.domain.count, pathLength: pathLength)
        }
      }
    }
    return index
  }

  /// The entry of the same file that an entry repeats. The chains stay short: each file has one of a kind.
  private func repetition(
    of entry: ListEntry, _ text: Span<UInt8>, in numbers: Range<UInt32>, _ index: NameIndex, _ hash: UInt64,
    _ kind: ListKind
  ) -> UInt32? {
    var chain = index.chain(hash)
    while let other = index.next(&chain) {
      guard numbers.contains(other) else { continue }
      let otherEntry = ListEntry(text, store.entryRange(of: other, in: text, kind), kind: kind)
      if ListStore.isSame(text, entry, text, otherEntry) { return other }
    }
    return nil
  }

  private mutating func reportRepeated(_ first: UInt32, _ second: UInt32) {
    let lines = [store.rows[Int(first)].line, store.rows[Int(second)].line].sorted()
    fileProblems[store.fileIndex(of: first)].report(
      line: Int(lines[1]), column: 1, isError: false,
      "the entry stands on line \(lines[0]) already; the one that is valid longer counts: remove the other")
  }
}

/// Places in the text of a list.
enum ListText {
  /// Where the first line begins: behind a byte order mark.
  static func start(_ text: Span<UInt8>) -> Int {
    text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF ? 3 : 0
  }

  /// The column of an offset, in characters from 1.
  static func column(_ text: Span<UInt8>, _ line: Range<Int>, _ offset: Int) -> Int {
    var column = 1
    for index in line where index < offset && text[index] & 0xC0 != 0x80 { column += 1 }
    return column
  }
}
