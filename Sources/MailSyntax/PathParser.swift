internal import Bytes
internal import NetAddress

/// Length limits of a path in octets (RFC 5321 §4.5.3.1).
public struct PathLimits: Hashable, Sendable {
  public var localPart: Int
  public var domain: Int
  public var path: Int

  /// RFC 5321 §4.5.3.1.1–3.
  public static let recipient = PathLimits(localPart: 64, domain: 255, path: 254)
  /// Deviation: senders write a whole foreign address into the local part (VERP, SRS); these are not refused
  /// for their length before the path limit.
  public static let sender = PathLimits(localPart: 254, domain: 255, path: 254)
}

/// Reads a path from the argument of MAIL or RCPT, and says where it ended.
///
/// Takes `<path>`, and, as most servers do, a bare address without angle brackets.
public struct PathParser {
  private let bytes: [UInt8]
  private var position: Int
  private let limits: PathLimits

  private init(_ bytes: [UInt8], _ position: Int, _ limits: PathLimits) {
    self.bytes = bytes
    self.position = position
    self.limits = limits
  }

  /// Parses a path at `start`; answers it with the offset of the first byte behind it.
  public static func parse(
    _ bytes: [UInt8], at start: Int = 0, limits: PathLimits = .recipient
  ) -> Result<(path: Path, end: Int), PathFault> {
    var parser = PathParser(bytes, start, limits)
    do {
      let path = try parser.bracketedOrBare()
      return .success((path, parser.position))
    } catch {
      return .failure(error)
    }
  }

  /// Parses a whole text as one path; nil unless all of it is one.
  public static func parse(whole text: String, limits: PathLimits = .recipient) -> Path? {
    let bytes = Array(text.utf8)
    guard case .success(let (path, end)) = parse(bytes, limits: limits), end == bytes.count else {
      return nil
    }
    return path
  }

  /// Parses a whole text as an address that mail can be sent to from anywhere: it has a domain.
  public static func parse(address text: String) -> Path? {
    parse(whole: text).flatMap { $0.domain == nil ? nil : $0 }
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private mutating func bracketedOrBare() throws(PathFault) -> Path {
    let isBracketed = take(UInt8(ascii: "<"))
    let start = position
    if isBracketed, take(UInt8(ascii: ">")) {
      guard current?.isWhiteSpace ?? true else { throw .malformed }
      return .null
    }
    let path = try content(from: start)
    if isBracketed, !take(UInt8(ascii: ">")) { throw .malformed }
    if let next = current, !next.isWhiteSpace { throw .malformed }
    return path
  }

  private mutating func content(from start: Int) throws(PathFault) -> Path {
    let route = try sourceRoute()
    let (local, isQuoted) = try localPart()
    guard local.count <= limits.localPart else { throw .tooLong }
    var domain: PathDomain?
    if take(UInt8(ascii: "@")) { domain = try self.domain() }
    // A source route leads to a mailbox, never to a bare word.
    if domain == nil, !route.isEmpty { throw .malformed }
    guard position - start <= limits.path else { throw .tooLong }
    guard let text = String(utf8: bytes[start..<position]),
      let localText = String(utf8: local)
    else { throw .malformed }
    return Path(text: text, route: route, localPart: localText, domain: domain, isQuoted: isQuoted)
  }

  /// `@a,@b:` in front of a mailbox (RFC 5321 §4.1.2 A-d-l, obsolete but to be understood).
  private mutating func sourceRoute() throws(PathFault) -> [String] {
    guard current == UInt8(ascii: "@") else { return [] }
    var hosts: [String] = []
    repeat {
      guard take(UInt8(ascii: "@")) else { throw .malformed }
      hosts.append(try domain().description)
      guard hosts.count <= 16 else { throw .tooLong }
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: ":")) else { throw .malformed }
    return hosts
  }

  private mutating func localPart() throws(PathFault) -> (ArraySlice<UInt8>, isQuoted: Bool) {
    if take(UInt8(ascii: "\"")) { return (try quotedString()[...], true) }
    let start = position
    while let byte = current, byte.isAtomText || byte == .dot { position += 1 }
    let local = bytes[start..<position]
    // Deviation: dots at the ends or doubled are not a dot-string, yet such addresses exist and are taken
    // by the servers that have them; only the empty local part is refused.
    guard !local.isEmpty else { throw .malformed }
    return (local, false)
  }

  private mutating func quotedString() throws(PathFault) -> [UInt8] {
    var content: [UInt8] = []
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard !content.isEmpty else { throw .malformed }
        return content
      case UInt8(ascii: "\\"):
        guard let escaped = current, (0x20...0x7e).contains(escaped) else { throw .malformed }
        position += 1
        content.append(escaped)
      default:
        guard byte >= 0x20, byte != 0x7f else { throw .malformed }
        content.append(byte)
      }
    }
    throw .malformed
  }

  private mutating func domain() throws(PathFault) -> PathDomain {
    if take(UInt8(ascii: "[")) { return try literal() }
    let start = position
    while let byte = current, byte.isDomainText { position += 1 }
    var name = bytes[start..<position]
    guard name.count <= limits.domain else { throw .tooLong }
    // `example.org.` is example.org: the dot is the root, which SMTP does not write but some do.
    if name.last == .dot { name = name.dropLast() }
    guard let text = DomainName.validated(name) else { throw .malformed }
    return .name(text)
  }

  private mutating func literal() throws(PathFault) -> PathDomain {
    let start = position
    while let byte = current, byte != UInt8(ascii: "]") {
      guard (0x21...0x7e).contains(byte), byte != UInt8(ascii: "["), byte != UInt8(ascii: "\\") else {
        throw .malformed
      }
      position += 1
    }
    let content = String(decoding: bytes[start..<position], as: UTF8.self)
    guard take(UInt8(ascii: "]")) else { throw .malformed }
    guard let literal = AddressLiteral.parse(content) else { throw .malformed }
    return literal
  }
}

/// Address literals as they stand between square brackets (RFC 5321 §4.1.3).
public enum AddressLiteral {
  /// Reads `192.0.2.1`, `IPv6:2001:db8::1` or `tag:content`; nil for anything else.
  public static func parse(_ content: String) -> PathDomain? {
    guard content.utf8.count <= 255 else { return nil }
    if let colon = content.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let tag = content[..<colon]
      let rest = content[content.utf8.index(after: colon)...]
      if tag.equalsIgnoringASCIICase("IPv6") {
        guard rest.utf8.contains(UInt8(ascii: ":")), let address = IPAddress(String(rest)) else { return nil }
        return .literal(address)
      }
      guard !tag.isEmpty, !rest.isEmpty,
        tag.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") })
      else { return nil }
      return .otherLiteral(content)
    }
    guard let address = IPAddress(content), address.isV4 else { return nil }
    return .literal(address)
  }
}

extension UInt8 {
  /// `atext` of RFC 5322 §3.2.3, and any byte of UTF-8 (RFC 6531 §3.3).
  fileprivate var isAtomText: Bool {
    if isASCIILetterOrDigit || self >= 0x80 { return true }
    switch self {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"),
      UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
      UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
      return true
    default:
      return false
    }
  }

  fileprivate var isDomainText: Bool {
    isASCIILetterOrDigit || self == UInt8(ascii: "-") || self == .dot || self == UInt8(ascii: "_")
      || self >= 0x80
  }
}
