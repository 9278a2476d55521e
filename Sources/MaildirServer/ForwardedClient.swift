internal import Bytes
internal import SMTPProtocol

/// The client that a gateway in front speaks for, as XFORWARD tells it (Postfix, XFORWARD_README).
struct ForwardedClient: Hashable, Sendable {
  static let keyword = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
  private static let attributes: Set<String> = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"]

  /// nil where nothing was told, or `[UNAVAILABLE]`.
  private(set) var address: String?
  private(set) var helo: String?

  static let none = ForwardedClient()

  /// Whether a command line is XFORWARD.
  static func isCommand(_ line: [UInt8]) -> Bool { CommandParser.verb(of: line) == "XFORWARD" }

  /// Takes the attributes of a line of any bytes over; answers what is wrong with it, nil where it is sound.
  mutating func receive(_ line: [UInt8]) -> String? {
    var next = self
    let words = line.split(whereSeparator: \.isWhiteSpace).dropFirst()
    if words.isEmpty { return "XFORWARD takes attribute=value" }
    for word in words {
      let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = CommandParser.verb(of: Array(parts[0]))
      guard parts.count == 2, Self.attributes.contains(name) else {
        return "no such attribute: \(name.printable(limit: 32))"
      }
      guard let value = Self.decode(parts[1]) else { return "bad value of \(name)" }
      let text = value == "[UNAVAILABLE]" || value.isEmpty ? nil : value
      switch name {
      case "ADDR": next.address = text
      case "HELO": next.helo = text
      default: break
      }
    }
    self = next
    return nil
  }

  /// Undoes xtext (RFC 3461 §4): `+XX` is an octet; the result is one printable word.
  private static func decode(_ value: ArraySlice<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = value
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "+") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    guard bytes.count <= 255, let text = String(validating: bytes, as: UTF8.self) else { return nil }
    return text.printable(limit: 255)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    guard byte.isASCIIHexDigit else { return nil }
    return byte.isASCIIDigit ? byte & 0x0f : (byte & 0x0f) + 9
  }
}
