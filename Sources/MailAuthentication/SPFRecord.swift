internal import Bytes
internal import NetAddress

/// Why a text is no SPF record, with the term that is wrong.
struct SPFSyntaxFault: Error, Hashable {
  let term: String
  let reason: String
}

/// What a directive asks about (RFC 7208 §5); ranges are domain-specs in the record's octets.
enum SPFMechanism: Hashable, Sendable {
  case all
  case include(Range<Int>)
  /// The lengths are those of the prefixes that count, within each family.
  case address(Range<Int>?, v4: Int, v6: Int)
  case exchange(Range<Int>?, v4: Int, v6: Int)
  case pointer(Range<Int>?)
  case v4(IPPrefix)
  /// A mapped IPv4 address here is six groups of IPv6, which no client has (§5).
  case v6(IPAddress, length: Int)
  case exists(Range<Int>)

  /// Whether it counts among the ten (§4.6.4).
  var asks: Bool {
    switch self {
    case .all, .v4, .v6: false
    case .include, .address, .exchange, .pointer, .exists: true
    }
  }
}

struct SPFDirective: Hashable, Sendable {
  /// What the result is where it matches.
  let result: SPFResult
  let mechanism: SPFMechanism
  /// Where it stands in the record, with its qualifier.
  let range: Range<Int>
}

/// One record `v=spf1 …`, the whole of it found right before any of it is looked at (RFC 7208 §4.6).
struct SPFRecord: Sendable {
  let octets: [UInt8]
  private(set) var directives: [SPFDirective] = []
  /// The domain-spec of `redirect=`.
  private(set) var redirect: Range<Int>?
  /// The domain-spec of `exp=`.
  private(set) var explanation: Range<Int>?

  /// Bound: octets of a record. Section 3.4 asks for 450; the longest in use have some thousand.
  static let mostOctets = 16_384

  /// Whether a TXT record is meant as one: it begins with `v=spf1` and a space, or is no more (§4.5).
  static func isMeant(by text: [UInt8]) -> Bool {
    guard text.count >= 6 else { return false }
    for (byte, letter) in zip(text, "v=spf1".utf8) where byte.lowercasedASCII != letter { return false }
    return text.count == 6 || text[6] == .space
  }

  init(_ octets: [UInt8]) throws(SPFSyntaxFault) {
    self.octets = octets
    guard Self.isMeant(by: octets) else { throw SPFSyntaxFault(term: "", reason: "no version") }
    guard octets.count <= Self.mostOctets else {
      throw SPFSyntaxFault(term: "", reason: "more than \(Self.mostOctets) octets")
    }
    var position = 6
    while position < octets.count {
      if octets[position] == .space {
        position += 1
        continue
      }
      var end = position
      while end < octets.count, octets[end] != .space { end += 1 }
      try read(position..<end)
      position = end
    }
  }

  /// A part of the record as text, for people: bounded, without controls.
  func text(_ range: Range<Int>) -> String {
    String(decoding: octets[range].prefix(200), as: UTF8.self).printable(limit: 200)
  }

  private mutating func read(_ term: Range<Int>) throws(SPFSyntaxFault) {
    var end = term.lowerBound
    while end < term.upperBound, octets[end].isInName { end += 1 }
    if end < term.upperBound, octets[end] == UInt8(ascii: "="), end > term.lowerBound,
      octets[term.lowerBound].isASCIILetter
    {
      try readModifier(term, nameEnd: end)
    } else {
      directives.append(try directive(term))
    }
  }

  private mutating func readModifier(_ term: Range<Int>, nameEnd: Int) throws(SPFSyntaxFault) {
    let name = term.lowerBound..<nameEnd
    let value = (nameEnd + 1)..<term.upperBound
    if equals(name, "redirect") {
      guard redirect == nil else { throw fault(term, "a second redirect=") }
      guard SPFGrammar.isDomainSpec(octets, value) else { throw fault(term, "no name") }
      redirect = value
    } else if equals(name, "exp") {
      guard explanation == nil else { throw fault(term, "a second exp=") }
      guard SPFGrammar.isDomainSpec(octets, value) else { throw fault(term, "no name") }
      explanation = value
    } else if !SPFGrammar.isMacroString(octets, value, in: .modifier) {
      throw fault(term, "no macro string")
    }
  }

  private func directive(_ term: Range<Int>) throws(SPFSyntaxFault) -> SPFDirective {
    var start = term.lowerBound
    var result = SPFResult.pass
    switch octets[start] {
    case UInt8(ascii: "+"): start += 1
    case UInt8(ascii: "-"): (start, result) = (start + 1, .fail)
    case UInt8(ascii: "~"): (start, result) = (start + 1, .softfail)
    case UInt8(ascii: "?"): (start, result) = (start + 1, .neutral)
    default: break
    }
    var nameEnd = start
    while nameEnd < term.upperBound, octets[nameEnd].isASCIILetterOrDigit { nameEnd += 1 }
    guard let mechanism = try mechanism(start..<nameEnd, nameEnd..<term.upperBound, term) else {
      throw fault(term, "unknown mechanism")
    }
    return SPFDirective(result: result, mechanism: mechanism, range: term)
  }

