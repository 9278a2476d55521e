internal import Bytes
public import NetAddress

/// A reverse-path or forward-path as it stood between the angle brackets (RFC 5321 §4.1.2, RFC 6531 §3.3).
///
/// `text` is kept byte for byte: the gateway judges an address by its parts and forwards it as it came.
public struct Path: Hashable, Sendable {
  /// Kept in one object: a path passes through many hands, and each copy counts references.
  private final class Parts: Sendable {
    let text: String
    let route: [String]
    let localPart: String
    let domain: PathDomain?
    let isQuoted: Bool

    init(text: String, route: [String], localPart: String, domain: PathDomain?, isQuoted: Bool) {
      self.text = text
      self.route = route
      self.localPart = localPart
      self.domain = domain
      self.isQuoted = isQuoted
    }
  }

  private let parts: Parts

  /// What stood between `<` and `>`, source route included; empty for the null reverse-path.
  public var text: String { parts.text }
  /// The hosts of a source route, `@a,@b:`; empty in nearly every mail of our days.
  public var route: [String] { parts.route }
  /// The local part with its quoting taken off.
  public var localPart: String { parts.localPart }
  /// nil for a bare local part such as `postmaster`.
  public var domain: PathDomain? { parts.domain }
  /// Whether the local part stood in quotes.
  public var isQuoted: Bool { parts.isQuoted }

  public init(
    text: String, route: [String] = [], localPart: String, domain: PathDomain?, isQuoted: Bool = false
  ) {
    parts = Parts(text: text, route: route, localPart: localPart, domain: domain, isQuoted: isQuoted)
  }

  public static func == (left: Path, right: Path) -> Bool {
    left.parts === right.parts
      || left.text == right.text && left.localPart == right.localPart && left.domain == right.domain
        && left.route == right.route && left.isQuoted == right.isQuoted
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(text)
    hasher.combine(localPart)
  }

  /// The null reverse-path `<>` of notifications (RFC 5321 §4.5.5).
  public static let null = Path(text: "", localPart: "", domain: nil)

  public var isNull: Bool { text.isEmpty }

  /// Whether it can only travel under SMTPUTF8 (RFC 6531).
  public var isInternationalized: Bool { !text.utf8.allSatisfy { $0 < 0x80 } }

  /// `local@domain` without route, in the quoting it came with: what look-ups and logs show.
  public var mailbox: String {
    guard !route.isEmpty else { return text }
    // The colon of an IPv6 literal in the route does not end it.
    var isInLiteral = false
    let colon = text.utf8.firstIndex { byte in
      if byte == UInt8(ascii: "[") { isInLiteral = true }
      if byte == UInt8(ascii: "]") { isInLiteral = false }
      return byte == UInt8(ascii: ":") && !isInLiteral
    }
    guard let colon else { return text }
    return String(text[text.utf8.index(after: colon)...])
  }

  /// Whether it is `postmaster`, bare or at some domain, in any case (RFC 5321 §4.5.1).
  public var isPostmaster: Bool { route.isEmpty && localPart.equalsPostmaster }

  /// The same bare local part at `domain`; a path that has a domain stays as it is.
  public func completed(with domain: String) -> Path {
    guard self.domain == nil, !isNull else { return self }
    return Path(
      text: text + "@" + domain, route: route, localPart: localPart, domain: .name(domain), isQuoted: isQuoted
    )
  }
}

/// What stands behind the `@` (RFC 5321 §4.1.2, §4.1.3).
public enum PathDomain: Hashable, Sendable, CustomStringConvertible {
  /// A host name, without its trailing dot, in the case it came in.
  case name(String)
  /// An address literal, `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
  case literal(IPAddress)
  /// A general address literal, `[tag:content]`, of a kind nobody has registered.
  case otherLiteral(String)

  public var description: String {
    switch self {
    case .name(let name): name
    case .literal(let address): address.isV4 ? "[\(address)]" : "[IPv6:\(address)]"
    case .otherLiteral(let content): "[\(content)]"
    }
  }

  /// The host name with A–Z made small; nil for a literal.
  public var lowercasedName: String? {
    if case .name(let name) = self { name.lowercasedASCII } else { nil }
  }
}

/// Why a path was refused.
public enum PathFault: Error, Hashable, Sendable {
  /// Not the grammar of RFC 5321 §4.1.2.
  case malformed
  /// A length limit of RFC 5321 §4.5.3.1 was passed.
  case tooLong
}

extension String {
  fileprivate var equalsPostmaster: Bool { equalsIgnoringASCIICase("postmaster") }
}
