import Charsets
import Foundation
import MailSyntax
import TestSupport
import Testing

/// Charsets as they come in real mail.
@Suite struct MailMaterialTests {
  private struct Header: Decodable, CustomStringConvertible {
    let header: String
    let raw_latin1: String
    let python_decoded: String?

    var octets: [UInt8] { raw_latin1.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
    var description: String { "\(header) \(raw_latin1.prefix(60).replacing("\n", with: " "))" }
  }

  /// Python's decoder puts spaces between words and what stands beside them: all but white space is compared.
  @Test(needsMaterial("mime-encoded-words/cases.json"))
  func encodedWords() throws {
    let headers = try Material.decode([Header].self, from: "mime-encoded-words/cases.json")
    #expect(headers.allSatisfy { one in one.raw_latin1.unicodeScalars.allSatisfy { $0.value < 0x100 } })
    let short = Material.judge("mime-encoded-words", headers) { one in
      let read = text(of: one.octets[...])
      guard let expected = one.python_decoded else {
        // Where Python gave up a person reads something all the same.
        return read.isEmpty || read.contains("?=") ? "not decoded: \(read)" : nil
      }
      return solid(read) == solid(standard(expected)) ? nil : "\(read), not \(expected)"
    }
    #expect(short.isEmpty)
  }

  private func text(of value: ArraySlice<UInt8>) -> String {
    EncodedWords.segments(value).map { segment in
      switch segment {
      case .raw(let octets): Charset.decode(octets[...], declared: nil, isHeader: true).text
      case .word(let charset, _, let octets):
        Charset.decode(octets[...], declared: charset, isHeader: true).text
      }
    }.joined()
  }

  /// Python reads the octets 0x80–0x9f of ISO-8859-1 as controls, the WHATWG standard and mail clients as windows-1252.
  private func standard(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      (0x80...0x9f).contains(scalar.value)
        ? Charset.windows1252.decode([UInt8(scalar.value)]).text : String(Character(scalar))
    }.joined()
  }

  private func solid(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isWhitespace }))
  }

  private struct Message: CustomStringConvertible {
    let name: String
    var description: String { name }
  }

  /// Each text of each message is read, and by its octets alone it is the same.
  @Test(needsMaterial("charset-mail"))
  func messages() throws {
    let folder = Material.folder + "/charset-mail"
    let messages = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".eml") }.sorted().map(Message.init)
    #expect(!messages.isEmpty)
    let short = try Material.judge("charset-mail", messages) { one in
      let tree = MIMETree.parse(try readBytes(atPath: "\(folder)/\(one.name)"))
      var texts = 0
      for part in tree.parts where part.isText {
        texts += 1
        let octets = tree.decoded(part).octets
        if let fault = fault(of: octets, declared: part.type["charset"]?.text) { return fault }
      }
      for field in tree.parts.first?.fields ?? [] {
        let read = text(of: tree.sources[0][field.body])
        if read.contains("\u{fffd}") { return "\(field.name): \(read)" }
      }
      return texts > 0 ? nil : "no text"
    }
    #expect(short.isEmpty)
  }

  private func fault(of octets: [UInt8], declared: String?) -> String? {
    let read = Charset.decode(octets[...], declared: declared)
    // Letters cut in two by a sender's line length are its own.
    if read.malformed * 100 > read.text.unicodeScalars.count { return "\(read.malformed) malformed" }
    let high = octets.count { $0 >= 0x80 }
    guard high > 20 else { return nil }
    let guessed = Charset.decode(octets[...], declared: nil)
    return guessed.charset == read.charset
      ? nil : "read as \(read.charset), by its octets alone as \(guessed.charset)"
  }
}
