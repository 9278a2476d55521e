/// UTF-8 as it is made, and how many sequences were none.
struct TextSink {
  private(set) var octets: [UInt8] = []
  private(set) var malformed = 0

  init(capacity: Int) { octets.reserveCapacity(capacity) }

  /// What could not be read.
  mutating func fail() {
    malformed += 1
    octets.append(0xef)
    octets.append(0xbf)
    octets.append(0xbd)
  }

  @inline(__always)
  mutating func append(ascii octet: UInt8) { octets.append(octet) }

  mutating func append(ascii run: some Collection<UInt8>) { octets.append(contentsOf: run) }

  /// - Parameter scalar: a Unicode scalar; anything else counts as malformed.
  @inline(__always)
  mutating func append(_ scalar: UInt32) {
    if scalar < 0x80 { octets.append(UInt8(truncatingIfNeeded: scalar)) } else { appendLong(scalar) }
  }

  @inline(never)
  private mutating func appendLong(_ scalar: UInt32) {
    let last = 0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f)
    let middle = 0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f)
    if scalar < 0x800 {
      octets.append(0xc0 | UInt8(truncatingIfNeeded: scalar >> 6))
    } else if scalar < 0x1_0000 {
      if scalar & 0xf800 == 0xd800 { return fail() }
      octets.append(0xe0 | UInt8(truncatingIfNeeded: scalar >> 12))
      octets.append(middle)
    } else if scalar < 0x11_0000 {
      octets.append(0xf0 | UInt8(truncatingIfNeeded: scalar >> 18))
      octets.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 12 & 0x3f))
      octets.append(middle)
    } else {
      return fail()
    }
    octets.append(last)
  }

  /// One character of a table: a scalar, or two packed.
  mutating func append(character: UInt32) {
    guard character & 0x8000_0000 != 0 else { return append(character) }
    append(character & 0xffff)
    append(character >> 16 & 0x7fff)
  }
}
