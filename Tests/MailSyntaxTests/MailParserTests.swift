import Bytes
import Charsets
import Foundation
import MailSyntax
import TestSupport
import Testing

/// The messages of Stalwart's mail-parser with the parts that it reads: `NAME.json` of the file as it is, with line feeds,
/// and `NAME.crlf.json` of the same with CRLF.
@Suite struct MailParserTests {
  private struct Case: CustomStringConvertible {
    let folder: String
    let name: String
    let isCRLF: Bool
    var description: String { "\(folder)/\(name)\(isCRLF ? " crlf" : "")" }
    var path: String { "mime-mail-parser/eml/\(folder)/\(name)" }

    func octets() throws -> [UInt8] {
      let octets = try readBytes(atPath: "\(Material.folder)/\(path).eml").filter { $0 != 0x0d }
      return isCRLF ? octets.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] } : octets
    }
  }

  private static func cases() throws -> [Case] {
    let base = "\(Material.folder)/mime-mail-parser/eml"
    return try FileManager.default.contentsOfDirectory(atPath: base).sorted().flatMap { folder -> [Case] in
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(base)/\(folder)")) ?? []
      return files.sorted().filter { $0.hasSuffix(".eml") }.map { String($0.dropLast(4)) }.flatMap { name in
        [("\(name).json", false), ("\(name).crlf.json", true)].filter { files.contains($0.0) }
          .map { Case(folder: folder, name: name, isCRLF: $0.1) }
      }
    }
  }

  @Test(needsMaterial("mime-mail-parser/eml")) func messages() throws {
    let short = try Material.judge("mime-mail-parser/eml", Self.cases()) { one in
      let path = one.path + (one.isCRLF ? ".crlf.json" : ".json")
      let expected = try Material.decode(ExpectedMessage.self, from: path)
      let tree = MIMETree.parse(try one.octets())
      return MessageComparison(tree: tree).difference(expected, root: 0)
    }
    #expect(short.isEmpty)
  }

  private struct Header<Expected: Decodable>: Decodable, CustomStringConvertible {
    let header: String
    let expected: Expected?
    /// Its place in the set, then how it begins.
    var place = 0
    var description: String {
      "\(place) \(header.prefix(50).filter { $0 != "\n" && $0 != "\r\n" && $0 != ":" })"
    }

    private enum CodingKeys: CodingKey { case header, expected }

    static func all(_ file: String) throws -> [Self] {
      try Material.decode([Self].self, from: "mime-mail-parser/\(file)").enumerated().map { place, one in
        var one = one
        one.place = place
        return one
      }
    }
  }

  private struct ExpectedType: Decodable {
    let c_type: String
    let c_subtype: String?
    let attributes: [[String]]?
  }

  @Test(needsMaterial("mime-mail-parser/content_type.json")) func contentTypes() throws {
    let short = try Material.judge(
      "mime-mail-parser/content_type", Header<ExpectedType>.all("content_type.json")
    ) { one in
      let found = ContentType.parse(Array(one.header.utf8)[...])
      guard let expected = one.expected else { return found.map { "nothing expected: \($0)" } }
      guard let found else { return "not read" }
      let subtype = expected.c_subtype ?? ""
      guard found.type == expected.c_type.lowercased(), found.subtype == subtype.lowercased() else {
        return "\(found.name)"
      }
      return Texts.difference(found.parameters, expected.attributes ?? [])
    }
    #expect(short.isEmpty)
  }

  @Test(needsMaterial("mime-mail-parser/unstructured.json")) func unstructured() throws {
    let short = try Material.judge(
      "mime-mail-parser/unstructured", Header<String>.all("unstructured.json")
    ) { one in
      let found = Texts.text(Array(one.header.utf8)[...])
      return Texts.isSame(found, one.expected ?? "") ? nil : "\(one.expected ?? "") ≠ \(found)"
    }
    #expect(short.isEmpty)
  }
}

/// Header text as a person reads it.
private enum Texts {
  /// - Parameter guesses: octets without a label are guessed here; mail-parser reads them as UTF-8.
  static func text(_ octets: ArraySlice<UInt8>, guesses: Bool = true) -> String {
    EncodedWords.segments(octets).map { segment in
      switch segment {
      case .raw(let raw):
        guesses
          ? Charset.decode(raw[...], declared: nil, isHeader: true).text
          : String(decoding: raw, as: UTF8.self)
      case .word(let charset, _, let octets):
        Charset.decode(octets[...], declared: charset, isHeader: true).text
      }
    }.joined()
  }

