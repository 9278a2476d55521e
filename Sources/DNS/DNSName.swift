internal import Bytes
internal import InternationalDomains

/// A domain name as DNS is asked for it: small letters, no final dot, A-labels (RFC 1035 §2.3.4, RFC 5891).
///
/// Any printable ASCII stands in a label, as in DNS itself: list zones and SPF macros make names that no host has.
public struct DNSName: Hashable, Sendable, CustomStringConvertible {
  /// 1 to 253 octets; empty for the root.
  public let text: String

  public static let root = DNSName(unchecked: "")

  private init(unchecked text: String) { self.text = text }

  /// Reads a name; a final dot and letters' case do not matter, and what is not ASCII is made A-labels.
  ///
  /// - Returns: nil where it is none: an empty or overlong label, more than 253 octets, white space, controls.
  public init?(_ text: some StringProtocol) {
    var octets: [UInt8] = []
    octets.reserveCapacity(text.utf8.count)
    var isASCII = true
    for byte in text.utf8 {
      if byte >= 0x80 { isASCII = false }
      octets.append(byte.lowercasedASCII)
    }
    if !isASCII {
      guard let name = ASCIIName.of(String(text)) else { return nil }
      octets = Array(name.utf8)
    }
    guard let length = Self.length(octets[...], least: 0x21) else { return nil }
    self.text = String(decoding: octets[..<length], as: UTF8.self)
  }

  /// Reads a name that SPF's macros made (RFC 7208 §7.3): as the other, but of ASCII only, and a space may stand in it.
  public init?(expanded octets: ArraySlice<UInt8>) {
    guard let length = Self.length(octets, least: 0x20) else { return nil }
    self.text = String(decoding: octets.prefix(length).map(\.lowercasedASCII), as: UTF8.self)
  }

  /// How many octets of a name count: all but a final dot; nil where it is none.
  private static func length(_ octets: ArraySlice<UInt8>, least: UInt8) -> Int? {
    let octets = octets.last == .dot ? octets.dropLast() : octets
    guard !octets.isEmpty, octets.count <= 253 else { return nil }
    var label = 0
    for byte in octets {
      if byte == .dot {
        guard label > 0 else { return nil }
        label = 0
      } else {
        guard byte >= least, byte < 0x7f else { return nil }
        label += 1
        guard label <= 63 else { return nil }
      }
    }
    return label > 0 ? octets.count : nil
  }

  public var description: String { text }

  /// From the left, at most 127.
  public var labels: [Substring] { text.isEmpty ? [] : text.split(separator: ".") }

  /// The name without its first label; nil for the root.
  public var parent: DNSName? {
    guard !text.isEmpty else { return nil }
    guard let dot = text.firstIndex(of: ".") else { return .root }
    return DNSName(unchecked: String(text[text.index(after: dot)...]))
  }

  /// Whether it is `other` or lies below it.
  public func isWithin(_ other: DNSName) -> Bool {
    if other.text.isEmpty || text == other.text { return true }
    let mine = text.utf8
    let its = other.text.utf8
    guard mine.count > its.count, mine.suffix(its.count).elementsEqual(its) else { return false }
    return mine[mine.index(mine.endIndex, offsetBy: -its.count - 1)] == .dot
  }

  /// `label.name`; nil where that is no name any more.
  public func prefixed(_ labels: String) -> DNSName? {
    text.isEmpty ? DNSName(labels) : DNSName("\(labels).\(text)")
  }
}
