import Bytes
import Foundation
import MailSyntax

/// What somebody hands to `weir trace`: a message, a mailbox of them, a header as a mail client shows it, or a message
/// with the one in question attached.
struct TraceInput {
  /// Bound: what is read of a file.
  static let mostOctets = 64 << 20
  /// Bound: what is looked at of a header.
  static let mostHeaderOctets = 256 << 10

  /// The header, CRLF lines, the empty one at its end included.
  let header: [UInt8]
  /// The message as it was given, LF lines; nil where only a header was.
  let message: [UInt8]?
  /// What was made of the text to read it, for people.
  let notes: [String]

  /// - Parameters:
  ///   - number: which message of a mailbox, from 1.
  ///   - isOuter: the message itself, though one is attached to it.
  static func read(_ text: [UInt8], number: Int, isOuter: Bool) throws(TraceInputFault) -> TraceInput {
    var notes: [String] = []
    var text = text
    if let narrowed = narrowed(text) {
      text = narrowed
      notes.append("a text in UTF-16")
    }
    var lines = MessageLines(text)
    if lines.isMailbox {
      let messages = lines.mailbox()
      guard messages.indices.contains(number - 1) else { throw .noSuchMessage(number, of: messages.count) }
      lines = messages[number - 1]
      if messages.count > 1 {
        notes.append("message \(number) of \(messages.count) in the mailbox (--message N shows another)")
      }
    } else if number != 1 {
      throw .noSuchMessage(number, of: 1)
    }
    if let input = plain(lines, notes, isOuter: isOuter) { return input }
    if let pasted = PastedHeader.find(lines) {
      return TraceInput(header: pasted.header, message: nil, notes: notes + pasted.notes)
    }
    guard lines.header != nil else { throw .noHeader }
    return TraceInput(header: lines.headerOctets, message: lines.octets, notes: notes)
  }

  /// The text in UTF-8, where it is UTF-16: how Windows keeps what is copied there. nil where it is not.
  static func narrowed(_ text: [UInt8]) -> [UInt8]? {
    let head = Array(text.prefix(4))
    guard head.count == 4 else { return nil }
    let isLittle =
      head.starts(with: [0xff, 0xfe]) || head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0
    let isBig =
      head.starts(with: [0xfe, 0xff]) || head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0
    guard isLittle || isBig else { return nil }
    let isMarked = head[0] >= 0xfe
    let encoding: String.Encoding = isLittle ? .utf16LittleEndian : .utf16BigEndian
    return String(bytes: text.dropFirst(isMarked ? 2 : 0), encoding: encoding).map { Array($0.utf8) }
  }

  /// A message as it should be, or the one that is attached to it; nil where there is no Received line to be had so.
  private static func plain(_ lines: MessageLines, _ notes: [String], isOuter: Bool) -> TraceInput? {
    guard let header = lines.header else { return nil }
    var notes = notes
    if !isOuter {
      let enclosed = EnclosedMessage(in: lines)
      if let inner = enclosed.messages.first(where: \.hasReceived) {
        let which =
          enclosed.messages.count == 1 ? "" : "the first with Received lines of \(enclosed.messages.count): "
        notes.append("\(which)the message attached to this one; --outer shows the one around it")
        return TraceInput(header: inner.headerOctets, message: inner.octets, notes: notes + inner.headerNotes)
      }
      if !enclosed.messages.isEmpty {
        notes.append("the message attached to this one has no Received line; this is the one around it")
      } else if enclosed.hasOutlookItem {
        notes.append(
          "what is attached in a form of Outlook's own is not read: attach the message as .eml; this is the one around it"
        )
      }
    }
    guard header.contains("Received"), !header.hasMalformedLine, !PastedHeader.isSpaced(lines) else {
      return nil
    }
    return TraceInput(
      header: lines.headerOctets, message: lines.isHeaderAlone ? nil : lines.octets,
      notes: notes + lines.headerNotes)
  }
}

enum TraceInputFault: Error, CustomStringConvertible {
  case noHeader
  case noSuchMessage(Int, of: Int)

