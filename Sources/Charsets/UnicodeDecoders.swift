/// UTF-16 and UTF-32, and UTF-7 (RFC 2152).
enum UnicodeDecoders {
  static func utf16(
    _ octets: UnsafeBufferPointer<UInt8>, isBigEndian: Bool, into sink: inout TextSink
  ) {
    var at = 0
    func unit(_ at: Int) -> UInt32 {
      isBigEndian
        ? UInt32(octets[at]) << 8 | UInt32(octets[at + 1]) : UInt32(octets[at + 1]) << 8 | UInt32(octets[at])
    }
    while at + 1 < octets.count {
      let first = unit(at)
      at += 2
      guard first & 0xfc00 == 0xd800 else {
        // A low surrogate alone fails in the sink.
        sink.append(first)
        continue
      }
      guard at + 1 < octets.count else {
        // One U+FFFD for all that is cut off.
        return sink.fail()
      }
      let second = unit(at)
      guard second & 0xfc00 == 0xdc00 else {
        sink.fail()
        continue
      }
      at += 2
      sink.append(0x1_0000 + (first & 0x3ff) << 10 + second & 0x3ff)
    }
    if at < octets.count { sink.fail() }
  }

  static func utf32(
    _ octets: UnsafeBufferPointer<UInt8>, isBigEndian: Bool, into sink: inout TextSink
  ) {
    var at = 0
    while at + 3 < octets.count {
      var scalar: UInt32 = 0
      for offset in 0..<4 {
        scalar |= UInt32(octets[at + offset]) << UInt32(isBigEndian ? 24 - 8 * offset : 8 * offset)
      }
      sink.append(scalar)
      at += 4
    }
    if at < octets.count { sink.fail() }
  }

  static func utf7(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    var at = 0
    while at < octets.count {
      let octet = octets[at]
      at += 1
      guard octet == UInt8(ascii: "+") else {
        if octet < 0x80 { sink.append(ascii: octet) } else { sink.fail() }
        continue
      }
      if at < octets.count, octets[at] == UInt8(ascii: "-") {
        sink.append(ascii: octet)
        at += 1
        continue
      }
      at = shifted(octets, at, into: &sink)
    }
  }

  /// The base64 of UTF-16 behind a `+`; where to go on.
  private static func shifted(
    _ octets: UnsafeBufferPointer<UInt8>, _ begin: Int, into sink: inout TextSink
  ) -> Int {
    var at = begin
    var bits: UInt32 = 0
    var count: UInt32 = 0
    var high: UInt32?
    while at < octets.count, let value = sextet(octets[at]) {
      at += 1
      bits = (bits << 6 | value) & 0xff_ffff
      count += 6
      guard count >= 16 else { continue }
      count -= 16
      let unit = bits >> count & 0xffff
      if let first = high {
        high = nil
        if unit & 0xfc00 == 0xdc00 {
          sink.append(0x1_0000 + (first & 0x3ff) << 10 + unit & 0x3ff)
          continue
        }
        sink.fail()
      }
      if unit & 0xfc00 == 0xd800 { high = unit } else { sink.append(unit) }
    }
    // A `+` before anything that is no base64, a surrogate alone, bits left over that are not zero.
    if at == begin || high != nil || count >= 6 || bits & (1 << count - 1) != 0 { sink.fail() }
    return at < octets.count && octets[at] == UInt8(ascii: "-") ? at + 1 : at
  }

  private static func sextet(_ octet: UInt8) -> UInt32? {
    switch octet {
    case 0x41...0x5a: UInt32(octet) - 0x41
    case 0x61...0x7a: UInt32(octet) - 0x61 + 26
    case 0x30...0x39: UInt32(octet) - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
