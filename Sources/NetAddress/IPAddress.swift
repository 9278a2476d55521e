/// An IPv4 or IPv6 address; an IPv4-mapped IPv6 address (`::ffff:0:0/96`) is its IPv4 address.
///
/// Sixteen bytes, never on the heap. An IPv4 address is held in its mapped form, so `high` and `low` are
/// always the 128 bits that an IPv6 socket would show.
public struct IPAddress: Hashable, Sendable {
  /// The upper 64 bits, of the mapped form for IPv4.
  public let high: UInt64
  /// The lower 64 bits, of the mapped form for IPv4.
  public let low: UInt64

  /// An address from its 128 bits.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An IPv4 address from its 32 bits, `192.0.2.1` being `0xC0000201`.
  public init(v4: UInt32) {
    high = 0
    low = 0xFFFF_0000_0000 | UInt64(v4)
  }

  /// True for an IPv4 address, mapped ones included.
  public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// The 32 bits of an IPv4 address, nil for IPv6.
  public var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

  /// The bits an address of this family has: 32 or 128.
  public var bitWidth: Int { isV4 ? 32 : 128 }

  /// True for `127.0.0.0/8` and `::1`.
  public var isLoopback: Bool {
    if let v4 { return v4 >> 24 == 127 }
    return high == 0 && low == 1
  }

  /// True for RFC 1918 networks, unique local addresses (RFC 4193) and link-local ones of both families;
  /// not for loopback.
  public var isPrivate: Bool {
    guard let v4 else { return high >> 57 == 0xFC >> 1 || high >> 54 == 0xFE80 >> 6 }
    return v4 >> 24 == 10 || v4 >> 20 == 0xAC1 || v4 >> 16 == 0xC0A8 || v4 >> 16 == 0xA9FE
  }

  /// True for `0.0.0.0` and `::`.
  public var isUnspecified: Bool { v4 == 0 || (high == 0 && low == 0) }

  /// The address with all bits after the first `length` cleared; `length` counts within the family
  /// (0…32 or 0…128) and is clamped to it.
  public func masked(to length: Int) -> IPAddress {
    let width = bitWidth
    let kept = max(0, min(length, width)) + (128 - width)
    return IPAddress(high: high & Self.upperMask(kept), low: low & Self.upperMask(kept - 64))
  }

  /// The network of `length` bits that this address lies in; `length` as in `masked(to:)`.
  public func prefix(_ length: Int) -> IPPrefix {
    IPPrefix(containing: self, length: length)
  }

  /// 64 bits of which the first `count` are set; `count` may lie outside 0…64.
  static func upperMask(_ count: Int) -> UInt64 {
    if count <= 0 { return 0 }
    return count >= 64 ? .max : ~(UInt64.max >> UInt64(count))
  }
}

extension IPAddress: Comparable {
  /// Orders by the 128 bits, IPv4 in its mapped form.
  public static func < (a: IPAddress, b: IPAddress) -> Bool {
    a.high == b.high ? a.low < b.low : a.high < b.high
  }
}

extension IPAddress: CustomStringConvertible {
  /// The canonical text: a dotted quad, or RFC 5952 §4 for IPv6.
  public var description: String {
    guard let v4 else { return describeV6() }
    return String(unsafeUninitializedCapacity: 15) { text in
      var count = 0
      for index in 0..<4 {
        let part = UInt8(truncatingIfNeeded: v4 >> UInt32(24 - 8 * index))
        if count > 0 {
          text[count] = UInt8(ascii: ".")
          count += 1
        }
        if part >= 100 {
          text[count] = 0x30 + part / 100
          count += 1
        }
        if part >= 10 {
          text[count] = 0x30 + part / 10 % 10
          count += 1
        }
        text[count] = 0x30 + part % 10
        count += 1
      }
      return count
    }
  }

  private func group(_ index: Int) -> UInt64 {
    (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)) & 0xFFFF
  }

  private func describeV6() -> String {
    // RFC 5952 §4.2: the longest run of at least two zero groups, the first of equals, becomes "::".
    var gap = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, group(end) == 0 { end += 1 }
      if end - start >= 2, end - start > gap.count { gap = start..<end }
      start = end + 1
    }
    var text = ""
    var index = 0
    while index < 8 {
      if !gap.isEmpty, index == gap.lowerBound {
        text += "::"
        index = gap.upperBound
        continue
      }
      if index > 0, index != gap.upperBound || gap.isEmpty { text += ":" }
      text += String(group(index), radix: 16)
      index += 1
    }
    return text
  }
}
