internal import Bytes
internal import Charsets
internal import MailSyntax

/// A text part as it was read, with what only the search for links needs.
struct TextReading: Sendable {
  let view: TextView
  /// nil for others than HTML.
  let html: HTMLReading?
  /// Whether a line of it begins as a uuencoded file does.
  let mayHoldFiles: Bool
  /// Whether a bound cut it.
  let isCut: Bool

  /// The texts of a message that are no attachments.
  static func all(_ tree: MIMETree, limits: ViewLimits) -> [TextReading] {
    all(tree, tree.parts.filter { $0.isShownText || tree.isUndivided($0) }, limits: limits)
  }

  /// Reads these parts, of whatever kind of text they are.
  static func all(_ tree: MIMETree, _ parts: [MIMETree.Part], limits: ViewLimits) -> [TextReading] {
    var rooms = TextRooms(tree, parts, limits: limits)
    return parts.map { read(tree, $0, rooms: &rooms) }
  }

  private static func read(_ tree: MIMETree, _ part: MIMETree.Part, rooms: inout TextRooms) -> TextReading {
    let isHTML = part.isHTML
    let room = rooms.room(isHTML: isHTML)
    let (octets, isCut) = tree.shownOctets(part, most: room.read)
    let declared = part.type["charset"]?.text
    let decoded = Charset.decode(
      octets[...], declared: declared ?? (isHTML ? DeclaredInHTML.charset(octets) : nil))
    let mayHoldFiles = !isHTML && octets.hasFileLine
    guard isHTML else {
      var visible = LineEnds.plain(decoded.text)
      if part.type.isFlowed { visible = FlowedText.joined(visible, deletesSpaces: part.type.deletesSpaces) }
      rooms.take(isHTML: false, read: octets.count, shown: 0)
      let seen = BidiOverride.read(visible)
      let view = TextView(
        part: part.index, isHTML: false, declared: declared, decoded: decoded, visible: seen.text, html: nil,
        turned: seen.turned)
      return TextReading(view: view, html: nil, mayHoldFiles: mayHoldFiles, isCut: isCut)
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
    return TextReading(
      view: view, html: reading, mayHoldFiles: mayHoldFiles, isCut: isCut || reading.isCut)
  }
}

extension MIMETree.Part {
  /// Kinds of text that a person gets as files.
  private static let fileKinds: Set<String> = [
    "calendar", "vcard", "x-vcard", "directory", "csv", "rtf", "css", "javascript", "ecmascript", "xml",
    "x-script", "tab-separated-values",
  ]

  var isHTML: Bool { type.type == "text" && (type.subtype == "html" || type.subtype == "x-amp-html") }

  /// Whether a mail client shows it as text of the message.
  var isShownText: Bool {
    guard isText, !Self.fileKinds.contains(type.subtype) else { return false }
    let isAttached = disposition.map { $0.type != "inline" } ?? false
    if isAttached { return fileNames.isEmpty }
    return type.subtype == "plain" || isHTML || fileNames.isEmpty
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

extension [UInt8] {
  /// Whether a line begins with `begin `.
  fileprivate var hasFileLine: Bool {
    var line = 0
    while line < count {
      if self[line] == UInt8(ascii: "b"), self[line...].starts(with: "begin ".utf8) { return true }
      guard let end = span.bytes.firstLineFeed(from: line) else { return false }
      line = end + 1
    }
    return false
  }
}
