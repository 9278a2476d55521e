import Bytes

/// Where to listen or to connect: an address with a port, a host name with a port, or a Unix socket's path.
public enum Endpoint: Hashable, Sendable {
  case ip(IPAddress, port: UInt16)
  case name(String, port: UInt16)
  case unix(String)
}

extension Endpoint: CustomStringConvertible {
  /// The form that `init(_:)` reads.
  public var description: String {
    switch self {
    case .ip(let address, let port): address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    case .name(let name, let port): "\(name):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// Why a text is not an endpoint, in words for the one who wrote it.
public enum EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
  case portMissing
  case portOutOfRange
  case notAnAddress
  case needsBrackets
  case notAName
  case pathMissing

  public var description: String {
    switch self {
    case .portMissing: "no port: write ADDRESS:PORT"
    case .portOutOfRange: "port out of range: 0 to 65535"
    case .notAnAddress: "not an address"
    case .needsBrackets: "an IPv6 address stands in brackets: [2001:db8::1]:25"
    case .notAName: "neither an address nor a host name"
    case .pathMissing: "no path: write unix:/path"
    }
  }
}

extension Endpoint {
  /// Reads `192.0.2.1:25`, `[2001:db8::1]:25`, `name:25` or `unix:/path`; nil for anything else.
  public init?(_ text: String) {
    guard let endpoint = try? Endpoint.parse(text) else { return nil }
    self = endpoint
  }

  /// Reads the same and tells why it could not. A name is kept in small letters.
  public static func parse(_ text: String) throws(EndpointError) -> Endpoint {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMissing }
      return .unix(path)
    }
    if text.hasPrefix("[") {
      guard let end = text.lastIndex(of: "]") else { throw .needsBrackets }
      guard let address = IPAddress(String(text[text.index(after: text.startIndex)..<end])) else {
        throw .notAnAddress
      }
      let rest = text[text.index(after: end)...]
      guard rest.hasPrefix(":") else { throw .portMissing }
      return .ip(address, port: try port(rest.dropFirst()))
    }
    guard let colon = text.lastIndex(of: ":") else { throw .portMissing }
    let host = String(text[..<colon])
    if host.contains(":") { throw .needsBrackets }
    let port = try port(text[text.index(after: colon)...])
    if let address = IPAddress(host) { return .ip(address, port: port) }
    guard isHostName(host) else { throw .notAName }
    return .name(host.lowercasedASCII, port: port)
  }

  private static func port(_ digits: Substring) throws(EndpointError) -> UInt16 {
    guard !digits.isEmpty else { throw .portMissing }
    guard digits.utf8.allSatisfy(\.isASCIIDigit), digits.utf8.count <= 5, let port = UInt16(digits) else {
      throw .portOutOfRange
    }
    return port
  }

  /// RFC 1123 §2.1, with the underscore that real names have; the last label is not all digits, so that
  /// a mistyped address is not taken for a name.
  private static func isHostName(_ name: String) -> Bool {
    guard name.utf8.count <= 253 else { return false }
    let labels = name.utf8.split(separator: .dot, omittingEmptySubsequences: false)
    for label in labels {
      guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-"),
        label.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
      else { return false }
    }
    return labels.last.map { !$0.allSatisfy(\.isASCIIDigit) } ?? false
  }
}
