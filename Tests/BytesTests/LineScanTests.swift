import Bytes
import Testing

/// The search for line bytes beside a slow one, at every offset and distance.
@Suite struct LineScanTests {
  private func check(_ bytes: [UInt8]) -> Bool {
    let span = bytes.span.bytes
    for start in 0...bytes.count {
      let first = bytes[start...].firstIndex { $0 == 10 || $0 == 13 || $0 == 0 }
      if span.firstLineByte(from: start) != first { return false }
      if span.firstLineFeed(from: start) != bytes[start...].firstIndex(of: 10) { return false }
    }
    return true
  }

  @Test func eachLineByteIsFoundAtEveryPlace() {
    for length in 0..<50 {
      let plain = [UInt8](repeating: 0x61, count: length)
      #expect(check(plain))
      for place in 0..<length {
        for byte: UInt8 in [0, 10, 13] {
          var bytes = plain
          bytes[place] = byte
          #expect(check(bytes), "\(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test func noOtherByteIsFound() {
    for byte in UInt8.min...UInt8.max where byte != 0 && byte != 10 && byte != 13 {
      #expect([UInt8](repeating: byte, count: 40).span.bytes.firstLineByte(from: 0) == nil)
    }
  }

  @Test func aByteBeyondASCIIIsNoticedUpToTheCount() {
    for length in 0..<40 {
      for place in 0..<length {
        var bytes = [UInt8](repeating: 0x7f, count: length)
        bytes[place] = 0x80
        for count in 0...length { #expect(bytes.span.bytes.isASCII(upTo: count) == (count <= place)) }
      }
    }
  }
}

@Suite struct ASCIITests {
  @Test func lettersChangeTheirCaseAndNothingElseDoes() {
    for byte in UInt8.min...UInt8.max {
      let isCapital = (0x41...0x5a).contains(byte)
      let isSmall = (0x61...0x7a).contains(byte)
      #expect(byte.lowercasedASCII == (isCapital ? byte + 32 : byte))
      #expect(byte.uppercasedASCII == (isSmall ? byte - 32 : byte))
      #expect(byte.isASCIILetter == (isCapital || isSmall))
      #expect(byte.isASCIIDigit == (0x30...0x39).contains(byte))
      #expect(byte.isASCIIControl == (byte < 32 || byte == 127))
      #expect(
        byte.isASCIIHexDigit
          == (byte.isASCIIDigit || [0x41, 0x61].contains { ($0...($0 + 5)).contains(byte) }))
    }
    #expect("ÄbC".lowercasedASCII == "Äbc" && "äbC".uppercasedASCII == "äBC")
    // The Kelvin sign is no k, nor the dotless i an i.
    #expect("\u{212a}".lowercasedASCII == "\u{212a}" && !"\u{212a}".equalsIgnoringASCIICase("k"))
    #expect("Ab\u{e9}".equalsIgnoringASCIICase("aB\u{e9}") && !"ab".equalsIgnoringASCIICase("abc"))
    #expect("".equalsIgnoringASCIICase("") && "xAbx".dropFirst().dropLast().equalsIgnoringASCIICase("aB"))
  }

  @Test(arguments: [
    ("plain text", "plain text"), ("", ""), ("a\r\nb", "a\\x0d\\x0ab"), ("\u{1b}[1m", "\\x1b[1m"),
    ("a\u{0}", "a\\x00"),
    ("\u{7f}\u{85}", "\\x7f\\x85"), ("\u{202e}x", "\\u{202e}x"), ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
    ("grün 例", "grün 例"), ("tab\t", "tab\\x09"),
  ])
  func aPrintableTextHoldsNoControls(_ text: String, _ expected: String) {
    #expect(text.printable() == expected)
  }

  @Test func aPrintableTextIsBounded() {
    #expect(String(repeating: "x", count: 10).printable(limit: 10) == "xxxxxxxxxx")
    #expect(String(repeating: "x", count: 11).printable(limit: 10) == "xxxxxxxxxx…")
    #expect(String(repeating: "ü", count: 10).printable(limit: 10) == String(repeating: "ü", count: 10))
    #expect(String(repeating: "\u{1}", count: 1000).printable(limit: 10).utf8.count < 50)
  }

  @Test func octetsOfUTF8AreTextAndOthersAreNot() {
    #expect(String(utf8: Array("abc".utf8)[...]) == "abc" && String(utf8: [][...]) == "")
    #expect(String(utf8: Array("aü例".utf8)[1...]) == "ü例")
    for bad: [UInt8] in [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x61, 0x80]] {
      #expect(String(utf8: bad[...]) == nil)
    }
  }
}
