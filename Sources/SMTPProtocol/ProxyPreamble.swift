internal import Bytes
public import NetAddress

/// What a balancer says of the connection that it hands on, ahead of everything else: the PROXY protocol,
/// versions 1 and 2 (HAProxy, proxy-protocol.txt).
///
/// It is believed, and required, from listed networks alone; there is no telling by its looks whether it is to be
/// expected.
public struct ProxyPreamble: Hashable, Sendable {
  /// Whose connection it is.
  public enum Origin: Hashable, Sendable {
    /// The balancer's own (LOCAL), to see whether we are well: its true endpoints hold.
    case local
    /// Some client's, of whom nothing could be said: UNKNOWN, UNSPEC, a UNIX socket, a datagram. The true
    /// endpoints are the balancer's, and say nothing about the client: it has no share in the balancer's rights.
    case unknown
    case client(Endpoints)
  }

  /// The client's end of its connection with the balancer, and the balancer's.
  public struct Endpoints: Hashable, Sendable {
    public let source: IPAddress
    public let sourcePort: UInt16
    public let destination: IPAddress
    public let destinationPort: UInt16

    public init(
      source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16
    ) {
      self.source = source
      self.sourcePort = sourcePort
      self.destination = destination
      self.destinationPort = destinationPort
    }
  }

  /// The client's TLS that ended at the balancer (PP2_TYPE_SSL).
  public struct TLS: Hashable, Sendable {
    /// `TLSv1.3`; empty where it was not told.
    public var version = ""
    /// The name of the cipher; empty where it was not told.
    public var cipher = ""
    /// The common name of the client's certificate; nil where it was not told.
    public var commonName: String?
    /// Whether the client showed a certificate, on this connection or when its TLS session began.
    public var hasCertificate = false
    /// Whether that certificate was verified.
    public var isVerified = false

    public init() {}
  }

  public enum Version: Int, Hashable, Sendable {
    case one = 1
    case two = 2
  }

  public enum Outcome: Hashable, Sendable {
    /// What has come may become one.
    case needMore
    /// One of so many octets; what follows them is the client's.
    case done(ProxyPreamble, octets: Int)
    /// None, in words for the operator; the connection is to be closed without a word.
    case malformed(String)
  }

  public var version: Version
  public var origin: Origin
  /// nil where the client's connection is in the clear as far as is known.
  public var tls: TLS?
  /// The name that the client asked for by SNI (PP2_TYPE_AUTHORITY), in small letters.
  public var serverName: String?

  public init(version: Version, origin: Origin, tls: TLS? = nil, serverName: String? = nil) {
    self.version = version
    self.origin = origin
    self.tls = tls
    self.serverName = serverName
  }

  /// Bound: octets of a version 1 line, its CRLF included.
  public static let longestLine = 107
  /// Bound: octets behind the fixed part of version 2.
  public static let longestBlock = 4096

  /// Looks at what has come since the connection was made. The outcome does not depend on how it came in pieces.
  public static func parse(_ bytes: RawSpan) -> Outcome {
    guard bytes.byteCount > 0 else { return .needMore }
    switch bytes[byte: 0] {
    case UInt8(ascii: "P"): return ProxyLine.parse(bytes)
    case .carriageReturn: return ProxyBlock.parse(bytes)
    default: return .malformed("no PROXY preamble")
    }
  }
}

/// Version 1: a line of text (§2.1).
private enum ProxyLine {
  static func parse(_ bytes: RawSpan) -> ProxyPreamble.Outcome {
    let keyword: StaticString = "PROXY "
    for index in 0..<min(bytes.byteCount, keyword.utf8CodeUnitCount)
    where bytes[byte: index] != keyword.utf8Start[index] {
      return .malformed("no PROXY preamble")
    }
    let limit = min(bytes.byteCount, ProxyPreamble.longestLine)
    guard let found = bytes.firstLineByte(from: 0), found < limit else {
      return limit < ProxyPreamble.longestLine ? .needMore : tooLong
    }
    guard bytes[byte: found] == .carriageReturn else { return badEnd }
    // The CRLF itself is within the bound.
    guard found + 1 < ProxyPreamble.longestLine else { return tooLong }
    guard found + 1 < bytes.byteCount else { return .needMore }
    guard bytes[byte: found + 1] == .lineFeed else { return badEnd }
    let line = String(decoding: (0..<found).map { bytes[byte: $0] }, as: UTF8.self)
    guard let origin = origin(line) else { return .malformed("a PROXY line that is none") }
    return .done(ProxyPreamble(version: .one, origin: origin), octets: found + 2)
  }

  private static let tooLong = ProxyPreamble.Outcome.malformed("a PROXY line of more than 107 octets")
  private static let badEnd = ProxyPreamble.Outcome.malformed("a PROXY line that does not end with CRLF")

  private static func origin(_ line: String) -> ProxyPreamble.Origin? {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count > 1 else { return nil }
    // What follows UNKNOWN is not looked at.
    if words[1] == "UNKNOWN" { return .unknown }
    guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else { return nil }
    let isV6 = words[1] == "TCP6"
    guard let source = address(words[2], isV6), let destination = address(words[3], isV6),
      let sourcePort = port(words[4]), let destinationPort = port(words[5])
    else { return nil }
    return .client(
      .init(
        source: source, sourcePort: sourcePort, destination: destination, destinationPort: destinationPort))
  }

  private static func address(_ text: Substring, _ isV6: Bool) -> IPAddress? {
    text.utf8.contains(UInt8(ascii: ":")) == isV6 ? IPAddress(String(text)) : nil
  }

  /// A decimal number without zeros ahead of it.
  private static func port(_ text: Substring) -> UInt16? {
    guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(\.isASCIIDigit),
      text == "0" || text.utf8.first != UInt8(ascii: "0")
    else { return nil }
    return UInt16(text)
  }
}
