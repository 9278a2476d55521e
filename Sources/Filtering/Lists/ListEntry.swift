import Bytes
import NetAddress

/// What a name entry covers.
enum ListEntryForm: Hashable, Sendable {
  /// The name and its sub-domains: `name` in domains, helo and urls.
  case subtree
  /// The name alone: `=name`; `@dom`; a HELO address literal.
  case only
  /// The sub-domains, not the name: `.dom`.
  case below
  /// One mailbox: `user@dom`.
  case mailbox
  /// A path and what lies below it, at a host and its sub-domains: `host/path`.
  case path
}

/// A name entry cut into its parts; the ranges are offsets in the text that it was cut from.
struct ListEntry: Sendable {
  var form: ListEntryForm
  /// The name without its sign.
  var domain: Range<Int>
  /// The local part of a mailbox, or a path with its first `/` and without its last.
  var rest: Range<Int>

  /// Cuts an entry that `check` has passed; any other gives some cut within the range.
  init(_ text: Span<UInt8>, _ entry: Range<Int>, kind: ListKind) {
    let body = min(entry.lowerBound + 1, entry.upperBound)..<entry.upperBound
    let first: UInt8 = entry.isEmpty ? 0 : text[entry.lowerBound]
    rest = entry.upperBound..<entry.upperBound
    form = .subtree
    domain = entry
    switch kind {
    case .cidr, .domains, .helo:
      if first == UInt8(ascii: "=") {
        form = .only
        domain = body
      } else if first == UInt8(ascii: "[") {
        form = .only
      }
    case .senders, .recipients:
      if first == UInt8(ascii: "@") {
        form = .only
        domain = body
      } else if first == .dot {
        form = .below
        domain = body
      } else if let at = entry.last(where: { text[$0] == UInt8(ascii: "@") }) {
        form = .mailbox
        domain = (at + 1)..<entry.upperBound
        rest = entry.lowerBound..<at
      }
    case .urls:
      guard let slash = entry.first(where: { text[$0] == UInt8(ascii: "/") }) else { return }
      domain = entry.lowerBound..<slash
      var end = entry.upperBound
      while end > slash, text[end - 1] == UInt8(ascii: "/") { end -= 1 }
      guard slash < end else { return }
      form = .path
      rest = slash..<end
    }
  }

  /// True when the local part is written in quotes.
  func isQuoted(in text: Span<UInt8>) -> Bool {
    form == .mailbox && !rest.isEmpty && text[rest.lowerBound] == UInt8(ascii: "\"")
  }
}

extension ListEntry {
  /// The content of a quoted local part (RFC 5321 §4.1.2); any other text as it is.
  static func unquoted(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var content: [UInt8] = []
    var inside = range
    if range.count >= 2, text[range.lowerBound] == UInt8(ascii: "\""),
      text[range.upperBound - 1] == UInt8(ascii: "\"")
    {
      inside = (range.lowerBound + 1)..<(range.upperBound - 1)
    }
    var index = inside.lowerBound
    while index < inside.upperBound {
      if inside != range, text[index] == UInt8(ascii: "\\"), index + 1 < inside.upperBound { index += 1 }
      content.append(text[index])
      index += 1
    }
    return content
  }
}

/// Whether two ranges hold the same bytes without regard to the case of A–Z.
func equalsFolded(_ a: Span<UInt8>, _ aRange: Range<Int>, _ b: Span<UInt8>, _ bRange: Range<Int>) -> Bool {
  guard aRange.count == bRange.count else { return false }
  let shift = bRange.lowerBound - aRange.lowerBound
  for index in aRange where a[index] != b[index + shift] {
    guard a[index].lowercasedASCII == b[index + shift].lowercasedASCII else { return false }
  }
  return true
}
