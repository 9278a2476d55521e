import Bytes
import Charsets
import Foundation
import MailSyntax
import MessageViews

/// What a message is to us, for others to be held beside: its parts with their octets, its texts, its files, its
/// header. One line of JSON.
struct MessageOutline: Encodable {
  struct Part: Encodable {
    let parent: Int?
    let type: String
    let encoding: String
    let charset: String?
    /// Of parts that hold no others: the octets, decoded, in base64.
    let octets: Data?
    let text: Text?
    /// As they are written, by the charset that RFC 2231 names.
    let names: [String]
    let faults: [String]
  }

  struct Text: Encodable {
    let charset: String
    let isGuessed: Bool
    let malformed: Int
    let text: String
  }

  struct File: Encodable {
    let part: Int
    let name: String
    let isEmbedded: Bool
    let octets: Data
  }

  let parts: [Part]
  let files: [File]
  /// Name and text of each field of the message.
  let header: [[String]]
  let isCut: Bool

  init(_ octets: [UInt8]) {
    let views = MessageViews(octets)
    let tree = views.tree
    let faults = Dictionary(grouping: tree.faults, by: \.part)
    let shown = Dictionary(views.texts.map { ($0.part, $0.decoded) }, uniquingKeysWith: { first, _ in first })
    parts = tree.parts.map { part in
      let content = !part.children.isEmpty ? nil : tree.decoded(part).octets
      let charset = part.type["charset"]?.text
      // Of an attached text there is no view.
      let text =
        shown[part.index] ?? (part.isText ? Charset.decode((content ?? [])[...], declared: charset) : nil)
      return Part(
        parent: part.parent, type: part.type.name, encoding: part.encoding.rawValue, charset: charset,
        octets: content.map { Data($0) }, text: text.map(Text.init), names: part.fileNames.map(Self.text),
        faults: (faults[part.index] ?? []).map(\.kind.rawValue))
    }
    files = views.attachments.map {
      let octets = Self.octets(of: $0, views)
      return File(part: $0.part, name: $0.name, isEmbedded: $0.embedded != nil, octets: Data(octets))
    }
    header = views.header.map { [$0.name, $0.text] }
    isCut = tree.isCut
  }

  private static func text(_ name: ContentType.Parameter) -> String {
    guard let charset = name.charset, !charset.isEmpty else { return name.text }
    return Charset.decode(name.value[...], declared: charset, isHeader: true).text
  }

  private static func octets(of file: AttachmentView, _ views: MessageViews) -> [UInt8] {
    guard let place = file.embedded else { return views.content(of: file.part) }
    let files = views.embeddedContents(of: file.part)
    return files.indices.contains(place) ? files[place] : []
  }

  /// On one line.
  func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension MessageOutline.Text {
  init(_ decoded: DecodedText) {
    self.init(
      charset: decoded.charset.name, isGuessed: decoded.isGuessed, malformed: decoded.malformed,
      text: decoded.text)
  }
}
