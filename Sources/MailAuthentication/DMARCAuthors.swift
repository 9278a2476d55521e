public import DNS
public import MailSyntax

/// Whose domains a message names as its author: those of From (RFC 7489 §3.1.1), as mail clients would show it.
public struct DMARCAuthors: Hashable, Sendable {
  /// Each domain once, in their order.
  public private(set) var domains: [DNSName] = []
  /// From fields; RFC 5322 §3.6 has one.
  public private(set) var fields = 0
  /// Whether each of them was a list of addresses.
  public private(set) var isReadable = true
  /// Whether there was more than the bounds let in: what is left out may be somebody's domain.
  public private(set) var isCut = false
  /// Whether somebody is named by an address literal, who has no domain.
  public private(set) var hasLiteral = false

  /// Bound: nobody writes for so many organisations.
  public static let mostDomains = 10
  /// Bound: octets of all From fields together.
  public static let mostOctets = 64 * 1024

  /// Whether From is there and names nobody.
  public var isNobody: Bool { fields > 0 && domains.isEmpty && !hasLiteral }

  /// - Parameter octets: what the header was read from.
  public init(_ header: MessageHeader, of octets: [UInt8]) {
    self.init(octets, header.fields.lazy.filter { $0.isNamed("From") }.map(\.body))
  }

  /// Of the body of one From field.
  public init(from body: [UInt8]) { self.init(body, CollectionOfOne(0..<body.count)) }

  private init(_ octets: [UInt8], _ bodies: some Sequence<Range<Int>>) {
    var reader = AuthorReader()
    var left = Self.mostOctets
    for body in bodies {
      fields += 1
      reader.read(octets, body.prefix(left), isWhole: body.count <= left)
      left -= min(left, body.count)
    }
    domains = reader.domains
    isReadable = reader.isReadable
    isCut = reader.isCut
    hasLiteral = reader.hasLiteral
  }
}
