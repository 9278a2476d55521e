internal import Bytes

/// A client certificate that may send anywhere (`relay.certificates`).
public enum RelayCertificate: Sendable, Hashable {
  /// The SHA-256 of its DER form, in small hexadecimal digits.
  case fingerprint(String)
  /// Its common name, or its whole subject; counts only where it leads to an authority of `tls.client_ca`.
  case subject(DistinguishedName)

  /// Whether it stands for a certificate.
  ///
  /// - Parameters:
  ///   - fingerprint: in hexadecimal digits; empty where only the subject is known.
  ///   - subject: as RFC 4514 writes it.
  ///   - isVerified: whether it leads to one of our authorities. Else anybody can write any subject.
  public func matches(fingerprint: String, subject: String, isVerified: Bool) -> Bool {
    switch self {
    case .fingerprint(let own): own == fingerprint.lowercasedASCII
    case .subject(let own):
      isVerified && DistinguishedName(subject).map { own.matches($0) } ?? false
    }
  }

  static func all(_ section: Section) -> [RelayCertificate] {
    section.texts("certificates").enumerated().compactMap { index, text in
      if let certificate = RelayCertificate(text) { return certificate }
      section.reading.report(
        SettingPath.element(section.path(of: "certificates"), index),
        "relay.certificates: \(quoted(text)) is no certificate: write \"sha256:\" and 64 hexadecimal digits, or \"CN=name\""
      )
      return nil
    }
  }

  /// Reads `sha256:HEX`, colons between the digits or none, or a distinguished name.
  init?(_ text: String) {
    let small = text.lowercasedASCII
    if small.hasPrefix("sha256:") {
      let digits = small.dropFirst("sha256:".count).filter { $0 != ":" }
      guard digits.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
      self = .fingerprint(String(digits))
    } else {
      guard let name = DistinguishedName(text), !name.attributes.isEmpty else { return nil }
      self = .subject(name)
    }
  }
}

/// The attributes of a distinguished name in their order (RFC 4514), escapes taken off.
public struct DistinguishedName: Sendable, Hashable {
  public struct Attribute: Sendable, Hashable {
    /// In capital letters: `CN`.
    public let type: String
    public let value: String
  }

  public let attributes: [Attribute]

  // Bound: a subject of more is nobody's.
  private static let mostAttributes = 64

  /// Reads RFC 4514 §3; nil for what is none.
  public init?(_ text: String) {
    var attributes: [Attribute] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      guard attributes.count < Self.mostAttributes, let attribute = Self.attribute(&rest) else { return nil }
      attributes.append(attribute)
      guard let separator = rest.popFirst() else { break }
      guard separator == UInt8(ascii: ",") || separator == UInt8(ascii: "+"), !rest.isEmpty else {
        return nil
      }
    }
    self.attributes = attributes
  }

  /// Whether it, as the operator wrote it, stands for `other`: a single common name for whoever has that one and no
  /// other, anything longer for the same name as a whole. Letters are compared without regard to case.
  public func matches(_ other: DistinguishedName) -> Bool {
    if attributes.count == 1, let own = attributes.first, own.type == "CN" {
      let names = other.attributes.filter { $0.type == "CN" }
      return names.count == 1 && names.allSatisfy { $0.value.lowercasedASCII == own.value.lowercasedASCII }
    }
    return attributes.count == other.attributes.count
      && zip(attributes, other.attributes).allSatisfy {
        $0.type == $1.type && $0.value.lowercasedASCII == $1.value.lowercasedASCII
      }
  }

  private static func attribute(_ rest: inout ArraySlice<UInt8>) -> Attribute? {
    rest = rest.drop { $0 == .space }
    guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let type = String(decoding: rest[rest.startIndex..<equals], as: UTF8.self)
    guard !type.isEmpty,
      type.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == UInt8(ascii: "-") })
    else { return nil }
    rest = rest[(equals + 1)...]
    var value: [UInt8] = []
    // Spaces at the end belong to it only where they are escaped.
    var end = 0
    while let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
      rest.removeFirst()
      if byte == UInt8(ascii: "\\") {
        guard let escaped = escaped(&rest) else { return nil }
        value.append(escaped)
        end = value.count
      } else {
        guard byte != UInt8(ascii: "\""), byte != UInt8(ascii: ";"), byte != 0 else { return nil }
        value.append(byte)
        if byte != .space { end = value.count }
      }
    }
    guard let text = String(validating: value[..<end], as: UTF8.self), !text.isEmpty else { return nil }
    return Attribute(type: type.uppercasedASCII, value: text)
  }

  private static func escaped(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
    guard let first = rest.popFirst() else { return nil }
    guard let high = hexadecimal(first) else { return first }
    guard let second = rest.popFirst(), let low = hexadecimal(second) else { return nil }
    return high << 4 | low
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
