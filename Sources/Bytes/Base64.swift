/// Base64 as RFC 4648 §4 writes it, and nothing near it: no white space, no other alphabet, padded, the bits left
/// over zero. So there is one text for any octets, and one reading of any text.
public enum Base64 {
  /// How many digits of base64 stand in some octets.
  public static func digits(in octets: Span<UInt8>) -> Int {
    octets.withUnsafeBufferPointer { octets in
      var count = 0
      // Without a branch: so it is many octets a step.
      for octet in octets {
        let letter: UInt8 = (octet | 0x20) &- 0x61 < 26 ? 1 : 0
        let number: UInt8 = octet &- 0x30 < 10 ? 1 : 0
        let sign: UInt8 = octet == 0x2b ? 1 : 0
        let slash: UInt8 = octet == 0x2f ? 1 : 0
        count &+= Int(letter | number | sign | slash)
      }
      return count
    }
  }

  /// The octets that `text` stands for; nil where it is not the one text that stands for them. Empty for empty.
  public static func decoded(_ text: [UInt8]) -> [UInt8]? { decoded(text[...]) }

  /// The octets that `text` stands for; nil where it is not the one text that stands for them. Empty for empty.
  public static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let padding = text.suffix(2).reversed().prefix { $0 == pad }.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    for byte in text.dropLast(padding) {
      guard let value = value(byte) else { return nil }
      group = group << 6 | UInt32(value)
      digits += 1
      if digits == 4 {
        bytes.append(UInt8(truncatingIfNeeded: group >> 16))
        bytes.append(UInt8(truncatingIfNeeded: group >> 8))
        bytes.append(UInt8(truncatingIfNeeded: group))
        group = 0
        digits = 0
      }
    }
    switch digits {
    case 0: return bytes
    case 2 where group & 0xf == 0: bytes.append(UInt8(truncatingIfNeeded: group >> 4))
    case 3 where group & 0x3 == 0:
      bytes.append(UInt8(truncatingIfNeeded: group >> 10))
      bytes.append(UInt8(truncatingIfNeeded: group >> 2))
    default: return nil
    }
    return bytes
  }

  /// The octets that `text` stands for; nil where it is not the one text that stands for them.
  public static func decoded(_ text: some StringProtocol) -> [UInt8]? { decoded(Array(text.utf8)) }

  /// The text of `bytes`, in ASCII, on one line.
  public static func encoded(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let left = bytes.count - index
      let group =
        UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
        | (left > 2 ? UInt32(bytes[index + 2]) : 0)
      text.append(digit(group >> 18))
      text.append(digit(group >> 12))
      text.append(left > 1 ? digit(group >> 6) : pad)
      text.append(left > 2 ? digit(group) : pad)
      index += 3
    }
    return text
  }

  /// The text of `bytes` on one line.
  public static func text(_ bytes: [UInt8]) -> String { String(decoding: encoded(bytes), as: UTF8.self) }

  private static let pad = UInt8(ascii: "=")

  private static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x41...0x5a: byte - 0x41
    case 0x61...0x7a: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  private static func digit(_ bits: UInt32) -> UInt8 {
    let value = UInt8(bits & 0x3f)
    return switch value {
    case 0..<26: value + 0x41
    case 26..<52: value - 26 + 0x61
    case 52..<62: value - 52 + 0x30
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}
