internal import Bytes
internal import MailSyntax
internal import SMTPProtocol

/// What a submission server adds to the header of its own users' mail (RFC 6409 §8): a missing Date and Message-ID,
/// and the domain of bare names in From, To, Cc and Reply-To. Strangers' mail is never touched so.
public struct HeaderCompletion: Sendable {
  /// What the configuration says of it.
  public struct Terms: Hashable, Sendable {
    /// Completes bare names; nil: they stay as they are.
    public var domain: String?
    /// Whether relay networks and certificates are completed for as users are.
    public var includesRelayNetworks: Bool

    public init(domain: String? = nil, includesRelayNetworks: Bool = false) {
      self.domain = domain
      self.includesRelayNetworks = includesRelayNetworks
    }

    public static let none = Terms()

    /// Whether the mail of a client of that trust is completed.
    public func concern(_ trust: Trust) -> Bool {
      switch trust {
      case .none: false
      case .network, .certificate: includesRelayNetworks
      case .user: true
      }
    }
  }

  let domain: String?
  private let messageID: String
  private let date: String

  /// - Parameters:
  ///   - id: the transaction's, which nobody else has.
  ///   - date: as RFC 5322 §3.3 writes it.
  public init(_ terms: Terms, id: String, hostname: String, date: String) {
    domain = terms.domain
    messageID = "<\(id)@\(hostname)>"
    self.date = date
  }

  /// The lines that are missing, CRLF-ended.
  func missingLines(_ header: MessageHeader, _ signed: Set<String>) -> String {
    var lines = ""
    if !header.contains("Date"), !signed.contains("date") { lines += "Date: \(date)\r\n" }
    if !header.contains("Message-ID"), !signed.contains("message-id") {
      lines += "Message-ID: \(messageID)\r\n"
    }
    return lines
  }

  /// Whether bare names of a field are completed.
  static func concerns(_ field: MessageHeader.Field) -> Bool {
    ["From", "To", "Cc", "Reply-To"].contains { field.isNamed($0) }
  }

  /// Where the domain goes in a field: behind each bare name. Empty where there is none, where the field cannot be
  /// read, or where a line would grow past the 998 octets of RFC 5322 §2.1.1.
  func places(in field: MessageHeader.Field, of message: [UInt8]) -> [Int] {
    guard let domain, let list = try? AddressList(message, in: field.body) else { return [] }
    let places = list.mailboxes.filter { $0.domain == nil && !$0.hasRoute && !$0.localPart.isEmpty }.map(
      \.localEnd)
    guard !places.isEmpty else { return [] }
    var line = field.range.lowerBound
    var added = 0
    var next = places[...]
    for index in field.range {
      while let place = next.first, place == index {
        added += 1 + domain.utf8.count
        next.removeFirst()
      }
      guard message[index] == .lineFeed else { continue }
      if added > 0, index - line - 1 + added > 998 { return [] }
      (line, added) = (index + 1, 0)
    }
    return added > 0 && field.range.upperBound - line + added > 998 ? [] : places
  }

  /// The field with the domain at each place; every other octet as it was.
  func completed(_ field: MessageHeader.Field, _ message: [UInt8], at places: [Int]) -> [UInt8] {
    var result: [UInt8] = []
    var position = field.range.lowerBound
    for place in places {
      result.append(contentsOf: message[position..<place])
      result.append(UInt8(ascii: "@"))
      result.append(contentsOf: (domain ?? "").utf8)
      position = place
    }
    result.append(contentsOf: message[position..<field.range.upperBound])
    return result
  }

  /// The names, in small letters, of the fields that DKIM signatures in the header cover, their absence included
  /// (RFC 6376 §3.5, `h=`): to touch those would break them.
  static func signedFields(_ header: MessageHeader, of message: [UInt8]) -> Set<String> {
    var names: Set<String> = []
    for field in header.fields where field.isNamed("DKIM-Signature") {
      for tag in message[field.body].split(separator: UInt8(ascii: ";")) {
        let isSpace: (UInt8) -> Bool = { $0.isWhiteSpace || $0 == .carriageReturn || $0 == .lineFeed }
        let plain = tag.filter { !isSpace($0) }
        guard plain.starts(with: "h=".utf8) || plain.starts(with: "H=".utf8) else { continue }
        for name in plain.dropFirst(2).split(separator: UInt8(ascii: ":")) {
          names.insert(String(decoding: name, as: UTF8.self).lowercasedASCII)
        }
      }
    }
    return names
  }
}
