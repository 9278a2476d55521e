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

    /// The value as text where it is ASCII or UTF-8; what is neither is U+FFFD.
    public var text: String { String(decoding: value, as: UTF8.self) }
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

  /// What nothing or nonsense is read as (RFC 2045 §5.2).
  public static let plainText = ContentType(type: "text", subtype: "plain", isDeclared: false)

  /// What stands behind the colon of a field, as far as it can be read; nil where there is no type at all.
  public static func parse(_ octets: ArraySlice<UInt8>) -> ContentType? {
    let value = ParameterReader.read(octets)
    return value.type.isEmpty
      ? nil : ContentType(type: value.type, subtype: value.subtype, parameters: value.parameters)
  }

  /// Whether such content is a message with a header of its own (RFC 2046 §5.2.1, RFC 6532 §3.7).
  var isMessage: Bool {
    type == "message" && (subtype == "rfc822" || subtype == "global" || subtype == "news")
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

  /// Whether the octets are others than those that are meant.
  public var isEncoded: Bool {
    switch self {
    case .quotedPrintable, .base64, .uuencode: true
    case .sevenBit, .eightBit, .binary, .unknown: false
    }
  }
}
