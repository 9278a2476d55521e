internal import Bytes
internal import MailSyntax

/// How the octets of a text are read.
enum TextKind: Hashable, Sendable {
  case plain, html
  /// The tags of text/enriched (RFC 1896).
  case enriched
  /// Those of its forerunner text/richtext (RFC 1341 §7.1.3).
  case richtext
  /// Properties of a calendar (RFC 5545) or a card (RFC 6350).
  case properties

  /// By the declared type.
  init(_ type: ContentType) {
    switch type.name {
    case "text/html", "text/x-amp-html": self = .html
    case "text/enriched": self = .enriched
    case "text/richtext": self = .richtext
    case "text/calendar", "text/vcard", "text/x-vcard", "text/directory": self = .properties
    default: self = .plain
    }
  }

  /// Of a file as who opens it would see it, by its type, its names and its first octets; nil where it is no text whose
  /// links one could follow.
  static func attached(_ part: MIMETree.Part, in tree: MIMETree) -> TextKind? {
    if part.isMessage || part.isMultipart && !tree.isUndivided(part) { return nil }
    if part.type.type == "message" {
      // What is put together or fetched where it is opened; reports of delivery are for machines.
      return ["partial", "external-body"].contains(part.type.subtype) ? .plain : nil
    }
    if part.isHTML || markupTypes.contains(part.type.name) { return .html }
    let endings = Set(
      part.fileNames.map { FileEnding.of(AttachmentReading.text($0.value, charset: $0.charset)) })
    if !endings.isDisjoint(with: markupEndings) { return .html }
    let kind = TextKind(part.type)
    if kind == .properties || part.type.name == "application/ics"
      || !endings.isDisjoint(with: ["ics", "vcf"])
    {
      return .properties
    }
    if FileStart.isMarkup(tree.beginning(of: part)) { return .html }
    if part.isText { return kind }
    return part.type.name == "application/rtf" || !endings.isDisjoint(with: plainEndings) ? .plain : nil
  }

  /// Whether a text that is shown as it stands is HTML to who opens it as a file.
  static func opensAsHTML(_ part: MIMETree.Part) -> Bool {
    part.fileNames.contains {
      markupEndings.contains(FileEnding.of(AttachmentReading.text($0.value, charset: $0.charset)))
    }
  }

  private static let markupTypes: Set<String> = [
    "application/xhtml+xml", "image/svg+xml", "application/xhtml", "application/html", "application/hta",
  ]
  private static let markupEndings: Set<String> = [
    "html", "htm", "shtml", "shtm", "xhtml", "xht", "xhtm", "hta", "svg",
  ]
  private static let plainEndings: Set<String> = [
    "txt", "text", "asc", "log", "md", "csv", "tsv", "rtf", "url", "website", "webloc", "desktop", "eml",
    "mht", "mhtml",
  ]
}

/// The extension of a file's name.
enum FileEnding {
  /// In small letters, as Windows would take it: without dots and spaces behind it; empty where there is none.
  static func of(_ name: String) -> String {
    let octets = Array(name.utf8)
    guard let end = octets.lastIndex(where: { $0 != .dot && !$0.isWhiteSpace }),
      let dot = octets[..<end].lastIndex(of: .dot), end - dot <= 16
    else { return "" }
    return String(decoding: octets[(dot + 1)...end].map(\.lowercasedASCII), as: UTF8.self)
  }
}

/// What the first octets of a file say of it.
enum FileStart {
  /// Octets that are looked at.
  static let most = 4096

  /// Whether what calls itself a text is none: it begins as a program, an archive or a document does, or has NUL in it.
  ///
  /// - Parameter isWide: whether NUL belongs to the charset.
  static func isNoText(_ octets: ArraySlice<UInt8>, isWide: Bool) -> Bool {
    if signatures.contains(where: { octets.starts(with: $0) }) { return true }
    if isWide || byteOrderMarks.contains(where: { octets.starts(with: $0) }) { return false }
    return octets.contains(0)
  }

  private static let signatures: [[UInt8]] = [
    [0x4d, 0x5a], [0x7f, 0x45, 0x4c, 0x46], [0xca, 0xfe, 0xba, 0xbe], [0xcf, 0xfa, 0xed, 0xfe],
    [0xce, 0xfa, 0xed, 0xfe], [0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6], Array("Rar!".utf8),
    [0x37, 0x7a, 0xbc, 0xaf], [0x1f, 0x8b], Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58],
    [0x28, 0xb5, 0x2f, 0xfd],
    Array("MSCF".utf8), Array("ITSF".utf8), [0xd0, 0xcf, 0x11, 0xe0], Array("%PDF-".utf8),
    Array("{\\rt".utf8),
    Array("xar!".utf8), Array("!<arch>".utf8), [0xed, 0xab, 0xee, 0xdb], [0x78, 0x9f, 0x3e, 0x22],
  ]
  private static let byteOrderMarks: [[UInt8]] = [[0xff, 0xfe], [0xfe, 0xff], [0, 0, 0xfe, 0xff]]

  /// Whether HTML or SVG begins here, behind white space, a byte order mark and comments, whatever its charset.
  static func isMarkup(_ octets: ArraySlice<UInt8>) -> Bool {
    guard octets.first(where: { $0 < 0x80 && $0 != 0 && !$0.isHTMLSpace }) == UInt8(ascii: "<") else {
      return false
    }
    // Of UTF-16 and UTF-32 what is ASCII is left.
    var rest = octets.drop { $0 >= 0x80 }.filter { $0 != 0 }[...]
    while true {
      rest = rest.drop { $0.isHTMLSpace }
      guard rest.first == UInt8(ascii: "<") else { return false }
      if rest.starts(with: "<!--".utf8) {
        guard let end = rest.indices.first(where: { rest[$0...].starts(with: "-->".utf8) }) else {
          return true
        }
        rest = rest[(end + 3)...]
      } else if rest.starts(with: "<?".utf8) {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
        rest = rest[(end + 1)...]
      } else {
        break
      }
    }
    let word = rest.prefix(32).map(\.lowercasedASCII)
    return beginnings.contains { word.starts(with: $0.utf8) }
  }

  private static let beginnings = [
    "<!doctype html", "<!doctype svg", "<html", "<head", "<body", "<script", "<svg", "<meta", "<title",
    "<iframe",
    "<style", "<table", "<div", "<form", "<center", "<hta:",
  ]
}

extension MIMETree {
  /// The first octets of a part, its transfer encoding undone.
  func beginning(of part: Part) -> ArraySlice<UInt8> {
    part.encoding.isEncoded
      ? decoded(part, most: FileStart.most).octets[...] : body(of: part).prefix(FileStart.most)
  }
}
