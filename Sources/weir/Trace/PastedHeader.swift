import Bytes

/// A header in a text that is none: pasted from a mail client, indented, wrapped anew, quoted in a reply, with prose
/// around it.
struct PastedHeader {
  /// CRLF lines, each field on one, the empty line at the end included.
  let header: [UInt8]
  /// What was made of the text, in words.
  let notes: [String]

  /// Bound: what is looked at.
  private static let mostLines = 20_000

  /// nil where no Received line is to be found.
  static func find(_ text: MessageLines) -> PastedHeader? {
    var lines = text.lines.prefix(mostLines).map(Line.init)
    guard var first = lines.firstIndex(where: { $0.isField(named: "received") }) else { return nil }
    let isSpaced = isSpaced(lines[first...])
    if isSpaced {
      // The fields before it are as far apart.
      while first >= 2, lines[first - 1].isEmpty, lines[first - 2].isField || lines[first - 2].isIndented {
        first -= 2
      }
      lines = unspaced(lines[first...])
      first = 0
    }
    // The fields before it, as far as they go on without a gap.
    var start = first
    while start > 0, !lines[start - 1].isEmpty,
      lines[start - 1].isField || lines[start - 1].text.first.map({ $0 != UInt8(ascii: "-") }) ?? false,
      lines[..<start].suffix(12).contains(where: \.isField)
    {
      start -= 1
    }
    while start < first, !lines[start].isField { start += 1 }
    return assembled(lines[start...], isSpaced: isSpaced)
  }

  /// Whether the text begins with a header that has an empty line after each of its lines.
  static func isSpaced(_ text: MessageLines) -> Bool {
    isSpaced(text.lines.prefix(3).map(Line.init)[...])
  }

  /// Two lines apart, of which the second goes on where the first ends.
  private static func isSpaced(_ lines: ArraySlice<Line>) -> Bool {
    let head = Array(lines.prefix(3))
    guard head.count == 3, !head[0].isEmpty, head[1].isEmpty, !head[2].isEmpty else { return false }
    return head[2].isField
      ? head[2].isWellKnown : head[2].isIndented || !head[0].text.contains(UInt8(ascii: ";"))
  }

  /// Without the empty line after each line, as far as there is one after each; what follows is left as it is.
  private static func unspaced(_ lines: ArraySlice<Line>) -> [Line] {
    var kept: [Line] = []
    var index = lines.startIndex
    while index < lines.endIndex, !lines[index].isEmpty {
      kept.append(lines[index])
      index += 1
      guard index < lines.endIndex else { break }
      guard lines[index].isEmpty else { return kept + lines[index...] }
      index += 1
    }
    return kept + lines[min(index, lines.endIndex)...]
  }

  private static func assembled(_ lines: ArraySlice<Line>, isSpaced: Bool) -> PastedHeader {
    var header: [UInt8] = []
    var isQuoted = false
    var isIndented = false
    var index = lines.startIndex
    while index < lines.endIndex {
      let line = lines[index]
      index += 1
      if line.isEmpty {
        // Some clients put an empty line between the fields: the header goes on where another field follows.
        guard index < lines.endIndex, lines[index].isField, lines[index].isWellKnown else { break }
        continue
      }
      if line.isField {
        if !header.isEmpty { header += [.carriageReturn, .lineFeed] }
        isIndented = isIndented || line.isIndented
      } else {
        guard !header.isEmpty else { continue }
        header.append(.space)
      }
      isQuoted = isQuoted || line.isQuoted
      header += line.text
      guard header.count < TraceInput.mostHeaderOctets else { break }
    }
    let marks = [
      isQuoted ? "quotation marks" : nil, isIndented ? "indentation" : nil,
      isSpaced ? "the empty line after each line" : nil,
    ].compactMap { $0 }
    var notes = ["a pasted header\(marks.isEmpty ? "" : ", \(marks.joined(separator: " and ")) taken away")"]
    let left = lines[index...].count { $0.isField(named: "received") }
    if left > 0 {
      notes.append(
        "\(left) Received line\(left == 1 ? "" : "s") further down, past what was taken for the header's end, \(left == 1 ? "is" : "are") not looked at"
      )
    }
    return PastedHeader(
      header: header + [.carriageReturn, .lineFeed, .carriageReturn, .lineFeed], notes: notes)
  }

  /// A line without what stands before its text.
  private struct Line {
    let text: ArraySlice<UInt8>
    let isQuoted: Bool
    let isIndented: Bool
    /// How long the field's name is; 0 where the line is none.
    private let nameLength: Int

    init(_ line: ArraySlice<UInt8>) {
      var text = line.prefix(8192)
      let marks = text.prefix {
        $0.isWhiteSpace || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "|") || $0 == 0xa0 || $0 == 0xc2
      }
      text = text.dropFirst(marks.count)
      while let last = text.last, last.isWhiteSpace { text = text.dropLast() }
      self.text = text
      isQuoted = marks.contains(UInt8(ascii: ">")) || marks.contains(UInt8(ascii: "|"))
      isIndented = !isQuoted && !marks.isEmpty
      nameLength = Self.nameLength(text)
    }

    var isEmpty: Bool { text.isEmpty }
    var isField: Bool { nameLength > 0 }

    func isField(named name: String) -> Bool {
      nameLength == name.utf8.count && text.prefix(nameLength).map(\.lowercasedASCII).elementsEqual(name.utf8)
    }

    /// Whether its name is one that headers have, so that a sentence with a colon is none.
    var isWellKnown: Bool {
      let name = String(decoding: text.prefix(nameLength), as: UTF8.self).lowercasedASCII
      return name.hasPrefix("x-") || name.hasPrefix("arc-") || name.hasPrefix("list-")
        || name.hasPrefix("content-")
        || [
          "received", "return-path", "delivered-to", "envelope-to", "delivery-date", "from", "to", "cc",
          "date",
          "subject", "message-id", "mime-version", "reply-to", "sender", "received-spf",
          "authentication-results",
          "dkim-signature", "references", "in-reply-to", "user-agent", "precedence", "importance",
          "thread-topic",
          "thread-index", "domainkey-signature", "errors-to", "priority", "organization", "feedback-id",
        ].contains(name)
    }

    /// A name, a colon, and white space or nothing behind it: `05:28:49` and `IPv6:2001:db8::1` are no fields.
    private static func nameLength(_ text: ArraySlice<UInt8>) -> Int {
      guard let first = text.first, first.isASCIILetter else { return 0 }
      let name = text.prefix { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
      guard name.count >= 2, name.count <= 64, name.endIndex < text.endIndex,
        text[name.endIndex] == UInt8(ascii: ":")
      else { return 0 }
      let next = name.endIndex + 1
      return next == text.endIndex || text[next].isWhiteSpace ? name.count : 0
    }
  }
}