  /// White space is not compared: mail-parser folds runs of it into one, and puts some between a word and text.
  static func isSame(_ one: String, _ other: String) -> Bool {
    one.filter { !$0.isWhitespace } == other.filter { !$0.isWhitespace }
  }

  static func isRead(_ octets: ArraySlice<UInt8>, as expected: String) -> Bool {
    isSame(text(octets), expected) || isSame(text(octets, guesses: false), expected)
  }

  static func value(_ parameter: ContentType.Parameter) -> String {
    if let charset = parameter.charset {
      return Charset.decode(parameter.value[...], declared: charset, isHeader: true).text
    }
    return text(parameter.value[...])
  }

  /// Each expected parameter is there with its value; `NAME-language` is how mail-parser tells the language of one.
  static func difference(_ found: [ContentType.Parameter], _ expected: [[String]]) -> String? {
    let type = ContentType(type: "", subtype: "", parameters: found)
    for pair in expected {
      guard let name = pair.first, let value = pair.last else { continue }
      if name.hasSuffix("-language"), let language = type[String(name.dropLast(9))]?.language {
        if language != value { return "\(name): \(language)" }
        continue
      }
      guard let parameter = type[name] else { return "no \(name)" }
      if !isSame(Self.value(parameter), value),
        parameter.charset != nil || !isRead(parameter.value[...], as: value)
      {
        return "\(name): \(value) ≠ \(Self.value(parameter))"
      }
    }
    let names = Set(expected.compactMap(\.first))
    return found.first { !names.contains($0.name) }.map { "\($0.name) is not expected" }
  }
}

// MARK: - Messages

private struct ExpectedMessage: Decodable {
  struct Header: Decodable {
    let name: String
    let text: String?
    let type: ExpectedValue?
    let field: Int
    let start: Int
    let end: Int

    private enum CodingKeys: String, CodingKey {
      case name, value
      case field = "offset_field"
      case start = "offset_start"
      case end = "offset_end"
    }
    private enum Other: CodingKey { case other }
    private enum Kind: String, CodingKey {
      case text = "Text"
      case type = "ContentType"
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      if let known = try? fields.decode(String.self, forKey: .name) {
        name = known.replacing("_", with: "-")
      } else {
        name = try fields.nestedContainer(keyedBy: Other.self, forKey: .name).decode(
          String.self, forKey: .other)
      }
      let value = try? fields.nestedContainer(keyedBy: Kind.self, forKey: .value)
      text = try value?.decodeIfPresent(String.self, forKey: .text)
      type = try value?.decodeIfPresent(ExpectedValue.self, forKey: .type)
      field = try fields.decode(Int.self, forKey: .field)
      start = try fields.decode(Int.self, forKey: .start)
      end = try fields.decode(Int.self, forKey: .end)
    }
  }

  struct ExpectedValue: Decodable {
    struct Attribute: Decodable {
      let name: String
      let value: String
    }
    let c_type: String
    let c_subtype: String?
    let attributes: [Attribute]?
  }

  enum Body: Decodable {
    case text(String)
    case binary([UInt8])
    case multipart([Int])
    indirect case message(ExpectedMessage)

    private enum Kind: String, CodingKey {
      case text = "Text"
      case html = "Html"
      case binary = "Binary"
      case inline = "InlineBinary"
      case multipart = "Multipart"
      case message = "Message"
    }

    init(from decoder: any Decoder) throws {
      let kinds = try decoder.container(keyedBy: Kind.self)
      if let text = try kinds.decodeIfPresent(String.self, forKey: .text) {
        self = .text(text)
      } else if let text = try kinds.decodeIfPresent(String.self, forKey: .html) {
        self = .text(text)
      } else if let octets = try kinds.decodeIfPresent([UInt8].self, forKey: .binary) {
        self = .binary(octets)
      } else if let octets = try kinds.decodeIfPresent([UInt8].self, forKey: .inline) {
        self = .binary(octets)
      } else if let parts = try kinds.decodeIfPresent([Int].self, forKey: .multipart) {
        self = .multipart(parts)
      } else {
        self = .message(try kinds.decode(ExpectedMessage.self, forKey: .message))
      }
    }
  }

  struct Part: Decodable {
    let headers: [Header]
    let is_encoding_problem: Bool
    let body: Body
    let offset_header: Int
    let offset_body: Int
    let offset_end: Int
  }

  let parts: [Part]
}

private struct MessageComparison {
  let tree: MIMETree

