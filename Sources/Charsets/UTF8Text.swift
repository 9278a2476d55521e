/// UTF-8, and where it is none.
enum UTF8Text {
  /// Whether every octet is below 128.
  static func isASCII(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = octets.baseAddress else { return true }
    let raw = UnsafeRawPointer(base)
    var at = 0
    while at + 8 <= octets.count {
      if raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
      at += 8
    }
    while at < octets.count {
      if octets[at] >= 0x80 { return false }
      at += 1
    }
    return true
  }

  /// How many characters of `octets` are longer than an octet, and how many sequences are none (each is one U+FFFD
  /// for a reader: the longest beginning of a character, Unicode §3.9).
  static func count(_ octets: UnsafeBufferPointer<UInt8>) -> (long: Int, ideographs: Int, malformed: Int) {
    var long = 0
    var ideographs = 0
    var malformed = 0
    var at = 0
    while at < octets.count {
      let octet = octets[at]
      if octet < 0x80 {
        at += 1
        continue
      }
      let (length, isWhole) = sequence(octets, at)
      if isWhole {
        long += 1
        if length > 2 { ideographs += 1 }
      } else {
        malformed += 1
      }
      at += length
    }
    return (long, ideographs, malformed)
  }

  /// The length of the character at `at`, or of as much of one as is there.
  static func sequence(_ octets: UnsafeBufferPointer<UInt8>, _ at: Int) -> (length: Int, isWhole: Bool) {
    let octet = octets[at]
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    let length: Int
    switch octet {
    case 0x00...0x7f: return (1, true)
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef:
      length = 3
      if octet == 0xe0 { low = 0xa0 }
      if octet == 0xed { high = 0x9f }
    case 0xf0...0xf4:
      length = 4
      if octet == 0xf0 { low = 0x90 }
      if octet == 0xf4 { high = 0x8f }
    default: return (1, false)
    }
    for offset in 1..<length {
      guard at + offset < octets.count, octets[at + offset] >= low, octets[at + offset] <= high else {
        return (offset, false)
      }
      low = 0x80
      high = 0xbf
    }
    return (length, true)
  }
}