  var description: String {
    switch self {
    case .noHeader: "there is no mail header in it"
    case .noSuchMessage(let number, let count): "there is no message \(number): there are \(count)"
    }
  }
}

/// A text in lines, whatever ends them.
struct MessageLines {
  let lines: ArraySlice<ArraySlice<UInt8>>

  init(_ text: [UInt8]) {
    var text = text[...]
    if text.starts(with: [0xef, 0xbb, 0xbf]) { text = text.dropFirst(3) }
    if !text.contains(.lineFeed), text.contains(.carriageReturn) {
      // An old Macintosh's lines.
      lines = text.split(separator: .carriageReturn, omittingEmptySubsequences: false)[...]
      return
    }
    lines =
      text.split(separator: .lineFeed, omittingEmptySubsequences: false).map {
        $0.last == .carriageReturn ? $0.dropLast() : $0
      }[...]
  }

  init(lines: ArraySlice<ArraySlice<UInt8>>) { self.lines = lines }

  /// Where the empty line is that ends the header; the end where there is none.
  private var headerEnd: Int { lines.firstIndex { $0.isEmpty } ?? lines.endIndex }

  var isHeaderAlone: Bool { lines[headerEnd...].allSatisfy(\.isEmpty) }

  /// Whether the header is longer than is looked at.
  var isHeaderCut: Bool {
    lines[..<headerEnd].reduce(2) { $0 + $1.count + 2 } > TraceInput.mostHeaderOctets
  }

  /// Within the bound, CRLF lines.
  var headerOctets: [UInt8] {
    var octets: [UInt8] = []
    for line in lines[..<headerEnd] {
      guard octets.count + line.count + 4 <= TraceInput.mostHeaderOctets else { break }
      octets += line
      octets += [.carriageReturn, .lineFeed]
    }
    return octets + [.carriageReturn, .lineFeed]
  }

  /// nil where the text does not begin with a field.
  var header: MessageHeader? {
    let header = MessageHeader(headerOctets)
    guard let first = header.fields.first, first.range.lowerBound == 0,
      first.name.utf8.allSatisfy({ $0 > 0x20 })
    else { return nil }
    return header
  }

  /// That some of the header is left out, in words; empty where none is.
  var headerNotes: [String] {
    isHeaderCut
      ? [
        "the header is longer than \(TraceInput.mostHeaderOctets >> 10) KiB; what is past that is not looked at"
      ] : []
  }

  var hasReceived: Bool { header?.contains("Received") == true }

  var body: MessageLines { MessageLines(lines: lines[min(headerEnd + 1, lines.endIndex)...]) }

  /// LF lines.
  var octets: [UInt8] { Array(lines.joined(separator: [.lineFeed])) }

  // MARK: Mailboxes

  /// Whether it begins as a mailbox in one file does (RFC 4155).
  var isMailbox: Bool { lines.first.map(Self.isSeparator) ?? false }

  /// A message as it was attached, without what clients leave before its header: empty lines, a mailbox's separator.
  var unwrapped: MessageLines {
    let kept = lines.drop { $0.isEmpty }
    guard let first = kept.first else { return self }
    let isSeparated = Self.isSeparator(first.first == UInt8(ascii: ">") ? first.dropFirst() : first)
    return MessageLines(lines: isSeparated ? kept.dropFirst() : kept)
  }

  /// Its messages, without the separators.
  func mailbox() -> [MessageLines] {
    var starts: [Int] = []
    for index in lines.indices where Self.isSeparator(lines[index]) {
      if index == lines.startIndex || lines[index - 1].isEmpty { starts.append(index) }
    }
    return starts.enumerated().map { number, start in
      let end = number + 1 < starts.count ? starts[number + 1] : lines.endIndex
      return MessageLines(lines: lines[(start + 1)..<end])
    }
  }

  /// `From sender Thu Nov 19 …`.
  static func isSeparator(_ line: ArraySlice<UInt8>) -> Bool {
    line.starts(with: Array("From ".utf8)) && line.count > 10 && line.contains(UInt8(ascii: ":"))
  }
}
