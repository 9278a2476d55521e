internal import Bytes
internal import NetAddress

/// The host of a link (RFC 3986 §3.2.2), as browsers read it.
enum LinkHost {
  /// The host of an authority, user and port left out; nil where there is none that leads anywhere.
  static func read(_ authority: [UInt8]) -> (name: String, address: IPAddress?)? {
    var host = authority[...]
    if let at = host.lastIndex(of: UInt8(ascii: "@")) { host = host[(at + 1)...] }
    if host.first == UInt8(ascii: "[") {
      guard let close = host.firstIndex(of: UInt8(ascii: "]")),
        let address = IPAddress(String(decoding: host[(host.startIndex + 1)..<close], as: UTF8.self))
      else { return nil }
      return (address.description, address)
    }
    if let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
    var name = PercentEncoding.undone(Array(host))
    name = name.allSatisfy { $0 < 0x80 } ? name.map(\.lowercasedASCII) : plain(name)
    while let last = name.last,
      last == .dot || last == UInt8(ascii: ",") || last == UInt8(ascii: ";")
        || last == UInt8(ascii: "!") || last == UInt8(ascii: "*") || last == UInt8(ascii: "_")
    {
      name.removeLast()
    }
    guard !name.isEmpty, name.count <= 253, let text = String(validating: name, as: UTF8.self) else {
      return nil
    }
    if let address = LegacyAddress.read(text) { return (address.description, address) }
    guard name.contains(.dot), name.first != .dot,
      name.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == 0x2d || $0 == 0x5f || $0 >= 0x80 })
    else { return nil }
    return (text, nil)
  }

  /// A name with other than ASCII in it as names of hosts are prepared (UTS #46 §4, as far as spam goes): wide and
  /// decorated letters plain, the dots of other scripts dots, invisible characters gone, all letters small.
  private static func plain(_ name: [UInt8]) -> [UInt8] {
    var result = ""
    for scalar in String(decoding: name, as: UTF8.self).unicodeScalars {
      if isIgnored(scalar.value) { continue }
      let mapped = Unicode.Scalar(unadorned(scalar.value)) ?? scalar
      if mapped == "\u{fffd}" { return [] }
      result += mapped.properties.lowercaseMapping
    }
    return Array(result.utf8)
  }

  private static func isIgnored(_ value: UInt32) -> Bool {
    switch value {
    case 0xad, 0x34f, 0x180b...0x180f, 0x200b...0x200d, 0x2060...0x2064, 0xfe00...0xfe0f, 0xfeff,
      0xe0100...0xe01ef:
      true
    default: false
    }
  }

  private static func unadorned(_ value: UInt32) -> UInt32 {
    switch value {
    case 0x3002, 0xff0e, 0xff61: 0x2e
    case 0xff01...0xff5e: value - 0xfee0
    case 0x24b6...0x24cf: value - 0x24b6 + 0x61
    case 0x24d0...0x24e9: value - 0x24d0 + 0x61
    case 0x2460...0x2468: value - 0x2460 + 0x31
    case 0x1d400...0x1d6a3: 0x61 + (value - 0x1d400) % 26
    case 0x1d7ce...0x1d7ff: 0x30 + (value - 0x1d7ce) % 10
    case 0x1f130...0x1f149: value - 0x1f130 + 0x61
    default: value
    }
  }
}

/// Percent encoding (RFC 3986 §2.1).
public enum PercentEncoding {
  /// The octets with their escapes resolved; what is none stays.
  public static func undone(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(UInt8(ascii: "%")) else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: "%"), index + 2 < text.count, let high = text[index + 1].hexValue,
        let low = text[index + 2].hexValue
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}
