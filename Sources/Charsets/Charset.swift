/// A character set of mail, by the name under which it is decoded.
public struct Charset: Hashable, Sendable, CustomStringConvertible {
  /// The preferred MIME name of the IANA register, such as `GB18030` or `windows-1252`; `HZ-GB-2312` among them.
  public let name: String

  public var description: String { name }

  init(known name: String) { self.name = name }

  public static let utf8 = Charset(known: "UTF-8")
  public static let ascii = Charset(known: "US-ASCII")
  /// What octets are read as when nothing else fits: each octet is some character.
  public static let windows1252 = Charset(known: "windows-1252")
  public static let gb18030 = Charset(known: "GB18030")
  public static let big5 = Charset(known: "Big5")

  /// The charset that mail means by `label`: a name or an alias of the IANA register, of the WHATWG standard, or one
  /// that is met in the wild (`gb2312`, `x-gbk`, `cp-850`), whatever quotes, spaces, hyphens and letter case it has.
  ///
  /// `gb2312` and `gbk` are GB18030, which holds them both; `iso-8859-1` is windows-1252, `big5-hkscs` is Big5, as the
  /// WHATWG standard has it and mail clients do.
  ///
  /// - Returns: nil where the name is none, or a charset that is not decoded.
  public static func named(_ label: String) -> Charset? {
    CharsetRegister.shared.row(label: label).map { Charset(known: $0.name) }
  }

  /// Makes the tables of the charsets of many octets: some 0.1 s of one thread, and nothing when they are there.
  ///
  /// One that is made of iconv while the process has no descriptor left would be empty for good.
  public static func prepare() {
    for charset in MultiByteCharset.allCases { _ = MultiByteTable.of(charset) }
  }
}

/// Octets that were made into text.
public struct DecodedText: Hashable, Sendable {
  /// Valid Unicode in NFC; what could not be read is U+FFFD.
  public let text: String
  /// By which charset; windows-1252 where even a guess was none.
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