  /// What differs, in words; nil where nothing does.
  func difference(_ expected: ExpectedMessage, root: Int) -> String? {
    let found = parts(of: root)
    if found.count != expected.parts.count {
      return "\(expected.parts.count) parts expected, found \(found.map { tree.parts[$0].type.name })"
    }
    for (place, part) in expected.parts.enumerated() {
      if let difference = difference(part, tree.parts[found[place]], found) {
        return "part \(place): \(difference)"
      }
    }
    return nil
  }

  /// The parts of one message, without those of the messages in it.
  private func parts(of root: Int) -> [Int] {
    var found: [Int] = []
    func take(_ index: Int) {
      found.append(index)
      if tree.parts[index].isMultipart { tree.parts[index].children.forEach(take) }
    }
    take(root)
    return found
  }

  private func difference(
    _ expected: ExpectedMessage.Part, _ part: MIMETree.Part, _ order: [Int]
  ) -> String? {
    guard part.header.lowerBound == expected.offset_header, part.body.lowerBound == expected.offset_body
    else {
      return
        "header \(expected.offset_header), body \(expected.offset_body), found \(part.header), \(part.body)"
    }
    if let difference = difference(expected.headers, part) { return difference }
    switch expected.body {
    case .multipart(let places):
      let children = part.children.compactMap { order.firstIndex(of: $0) }
      return part.isMultipart && children == places ? nil : "children \(places), found \(children)"
    case .message(let message):
      guard part.isMessage, let child = part.children.first else { return "no message" }
      return difference(message, root: child)
    case .binary(let octets):
      if let difference = end(expected, part) { return difference }
      return contents(expected, part).contains { $0.elementsEqual(octets) }
        ? nil : "\(octets.count) octets differ from \(contents(expected, part).map(\.count))"
    case .text(let text):
      if let difference = end(expected, part) { return difference }
      let charset = part.type["charset"]?.text
      // Without a label mail-parser reads UTF-8, here it is guessed: the octets are the same.
      let readings = contents(expected, part).flatMap {
        [Charset.decode($0, declared: charset).text, String(decoding: $0, as: UTF8.self)]
      }
      return readings.contains(text)
        ? nil
        : "text \(text.prefix(200).debugDescription) ≠ \(readings.map { $0.prefix(200).debugDescription })"
    }
  }

  private func end(_ expected: ExpectedMessage.Part, _ part: MIMETree.Part) -> String? {
    // A message attached that is none it reads as text, and then its end is that of the message around it.
    part.body.upperBound == expected.offset_end || part.isMessage
      ? nil : "its end at \(expected.offset_end), found \(part.body.upperBound)"
  }

  /// The octets it stands for; where it says that the encoding is broken, also those that stand there.
  private func contents(_ expected: ExpectedMessage.Part, _ part: MIMETree.Part) -> [ArraySlice<UInt8>] {
    let decoding = tree.decoding(of: part)
    // Of uuencode it reads nothing.
    let isBroken = expected.is_encoding_problem && !decoding.faults.isEmpty || part.encoding == .uuencode
    return isBroken ? [decoding.octets[...], tree.body(of: part)] : [decoding.octets[...]]
  }

  private func difference(_ expected: [ExpectedMessage.Header], _ part: MIMETree.Part) -> String? {
    guard expected.count == part.fields.count else {
      return "\(expected.count) fields expected, found \(part.fields.map(\.name))"
    }
    for (header, field) in zip(expected, part.fields) {
      guard header.name.lowercased() == field.name.lowercased(), header.field == field.range.lowerBound,
        header.start == field.body.lowerBound, header.end == field.range.upperBound
      else { return "field \(header.name) at \(header.field), found \(field)" }
      let value = tree.value(of: field, in: part)
      if let text = header.text {
        // Of identifiers mail-parser gives what stands between the angle brackets.
        guard Texts.isRead(value, as: text) || Texts.isRead(value, as: "<\(text)>") else {
          return "\(header.name): \(text) ≠ \(Texts.text(value))"
        }
      }
      if let type = header.type {
        let found = ContentType.parse(value)
        guard found?.type == type.c_type.lowercased(), found?.subtype == type.c_subtype?.lowercased() ?? ""
        else {
          return "\(header.name): \(type.c_type)/\(type.c_subtype ?? ""), found \(found?.name ?? "none")"
        }
        let attributes = (type.attributes ?? []).map { [$0.name, $0.value] }
        if let difference = Texts.difference(found?.parameters ?? [], attributes) {
          return "\(header.name): \(difference)"
        }
      }
    }
    return nil
  }
}
