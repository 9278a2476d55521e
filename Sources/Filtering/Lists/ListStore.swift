public import Bytes

/// The texts of all lists and where their entries stand in them: eight bytes an entry beside the text.
///
/// An entry has a number, rising through the files; allow lists come first, so of two equal ones the lower
/// number wins. Its line is read again from the text when it matches.
struct ListStore: Sendable {
  /// A list as stored.
  struct File: Sendable {
    var name: String
    var kind: ListKind
    var verdict: ListVerdict
    var text: [UInt8]
    /// The numbers of its entries.
    var entries: Range<UInt32>
  }

  /// Where an entry begins in its file's text, and on which line.
  struct Row: Sendable {
    var offset: UInt32
    var line: UInt32
  }

  var files: [File] = []
  var rows: [Row] = []

  /// The file that an entry stands in.
  func fileIndex(of id: UInt32) -> Int {
    var low = 0
    var high = files.count - 1
    while low < high {
      let middle = (low + high) / 2
      if files[middle].entries.upperBound <= id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The entry's own bytes, without what follows on its line.
  func entryRange(of id: UInt32, in text: Span<UInt8>, _ kind: ListKind) -> Range<Int> {
    let start = Int(rows[Int(id)].offset)
    return start..<ListWords.entryEnd(text, start..<text.count, kind)
  }

  /// The entry's line, read again.
  func line(of id: UInt32) -> ListLine? {
    let file = files[fileIndex(of: id)]
    return Self.line(of: file, rows[Int(id)])
  }

  private static func line(of file: File, _ row: Row) -> ListLine? {
    let text = file.text.span
    let start = Int(row.offset)
    var end = text.bytes.firstLineFeed(from: start) ?? text.count
    if end > start, text[end - 1] == .carriageReturn { end -= 1 }
    return try? ListLine(text, start..<end, kind: file.kind)
  }

  /// What the entry says when it matches at `now`.
  func match(_ id: UInt32, at now: Timestamp) -> ListMatch? {
    let file = files[fileIndex(of: id)]
    let row = rows[Int(id)]
    guard let line = Self.line(of: file, row) else { return nil }
    let text = file.text.span
    return ListMatch(
      verdict: file.verdict, kind: file.kind, entry: String(decoding: text, line.entry), file: file.name,
      line: Int(row.line), reason: line.reason.isEmpty ? nil : String(decoding: text, line.reason),
      until: line.until, isTrap: line.isTrap, isExpired: line.isExpired(at: now))
  }

  /// Which of two equal entries of one file counts: the one valid longer, else the first.
  func longerValid(_ first: UInt32, _ second: UInt32) -> UInt32 {
    guard let firstUntil = line(of: first)?.until else { return first }
    guard let secondUntil = line(of: second)?.until else { return second }
    return secondUntil > firstUntil ? second : first
  }
}

/// An entry of a list that answers a question.
public struct ListMatch: Hashable, Sendable {
  public var verdict: ListVerdict
  public var kind: ListKind
  /// The entry as written.
  public var entry: String
  /// The file's name as its source gave it.
  public var file: String
  /// Counted from 1.
  public var line: Int
  /// The admin's words behind the entry; nil without any. One line of printable text.
  public var reason: String?
  /// The last day (midnight UTC at its beginning) on which the entry is valid; nil for always.
  public var until: Timestamp?
  /// True for a recipient that is a trap.
  public var isTrap: Bool
  /// True when the last valid day is over: shown for `lists check`, never a winner.
  public var isExpired: Bool
}
