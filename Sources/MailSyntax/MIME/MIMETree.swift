/// The parts of a message (RFC 2045, RFC 2046), as ranges of the octets it was read from.
///
/// Reads messages as they are in the world: bare line feeds, missing ends, broken boundaries. What two readers could
/// understand differently is a fault.
public struct MIMETree: Sendable {
  /// One header field of a message or a part.
  public struct Field: Sendable, Hashable {
    /// As written, without the colon.
    public let name: String
    /// The whole field, its line ends included.
    public let range: Range<Int>
    /// What follows the colon, folded as it stands, without the last line end.
    public let body: Range<Int>

    public init(name: String, range: Range<Int>, body: Range<Int>) {
      self.name = name
      self.range = range
      self.body = body
    }
  }

  public struct Part: Sendable {
    /// Its place in `parts`.
    public let index: Int
    public let parent: Int?
    /// 0 for the message itself.
    public let level: Int
    /// Which of the tree's `sources` its ranges are about.
    public let source: Int
    public let fields: [Field]
    /// The header with the empty line after it, and what follows.
    public let header: Range<Int>
    public let body: Range<Int>
    /// What it is read as: as declared, or `text/plain` (`message/rfc822` in a digest) where nothing is.
    public let type: ContentType
    public let encoding: TransferEncoding
    /// `attachment`, `inline`, …, with its parameters; nil where none is written.
    public let disposition: ContentType?
    public internal(set) var children: [Int]

    public var isMultipart: Bool { type.type == "multipart" }
    public var isText: Bool { type.type == "text" }
  }

  /// What the parts' ranges are about: the message; then each part that is a message itself and was encoded, decoded.
  public let sources: [[UInt8]]
  /// In the order of the message, the message itself first; a multipart stands before its parts.
  public let parts: [Part]
  public let faults: [MIMEFault]
  /// Whether a bound cut it.
  public let isCut: Bool

  public init(sources: [[UInt8]], parts: [Part], faults: [MIMEFault], isCut: Bool) {
    self.sources = sources
    self.parts = parts
    self.faults = faults
    self.isCut = isCut
  }
}

/// A value of Content-Type or Content-Disposition with its parameters (RFC 2045 §5.1, RFC 2183, RFC 2231).
public struct ContentType: Sendable, Hashable {
  public struct Parameter: Sendable, Hashable {
    /// In lower case, without RFC 2231's marks.
    public let name: String
    /// Unquoted, continuations joined, percent encoding undone; encoded words (which do not belong there) as they are.
    public let value: [UInt8]
    /// As RFC 2231 names it; nil where nothing is named.
    public let charset: String?
    public let language: String?

    public init(name: String, value: [UInt8], charset: String? = nil, language: String? = nil) {
      self.name = name
      self.value = value
      self.charset = charset
      self.language = language
    }
  }

  /// In lower case; of Content-Disposition the word, and `subtype` is empty.
  public let type: String
  public let subtype: String
  public let parameters: [Parameter]
  /// Whether it was written, and could be read.
  public let isDeclared: Bool

  /// `text/plain`.
  public var name: String { subtype.isEmpty ? type : type + "/" + subtype }

  /// The first parameter of that name.
  public subscript(_ name: String) -> Parameter? { parameters.first { $0.name == name } }

  public init(type: String, subtype: String, parameters: [Parameter] = [], isDeclared: Bool = true) {
    self.type = type
    self.subtype = subtype
    self.parameters = parameters
    self.isDeclared = isDeclared
  }
}

/// Content-Transfer-Encoding (RFC 2045 §6).
public enum TransferEncoding: String, Sendable, Hashable, CaseIterable {
  case sevenBit = "7bit"
  case eightBit = "8bit"
  case binary
  case quotedPrintable = "quoted-printable"
  case base64
  case uuencode = "x-uuencode"
  /// Something else: the octets stand as they are.
  case unknown
}

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
    /// A file name twice, differently: `filename` and `name`, or in two forms.
    case conflictingName
    case longName
    case malformedBase64
    case malformedQuotedPrintable
    case nul
    case bareCarriageReturn
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
