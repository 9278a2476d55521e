internal import Bytes

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
    /// Lines between the fields that are none: most readers pass over them, some begin the body there.
    public let strayLines: [Range<Int>]
    /// The header with the empty line after it, and what follows.
    public let header: Range<Int>
    public internal(set) var body: Range<Int>
    /// What it is read as: as declared, or `text/plain` (`message/rfc822` in a digest) where nothing is.
    public let type: ContentType
    public let encoding: TransferEncoding
    /// `attachment`, `inline`, …, with its parameters; nil where none is written.
    public let disposition: ContentType?
    public internal(set) var children: [Int] = []
    /// Of a multipart: what stands before its first boundary, and behind its last one; in the source of its parts.
    public internal(set) var preamble: Range<Int> = 0..<0
    public internal(set) var epilogue: Range<Int> = 0..<0

    public var isMultipart: Bool { type.type == "multipart" }
    public var isText: Bool { type.type == "text" }
    /// Whether its content is a message of its own.
    public var isMessage: Bool { type.isMessage }

    /// The first field of that name, without regard to case.
    public func first(_ name: String) -> Field? { fields.first { $0.name.equalsIgnoringASCIICase(name) } }
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

  /// The parts of a message: never fails, whatever the octets are; one pass, within the limits.
  public static func parse(_ octets: [UInt8], limits: MIMELimits = MIMELimits()) -> MIMETree {
    var reader = MIMEReader(octets, limits: limits)
    reader.readMessage()
    return MIMETree(
      sources: reader.sources, parts: reader.parts, faults: reader.faults.list, isCut: reader.isCut)
  }

  /// The octets of a part as they stand in its source.
  public func body(of part: Part) -> ArraySlice<UInt8> { sources[part.source][part.body] }

  /// What follows a field's colon, folded as it stands.
  public func value(of field: Field, in part: Part) -> ArraySlice<UInt8> { sources[part.source][field.body] }

  /// The octets of a part with its transfer encoding undone, at most `most` of them.
  public func decoded(_ part: Part, most: Int = .max) -> (octets: [UInt8], isCut: Bool) {
    let decoded = decoding(of: part, most: most)
    return (decoded.octets, decoded.isCut)
  }

  /// The octets of a part with its transfer encoding undone, and what was wrong with the encoding.
  public func decoding(of part: Part, most: Int = .max) -> TransferDecoding.Decoded {
    TransferDecoding.decode(body(of: part), part.encoding, most: most)
  }
}

extension MIMETree.Part {
  /// The names under which it could be saved, the disposition's `filename` first, then the type's `name`; only
  /// different ones. Encoded words in them stand as they are.
  public var fileNames: [ContentType.Parameter] {
    var names: [ContentType.Parameter] = []
    let written =
      [(disposition, "filename"), (type, "name"), (disposition, "name"), (type, "filename")]
      as [(
        ContentType?, String
      )]
    for (value, name) in written {
      guard let value else { continue }
      for parameter in value.parameters where parameter.name == name && !parameter.value.isEmpty {
        if names.allSatisfy({ !FileNameForm.areSame($0, parameter) }) { names.append(parameter) }
      }
    }
    return names
  }
}
