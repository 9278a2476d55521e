public import Bytes
import NetAddress

/// Why an edit of a list was refused, in words for the one who asked for it.
public struct ListEditError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(description: String) {
    self.description = description
  }
}

/// Edits of a list's text: one entry more or less, every other byte as it was.
public enum ListEdit {
  /// A list's text after an edit.
  public struct Edited: Hashable, Sendable {
    public var text: [UInt8]
    /// The lines, counted from 1, where the entry now stands, or where it stood.
    public var lines: [Int]
  }

  /// Appends an entry to the text of `file`, whose name tells what an entry looks like.
  ///
  /// `until` is `YYYY-MM-DD`, today (in UTC by `now`) or later. Refused: an entry that the format does not
  /// have, one that the file has already (the line is named), a reason with line ends or control characters.
  public static func add(
    _ entry: String, isTrap: Bool = false, until: String? = nil, reason: String? = nil,
    to text: [UInt8], file: String, at now: Timestamp
  ) throws(ListEditError) -> Edited {
    let (kind, verdict) = try list(file)
    try check(entry, kind)
    if isTrap, kind != .recipients || verdict == .allow {
      throw ListEditError(description: "\(file): a trap stands in a list of block….recipients")
    }
    if let first = try lines(of: entry, in: text, kind, limit: 1).first {
      throw ListEditError(description: "\(file):\(first.number): \(entry) stands here already")
    }
    let lineText = try line(entry, isTrap, until, reason, kind, now)
    var edited = text
    let isCRLF = text.count >= 2 && text.last == .lineFeed && text[text.count - 2] == .carriageReturn
    let lineEnd: [UInt8] = isCRLF ? [.carriageReturn, .lineFeed] : [.lineFeed]
    if let last = text.last, last != .lineFeed { edited += lineEnd }
    edited += Array(lineText.utf8) + lineEnd
    return Edited(text: edited, lines: [edited.count(where: { $0 == .lineFeed })])
  }

  /// Takes an entry out, wherever the text has it; comments and all other lines stay.
  public static func remove(
    _ entry: String, from text: [UInt8], file: String
  ) throws(ListEditError) -> Edited {
    let (kind, _) = try list(file)
    try check(entry, kind)
    let found = try lines(of: entry, in: text, kind, limit: .max)
    guard !found.isEmpty else {
      throw ListEditError(description: "\(file): \(entry) does not stand here")
    }
    var edited: [UInt8] = []
    edited.reserveCapacity(text.count)
    var position = 0
    for line in found {
      edited += text[position..<line.bytes.lowerBound]
      position = line.bytes.upperBound
    }
    edited += text[position...]
    return Edited(text: edited, lines: found.map(\.number))
  }

  private static func list(_ file: String) throws(ListEditError) -> (ListKind, ListVerdict) {
    switch ListFileName(file) {
    case .list(let kind, let verdict): return (kind, verdict)
    case .other: throw ListEditError(description: "\(file): not a list")
    case .wrong(let message), .unknown(let message): throw ListEditError(description: "\(file): \(message)")
    }
  }

  private static func check(_ entry: String, _ kind: ListKind) throws(ListEditError) {
    let text = entry.utf8.span
    let whole = 0..<text.count
    do throws(ListLineError) {
      guard !whole.isEmpty, text[0] != UInt8(ascii: "#"), ListWords.entryEnd(text, whole, kind) == text.count
      else { throw ListLineError(offset: 0, message: "an entry is one word that begins with no #") }
      try ListLine.checkCharacters(text, whole)
      try ListEntryCheck.check(text, whole, kind: kind)
    } catch {
      throw ListEditError(description: "\(entry.printable()): \(error.message)")
    }
  }

  /// The line to append, read back to make sure that it says what was asked for.
  private static func line(
    _ entry: String, _ isTrap: Bool, _ until: String?, _ reason: String?, _ kind: ListKind, _ now: Timestamp
  ) throws(ListEditError) -> String {
    var words = entry
    if isTrap { words += " trap" }
    if let until {
      guard Timestamp(isoDay: until) != nil else {
        throw ListEditError(description: "\(until.printable()): not a day: write YYYY-MM-DD")
      }
      words += " until=\(until)"
    }
    let wanted = reason.map(trimmed) ?? ""
    if !wanted.isEmpty { words += " " + wanted }
    let text = words.utf8.span
    do throws(ListLineError) {
      guard text.count <= ListLine.limit else {
        throw ListLineError(offset: 0, message: "the line would be longer than \(ListLine.limit) bytes")
      }
      guard let line = try ListLine(text, 0..<text.count, kind: kind) else {
        throw ListLineError(offset: 0, message: "the line would be a comment")
      }
      guard line.isTrap == isTrap, (line.until == nil) == (until == nil),
        wanted.isEmpty || line.strayTrap == nil, String(decoding: text, line.reason) == wanted
      else {
        throw ListLineError(
          offset: 0, message: "a reason cannot begin with `trap`, `until=`, `#` or `;`: word it otherwise")
      }
      if line.isExpired(at: now) {
        throw ListLineError(offset: 0, message: "the day lies in the past: the entry would never match")
      }
    } catch {
      throw ListEditError(description: error.message)
    }
    return words
  }

  private static func trimmed(_ reason: String) -> String {
    var words = Substring(reason)
    while words.utf8.first?.isWhiteSpace ?? false { words.removeFirst() }
    while words.utf8.last?.isWhiteSpace ?? false { words.removeLast() }
    return String(words)
  }
}

extension ListEdit {
  private struct Line {
    var number: Int
    /// With the line's end.
    var bytes: Range<Int>
  }

  /// The lines that hold an entry equal to this one; lines with errors are passed over.
  private static func lines(
    of entry: String, in fileText: [UInt8], _ kind: ListKind, limit: Int
  ) throws(ListEditError) -> [Line] {
    let wanted = entry.utf8.span
    let wantedPrefix = try? ListEntryCheck.prefix(wanted, 0..<wanted.count)
    let wantedEntry = ListEntry(wanted, 0..<wanted.count, kind: kind)
    let text = fileText.span
    var found: [Line] = []
    var position = ListText.start(text)
    var number = 0
    while position < text.count, found.count < limit {
      let end = text.bytes.firstLineFeed(from: position) ?? text.count
      number += 1
      var words = ListWords(text, position..<end)
      if let range = words.nextEntry(in: text, kind), text[range.lowerBound] != UInt8(ascii: "#") {
        let isSame =
          kind == .cidr
          ? (try? ListEntryCheck.prefix(text, range)) == wantedPrefix
          : ListStore.isSame(text, ListEntry(text, range, kind: kind), wanted, wantedEntry)
        if isSame { found.append(Line(number: number, bytes: position..<min(end + 1, text.count))) }
      }
      position = end + 1
    }
    return found
  }
}
