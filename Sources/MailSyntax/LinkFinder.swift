internal import Bytes
public import NetAddress

/// A link found in a text.
public struct Link: Hashable, Sendable {
  /// In small letters, percent escapes undone, without a final dot; an address in its canonical form.
  public let host: String
  /// The host as an address, in whatever notation it stood (`0x7f.1`, `2130706433`).
  public let address: IPAddress?
  /// Path and query with their first `/` or `?`, as they stood, at most 500 octets; perhaps empty.
  public let path: String

  public init(host: String, address: IPAddress? = nil, path: String = "") {
    self.host = host
    self.address = address
    self.path = path
  }
}

/// Finds links in text and HTML: `http://`, `https://`, `ftp://`, `//host` behind a quote or `=`, bare `www.`; and
/// those that stand, percent-encoded, within another.
///
/// Bounds: one pass over the text, 200 links, 253 octets of a host; 512 KiB of paths are read, since each of many
/// links side by side has all that follow in its path, and 64 KiB of those are searched for links in turn.
public struct LinkFinder {
  public static let most = 200
  private static let longestPath = 500
  private static let longestAuthority = 600

  /// In the order of the text, each once.
  public private(set) var links: [Link] = []
  private var seen: Set<Link> = []
  private var pathsLeft = 512 << 10
  private var nestedLeft = 64 << 10

  public init() {}

  /// The links of one text.
  public static func links(in text: [UInt8]) -> [Link] {
    var finder = LinkFinder()
    finder.look(in: text)
    return finder.links
  }

  /// Adds the links of another text.
  public mutating func look(in text: [UInt8]) { look(in: text, depth: 0) }

  private mutating func look(in text: [UInt8], depth: Int) {
    var index = 0
    while index < text.count, links.count < Self.most {
      let byte = text[index]
      if byte == UInt8(ascii: "/"), let start = Self.authority(text, slash: index) {
        index = take(text, from: start, depth)
      } else if byte | 0x20 == UInt8(ascii: "w"), Self.isBareHost(text, index) {
        index = take(text, from: index, depth)
      } else {
        index += 1
      }
    }
  }

  /// Where an authority begins behind the slashes at `slash`; nil where these are none of a link.
  private static func authority(_ text: [UInt8], slash: Int) -> Int? {
    // A backslash is as good as a slash to browsers.
    guard slash + 2 < text.count,
      text[slash + 1] == UInt8(ascii: "/") || text[slash + 1] == UInt8(ascii: "\\")
    else {
      return nil
    }
    var start = slash + 2
    while start < text.count, start < slash + 8,
      text[start] == UInt8(ascii: "/") || text[start] == UInt8(ascii: "\\")
    {
      start += 1
    }
    if slash == 0 { return start }
    switch text[slash - 1] {
    case UInt8(ascii: ":"):
      let scheme = text[max(0, slash - 6)..<(slash - 1)]
      return ["http", "https", "ftp"].contains {
        scheme.suffix($0.utf8.count).map(\.lowercasedASCII).elementsEqual($0.utf8)
      }
        ? start : nil
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "="): return start
    default: return nil
    }
  }

  private static func isBareHost(_ text: [UInt8], _ index: Int) -> Bool {
    guard index + 5 < text.count, text[index + 1] | 0x20 == 0x77, text[index + 2] | 0x20 == 0x77,
      text[index + 3] == .dot, text[index + 4].isASCIILetterOrDigit || text[index + 4] >= 0x80
    else { return false }
    if index == 0 { return true }
    let before = text[index - 1]
    return
      !(before.isASCIILetterOrDigit || before == .dot || before == 0x2d || before == UInt8(ascii: "@")
      || before == UInt8(ascii: "/") || before >= 0x80)
  }

  /// Reads authority and path from `start`.
  ///
  /// - Returns: where the search goes on: behind the host, so that a link within the path is found as well.
  private mutating func take(_ text: [UInt8], from start: Int, _ depth: Int) -> Int {
    var authority: [UInt8] = []
    var index = start
    while index < text.count, authority.count < Self.longestAuthority {
      guard let (byte, length) = Self.character(text, index), !Self.endsAuthority(byte) else { break }
      authority.append(byte)
      index += length
    }
    let end = index
    guard let (host, address) = Self.host(authority) else { return max(end, start) }
    var path: [UInt8] = []
    let longest = min(Self.longestPath, pathsLeft)
    while index < text.count, path.count < longest {
      guard let (byte, length) = Self.character(text, index), !Self.endsLink(byte) else { break }
      path.append(byte)
      index += length
    }
    pathsLeft -= path.count
    if let first = path.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?") { path = [] }
    let link = Link(host: host, address: address, path: String(decoding: path, as: UTF8.self))
    guard seen.insert(link).inserted else { return end }
    links.append(link)
    // Encoded once, or twice where it passed through two of them.
    for _ in 0..<2 where depth < 2 && path.contains(UInt8(ascii: "%")) && nestedLeft >= path.count {
      nestedLeft -= path.count
      path = Self.undoingPercent(path)
      look(in: path, depth: depth + 1)
    }
    return end
  }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    endsLink(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
      || byte == UInt8(ascii: "\\")
  }

  private static func endsLink(_ byte: UInt8) -> Bool {
    if byte <= 0x20 || byte == 0x7f { return true }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "^"),
      UInt8(ascii: "`"):
      return true
    default: return false
    }
  }

  /// The character at an offset and how long it stands there: an HTML reference of ASCII (`&#46;`, `&amp;`) is
  /// one.
  private static func character(_ text: [UInt8], _ index: Int) -> (UInt8, Int)? {
    let byte = text[index]
    guard byte == UInt8(ascii: "&"),
      let semicolon = text[index..<min(text.count, index + 9)].firstIndex(of: 0x3b)
    else { return (byte, 1) }
    let name = text[(index + 1)..<semicolon].map(\.lowercasedASCII)
    let length = semicolon - index + 1
    if name.elementsEqual("amp".utf8) { return (UInt8(ascii: "&"), length) }
    if name.elementsEqual("period".utf8) { return (.dot, length) }
    guard name.first == UInt8(ascii: "#") else { return (byte, 1) }
    let isHex = name.dropFirst().first == UInt8(ascii: "x")
    let digits = String(decoding: name.dropFirst(isHex ? 2 : 1), as: UTF8.self)
    guard let value = UInt8(digits, radix: isHex ? 16 : 10), value < 0x80 else { return (byte, 1) }
    return (value, length)
  }

  // MARK: The host

  /// The host of an authority (RFC 3986 §3.2), user and port left out.
  private static func host(_ authority: [UInt8]) -> (String, IPAddress?)? {
    var host = authority[...]
    if let at = host.lastIndex(of: UInt8(ascii: "@")) { host = host[(at + 1)...] }
    if host.first == UInt8(ascii: "[") {
      guard let close = host.firstIndex(of: UInt8(ascii: "]")),
        let address = IPAddress(String(decoding: host[(host.startIndex + 1)..<close], as: UTF8.self))
      else { return nil }
      return (address.description, address)
    }
    if let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
    var name = undoingPercent(Array(host)).map(\.lowercasedASCII)
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

  private static func undoingPercent(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(UInt8(ascii: "%")) else { return text }
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: "%"), index + 2 < text.count, text[index + 1].isASCIIHexDigit,
        text[index + 2].isASCIIHexDigit,
        let value = UInt8(String(decoding: text[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        result.append(value)
        index += 3
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }
}

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
