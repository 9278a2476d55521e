internal import Bytes
internal import DNS
internal import NetAddress

/// What the macros of RFC 7208 §7 stand for in one check.
struct SPFMacros: Sendable {
  let ip: IPAddress
  let localPart: String
  /// The sender's domain, in A-labels.
  let senderDomain: String
  let helo: String
  let hostname: String
  /// Seconds since 1970.
  let time: Int64
  /// The client's name, proved by its own addresses; filled in before a text with `%{p}` is expanded.
  var validatedName = "unknown"

  /// Bound: octets of an expansion; only the end of a name counts, only the beginning of an explanation.
  private static let mostOctets = 4096

  /// Whether a text asks for the client's name.
  static func asksForName(_ octets: [UInt8], _ range: Range<Int>) -> Bool {
    guard octets[range].contains(UInt8(ascii: "%")) else { return false }
    var reader = SPFMacroReader(octets, range, in: .explanation)
    while let piece = reader.next() {
      if case .macro(let macro) = piece, macro.letter == UInt8(ascii: "p") { return true }
    }
    return false
  }

  /// Whether a domain-spec speaks of a local part that no name can be made of (RFC 8616 §4: `%{s}` or `%{l}`, and
  /// the local part is not ASCII): its term matches nothing, whatever the macro would leave of it.
  func asksForUnspeakable(_ octets: [UInt8], _ range: Range<Int>) -> Bool {
    guard octets[range].contains(UInt8(ascii: "%")), !localPart.utf8.allSatisfy({ $0 < 0x80 }) else {
      return false
    }
    var reader = SPFMacroReader(octets, range, in: .name)
    while let piece = reader.next() {
      if case .macro(let macro) = piece, "sl".utf8.contains(macro.letter) { return true }
    }
    return false
  }

  /// The name that a domain-spec stands for (§7.3); nil where DNS cannot be asked for it.
  func name(_ octets: [UInt8], _ range: Range<Int>, in domain: DNSName) -> DNSName? {
    guard octets[range].contains(UInt8(ascii: "%")) else { return DNSName(expanded: fitting(octets[range])) }
    guard let text = expanded(octets, range, in: .name, domain, keepsEnd: true) else { return nil }
    return DNSName(expanded: fitting(text[...]))
  }

  /// The words of an explanation: printable ASCII, no more than `limit`; nil where they are none (§6.2).
  func explanation(_ octets: [UInt8], in domain: DNSName, limit: Int) -> String? {
    guard octets.count <= SPFRecord.mostOctets,
      let text = expanded(octets, 0..<octets.count, in: .explanation, domain, keepsEnd: false)
    else { return nil }
    let words = text.prefix(limit).map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }
    return words.allSatisfy { $0 == .space } ? nil : String(decoding: words, as: UTF8.self)
  }

  /// Names past 253 octets lose labels from the left (§7.3).
  private func fitting(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text
    if text.last == .dot { text.removeLast() }
    while text.count > 253 {
      guard let dot = text.firstIndex(of: .dot) else { return [] }
      text = text[(dot + 1)...]
    }
    return text
  }

  /// - Returns: nil where the text is not the grammar.
  private func expanded(
    _ octets: [UInt8], _ range: Range<Int>, in place: SPFMacroReader.Place, _ domain: DNSName, keepsEnd: Bool
  ) -> [UInt8]? {
    var reader = SPFMacroReader(octets, range, in: place)
    var text: [UInt8] = []
    while let piece = reader.next() {
      if text.count > Self.mostOctets {
        // Of a name the last labels are kept, and where none ends there it is no name.
        if keepsEnd { text.removeFirst(text.count - 512) }
      }
      let isFull = text.count > Self.mostOctets
      switch piece {
      case .fault: return nil
      case _ where isFull: break
      case .literal(let byte): text.append(byte)
      case .sign(UInt8(ascii: "%")): text.append(UInt8(ascii: "%"))
      case .sign(UInt8(ascii: "_")): text.append(.space)
      case .sign: text.append(contentsOf: "%20".utf8)
      case .macro(let macro): append(macro, domain, to: &text)
      }
    }
    return text
  }

  private func append(_ macro: SPFMacro, _ domain: DNSName, to text: inout [UInt8]) {
    var value = value(macro.letter, domain)
    if macro.parts > 0 || macro.isReversed || macro.delimiters != .dot { value = transformed(value, macro) }
    if macro.isEscaped {
      for byte in value { Self.appendEscaped(byte, to: &text) }
    } else {
      text.append(contentsOf: value)
    }
  }

  private func value(_ letter: UInt8, _ domain: DNSName) -> [UInt8] {
    switch letter {
    case UInt8(ascii: "s"): Array("\(localPart)@\(senderDomain)".utf8)
    case UInt8(ascii: "l"): Array(localPart.utf8)
    case UInt8(ascii: "o"): Array(senderDomain.utf8)
    case UInt8(ascii: "d"): Array(domain.text.utf8)
    case UInt8(ascii: "i"): dotted
    case UInt8(ascii: "p"): Array(validatedName.utf8)
    case UInt8(ascii: "v"): Array((ip.isV4 ? "in-addr" : "ip6").utf8)
    case UInt8(ascii: "h"): Array(helo.utf8)
    case UInt8(ascii: "c"): Array(ip.description.utf8)
    case UInt8(ascii: "r"): Array(hostname.utf8)
    default: Array(String(time).utf8)
    }
  }

  /// A dotted quad, or 32 nibbles (§7.3).
  private var dotted: [UInt8] {
    if ip.isV4 { return Array(ip.description.utf8) }
    var text: [UInt8] = []
    text.reserveCapacity(63)
    for half in [ip.high, ip.low] {
      for shift in stride(from: 60, through: 0, by: -4) {
        if !text.isEmpty { text.append(.dot) }
        let nibble = UInt8(half >> UInt64(shift) & 15)
        text.append(nibble < 10 ? nibble + 0x30 : nibble - 10 + 0x41)
      }
    }
    return text
  }

  /// Split, turned round, cut down to its last parts, joined with dots (§7.3).
  private func transformed(_ value: [UInt8], _ macro: SPFMacro) -> [UInt8] {
    var parts = value.split(omittingEmptySubsequences: false) { macro.delimiters.contains(byte: $0) }
    if macro.isReversed { parts.reverse() }
    if macro.parts > 0 { parts = parts.suffix(macro.parts) }
    return Array(parts.joined(separator: [.dot]))
  }

  /// All but the unreserved ones of RFC 3986 §2.3 as `%XX`.
  private static func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case _ where byte.isASCIILetterOrDigit, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      text.append(byte)
    default:
      text.append(UInt8(ascii: "%"))
      for nibble in [byte >> 4, byte & 15] { text.append(nibble < 10 ? nibble + 0x30 : nibble - 10 + 0x41) }
    }
  }
}
