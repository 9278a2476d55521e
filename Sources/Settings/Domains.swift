internal import Bytes

/// Why a text that the operator wrote is not a domain; `reason` continues the text: `… ends in a dot: …`.
struct DomainFault: Error, Hashable {
  let reason: String
}

/// What a domain may look like in the operator's files.
///
/// Letters beyond ASCII are taken as they stand: whoever serves an internationalised domain writes it in both
/// forms, `bücher.example` and `xn--bcher-kva.example`.
enum DomainName {
  /// The name in small letters, or why it is none. RFC 1035 §2.3.4 (lengths), RFC 1123 §2.1 (letters); the
  /// underscore is taken because real names have it.
  static func checked(_ text: String) throws(DomainFault) -> String {
    if isPlain(text) { return text.lowercasedASCII }
    if text.isEmpty { throw DomainFault(reason: "is empty") }
    if text.hasSuffix(".") { throw DomainFault(reason: "ends in a dot: write it without") }
    guard text.utf8.count <= 253 else { throw DomainFault(reason: "is longer than 253 bytes") }
    for label in text.split(separator: ".", omittingEmptySubsequences: false) {
      if label.isEmpty { throw DomainFault(reason: "has two dots in a row or one in front") }
      if label.utf8.count > 63 { throw DomainFault(reason: "has a label longer than 63 bytes") }
      if label.first == "-" || label.last == "-" {
        throw DomainFault(reason: "has a label that begins or ends with a hyphen")
      }
      if let wrong = label.unicodeScalars.first(where: { !isAllowed($0) }) {
        throw DomainFault(reason: "holds \(quoted(String(wrong))), which no domain does")
      }
    }
    return text.lowercasedASCII
  }

  /// True for nearly every name there is, found in one pass: a file of recipients has a million.
  private static func isPlain(_ text: String) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    var length = 0
    var last = UInt8.dot
    for byte in text.utf8 {
      if byte == .dot {
        if length == 0 || last == UInt8(ascii: "-") { return false }
        length = 0
      } else {
        guard
          byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_") || (byte == UInt8(ascii: "-") && length > 0)
        else { return false }
        length += 1
        if length > 63 { return false }
      }
      last = byte
    }
    return length > 0 && last != UInt8(ascii: "-")
  }

  /// A host's name, ASCII only, in small letters.
  static func hostName(_ text: String) throws(DomainFault) -> String {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
      throw DomainFault(reason: "has letters beyond ASCII: write the xn-- form")
    }
    let name = try checked(text)
    if name.split(separator: ".").last?.allSatisfy(\.isNumber) == true {
      throw DomainFault(reason: "is an address, not a name")
    }
    return name
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII else {
      return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
    return scalar == "-" || scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
      || ("0"..."9").contains(scalar)
  }
}

/// A set of domains: names that stand for themselves, and parents whose sub-domains are meant.
public struct DomainSet: Sendable, Hashable {
  /// Names without a leading dot, in small letters: just these.
  public private(set) var names: Set<String> = []
  /// What stood behind a leading dot, in small letters: any name below, not these themselves.
  public private(set) var parents: Set<String> = []

  public init() {}

  /// - Parameters:
  ///   - names: names in small letters that stand for themselves.
  ///   - parents: names in small letters, without a leading dot, whose sub-domains are meant.
  public init(names: Set<String>, parents: Set<String> = []) {
    self.names = names
    self.parents = parents
  }

  public var isEmpty: Bool { names.isEmpty && parents.isEmpty }

  /// All members as they would be written, sorted.
  public var written: [String] { (Array(names) + parents.map { ".\($0)" }).sorted() }

  /// Whether a domain is in the set. The letters A–Z are compared without regard to case, a trailing dot is no
  /// part of the name.
  public func contains(_ domain: String) -> Bool {
    var domain = domain.lowercasedASCII
    if domain.utf8.last == .dot { domain.removeLast() }
    if names.contains(domain) { return true }
    if parents.isEmpty { return false }
    var rest = Substring(domain)
    while let dot = rest.utf8.firstIndex(of: .dot) {
      let isBelow = dot > rest.startIndex
      rest = rest[rest.utf8.index(after: dot)...]
      if isBelow, parents.contains(String(rest)) { return true }
    }
    return false
  }

  /// Takes one member as written.
  mutating func insert(_ text: String) throws(DomainFault) {
    if text.hasPrefix("*.") {
      throw DomainFault(
        reason: "has a star: write \"\(printable(String(text.dropFirst())))\" for the sub-domains")
    }
    if let at = text.lastIndex(of: "@") {
      let domain = printable(String(text[text.index(after: at)...]))
      throw DomainFault(reason: "is an address: write the domain alone, \"\(domain)\"")
    }
    if text.hasPrefix(".") {
      parents.insert(try DomainName.checked(String(text.dropFirst())))
    } else {
      names.insert(try DomainName.checked(text))
    }
  }
}
