internal import Bytes

/// A file inside a part that is no part of its own: uuencoded in a text, or in a `winmail.dat` (TNEF).
public struct EmbeddedFile: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case uuencode, tnef
  }

  public let kind: Kind
  /// As it is written there.
  public let name: [UInt8]
  /// Of the name: what TNEF says; nil where nothing is said.
  public let charset: String?
  /// At most as many as were asked for.
  public let octets: [UInt8]
  public let isCut: Bool

  public init(kind: Kind, name: [UInt8], charset: String? = nil, octets: [UInt8], isCut: Bool = false) {
    self.kind = kind
    self.name = name
    self.charset = charset
    self.octets = octets
    self.isCut = isCut
  }
}

extension MIMETree {
  /// The files inside a part: in a text those that are uuencoded, in TNEF its attachments.
  ///
  /// - Parameter most: octets of all of them together; what is beyond is cut.
  public func embeddedFiles(in part: Part, files: Int = 100, most: Int = 32 << 20) -> [EmbeddedFile] {
    guard part.children.isEmpty, !part.isMessage else { return [] }
    if part.isTNEF { return TNEF.attachments(decoded(part, most: most).octets, files: files) }
    guard part.isText || part.isMultipart, part.encoding != .uuencode else { return [] }
    // Nearly no text has one: what is not encoded is only looked through.
    let text = part.encoding.isEncoded ? decoded(part, most: most).octets[...] : body(of: part)
    return UuencodedFile.all(in: text, files: files, most: most).map {
      EmbeddedFile(kind: .uuencode, name: $0.name, octets: $0.octets, isCut: $0.isCut)
    }
  }
}

extension MIMETree.Part {
  /// Whether it is what Exchange and Outlook wrap attachments in, by its type or its name.
  public var isTNEF: Bool {
    if type.name == "application/ms-tnef" || type.name == "application/vnd.ms-tnef" { return true }
    guard !isMultipart, type.type != "message" else { return false }
    return fileNames.contains(where: \.isOfTNEF)
  }
}

extension ContentType.Parameter {
  /// Whether it is the name under which TNEF goes.
  public var isOfTNEF: Bool { text.equalsIgnoringASCIICase("winmail.dat") }
}
