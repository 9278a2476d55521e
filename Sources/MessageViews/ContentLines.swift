internal import Bytes
internal import MailSyntax

/// What a calendar (RFC 5545) or a card (RFC 6350, vCard 2.1) says to who opens it: the values of its properties.
///
/// One pass over the octets, before their charset is known, since lines are folded between any two octets (RFC 5545
/// §3.1). Never more than what it was read from.
public struct ContentLines: Sendable, Hashable {
  /// What is shown, a line for each value.
  public private(set) var shown: [UInt8] = []
  /// What is shown as HTML: X-ALT-DESC, STYLED-DESCRIPTION.
  public private(set) var html: [UInt8] = []
  /// What nobody reads, a line for each value: links may stand there.
  public private(set) var others: [UInt8] = []

  /// nil where the octets are neither: they do not begin with `BEGIN:`.
  public init?(_ octets: ArraySlice<UInt8>) {
    var start = octets
    if start.starts(with: [0xef, 0xbb, 0xbf]) { start = start.dropFirst(3) }
    start = start.drop { $0.isWhiteSpace || $0.isLineEnd }
    guard start.prefix(6).map(\.lowercasedASCII).elementsEqual("begin:".utf8) else { return nil }
    var lines = FoldedLines(start)
    while var line = lines.next() {
      guard let property = Property(line) else { continue }
      if property.isQuoted {
        // A soft line break of vCard 2.1: the next line goes on.
        while line.last == UInt8(ascii: "="), let more = lines.next() {
          line.removeLast()
          line += more
        }
        add(Property(line) ?? property)
      } else {
        add(property)
      }
    }
  }

  private static let shownNames: Set<String> = [
    "summary", "location", "description", "comment", "contact", "url", "attach", "conference", "x-wr-calname",
    "x-wr-caldesc", "fn", "org", "title", "role", "note", "label", "nickname",
  ]
  private static let markupNames: Set<String> = ["x-alt-desc", "styled-description"]

  private mutating func add(_ property: Property) {
    if property.isBinary { return }
    if let name = property.commonName, property.name == "organizer" { Self.append(name[...], to: &shown) }
    let value = property.text
    if property.isMarkup || Self.markupNames.contains(property.name) {
      html += value
      html.append(.lineFeed)
    } else if Self.shownNames.contains(property.name) {
      Self.append(value[...], to: &shown)
    } else if value.contains(.dot) {
      Self.append(value[...], to: &others)
    }
  }

  private static func append(_ value: ArraySlice<UInt8>, to text: inout [UInt8]) {
    guard !value.isEmpty else { return }
    if !text.isEmpty { text.append(.lineFeed) }
    text += value
  }
}

/// The lines of a text, folded ones joined (RFC 5545 §3.1, RFC 6350 §3.2): a line that begins with white space goes on
/// where the one before it ended.
private struct FoldedLines {
  private var rest: ArraySlice<UInt8>

  init(_ octets: ArraySlice<UInt8>) { rest = octets }

  mutating func next() -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    var line: [UInt8] = []
    repeat {
      let end = rest.firstIndex { $0.isLineEnd } ?? rest.endIndex
      line += rest[rest.startIndex..<end]
      rest = rest[end...]
      if rest.first == .carriageReturn { rest.removeFirst() }
      if rest.first == .lineFeed { rest.removeFirst() }
      guard let next = rest.first, next.isWhiteSpace else { break }
      rest.removeFirst()
    } while true
    return line
  }
}

/// One property: `group.NAME;PARAMETER=value:value`.
private struct Property {
  /// In small letters, without a group.
  let name: String
  private let parameters: [(name: String, value: [UInt8])]
  private let value: ArraySlice<UInt8>

  /// nil where no colon stands in the line.
  init?(_ line: [UInt8]) {
    var parts: [ArraySlice<UInt8>] = []
    var start = 0
    var isQuoted = false
    var colon: Int?
    // Bound: parameters of one property.
    for (index, octet) in line.enumerated() {
      if octet == UInt8(ascii: "\"") { isQuoted.toggle() }
      if isQuoted { continue }
      if octet == UInt8(ascii: ";"), parts.count < 64 {
        parts.append(line[start..<index])
        start = index + 1
      } else if octet == UInt8(ascii: ":") {
        colon = index
        break
      }
    }
    // A quote that nobody closed is a letter.
    guard let end = colon ?? line.firstIndex(of: UInt8(ascii: ":")), end >= start else { return nil }
    parts.append(line[start..<end])
    value = line[(end + 1)...]
    let head = parts.first ?? []
    name = Self.small(head.lastIndex(of: .dot).map { head[($0 + 1)...] } ?? head)
    parameters = parts.dropFirst().map { part in
      guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
        // vCard 2.1 leaves out the name.
        return ("", Array(part))
      }
      let value = part[(equals + 1)...].filter { $0 != UInt8(ascii: "\"") }
      return (Self.small(part[..<equals]), value)
    }
  }

  private static func small(_ octets: ArraySlice<UInt8>) -> String {
    String(decoding: octets.prefix(64).filter { !$0.isWhiteSpace }.map(\.lowercasedASCII), as: UTF8.self)
  }

  private func says(_ name: String, _ words: Set<String>) -> Bool {
    parameters.contains { ($0.name == name || $0.name.isEmpty) && words.contains(Self.small($0.value[...])) }
  }

  var isQuoted: Bool { says("encoding", ["quoted-printable"]) }
  var isBinary: Bool { says("encoding", ["b", "base64"]) || says("value", ["binary"]) }
  var isMarkup: Bool { says("fmttype", ["text/html"]) && !value.starts(with: "http".utf8) }
  /// Of whom a calendar tells.
  var commonName: [UInt8]? { parameters.first { $0.name == "cn" }?.value }

  /// The value with its escapes undone (RFC 5545 §3.3.11): `\n` is a line feed, `\,` a comma.
  var text: [UInt8] {
    let value = isQuoted ? TransferDecoding.decode(value, .quotedPrintable).octets[...] : value
    guard value.contains(UInt8(ascii: "\\")) else { return Array(value) }
    var text: [UInt8] = []
    text.reserveCapacity(value.count)
    var isEscaped = false
    for octet in value {
      if isEscaped {
        text.append(octet | 0x20 == UInt8(ascii: "n") ? .lineFeed : octet)
        isEscaped = false
      } else if octet == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        text.append(octet)
      }
    }
    return text
  }
}

extension UInt8 {
  fileprivate var isLineEnd: Bool { self == .lineFeed || self == .carriageReturn }
}
