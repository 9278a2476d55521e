import Bytes
import Foundation
import MailSyntax
import TestSupport
import Testing

/// Messages without an expected tree (those of enmime, and all the others of the folder): what holds of every tree holds of
/// theirs, both forms of line ends give the same parts and contents, and no beginning of them is too much.
@Suite struct EnmimeTests {
  private struct Case: CustomStringConvertible {
    let path: String
    let description: String
  }

  private static func cases(_ folder: String, _ ends: [String]) -> [Case] {
    let base = "\(Material.folder)/\(folder)"
    let paths = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return paths.sorted().filter { path in ends.contains { path.hasSuffix($0) } }
      .map { Case(path: "\(base)/\($0)", description: $0) }
  }

  private static func fallsShort(_ one: Case) throws -> String? {
    let octets = try readBytes(atPath: one.path)
    let plain = octets.filter { $0 != 0x0d }
    let wire = plain.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
    let trees = [octets, plain, wire].map { MIMETree.parse($0) }
    for tree in trees {
      if let fault = MIMEShape(tree).fault { return fault }
      if tree.isCut { return "cut" }
    }
    let (first, second) = (outline(trees[1]), outline(trees[2]))
    if first != second {
      let place = zip(first, second).prefix { $0 == $1 }.count
      return "with CRLF another tree at \(place): \(first.dropFirst(place).first ?? "the end")"
    }
    // Beginnings: all of a short one, some of a long one.
    for count in stride(from: 0, to: octets.count, by: max(1, octets.count / 200)) {
      let tree = MIMETree.parse(Array(octets.prefix(count)))
      if let fault = MIMEShape(tree).fault { return "of \(count) octets: \(fault)" }
    }
    return nil
  }

  /// Each part with its type, its names and its content without line ends.
  private static func outline(_ tree: MIMETree) -> [String] {
    tree.parts.map { part in
      // A multipart's body holds the boundaries; a message's the header.
      let content = part.children.isEmpty ? tree.decoded(part).octets.filter { $0 != 0x0d } : []
      let names = part.fileNames.map(\.text)
      return
        "\(part.level) \(part.type.name) \(part.encoding.rawValue) \(names) \(part.fields.map(\.name)) \(content)"
    }
  }

  @Test(needsMaterial("mime-enmime")) func enmime() throws {
    let short = try Material.judge("mime-enmime/forms", Self.cases("mime-enmime", [".raw"])) {
      try Self.fallsShort($0)
    }
    #expect(short.isEmpty)
  }

  @Test(needsMaterial("mime-mime4j")) func mime4j() throws {
    let short = try Material.judge("mime-mime4j/forms", Self.cases("mime-mime4j", [".msg"])) {
      try Self.fallsShort($0)
    }
    #expect(short.isEmpty)
  }

  @Test(needsMaterial("charset-mail")) func charsetMail() throws {
    let short = try Material.judge(
      "charset-mail/forms", Self.cases("charset-mail", [".eml", ".msg", ".raw", ".txt"])
    ) {
      try Self.fallsShort($0)
    }
    #expect(short.isEmpty)
  }

  @Test(needsMaterial("corpus/spamassassin")) func corpus() throws {
    let all = Self.cases("corpus/spamassassin", [""]).filter { !$0.path.hasSuffix(".txt") }
    let files = all.filter {
      (try? FileManager.default.attributesOfItem(atPath: $0.path)[.type] as? FileAttributeType)
        == .typeRegular
    }
    let short = try Material.judge("corpus/forms", files) { one in
      let tree = MIMETree.parse(try readBytes(atPath: one.path))
      if tree.isCut { return "cut" }
      return MIMEShape(tree).fault
    }
    #expect(short.isEmpty)
  }
}
