internal import Bytes

/// The addresses of a From, Sender, Reply-To, To or Cc field (RFC 5322 §3.4, with the obsolete forms of §4.4 and the
/// UTF-8 of RFC 6532), with where each stands.
///
/// What could be read in two ways is a fault, save an encoded word in whose text a comma stands: some senders write
/// those (against RFC 2047 §5), and no address hides in one. Bound: 5,000 mailboxes.
public struct AddressList: Sendable, Hashable {
  /// One `addr-spec`, or the bare name that stands in its place.
  public struct Mailbox: Sendable, Hashable {
    /// The local part with its quoting taken off.
    public let localPart: String
    /// What stands behind the `@`, comments and white space taken out; nil for a bare name.
    public let domain: String?
    /// Local part to domain, as offsets of the octets it was read from; comments around it are outside.
    public let range: Range<Int>
    /// Where the local part ends: a domain that completes a bare name goes here.
    public let localEnd: Int
    /// Whether it stands in angle brackets.
    public let isAngled: Bool
    /// Hosts of an obsolete source route in front of it.
    public let hasRoute: Bool

    /// `local@domain`, quoted where it has to be; the bare name for one without a domain.
    public var text: String {
      let local = AddressList.written(localPart)
      return domain.map { "\(local)@\($0)" } ?? local
    }
  }

  public static let mostMailboxes = 5000

  /// In their order, the members of groups among them.
  public let mailboxes: [Mailbox]
  /// How many groups there are (`name: …;`).
  public let groups: Int

  /// Reads the body of a field, folded or not.
  ///
  /// - Parameters:
  ///   - octets: what the offsets of `range` and of the mailboxes count in.
  ///   - range: the body, without the final CRLF.
  public init(_ octets: [UInt8], in range: Range<Int>) throws(AddressFault) {
    guard range.lowerBound >= 0, range.upperBound <= octets.count else { throw .unreadable(at: 0) }
    var parser = AddressParser(AddressLexer(octets, range))
    try parser.parse()
    mailboxes = parser.mailboxes
    groups = parser.groups
  }

  /// As the other, of octets that are a body as a whole.
  public init(_ octets: [UInt8]) throws(AddressFault) { try self.init(octets, in: 0..<octets.count) }

  /// A local part as a dot-atom or a quoted string.
  fileprivate static func written(_ localPart: String) -> String {
    let atoms = localPart.utf8.split(separator: .dot, omittingEmptySubsequences: false)
    if atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isAddressAtom) }) { return localPart }
    var quoted = "\""
    for scalar in localPart.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}

/// Why a field is no list of addresses, and at which octet that was seen.
public enum AddressFault: Error, Hashable, Sendable {
  /// A quoted string, comment, domain literal, angle bracket or group does not end.
  case unterminated(at: Int)
  /// Octets that stand nowhere in such a field: controls, bare CR or LF, what is no UTF-8.
  case forbiddenOctet(at: Int)
  /// Not the grammar, or more than one reading of it.
  case unreadable(at: Int)
  /// Past a bound.
  case tooMany(at: Int)

  public var offset: Int {
    switch self {
    case .unterminated(let at), .forbiddenOctet(let at), .unreadable(let at), .tooMany(let at): at
    }
  }
}

extension UInt8 {
  /// `atext` of RFC 5322 §3.2.3, and every octet of UTF-8 beyond ASCII (RFC 6532 §3.2).
  var isAddressAtom: Bool {
    if isASCIILetterOrDigit || self >= 0x80 { return true }
    switch self {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"),
      UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
      UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
      return true
    default: return false
    }
  }
}
