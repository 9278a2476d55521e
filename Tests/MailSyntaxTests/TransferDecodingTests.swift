import Bytes
import MailSyntax
import Testing

@Suite struct TransferDecodingTests {
  private func decoded(_ text: String, _ encoding: TransferEncoding, most: Int = .max) -> String {
    String(
      decoding: TransferDecoding.decode(Array(text.utf8)[...], encoding, most: most).octets, as: UTF8.self)
  }

  @Test func base64AsItIsMet() {
    for (text, expected) in [
      ("QUJDRA==", "ABCD"), ("QUJD\r\nREVG", "ABCDEF"), ("Q U\tJ D", "ABC"), ("", ""),
      // What is no digit is passed over.
      ("QU-JD!", "ABC"), ("QUJD\0", "ABC"),
      // Without its padding.
      ("QUI", "AB"), ("QQ", "A"), ("QUJDQ", "ABC"),
      // Pieces that were encoded apart.
      ("QQ==QkM=RA==", "ABCD"), ("QQ==\r\nQg==\r\n", "AB"), ("QUI=\r\n== =", "AB"),
      // Something behind the end.
      ("QUJDRA==\r\n--\r\nab", "ABCD"),
      // What a list appends to a body that it did not look at.
      ("QUI=\r\n\r\n_______\r\nlist mailing list\r\n", "AB_______\r\nlist mailing list\r\n"),
      ("QUI=\nQw==\nTo leave: http://list.test/\n", "ABCTo leave: http://list.test/\n"),
      ("QUI=\nQw==\nRA==", "ABCD"), ("QUI= \n Qw==\t\n", "ABC"), ("QUI=\nnot one", "ABnot one"),
      ("QUI=\n--lost--\n\n----\nlist\n", "AB--lost--\n\n----\nlist\n"),
      // Only behind a padding: before one it is what was broken on its way.
      ("QU\nnot one\nJD", decoded("QUnotoneJD", .base64)),
    ] {
      #expect(decoded(text, .base64) == expected, "\(text)")
    }
  }

  @Test func textAppendedToBase64IsToldAndBounded() {
    let text = Array("QUI=\r\nthe list says\r\n".utf8)
    for most in 0...17 {
      let found = TransferDecoding.decode(text[...], .base64, most: most)
      #expect(found.octets == Array("ABthe list says\r\n".utf8.prefix(most)), "\(most)")
      #expect(found.isCut == (most < 17) && found.faults == [.malformedBase64], "\(most)")
    }
  }

