internal import Bytes

/// Counts plain letters and digits that are written in a roundabout way.
enum EncodedLetters {
  /// Nobody encodes so many by accident: some programs write the F of a line that begins with `From `, or the last
  /// letter of a line.
  static let fewest = 20
  /// Bound: octets of one text that are looked at.
  private static let most = 256 << 10

  /// Those written `=41` in quoted-printable (RFC 2045 §6.7), the first of each line apart.
  static func quoted(_ body: ArraySlice<UInt8>) -> Int {
    body.prefix(most).withUnsafeBufferPointer { octets in
      var count = 0
      var index = 1
      while index + 2 < octets.count {
        defer { index += 1 }
        guard octets[index] == UInt8(ascii: "="), octets[index - 1] != .lineFeed,
          let high = value(octets[index + 1], 16), let low = value(octets[index + 2], 16)
        else { continue }
        if UInt8(high << 4 | low).isASCIILetterOrDigit { count += 1 }
        index += 2
      }
      return count
    }
  }

  /// Those written `&#65;` or `&#x41;` in HTML.
  static func references(_ html: String) -> Int {
    var html = html
    return html.withUTF8 { octets in
      var count = 0
      var index = 0
      let end = min(octets.count, most)
      while index + 3 < end {
        guard octets[index] == UInt8(ascii: "&"), octets[index + 1] == UInt8(ascii: "#") else {
          index += 1
          continue
        }
        index += 2
        let isHex = octets[index] | 0x20 == UInt8(ascii: "x")
        if isHex { index += 1 }
        var number = 0
        // Bound: a million zeros are one number.
        while index < end, let digit = value(octets[index], isHex ? 16 : 10) {
          number = min(number * (isHex ? 16 : 10) + digit, 0x11_0000)
          index += 1
        }
        if let letter = UInt8(exactly: number), letter.isASCIILetterOrDigit { count += 1 }
      }
      return count
    }
  }

  private static func value(_ octet: UInt8, _ base: Int) -> Int? {
    guard let digit = octet.hexValue.map(Int.init), digit < base else { return nil }
    return digit
  }
}
