internal import Bytes
internal import Charsets
internal import MailSyntax

/// A text part as it was read, with what only the search for links needs.
struct TextReading: Sendable {
  let view: TextView
  /// Of HTML, and of the HTML in a calendar; nil where there is none.
  let html: HTMLReading?
  /// What is not shown, in UTF-8, and may hold links.
  var others: [UInt8] = []
  /// Whether a bound cut it.
  let isCut: Bool

  /// The texts of a message that are no attachments.
  static func all(_ tree: MIMETree, limits: ViewLimits) -> [TextReading] {
    let texts = tree.parts.filter { $0.isShownText || tree.isUndivided($0) }.map {
      (part: $0, kind: TextKind($0.type))
    }
    return all(tree, texts, limits: limits)
  }

  /// Reads these parts, each as a text of that kind.
  static func all(
    _ tree: MIMETree, _ texts: [(part: MIMETree.Part, kind: TextKind)], limits: ViewLimits
  ) -> [TextReading] {
    var rooms = TextRooms(texts, limits: limits)
    return texts.map { read(tree, $0.part, as: $0.kind, rooms: &rooms) }
  }

  private static func read(
    _ tree: MIMETree, _ part: MIMETree.Part, as kind: TextKind, rooms: inout TextRooms
  ) -> TextReading {
    let isHTML = kind == .html
    let room = rooms.room(isHTML: isHTML)
    let (octets, isCut) = tree.shownOctets(part, most: room.read)
    let declared = part.type["charset"]?.text
    if kind == .properties, let lines = ContentLines(octets[...]) {
      rooms.take(isHTML: false, read: octets.count, shown: 0)
      return read(lines, part, declared, mostText: room.shown, isCut: isCut)
    }
    let decoded = Charset.decode(
      octets[...], declared: declared ?? (isHTML ? DeclaredInHTML.charset(octets) : nil))
    guard isHTML else {
      var visible = LineEnds.plain(decoded.text)
      if kind == .enriched || kind == .richtext { visible = EnrichedText.visible(visible, kind) }
      if part.type.isFlowed { visible = FlowedText.joined(visible, deletesSpaces: part.type.deletesSpaces) }
      rooms.take(isHTML: false, read: octets.count, shown: 0)
      let seen = BidiOverride.read(visible)
      let view = TextView(
        part: part.index, isHTML: false, declared: declared, decoded: decoded, visible: seen.text, html: nil,
        turned: seen.turned)
      return TextReading(view: view, html: nil, isCut: isCut)
    }
    let reading = HTMLReader.read(Array(decoded.text.utf8), mostText: room.shown)
    rooms.take(isHTML: true, read: octets.count, shown: reading.visible.count)
    let html = HTMLView(
      hidden: reading.hidden.map { HTMLView.Hidden(text: NormalText.of($0.octets), reason: $0.reason) },
      visibleCount: reading.visibleCount, images: reading.images, remoteImages: reading.remoteImages,
      forms: reading.forms, scripts: reading.scripts, imageText: NormalText.of(reading.imageText),
      isCut: reading.isCut || isCut)
    let seen = BidiOverride.read(NormalText.of(reading.visible))
    let view = TextView(
      part: part.index, isHTML: true, declared: declared, decoded: decoded, visible: seen.text, html: html,
      turned: seen.turned + reading.turned)
    return TextReading(view: view, html: reading, isCut: isCut || reading.isCut)
  }

  /// What a calendar or a card shows; the text that is decoded is that of its values.
  private static func read(
    _ lines: ContentLines, _ part: MIMETree.Part, _ declared: String?, mostText: Int, isCut: Bool
  ) -> TextReading {
    let decoded = Charset.decode(lines.shown[...], declared: declared)
    var visible = LineEnds.plain(decoded.text)
    var html: HTMLReading?
    if !lines.html.isEmpty {
      let markup = Array(Charset.decode(lines.html[...], declared: declared).text.utf8)
      let reading = HTMLReader.read(markup, mostText: mostText)
      visible += visible.isEmpty ? "" : "\n"
      visible += NormalText.of(reading.visible)
      html = reading
    }
    let seen = BidiOverride.read(visible)
    let view = TextView(
      part: part.index, isHTML: false, declared: declared, decoded: decoded, visible: seen.text, html: nil,
      turned: seen.turned + (html?.turned ?? 0))
    return TextReading(
      view: view, html: html, others: Array(Charset.decode(lines.others[...], declared: declared).text.utf8),
      isCut: isCut || html?.isCut ?? false)
  }
}

extension MIMETree.Part {
  /// Kinds of text that a person gets as files.
  private static let fileKinds: Set<String> = [
    "csv", "rtf", "css", "javascript", "ecmascript", "xml", "x-script", "tab-separated-values",
  ]

  var isHTML: Bool { TextKind(type) == .html }

  /// Whether a mail client shows it as text of the message.
  var isShownText: Bool {
    guard isText, !Self.fileKinds.contains(type.subtype) else { return false }
    let isAttached = disposition.map { $0.type != "inline" } ?? false
    if isAttached { return fileNames.isEmpty }
    return type.subtype == "plain" || TextKind(type) != .plain || fileNames.isEmpty
  }
}

/// The charset that HTML itself names, in its first kibibyte (HTML standard, §13.2.3.2): `<meta charset=…>`.
enum DeclaredInHTML {
  static func charset(_ octets: [UInt8]) -> String? {
    let head = octets.prefix(1024)
    let wanted = Array("charset".utf8)
    var index = 0
    while index + wanted.count < head.count {
      guard head[index] | 0x20 == UInt8(ascii: "c"),
        head[index..<(index + wanted.count)].elementsEqual(wanted, by: { $0 | 0x20 == $1 })
      else {
        index += 1
        continue
      }
      index += wanted.count
      var rest = head[index...].trimmedHTMLSpace
      guard rest.first == UInt8(ascii: "=") else { continue }
      rest = rest.dropFirst().trimmedHTMLSpace.drop { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }
      let name = rest.prefix {
        $0.isASCIILetterOrDigit || $0 == 0x2d || $0 == UInt8(ascii: "_") || $0 == .dot
          || $0 == UInt8(ascii: ":")
      }
      if !name.isEmpty { return String(decoding: name, as: UTF8.self) }
    }
    return nil
  }
}

/// Line ends as text in memory has them.
enum LineEnds {
  /// The text with a line feed for each CRLF.
  static func plain(_ text: String) -> String {
    var text = text
    return text.withUTF8 { source in
      guard source.contains(.carriageReturn) else { return String(decoding: source, as: UTF8.self) }
      return String(unsafeUninitializedCapacity: source.count) { target in
        var count = 0
        for index in source.indices {
          let octet = source[index]
          if octet == .carriageReturn, index + 1 < source.count, source[index + 1] == .lineFeed { continue }
          target[count] = octet
          count += 1
        }
        return count
      }
    }
  }
}