  private func mechanism(
    _ name: Range<Int>, _ rest: Range<Int>, _ term: Range<Int>
  ) throws(SPFSyntaxFault) -> SPFMechanism? {
    switch name.count {
    case 1 where equals(name, "a"):
      let (spec, v4, v6) = try target(rest, term)
      return .address(spec, v4: v4, v6: v6)
    case 2 where equals(name, "mx"):
      let (spec, v4, v6) = try target(rest, term)
      return .exchange(spec, v4: v4, v6: v6)
    case 3 where equals(name, "ip4"): return try v4(rest, term)
    case 3 where equals(name, "ip6"): return try v6(rest, term)
    case 3 where equals(name, "all"):
      guard rest.isEmpty else { throw fault(term, "all stands alone") }
      return .all
    case 3 where equals(name, "ptr"): return .pointer(rest.isEmpty ? nil : try spec(rest, term))
    case 6 where equals(name, "exists"): return .exists(try spec(rest, term))
    case 7 where equals(name, "include"): return .include(try spec(rest, term))
    default: return nil
    }
  }
}

// MARK: - What follows a mechanism's name

extension SPFRecord {
  /// `":" domain-spec`
  private func spec(_ rest: Range<Int>, _ term: Range<Int>) throws(SPFSyntaxFault) -> Range<Int> {
    guard let colon = rest.first, octets[colon] == UInt8(ascii: ":"),
      SPFGrammar.isDomainSpec(octets, (colon + 1)..<rest.upperBound)
    else { throw fault(term, "no name") }
    return (colon + 1)..<rest.upperBound
  }

  /// `[":" domain-spec] [dual-cidr-length]`: the lengths are read from the end, for a domain-spec may hold slashes
  /// too, but its end has none.
  private func target(
    _ rest: Range<Int>, _ term: Range<Int>
  ) throws(SPFSyntaxFault) -> (Range<Int>?, v4: Int, v6: Int) {
    var end = rest.upperBound
    var v4 = 32
    var v6 = 128
    if let slash = lengthStart(rest.lowerBound..<end), slash > rest.lowerBound,
      octets[slash - 1] == UInt8(ascii: "/")
    {
      guard let length = length(slash + 1..<end, most: 128) else { throw fault(term, "no prefix length") }
      (v6, end) = (length, slash - 1)
    }
    if let slash = lengthStart(rest.lowerBound..<end) {
      guard let length = length(slash + 1..<end, most: 32) else { throw fault(term, "no prefix length") }
      (v4, end) = (length, slash)
    }
    if end == rest.lowerBound { return (nil, v4, v6) }
    return (try spec(rest.lowerBound..<end, term), v4, v6)
  }

  /// Where a slash with nothing but digits behind it stands.
  private func lengthStart(_ range: Range<Int>) -> Int? {
    var position = range.upperBound
    while position > range.lowerBound, octets[position - 1].isASCIIDigit { position -= 1 }
    guard position < range.upperBound, position > range.lowerBound, octets[position - 1] == UInt8(ascii: "/")
    else { return nil }
    return position - 1
  }

  /// One to three digits, without a zero in front.
  private func length(_ digits: Range<Int>, most: Int) -> Int? {
    guard let first = digits.first, digits.count <= 3,
      digits.count == 1 || octets[first] != UInt8(ascii: "0")
    else { return nil }
    var value = 0
    for position in digits {
      guard octets[position].isASCIIDigit else { return nil }
      value = value * 10 + Int(octets[position] - UInt8(ascii: "0"))
    }
    return value <= most ? value : nil
  }

  private func v4(_ rest: Range<Int>, _ term: Range<Int>) throws(SPFSyntaxFault) -> SPFMechanism {
    let (address, length) = try network(rest, term, most: 32)
    guard !octets[rest.dropFirst()].contains(UInt8(ascii: ":")), address.isV4 else {
      throw fault(term, "no IPv4 address")
    }
    return .v4(IPPrefix(containing: address, length: length))
  }

  private func v6(_ rest: Range<Int>, _ term: Range<Int>) throws(SPFSyntaxFault) -> SPFMechanism {
    let (address, length) = try network(rest, term, most: 128)
    guard octets[rest.dropFirst()].contains(UInt8(ascii: ":")) else { throw fault(term, "no IPv6 address") }
    return .v6(address, length: length)
  }

  private func network(
    _ rest: Range<Int>, _ term: Range<Int>, most: Int
  ) throws(SPFSyntaxFault) -> (IPAddress, length: Int) {
    guard let colon = rest.first, octets[colon] == UInt8(ascii: ":") else { throw fault(term, "no address") }
    var end = colon + 1
    while end < rest.upperBound, octets[end] != UInt8(ascii: "/") { end += 1 }
    guard let address = IPAddress(ascii: octets.span.extracting((colon + 1)..<end)) else {
      throw fault(term, "no address")
    }
    if end == rest.upperBound { return (address, most) }
    guard let length = length((end + 1)..<rest.upperBound, most: most) else {
      throw fault(term, "no prefix length")
    }
    return (address, length)
  }

  private func equals(_ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { letters in
      for (offset, letter) in letters.enumerated()
      where octets[range.lowerBound + offset].lowercasedASCII != letter { return false }
      return true
    }
  }

  private func fault(_ term: Range<Int>, _ reason: String) -> SPFSyntaxFault {
    SPFSyntaxFault(term: text(term), reason: reason)
  }
}

extension UInt8 {
  /// What the name of a modifier is made of (RFC 7208 §12), behind its first letter.
  fileprivate var isInName: Bool {
    isASCIILetterOrDigit || self == UInt8(ascii: "-") || self == UInt8(ascii: "_") || self == .dot
  }
}
