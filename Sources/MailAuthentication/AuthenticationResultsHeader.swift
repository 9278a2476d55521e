internal import Bytes
internal import DNS
public import NetAddress

/// What `iprev` found (RFC 8601 §2.7.3), for the header.
public struct ReverseNameResult: Hashable, Sendable {
  public enum Result: String, Hashable, Sendable {
    case pass, fail, temperror, permerror
  }

  public var result: Result
  public var address: IPAddress
  /// The confirmed name; nil without.
  public var name: String?

  public init(_ result: Result, address: IPAddress, name: String? = nil) {
    self.result = result
    self.address = address
    self.name = name
  }
}

extension AuthenticationResults {
  /// The gateway's own header field (RFC 8601 §2.2): CRLF-ended, folded below 78 octets where words allow, ASCII, and
  /// nothing that a peer chose can break out of its place.
  ///
  /// - Parameters:
  ///   - servid: the gateway's name, by which receivers know the field.
  ///   - spf: SPF of the envelope sender; nil where it was not evaluated, as for all that follow.
  ///   - helo: SPF of the greeting's name.
  ///   - sender: the envelope sender without brackets; empty where it is null.
  ///   - dkim: empty for a message without signatures.
  ///   - user: who logged in.
  public static func header(
    servid: String, spf: SPFOutcome? = nil, helo: SPFOutcome? = nil, sender: String = "",
    dkim: [DKIMVerification]? = nil, dmarc: DMARCOutcome? = nil, arc: ARCOutcome? = nil,
    iprev: ReverseNameResult? = nil, user: String? = nil
  ) -> [UInt8] {
    var writer = AuthenticationResultsWriter(servid)
    if let user {
      writer.method("auth", "pass")
      writer.property("smtp.auth", user)
    }
    if let iprev {
      writer.method("iprev", iprev.result.rawValue)
      writer.property("policy.iprev", iprev.address.description)
    }
    if let spf { writer.add(spf, sender: sender) }
    if let helo, spf?.identity != .helo { writer.add(helo, sender: "") }
    if let dkim { writer.add(dkim) }
    if let dmarc { writer.add(dmarc) }
    // What could not be found out is not said to be anything.
    if let arc, !arc.isUnavailable { writer.add(arc) }
    return writer.finished()
  }
}

/// Writes one `Authentication-Results` field, a method a line.
private struct AuthenticationResultsWriter {
  /// Bound: a value that is longer is nobody's address.
  private static let longestValue = 320
  private static let width = 77

  private var octets: [UInt8] = []
  private var column = 0
  private var isEmpty = true

  init(_ servid: String) {
    octets.append(contentsOf: "Authentication-Results: ".utf8)
    octets.append(contentsOf: Self.value(servid))
  }

  mutating func method(_ name: StaticString, _ result: String) {
    octets.append(contentsOf: ";\r\n\t".utf8)
    column = 8
    isEmpty = false
    name.withUTF8Buffer { append(Array($0) + [UInt8(ascii: "=")] + Array(result.utf8)) }
  }

  /// In words that are ours; only printable ASCII of it.
  mutating func reason(_ text: String) {
    if !text.isEmpty { word("reason", Self.quoted(text)) }
  }

  mutating func property(_ name: StaticString, _ value: String) {
    if !value.isEmpty { word(name, Self.value(value)) }
  }

  private mutating func word(_ name: StaticString, _ value: [UInt8]) {
    let word = name.withUTF8Buffer { Array($0) } + [UInt8(ascii: "=")] + value
    if column + 1 + word.count > Self.width {
      octets.append(contentsOf: "\r\n\t".utf8)
      column = 8
    } else {
      octets.append(.space)
      column += 1
    }
    append(word)
  }

  private mutating func append(_ word: [UInt8]) {
    octets.append(contentsOf: word)
    column += word.count
  }

  func finished() -> [UInt8] { octets + Array((isEmpty ? "; none\r\n" : "\r\n").utf8) }

  /// A pvalue: a token, an address or a domain as it is, anything else quoted (RFC 8601 §2.2, RFC 2045 §5.1).
  private static func value(_ text: String) -> [UInt8] {
    let octets = Array(text.utf8.prefix(longestValue + 1))
    guard octets.count <= longestValue else { return quoted(text) }
    let at = octets.lastIndex(of: UInt8(ascii: "@"))
    let local = octets[..<(at ?? 0)]
    let rest = at.map { octets[($0 + 1)...] } ?? octets[...]
    let isPlain =
      !rest.isEmpty && rest.allSatisfy(isToken) && local.allSatisfy { isAtom($0) || $0 == .dot }
      && local.first != .dot && local.last != .dot
    return isPlain ? octets : quoted(text)
  }

  private static func quoted(_ text: String) -> [UInt8] {
    var result: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8.prefix(longestValue) {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { result.append(UInt8(ascii: "\\")) }
      result.append(byte >= 0x20 && byte < 0x7f ? byte : UInt8(ascii: "?"))
    }
    return result + [UInt8(ascii: "\"")]
  }

  /// RFC 2045 §5.1.
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7f...: false
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
      UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="):
      false
    default: true
    }
  }

  /// RFC 5322 §3.2.3.
  private static func isAtom(_ byte: UInt8) -> Bool {
    isToken(byte) && byte != .dot || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?")
      || byte == UInt8(ascii: "=")
  }
}

extension AuthenticationResultsWriter {
  mutating func add(_ spf: SPFOutcome, sender: String) {
    method("spf", spf.result.rawValue)
    reason(spf.problem)
    let domain = spf.domain?.text ?? ""
    switch spf.identity {
    case .helo: property("smtp.helo", domain)
    case .mailFrom:
      // A local part that is not ASCII is left out: this header is written in ASCII for everybody.
      property("smtp.mailfrom", sender.utf8.allSatisfy { $0 < 0x80 } && !sender.isEmpty ? sender : domain)
    }
  }

  mutating func add(_ dkim: [DKIMVerification]) {
    if dkim.isEmpty { method("dkim", DKIMStatus.none.rawValue) }
    for one in dkim {
      method("dkim", one.status.rawValue)
      reason(one.reason)
      property("header.d", one.domain?.text ?? "")
      if !one.identity.isEmpty, let domain = one.domain?.text, one.identity != "@" + domain {
        property("header.i", one.identity)
      }
      property("header.s", one.selector)
      property("header.a", one.algorithm)
      property("header.b", one.signaturePrefix)
    }
  }

  mutating func add(_ dmarc: DMARCOutcome) {
    method("dmarc", dmarc.result.rawValue)
    if dmarc.result == .temperror || dmarc.result == .permerror { reason(dmarc.reason) }
    property("header.from", dmarc.fromDomain?.text ?? "")
    property("policy.dmarc", dmarc.policy?.rawValue ?? "")
  }

  mutating func add(_ arc: ARCOutcome) {
    method("arc", arc.status.rawValue)
    if arc.status == .fail { reason(arc.reason) }
    if arc.status == .pass, let oldest = arc.oldestPass { property("header.oldest-pass", "\(oldest)") }
  }
}
