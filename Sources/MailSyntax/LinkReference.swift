internal import Bytes

extension Link {
  /// Where a reference of HTML leads (WHATWG URL §4.4, in what concerns hosts): `href`, `src`, `action`.
  ///
  /// Nil where it leads to no host of the web: `mailto:`, `cid:`, `javascript:`, or relative without a base.
  ///
  /// - Parameters:
  ///   - reference: the value of the attribute, its character references resolved.
  ///   - base: what it is relative to.
  public init?(reference: [UInt8], base: Link? = nil) {
    // Line breaks and tabs within do not count, nor white space and controls around.
    var text = reference.filter { $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }[...]
    while let first = text.first, first <= 0x20 { text.removeFirst() }
    while let last = text.last, last <= 0x20 { text.removeLast() }
    if let colon = Self.endOfScheme(text) {
      let scheme = text[..<colon].map(\.lowercasedASCII)
      let rest = text[(colon + 1)...]
      if scheme.elementsEqual("file".utf8) {
        // A share of another machine, to which Windows logs in: `file://host/share`, `file:////host/share`. With three
        // slashes it is a file of this one.
        let slashes = rest.prefix(while: Self.isSlash).count
        guard slashes == 2 || slashes > 3 else { return nil }
        self.init(authorityFirst: rest.dropFirst(slashes))
        return
      }
      guard Self.schemes.contains(where: { scheme.elementsEqual($0.utf8) }) else { return nil }
      // Any number of slashes, none too, leads to the authority.
      self.init(authorityFirst: rest.drop(while: Self.isSlash))
    } else if text.count > 2, Self.isSlash(text[text.startIndex]), Self.isSlash(text[text.startIndex + 1]) {
      self.init(authorityFirst: text.drop(while: Self.isSlash))
    } else if let base {
      self.init(host: base.host, address: base.address, path: Self.path(text, on: base.path))
    } else {
      return nil
    }
  }

  static let longestPath = 500
  private static let schemes = ["http", "https", "ftp", "ws", "wss"]

  static func isSlash(_ octet: UInt8) -> Bool { octet == UInt8(ascii: "/") || octet == UInt8(ascii: "\\") }

  /// The place of the colon behind a scheme (RFC 3986 §3.1).
  private static func endOfScheme(_ text: ArraySlice<UInt8>) -> Int? {
    guard text.first?.isASCIILetter == true else { return nil }
    let end = text.firstIndex {
      !($0.isASCIILetterOrDigit || $0 == UInt8(ascii: "+") || $0 == 0x2d || $0 == .dot)
    }
    guard let end, text[end] == UInt8(ascii: ":") else { return nil }
    return end
  }

  private init?(authorityFirst text: ArraySlice<UInt8>) {
    let authority = text.prefix {
      !Self.isSlash($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
    }
    guard let (host, address) = LinkHost.read(Array(authority)) else { return nil }
    let rest = text[authority.endIndex...].prefix { $0 != UInt8(ascii: "#") }
    self.init(host: host, address: address, path: Self.text(of: rest))
  }

  private static func path(_ text: ArraySlice<UInt8>, on base: String) -> String {
    let text = text.prefix { $0 != UInt8(ascii: "#") }
    guard let first = text.first else { return base }
    if isSlash(first) { return Self.text(of: text) }
    let path = base.utf8.prefix { $0 != UInt8(ascii: "?") }
    if first == UInt8(ascii: "?") { return Self.text(of: (Array(path) + text)[...]) }
    let folder = path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "/".utf8[...]
    return Self.text(of: (Array(folder) + text)[...])
  }

  /// At most 500 octets, a backslash a slash in the first place.
  private static func text(of path: ArraySlice<UInt8>) -> String {
    guard let first = path.first else { return "" }
    var path = Array(path.prefix(longestPath))
    if first == UInt8(ascii: "\\") { path[0] = UInt8(ascii: "/") }
    return String(decoding: path, as: UTF8.self)
  }
}
