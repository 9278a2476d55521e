internal import Bytes

/// What a server said it can do in its answer to EHLO (RFC 5321 §4.1.1.1), as far as it matters here.
public struct Capabilities: Hashable, Sendable {
  public var pipelining = false
  public var eightBit = false
  public var internationalized = false
  public var deliveryStatus = false
  public var chunking = false
  public var binary = false
  public var enhancedStatusCodes = false
  public var startTLS = false
  /// The words behind XFORWARD, in capitals; empty where it is not offered.
  public var forwardAttributes: Set<String> = []
  /// The words behind XCLIENT, alike.
  public var clientAttributes: Set<String> = []
  /// Whether it honours REQUIRETLS (RFC 8689).
  public var requireTLS = false
  /// The SASL mechanisms behind AUTH, in capitals.
  public var mechanisms: Set<String> = []
  /// Octets; nil where SIZE is not offered or offered without a number (RFC 1870 §4: then there is no limit told).
  public var size: UInt64?

  public init() {}

  /// Reads the lines of a 250 answer to EHLO or LHLO, the first of which is the server's name.
  public init(ehlo lines: [String]) {
    for line in lines.dropFirst() {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map { String($0).uppercasedASCII }
      switch words.first {
      case "PIPELINING": pipelining = true
      case "8BITMIME": eightBit = true
      case "SMTPUTF8": internationalized = true
      case "DSN": deliveryStatus = true
      case "CHUNKING": chunking = true
      case "BINARYMIME": binary = true
      case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
      case "STARTTLS": startTLS = true
      case "REQUIRETLS": requireTLS = true
      case "XFORWARD": forwardAttributes = Self.attributes(words)
      case "XCLIENT": clientAttributes = Self.attributes(words)
      case "AUTH": mechanisms.formUnion(Self.mechanisms(words.dropFirst()))
      case "SIZE":
        if words.count > 1, let octets = UInt64(words[1]), octets > 0 { size = octets }
      case let word? where word.hasPrefix("AUTH="):
        // As servers said it before RFC 2554, and some for the sake of old clients still do.
        mechanisms.formUnion(Self.mechanisms([String(word.dropFirst(5))] + words.dropFirst()))
      default: break
      }
    }
  }

