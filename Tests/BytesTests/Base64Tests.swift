import Bytes
import Testing

@Suite struct Base64Tests {
  /// RFC 4648 §10.
  static let vectors: [(String, String)] = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]

  @Test(arguments: vectors) func vectorsOfTheRFC(_ plain: String, _ text: String) {
    #expect(Base64.text(Array(plain.utf8)) == text)
    #expect(Base64.decoded(text) == Array(plain.utf8))
    #expect(Base64.decoded(ArraySlice([0x20] + Array(text.utf8))[1...]) == Array(plain.utf8))
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "=", "==", "===", "====", "Zh==", "Zm9=", "Zm9v ", " Zm9v",
    "Zm9v\r\n", "Z=g=",
    "Zm-v", "Zm_v", "Zm9v\u{0}\u{0}\u{0}\u{0}", "Zg=a", "*", "Zm9vZ===", "é9v",
  ]) func whatIsNotThatText(_ text: String) {
    #expect(Base64.decoded(text) == nil)
  }

  @Test func everyOctetComesBack() {
    for length in 0..<70 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ length &* 31) }
      #expect(Base64.decoded(Base64.encoded(bytes)) == bytes)
    }
    #expect(Base64.decoded(Base64.encoded(Array(0...255))) == Array(0...255))
  }

  @Test func oneTextForAnyOctets() {
    // Of all endings of four octets over a few letters, those that are read are those that are written.
    let letters = Array("ABQgw/+=9".utf8)
    for a in letters {
      for b in letters {
        for c in letters {
          for d in letters {
            guard let bytes = Base64.decoded([a, b, c, d]) else { continue }
            #expect(Base64.encoded(bytes) == [a, b, c, d])
          }
        }
      }
    }
  }
}

@Suite("Digits of base64")
struct Base64DigitTests {
  @Test("They are counted at every length and place")
  func counted() {
    let octets = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 256) }
    func isDigit(_ octet: UInt8) -> Bool {
      octet.isASCIILetterOrDigit || octet == UInt8(ascii: "+") || octet == UInt8(ascii: "/")
    }
    for start in 0..<17 {
      for end in start...start + 60 {
        #expect(Base64.digits(in: octets[start..<end].span) == octets[start..<end].count(where: isDigit))
      }
    }
    #expect(Base64.digits(in: octets.span) == octets.count(where: isDigit))
  }
}
