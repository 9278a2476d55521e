internal import Bytes
internal import NetAddress

/// Reads the attributes of XCLIENT and XFORWARD as Postfix does (XCLIENT_README, XFORWARD_README).
enum ClientAttributeParser {
  enum Command: String, Sendable {
    case client = "XCLIENT"
    case forward = "XFORWARD"

    var names: [ClientAttributes.Name] {
      self == .client ? ClientAttributes.Name.forClient : ClientAttributes.Name.forForward
    }
  }

  /// Bound: octets of a value, as it stands on the line and undone.
  static let longestValue = 255

  /// The words behind the command, each `NAME=value`; of a name given twice the last counts.
  static func parse(_ argument: ArraySlice<UInt8>, of command: Command)
    -> Result<ClientAttributes, CommandFault>
  {
    let words = argument.split(whereSeparator: \.isWhiteSpace)
    guard !words.isEmpty else { return .failure(.argument("\(command.rawValue) takes attribute=value")) }
    var attributes = ClientAttributes()
    for word in words {
      let key = word.prefix { $0 != UInt8(ascii: "=") }
      guard key.count <= 32,
        let name = ClientAttributes.Name(rawValue: String(decoding: key, as: UTF8.self).uppercasedASCII),
        command.names.contains(name)
      else { return .failure(.argument("\(command.rawValue) has no such attribute")) }
      let value = word.dropFirst(key.count + 1)
      guard (1...longestValue).contains(value.count), take(value, name, command, into: &attributes) else {
        return .failure(.argument("bad \(name.rawValue) value"))
      }
    }
    return .success(attributes)
  }

  private static func take(
    _ raw: ArraySlice<UInt8>, _ name: ClientAttributes.Name, _ command: Command,
    into attributes: inout ClientAttributes
  ) -> Bool {
    // Deviation: what is no xtext stands for itself, as servers of before xtext (Postfix 2.2) write it.
    let bytes = Xtext.decoded(raw) ?? Array(raw)
    func told<Value>(_ read: (String) -> Value?) -> ClientAttributes.Told<Value>? {
      let word = String(decoding: bytes, as: UTF8.self).uppercasedASCII
      if word == "[UNAVAILABLE]" { return .unavailable }
      if word == "[TEMPUNAVAIL]", name == .name { return .temporarilyUnavailable }
      guard let text = name == .login ? whole(bytes) : neutral(bytes) else { return nil }
      return read(text).map { .known($0) }
    }
    /// Whether it could be read.
    func set<Value>(
      _ path: WritableKeyPath<ClientAttributes, ClientAttributes.Told<Value>?>, _ read: (String) -> Value?
    ) -> Bool {
      guard let value = told(read) else { return false }
      attributes[keyPath: path] = value
      return true
    }
    switch name {
    case .name: return set(\.name) { isHostName($0) ? $0 : nil }
    case .address: return set(\.address, address)
    case .destinationAddress: return set(\.destinationAddress, address)
    case .port: return set(\.port, port)
    case .destinationPort: return set(\.destinationPort, port)
    case .helo: return set(\.helo) { $0 }
    case .login: return set(\.login) { $0 }
    case .ident: return set(\.ident) { $0 }
    case .proto where command == .client:
      return set(\.proto) { ["SMTP", "ESMTP"].contains($0.uppercasedASCII) ? $0.uppercasedASCII : nil }
    case .proto: return set(\.proto) { $0.utf8.count <= 64 ? $0 : nil }
    case .source: return set(\.source) { ClientAttributes.Source(rawValue: $0.uppercasedASCII) }
    }
  }

  /// The text with what is special in a header or a log line written as `?`, which is what Postfix makes of it;
  /// nil where it is empty or too long.
  private static func neutral(_ bytes: [UInt8]) -> String? {
    guard (1...longestValue).contains(bytes.count) else { return nil }
    return String(
      decoding: bytes.map { byte in
        let isSpecial = byte <= 0x20 || byte >= 0x7f || "<>()\\\";@".utf8.contains(byte)
        return isSpecial ? UInt8(ascii: "?") : byte
      }, as: UTF8.self)
  }

  /// A login name is taken as it is or not at all: rights hang on it.
  private static func whole(_ bytes: [UInt8]) -> String? {
    guard (1...longestValue).contains(bytes.count), bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      return nil
    }
    return String(utf8: bytes[...])
  }

  private static func isHostName(_ text: String) -> Bool {
    text.utf8.first != UInt8(ascii: ".")
      && text.utf8.allSatisfy {
        $0.isASCIILetterOrDigit || $0 == .dot || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }

  /// A dotted quad, or IPv6 behind `IPV6:`.
  private static func address(_ text: String) -> IPAddress? {
    let prefix = "IPV6:"
    guard text.uppercasedASCII.hasPrefix(prefix) else {
      return text.utf8.contains(UInt8(ascii: ":")) ? nil : IPAddress(text)
    }
    let rest = String(text.dropFirst(prefix.count))
    return rest.utf8.contains(UInt8(ascii: ":")) ? IPAddress(rest) : nil
  }

  private static func port(_ text: String) -> UInt16? {
    text.utf8.count <= 5 && text.utf8.allSatisfy(\.isASCIIDigit) ? UInt16(text) : nil
  }
}

/// The encoding of RFC 3461 §4: printable ASCII without `+` and `=`, those and all else as `+XX`.
enum Xtext {
  /// nil where it is none.
  static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
          return nil
        }
        bytes.append(high << 4 | low)
      } else {
        guard (0x21...0x7e).contains(byte), byte != UInt8(ascii: "=") else { return nil }
        bytes.append(byte)
      }
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    guard byte.isASCIIHexDigit else { return nil }
    return byte.isASCIIDigit ? byte & 0x0f : (byte & 0x0f) + 9
  }
}
