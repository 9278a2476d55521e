internal import Bytes

/// Finds links in text and HTML: `http://`, `https://`, `ftp://`, `//host` behind a quote or `=`, bare `www.`; and
/// those that stand, percent-encoded, within another. In prose names of hosts without anything, too: `bad.com/x`.
///
/// Bounds: one pass over the text, 200 links, 253 octets of a host; 512 KiB of paths are read, since each of many
/// links side by side has all that follow in its path, and 64 KiB of those are searched for links in turn.
public struct LinkFinder: Sendable {
  public static let most = 200
  private static let longestAuthority = 600

  /// A link, and how it stands in the text.
  public struct Found: Hashable, Sendable {
    public let link: Link
    /// At most 1200 octets.
    public let written: String
  }

  /// In the order of the text, each link once.
  public private(set) var found: [Found] = []
  private var seen: Set<Link> = []
  private var pathsLeft = 512 << 10
  private var nestedLeft = 64 << 10

  public var links: [Link] { found.map(\.link) }
  /// Whether there may be more than it finds.
  public var isFull: Bool { found.count >= most }

  private let most: Int

  /// - Parameter most: links that are found.
  public init(most: Int = LinkFinder.most) { self.most = most }

  /// The links of one text.
  public static func links(in text: [UInt8]) -> [Link] {
    var finder = LinkFinder()
    finder.look(in: text)
    return finder.links
  }

  /// Adds the links of another text.
  ///
  /// - Parameter isProse: whether it is text that a person reads, in which mail clients make links of names of hosts.
  public mutating func look(in text: [UInt8], isProse: Bool = false) {
    look(in: text, depth: 0, isProse: isProse)
  }

  private mutating func look(in text: [UInt8], depth: Int, isProse: Bool = false) {
    var index = 0
    var floor = 0
    while index < text.count, found.count < most {
      let byte = text[index]
      if byte == UInt8(ascii: "/"), let start = Self.authority(text, slash: index) {
        (index, floor) = take(text, from: start, depth)
      } else if byte | 0x20 == UInt8(ascii: "w"), Self.isBareHost(text, index) {
        (index, floor) = take(text, from: index, depth)
      } else if isProse, byte == .dot, index > floor, BareHost.mayEnd(text, at: index, floor: floor) {
        let (start, end, isHost) = BareHost.read(text, dot: index, floor: floor)
        (index, floor) = isHost ? take(text, from: start, depth) : (end, end)
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
      || before == UInt8(ascii: "/"))
  }

  /// Reads authority and path from `start`.
  ///
  /// - Returns: where the search goes on: behind the host, so that a link within the path is found as well; and where
  ///   the path ends.
  private mutating func take(_ text: [UInt8], from start: Int, _ depth: Int) -> (end: Int, pathEnd: Int) {
    var authority: [UInt8] = []
    var index = start
    while index < text.count, authority.count < Self.longestAuthority {
      let ignored = text[index] < 0x80 ? 0 : Self.ignored(text, index)
      if ignored > 0 {
        index += ignored
        continue
      }
      guard let (byte, length) = Self.character(text, index), !Self.endsAuthority(byte) else { break }
      authority.append(byte)
      index += length
    }
    let end = index
    let isWhole = !Self.cutProse(&authority)
    guard let (host, address) = LinkHost.read(authority) else { return (end, end) }
    var path: [UInt8] = []
    let longest = isWhole ? min(Link.longestPath, pathsLeft) : 0
    while index < text.count, path.count < longest {
      guard let (byte, length) = Self.character(text, index), !Self.endsLink(byte) else { break }
      path.append(byte)
      index += length
    }
    pathsLeft -= path.count
    if let first = path.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?") { path = [] }
    let link = Link(host: host, address: address, path: String(decoding: path, as: UTF8.self))
    guard seen.insert(link).inserted else { return (end, index) }
    let written = Array(text[Self.startOfScheme(text, start)..<start]) + authority + path
    found.append(Found(link: link, written: String(decoding: written, as: UTF8.self)))
    // Encoded once, or twice where it passed through two of them.
    for _ in 0..<2 where depth < 2 && path.contains(UInt8(ascii: "%")) && nestedLeft >= path.count {
      nestedLeft -= path.count
      path = PercentEncoding.undone(path)
      look(in: path, depth: depth + 1)
    }
    return (end, index)
  }

  /// Where `http://` begins that ends at `end`; `end` itself for a bare host.
  private static func startOfScheme(_ text: [UInt8], _ end: Int) -> Int {
    var start = end
    while start > 0, end - start < 8, Link.isSlash(text[start - 1]) { start -= 1 }
    guard start > 0, start < end, text[start - 1] == UInt8(ascii: ":") else { return start }
    start -= 1
    while start > 0, end - start < 16, text[start - 1].isASCIILetter { start -= 1 }
    return start
  }

  /// Takes away what is prose and no part of a host, where nothing stands between them, as in Chinese: `www.a.test领取`;
  /// gives whether there was something.
  private static func cutProse(_ authority: inout [UInt8]) -> Bool {
    guard authority.contains(where: { $0 >= 0x80 }) else { return false }
    var index = 0
    while index + 2 < authority.count {
      let isFullStop =
        authority[index] == 0xe3 && authority[index + 1] == 0x80 && authority[index + 2] == 0x82
      // The full stop is a dot to browsers, and a full stop where no Latin goes on.
      let goesOn = index + 3 < authority.count && authority[index + 3].isASCIILetterOrDigit
      if isProse(authority, index), !(isFullStop && goesOn) {
        authority.removeSubrange(index...)
        return true
      }
      index += 1
    }
    // A last label of Latin with something else behind it is none.
    let label = (authority.lastIndex(of: .dot) ?? -1) + 1
    guard label > 0, label + 2 < authority.count, authority[label].isASCIILetter,
      authority[label + 1].isASCIILetter,
      let end = authority[label...].firstIndex(where: { $0 >= 0x80 })
    else { return false }
    // Letters of Latin, Greek and Cyrillic may be part of a name; those of the East are not.
    guard authority[end] >= 0xe3 else { return false }
    authority.removeSubrange(end...)
    return true
  }

  /// Punctuation of the East: `、。〈〉《》「」『』【】` and `！（），：；？`, quotation marks, dots.
  private static func isProse(_ text: [UInt8], _ index: Int) -> Bool {
    let (second, third) = (text[index + 1], text[index + 2])
    switch (text[index], second) {
    case (0xe3, 0x80): return (0x81...0x82).contains(third) || (0x88...0x91).contains(third)
    case (0xef, 0xbc): return [0x81, 0x88, 0x89, 0x8c, 0x9a, 0x9b, 0x9f].contains(third)
    case (0xe2, 0x80): return (0x98...0x9f).contains(third) || third == 0xa6
    default: return false
    }
  }

  /// How long a character is that names of hosts are written with and that is no part of them (UTS #46 §4): the soft
  /// hyphen, joiners, what has no width. 0 for others.
  static func ignored(_ text: [UInt8], _ index: Int) -> Int {
    let second = index + 1 < text.count ? text[index + 1] : 0
    let third = index + 2 < text.count ? text[index + 2] : 0
    switch (text[index], second) {
    case (0xc2, 0xad): return 2
    case (0xe2, 0x80): return (0x8b...0x8d).contains(third) ? 3 : 0
    case (0xe2, 0x81): return (0xa0...0xa4).contains(third) ? 3 : 0
    case (0xef, 0xbb): return third == 0xbf ? 3 : 0
    default: return 0
    }
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
}
