/// Bounds of reading a message.
public struct MIMELimits: Sendable, Hashable {
  public var parts = 1000
  public var levels = 20
  /// Of one header, and its fields.
  public var header = 256 << 10
  public var fields = 2000
  /// Octets of encoded messages that are decoded to look into them.
  public var decoded = 8 << 20

  public init() {}
}

/// What is wrong with the form of a message, or could be read in two ways.
public struct MIMEFault: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A field of which there may be one, twice: the evidence names it.
    case duplicateField
    /// Two Content-Types, or parameters, that say different things.
    case conflictingType
    case conflictingEncoding
    /// A multipart or message in base64 or quoted-printable (RFC 2045 §6.4).
    case encodedMultipart
    case unknownEncoding
    case malformedType
    case malformedParameter
    /// A multipart without a boundary, or whose boundary never comes.
    case missingBoundary
    case unclosedMultipart
    /// A boundary that begins with an outer one.
    case nestedBoundary
    /// A boundary again behind the last one: some readers go on.
    case boundaryAfterEnd
    /// A file name twice, differently: `filename` and `name`, or in two forms.
    case conflictingName
    case longName
    case malformedBase64
    case malformedQuotedPrintable
    case malformedUuencode
    case nul
    case bareCarriageReturn
    /// Among lines that end in CRLF.
    case bareLineFeed
    case eightBitHeader
    case malformedHeaderLine
    case missingHeaderEnd
    case spaceBeforeColon
    case tooManyParts
    case tooDeep
    case longHeader
    case longLine
  }

  public let kind: Kind
  /// The part's place in the tree.
  public let part: Int
  /// What it is about, printable ASCII, at most 80 octets.
  public let evidence: String

  public init(_ kind: Kind, part: Int, evidence: String = "") {
    self.kind = kind
    self.part = part
    self.evidence = evidence
  }
}

/// The faults of one message: each kind once a part, and no more than anybody reads.
struct FaultList {
  /// Bound: a message of a thousand broken parts is told as broken by its first faults.
  static let most = 400

  private(set) var list: [MIMEFault] = []

  mutating func add(_ kind: MIMEFault.Kind, part: Int, evidence: String = "") {
    guard list.count < Self.most else { return }
    // Faults of a part come one after another.
    var place = list.count
    while place > 0, list[place - 1].part == part {
      place -= 1
      if list[place].kind == kind, list[place].evidence == evidence { return }
    }
    list.append(MIMEFault(kind, part: part, evidence: evidence))
  }

  /// The octets as evidence: printable ASCII, at most 80.
  static func evidence(_ octets: some Sequence<UInt8>) -> String {
    String(decoding: octets.prefix(80).map { $0 > 0x1f && $0 < 0x7f ? $0 : 0x3f }, as: UTF8.self)
  }
}
