/// A character set of mail, by the name under which it is decoded.
public struct Charset: Hashable, Sendable, CustomStringConvertible {
  /// The preferred MIME name of the IANA register, such as `GB18030` or `windows-1252`; `HZ-GB-2312` among them.
  public let name: String

  public var description: String { name }

  init(known name: String) { self.name = name }

  public static let utf8 = Charset(known: "UTF-8")
  public static let ascii = Charset(known: "US-ASCII")
}

/// Octets that were made into text.
public struct DecodedText: Hashable, Sendable {
  /// Valid Unicode in NFC; what could not be read is U+FFFD.
  public let text: String
  /// By which charset; nil where even a guess was none and the octets were read as windows-1252.
  public let charset: Charset
  /// Whether nobody named it, or the name was none, or it did not fit the octets.
  public let isGuessed: Bool
  /// Sequences that the charset does not have.
  public let malformed: Int

  public init(text: String, charset: Charset, isGuessed: Bool, malformed: Int) {
    self.text = text
    self.charset = charset
    self.isGuessed = isGuessed
    self.malformed = malformed
  }
}
