import Bytes
import Foundation
import MailSyntax
import TestSupport
import Testing

/// The messages of Apache James mime4j with the trees that it reads: `NAME.xml` with the bodies as they stand,
/// `NAME_decoded.xml` with the names of files that hold them decoded.
@Suite struct Mime4jTests {
  private struct Case: CustomStringConvertible {
    let folder: String
    let name: String
    let isDecoded: Bool
    var description: String { "\(folder)/\(name)\(isDecoded ? " decoded" : "")" }

    func bytes(_ ending: String) throws -> [UInt8] {
      try readBytes(atPath: "\(Material.folder)/mime-mime4j/\(folder)/\(name)\(ending)")
    }
  }

  private static func cases(isDecoded: Bool) throws -> [Case] {
    let base = "\(Material.folder)/mime-mime4j"
    return try FileManager.default.contentsOfDirectory(atPath: base).sorted().flatMap { folder -> [Case] in
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(base)/\(folder)")) ?? []
      return files.sorted().filter { $0.hasSuffix(".msg") }.map { String($0.dropLast(4)) }
        .filter { files.contains($0 + (isDecoded ? "_decoded.xml" : ".xml")) }
        .map { Case(folder: folder, name: $0, isDecoded: isDecoded) }
    }
  }

  @Test(needsMaterial("mime-mime4j")) func treesAsTheyStand() throws {
    let short = try Material.judge("mime-mime4j/tree", Self.cases(isDecoded: false)) { one in
      let expected = EventText.events(try one.bytes(".xml")) { _ in nil }
      return EventText.difference(expected, Self.events(try one.bytes(".msg"), isDecoded: false))
    }
    #expect(short.isEmpty)
  }

  @Test(needsMaterial("mime-mime4j")) func treesDecoded() throws {
    let short = try Material.judge("mime-mime4j/decoded", Self.cases(isDecoded: true)) { one in
      let expected = EventText.events(try one.bytes("_decoded.xml")) { file in
        try? readBytes(atPath: "\(Material.folder)/mime-mime4j/\(one.folder)/\(file)")
      }
      return EventText.difference(expected, Self.events(try one.bytes(".msg"), isDecoded: true))
    }
    #expect(short.isEmpty)
  }

  /// What the tree of a message says, in the words of those files.
  private static func events(_ octets: [UInt8], isDecoded: Bool) -> [String] {
    let tree = MIMETree.parse(octets)
    var events: [String] = []
    func text(_ source: Int, _ range: Range<Int>) -> String { EventText.plain(tree.sources[source][range]) }
    func tell(_ index: Int, isMessage: Bool) {
      let part = tree.parts[index]
      events.append(isMessage ? "message" : "part")
      events += part.fields.map { "field " + text(part.source, $0.range).trimmingSuffix("\n") }
      if part.isMultipart {
        events.append("multipart")
        let source = part.children.first.map { tree.parts[$0].source } ?? part.source
        if !part.preamble.isEmpty { events.append("preamble " + text(source, part.preamble)) }
        for child in part.children { tell(child, isMessage: false) }
        if let end = EventText.epilogue(of: part, tree.sources[source]) { events.append("epilogue " + end) }
        events.append("end of multipart")
      } else if part.isMessage, let child = part.children.first {
        tell(child, isMessage: true)
      } else {
        let body = isDecoded ? tree.decoded(part).octets[...] : tree.body(of: part)
        events.append("body " + EventText.plain(body))
      }
    }
    tell(0, isMessage: true)
    return events
  }
}

/// The event trees of those files, as lines.
private enum EventText {
  /// With line feeds as line ends, each octet a character.
  static func plain(_ octets: ArraySlice<UInt8>) -> String {
    let scalars = octets.lazy.map { Unicode.Scalar($0) }
    return String(String.UnicodeScalarView(scalars.filter { $0 != "\r" }))
  }

  /// What stands behind the last boundary; nil where nothing does.
  static func epilogue(of part: MIMETree.Part, _ source: [UInt8]) -> String? {
    if !part.epilogue.isEmpty { return plain(source[part.epilogue]) }
    // mime4j takes the line feed (without CR) of a last boundary with which all ends for an epilogue; by RFC 2046
    // §5.1.1 it ends the boundary's line. The trees are the same.
    let isLast = part.epilogue.lowerBound == source.count && source.suffix(3).elementsEqual("--\n".utf8)
    return isLast && part.level == 0 ? "\n" : nil
  }

  static func difference(_ expected: [String], _ found: [String]) -> String? {
    if expected == found { return nil }
    let place = zip(expected, found).prefix { $0 == $1 }.count
    func at(_ list: [String]) -> String {
      place < list.count ? list[place].debugDescription.prefix(300).description : "the end"
    }
    return "event \(place): expected \(at(expected)), found \(at(found))"
  }

  static func events(_ xml: [UInt8], file: (String) -> [UInt8]?) -> [String] {
    var events: [String] = []
    var position = xml.startIndex
    while let open = xml[position...].firstIndex(of: UInt8(ascii: "<")),
      let close = xml[open...].firstIndex(of: UInt8(ascii: ">"))
    {
      let tag = plain(xml[(open + 1)..<close])
      position = close + 1
      switch tag.prefix(while: { $0 != " " }) {
      case "message": events.append("message")
      case "body-part": events.append("part")
      case "multipart": events.append("multipart")
      case "/multipart": events.append("end of multipart")
      case "field", "preamble", "epilogue", "body":
        let end = xml[position...].firstIndex(of: UInt8(ascii: "<")) ?? xml.endIndex
        let text = unescaped(plain(xml[position..<end])).trimmingPrefix("\n")
        if !text.isEmpty || tag == "field" || tag == "body" { events.append("\(tag) \(text)") }
      case "text-body", "binary-body":
        let name = tag.split(separator: "\"").dropFirst().first.map(String.init) ?? ""
        // An empty body has no file in some copies of the set.
        events.append("body " + plain((file(name) ?? [])[...]))
      default: break
      }
    }
    return events
  }

  private static func unescaped(_ text: String) -> String {
    text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
      .replacing("&amp;", with: "&")
  }
}

extension String {
  fileprivate func trimmingPrefix(_ one: Character) -> String { first == one ? String(dropFirst()) : self }
  fileprivate func trimmingSuffix(_ one: Character) -> String { last == one ? String(dropLast()) : self }
}