  /// A line of words behind a padding hides nothing of what mail clients go on to decode.
  @Test func whatIsEncodedBehindAppendedText() {
    let text = String(repeating: "buy at http://spam.test now ", count: 6)
    let encoded = Base64.text(Array(text.utf8))
    #expect(decoded("QQ==\nnot one\n\(encoded)\nthe end\n", .base64) == "Anot one\n\(text)the end\n")
    // Words stay words, whatever their letters are.
    #expect(
      decoded("QQ==\nnot one\nunsubscribe\ninternationalization\n", .base64).hasSuffix(
        "one\nunsubscribe\ninternationalization\n"))
    let whole = TransferDecoding.decode(Array("QQ==\nnot one\n\(encoded)\n".utf8)[...], .base64)
    for most in 0...whole.octets.count {
      let found = TransferDecoding.decode(Array("QQ==\nnot one\n\(encoded)\n".utf8)[...], .base64, most: most)
      #expect(found.octets == Array(whole.octets.prefix(most)) && found.isCut == (most < whole.octets.count))
    }
  }

  @Test func quotedPrintableAsItIsMet() {
    for (text, expected) in [
      ("a=3Db", "a=b"), ("a=3db", "a=b"), ("a=\r\nb", "ab"), ("a=\nb", "ab"), ("a= \t\r\nb", "ab"),
      ("a \t\r\nb", "a\r\nb"), ("a \nb", "a\nb"), ("a=20\r\nb", "a \r\nb"), ("a =\r\nb", "a b"),
      // An equals sign that begins nothing.
      ("a=b", "a=b"), ("a=XY", "a=XY"), ("a==41", "a=A"), ("a=", "a"), ("a=4", "a=4"), ("a=\r", "a=\r"),
      ("a  ", "a"), ("=C3=BC", "ü"), ("a\rb \r\nc", "a\rb\r\nc"),
    ] {
      #expect(decoded(text, .quotedPrintable) == expected, "\(text.debugDescription)")
    }
  }

  @Test func uuencodeAsItIsMet() {
    // "Cat", then sixty octets of it.
    #expect(decoded("begin 644 cat\r\n#0V%T\r\n`\r\nend\r\n", .uuencode) == "Cat")
    let line = "M" + String(repeating: "0V%T", count: 15)
    #expect(
      decoded(
        "text\nbegin 0644 a b.txt\n\(line)\n/" + String(repeating: "0V%T", count: 5) + "\n \nend\n", .uuencode
      )
        == String(repeating: "Cat", count: 20))
    // Without a beginning it is no uuencode, and stands as it is.
    #expect(decoded("#0V%T\n", .uuencode) == "#0V%T\n")
    // Spaces at the end of a line that were lost stand for zeroes.
    #expect(decoded("begin 644 a\n#0V%\nend\n", .uuencode) == "Ca@")
  }

  @Test func filesStandInTexts() {
    let text = """
      Hello,
      begin the day with a smile
      begin 644 one.exe
      #0V%T
      `
      end
      and
      begin 666 two three
      #0V%T
      end
      bye
      """
    let tree = MIMETree.parse(Array(("Subject: x\n\n" + text).utf8))
    let files = tree.embeddedFiles(in: tree.parts[0])
    #expect(files.map { String(decoding: $0.name, as: UTF8.self) } == ["one.exe", "two three"])
    #expect(files.allSatisfy { $0.octets == Array("Cat".utf8) && $0.kind == .uuencode && !$0.isCut })
    let found = UuencodedFile.all(in: Array(text.utf8)[...])
    let rest = Array(text.utf8)
    #expect(
      found.map { String(decoding: rest[$0.range], as: UTF8.self).hasPrefix("begin 6") } == [true, true])
    #expect(found.map { String(decoding: rest[$0.range], as: UTF8.self).hasSuffix("end\n") } == [true, true])
    // No more octets than asked for, and no more files.
    #expect(UuencodedFile.all(in: rest[...], most: 4).map(\.octets.count) == [3, 1])
    #expect(UuencodedFile.all(in: rest[...], files: 1).count == 1)
  }

  @Test func noMoreThanAskedFor() {
    let samples: [(TransferEncoding, String)] = [
      (.base64, "QUJDREVGR0g="), (.quotedPrintable, "A=42CDEF=\nGH"), (.eightBit, "ABCDEFGH"),
      (.uuencode, "begin 644 a\n(04)#1$5&1T@ \nend\n"),
    ]
    for (encoding, text) in samples {
      for most in 0...9 {
        let found = TransferDecoding.decode(Array(text.utf8)[...], encoding, most: most)
        #expect(found.octets == Array("ABCDEFGH".utf8.prefix(most)), "\(encoding) \(most)")
        #expect(found.isCut == (most < 8), "\(encoding) \(most)")
      }
    }
  }

  @Test func whatIsEncodedByTheBookIsReadBack() {
    var octets: [UInt8] = []
    for index in 0..<500 {
      octets.append(UInt8(truncatingIfNeeded: index &* 7 &+ index / 256))
      let base64 = TransferDecoding.decode(Base64.encoded(octets)[...], .base64)
      #expect(base64.octets == octets && base64.faults.isEmpty)
      guard index % 50 == 0 else { continue }
      let hex = Array("0123456789ABCDEF".utf8)
      let quoted = octets.enumerated().flatMap { place, octet -> [UInt8] in
        let escape = [UInt8(ascii: "="), hex[Int(octet >> 4)], hex[Int(octet & 15)]]
        return place % 20 == 19 ? escape + Array("=\r\n".utf8) : escape
      }
      let printable = TransferDecoding.decode(quoted[...], .quotedPrintable)
      #expect(printable.octets == octets && printable.faults.isEmpty)
    }
  }
}
