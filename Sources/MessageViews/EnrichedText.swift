internal import Bytes

/// Undoes the marks of text/enriched (RFC 1896) and of text/richtext (RFC 1341 §7.1.3): `<bold>so</bold>` shows `so`.
enum EnrichedText {
  /// The text that is seen. One pass; never longer than what it was read from.
  static func visible(_ text: String, _ kind: TextKind) -> String {
    let source = Array(text.utf8)
    var shown: [UInt8] = []
    shown.reserveCapacity(source.count)
    // Within these nothing is shown: parameters of what stands around them, and comments.
    var hidden = 0
    var literal = 0
    var index = 0
    while index < source.count {
      let octet = source[index]
      if octet == UInt8(ascii: "<") {
        if kind == .enriched, index + 1 < source.count, source[index + 1] == octet {
          if hidden == 0 { shown.append(octet) }
          index += 2
          continue
        }
        // A mark has at most 60 characters (RFC 1896); what is longer is text.
        if let end = source[index...].prefix(64).firstIndex(of: UInt8(ascii: ">")) {
          mark(source[(index + 1)..<end].map(\.lowercasedASCII), kind, &shown, &hidden, &literal)
          index = end + 1
          continue
        }
      }
      if octet == .lineFeed {
        var end = index + 1
        while end < source.count, source[end] == .lineFeed { end += 1 }
        if hidden == 0 { lineFeeds(end - index, kind, isLiteral: literal > 0, &shown) }
        index = end
        continue
      }
      if hidden == 0 { shown.append(octet) }
      index += 1
    }
    return String(decoding: shown, as: UTF8.self)
  }

  /// One line end is a space, more of them are one less (RFC 1896); in richtext all are spaces.
  private static func lineFeeds(_ count: Int, _ kind: TextKind, isLiteral: Bool, _ shown: inout [UInt8]) {
    if isLiteral {
      shown += [UInt8](repeating: .lineFeed, count: count)
    } else if count == 1 || kind == .richtext {
      shown.append(.space)
    } else {
      shown += [UInt8](repeating: .lineFeed, count: count - 1)
    }
  }

  private static func mark(
    _ mark: [UInt8], _ kind: TextKind, _ shown: inout [UInt8], _ hidden: inout Int, _ literal: inout Int
  ) {
    switch (String(decoding: mark, as: UTF8.self), kind) {
    case ("param", .enriched), ("comment", .richtext): hidden += 1
    case ("/param", .enriched), ("/comment", .richtext): hidden = max(0, hidden - 1)
    case ("nofill", .enriched): literal += 1
    case ("/nofill", .enriched): literal = max(0, literal - 1)
    case ("lt", .richtext): if hidden == 0 { shown.append(UInt8(ascii: "<")) }
    case ("nl", .richtext), ("np", .richtext), ("/paragraph", .richtext):
      if hidden == 0 { shown.append(.lineFeed) }
    default: break
    }
  }
}