  private static func attributes(_ words: [String]) -> Set<String> {
    Set(
      words.dropFirst().filter { $0.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") } })
  }

  /// Names as RFC 4422 §3.1 has them; of others nothing is kept.
  private static func mechanisms(_ words: some Sequence<String>) -> [String] {
    words.filter { word in
      (1...20).contains(word.utf8.count)
        && word.utf8.allSatisfy {
          $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
  }

  /// One line that `init(storedForm:)` reads back: how the state folder keeps it.
  public var storedForm: String {
    var words: [String] = []
    if pipelining { words.append("PIPELINING") }
    if eightBit { words.append("8BITMIME") }
    if internationalized { words.append("SMTPUTF8") }
    if deliveryStatus { words.append("DSN") }
    if chunking { words.append("CHUNKING") }
    if binary { words.append("BINARYMIME") }
    if enhancedStatusCodes { words.append("ENHANCEDSTATUSCODES") }
    if startTLS { words.append("STARTTLS") }
    if requireTLS { words.append("REQUIRETLS") }
    if let size { words.append("SIZE=\(size)") }
    if !forwardAttributes.isEmpty {
      words.append("XFORWARD=" + forwardAttributes.sorted().joined(separator: ","))
    }
    if !clientAttributes.isEmpty {
      words.append("XCLIENT=" + clientAttributes.sorted().joined(separator: ","))
    }
    if !mechanisms.isEmpty { words.append("AUTH=" + mechanisms.sorted().joined(separator: ",")) }
    return words.joined(separator: " ")
  }

  public init(storedForm: String) {
    let lines = storedForm.split(separator: " ").map { word in
      String(word.map { $0 == "=" || $0 == "," ? " " : $0 })
    }
    self.init(ehlo: [""] + lines)
  }
}

/// What the gateway offers in its own answer to EHLO: its own extensions, and those of the backends that every
/// one of them has, so that nothing accepted has to be refused or bent downstream.
public struct Offer: Hashable, Sendable {
  public var eightBit: Bool
  public var internationalized: Bool
  public var deliveryStatus: Bool
  public var binary: Bool
  /// Octets; nil for no limit.
  public var size: UInt64?
  /// RCPTMAX of LIMITS (RFC 9422).
  public var mostRecipients: Int?
  /// MAILMAX of LIMITS: transactions a session.
  public var mostTransactions: Int?
  /// Whether STARTTLS is to be had (RFC 3207); told only while the session is in the clear.
  public var startTLS = false
  /// The SASL mechanisms that may be used now, in the order told (RFC 4954 §3), by their registered names in
  /// capitals; empty for none.
  public var mechanisms: [String] = []
  /// Those that may be used once the session is encrypted; not told before, and refused with 538 by name.
  public var mechanismsWithTLS: [String] = []
  /// Whether `AUTH=PLAIN LOGIN` is told as well, for clients of before RFC 2554.
  public var legacyAuthLine = false
  /// Whether REQUIRETLS is to be had (RFC 8689); told only while the session is encrypted.
  public var requireTLS = false
  /// Whether a reply for each recipient is to be had behind the content (PRDR, draft-hall-prdr-00).
  public var repliesEach = false
  /// What XCLIENT may tell; empty where this client may not say it.
  public var clientAttributes: [ClientAttributes.Name] = []
  /// What XFORWARD may tell; empty where this client may not say it.
  public var forwardAttributes: [ClientAttributes.Name] = []

  public init(
    eightBit: Bool = false, internationalized: Bool = false, deliveryStatus: Bool = false,
    binary: Bool = false,
    size: UInt64? = nil, mostRecipients: Int? = nil, mostTransactions: Int? = nil
  ) {
    self.eightBit = eightBit
    self.internationalized = internationalized
    self.deliveryStatus = deliveryStatus
    self.binary = binary
    self.size = size
    self.mostRecipients = mostRecipients
    self.mostTransactions = mostTransactions
  }

  /// The offer for a listener that routes to backends with `capabilities`.
  ///
  /// SIZE is the smaller of ours and theirs less 4 KiB, the room for the header that the gateway adds.
  public init(
    common capabilities: [Capabilities], size ours: UInt64?, mostRecipients: Int?, mostTransactions: Int?
  ) {
    func all(_ has: (Capabilities) -> Bool) -> Bool { !capabilities.isEmpty && capabilities.allSatisfy(has) }
    let theirs = capabilities.compactMap(\.size).map { $0 > 4096 ? $0 - 4096 : $0 }
    self.init(
      eightBit: all(\.eightBit), internationalized: all { $0.internationalized && $0.eightBit },
      deliveryStatus: all(\.deliveryStatus), binary: all { $0.binary && $0.chunking },
      size: (theirs + (ours.map { [$0] } ?? [])).min(), mostRecipients: mostRecipients,
      mostTransactions: mostTransactions)
    requireTLS = all(\.requireTLS)
  }

  /// The keyword lines of the EHLO answer, the greeting line not among them.
  ///
  /// - Parameters:
  ///   - isEncrypted: whether the session is under TLS; then STARTTLS is not told (RFC 3207 §4.2), and
  ///     REQUIRETLS is (RFC 8689 §2).
  ///   - isAuthenticated: whether the client has logged in; then AUTH is not told.
  public func keywords(isEncrypted: Bool = false, isAuthenticated: Bool = false) -> [String] {
    var lines = ["PIPELINING", size.map { "SIZE \($0)" } ?? "SIZE"]
    if eightBit { lines.append("8BITMIME") }
    if internationalized { lines.append("SMTPUTF8") }
    lines.append("ENHANCEDSTATUSCODES")
    lines.append("CHUNKING")
    if binary { lines.append("BINARYMIME") }
    if deliveryStatus { lines.append("DSN") }
    if repliesEach { lines.append("PRDR") }
    if startTLS, !isEncrypted { lines.append("STARTTLS") }
    if requireTLS, isEncrypted { lines.append("REQUIRETLS") }
    if !mechanisms.isEmpty, !isAuthenticated {
      let names = mechanisms.joined(separator: " ")
      lines.append("AUTH " + names)
      if legacyAuthLine { lines.append("AUTH=" + names) }
    }
    if !clientAttributes.isEmpty { lines.append("XCLIENT " + Self.names(clientAttributes)) }
    if !forwardAttributes.isEmpty { lines.append("XFORWARD " + Self.names(forwardAttributes)) }
    var limits: [String] = []
    // One to six digits, and not 0 (RFC 9422 §4).
    let sayable = 1...999_999
    if let mostTransactions, sayable.contains(mostTransactions) {
      limits.append("MAILMAX=\(mostTransactions)")
    }
    if let mostRecipients, sayable.contains(mostRecipients) { limits.append("RCPTMAX=\(mostRecipients)") }
    if !limits.isEmpty { lines.append("LIMITS " + limits.joined(separator: " ")) }
    lines.append("HELP")
    return lines
  }

  private static func names(_ attributes: [ClientAttributes.Name]) -> String {
    attributes.map(\.rawValue).joined(separator: " ")
  }
}
