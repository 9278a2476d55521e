internal import NetAddress

/// IPv4 addresses as browsers take them: one to four numbers, decimal, octal or hexadecimal.
enum LegacyAddress {
  static func read(_ text: String) -> IPAddress? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...4).contains(parts.count) else { return nil }
    var numbers: [UInt64] = []
    for part in parts {
      guard let number = number(part) else { return nil }
      numbers.append(number)
    }
    guard let last = numbers.popLast(), numbers.allSatisfy({ $0 <= 255 }) else { return nil }
    let room = UInt64(8 * (4 - numbers.count))
    guard last < 1 << room else { return nil }
    var value = last
    for (place, number) in numbers.enumerated() { value |= number << UInt64(24 - 8 * place) }
    // A lone number is an address only where it is large: `http://1` leads nowhere.
    return parts.count == 1 && value < 1 << 24 ? nil : IPAddress(v4: UInt32(value))
  }

  private static func number(_ part: Substring) -> UInt64? {
    guard let first = part.utf8.first, first.isASCIIDigit, part.utf8.count <= 14 else { return nil }
    if part.hasPrefix("0x") { return part.utf8.count == 2 ? 0 : UInt64(part.dropFirst(2), radix: 16) }
    if first == 0x30, part.utf8.count > 1 { return UInt64(part.dropFirst(), radix: 8) }
    return UInt64(part)
  }
}
