import Bytes

extension IPAddress {
  /// Reads a dotted quad without leading zeros, or IPv6 text (RFC 4291 §2.2, a dotted quad at its end
  /// included); no zone, no brackets, no white space.
  public init?(_ text: String) {
    self.init(ascii: text.utf8.span)
  }

  /// Reads the same forms from bytes; looks at no more than the 45 that an address can have.
  public init?(ascii text: Span<UInt8>) {
    guard text.count >= 2, text.count <= 45 else { return nil }
    var isV6 = false
    for index in 0..<min(5, text.count) where text[index] == UInt8(ascii: ":") { isV6 = true }
    if isV6 {
      self.init(v6Text: text)
    } else {
      guard let v4 = Self.dottedQuad(text, from: 0) else { return nil }
      self.init(v4: v4)
    }
  }

  /// Four decimal parts from `start` to the end of the text. A leading zero is refused, for some read it
  /// as octal.
  private static func dottedQuad(_ text: Span<UInt8>, from start: Int) -> UInt32? {
    var value: UInt32 = 0
    var parts = 0
    var index = start
    while parts < 4 {
      let first = index
      var part: UInt32 = 0
      while index < text.count, index - first < 3, text[index].isASCIIDigit {
        part = part * 10 + UInt32(text[index] - UInt8(ascii: "0"))
        index += 1
      }
      guard index > first, part <= 255, index - first == 1 || text[first] != UInt8(ascii: "0") else {
        return nil
      }
      value = value << 8 | part
      parts += 1
      if parts < 4 {
        guard index < text.count, text[index] == UInt8(ascii: ".") else { return nil }
        index += 1
      }
    }
    return index == text.count ? value : nil
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    if byte.isASCIIDigit { return byte - UInt8(ascii: "0") }
    let letter = byte.lowercasedASCII
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f") ? letter - UInt8(ascii: "a") + 10 : nil
  }

  private init?(v6Text text: Span<UInt8>) {
    var groups = GroupsBeforeAndAfterGap()
    var index = 0
    if text[0] == UInt8(ascii: ":") {
      guard text[1] == UInt8(ascii: ":") else { return nil }
      groups.beginGap()
      index = 2
    }
    while index < text.count {
      let first = index
      var group: UInt64 = 0
      while index < text.count, index - first < 4, let digit = Self.hexadecimal(text[index]) {
        group = group << 4 | UInt64(digit)
        index += 1
      }
      guard index > first else { return nil }
      if index < text.count, text[index] == UInt8(ascii: ".") {
        guard let v4 = Self.dottedQuad(text, from: first) else { return nil }
        guard groups.append(UInt64(v4 >> 16)), groups.append(UInt64(v4 & 0xFFFF)) else { return nil }
        index = text.count
        break
      }
      guard groups.append(group) else { return nil }
      if index == text.count { break }
      guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return nil }
      index += 1
      if text[index] == UInt8(ascii: ":") {
        guard !groups.hasGap else { return nil }
        groups.beginGap()
        index += 1
      }
    }
    guard let address = groups.address else { return nil }
    self = address
  }

  /// The groups read so far, on each side of `::`.
  private struct GroupsBeforeAndAfterGap {
    private var before: UInt128 = 0
    private var after: UInt128 = 0
    private var countBefore = 0
    private var countAfter = 0
    private(set) var hasGap = false

    mutating func beginGap() { hasGap = true }

    mutating func append(_ group: UInt64) -> Bool {
      guard countBefore + countAfter < 8 else { return false }
      if hasGap {
        after = after << 16 | UInt128(group)
        countAfter += 1
      } else {
        before = before << 16 | UInt128(group)
        countBefore += 1
      }
      return true
    }

    var address: IPAddress? {
      // RFC 4291 §2.2: "::" stands for one or more groups.
      guard hasGap ? countBefore + countAfter < 8 : countBefore == 8 else { return nil }
      let bits = before << UInt128(16 * (8 - countBefore)) | after
      return IPAddress(high: UInt64(bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }
  }
}
