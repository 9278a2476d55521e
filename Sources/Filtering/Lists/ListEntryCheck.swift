import Bytes
import NetAddress

/// Whether an entry is one of its kind; what is not is told in words, with what to write instead.
enum ListEntryCheck {
  /// Bounds: bytes of a label, a name, a local part and a path.
  static let labelLimit = 63
  static let nameLimit = 253
  static let localLimit = 256
  static let pathLimit = 1024

  /// Passes a sound entry of any kind but `.cidr`, whose reading is its check.
  static func check(_ text: Span<UInt8>, _ entry: Range<Int>, kind: ListKind) throws(ListLineError) {
    if let star = entry.first(where: { text[$0] == UInt8(ascii: "*") }), text[entry.lowerBound] != quote {
      throw ListLineError(offset: star, message: "`*` is no wildcard here: \(advice(for: kind))")
    }
    switch kind {
    case .cidr: _ = try prefix(text, entry)
    case .domains: try checkDomains(text, entry)
    case .helo: try checkHelo(text, entry)
    case .senders, .recipients: try checkMailbox(text, entry, kind)
    case .urls: try checkURL(text, entry)
    }
  }

  /// The network that an entry of a `.cidr` file writes.
  static func prefix(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) -> IPPrefix {
    do {
      return try IPPrefix.parse(ascii: text.extracting(entry))
    } catch {
      var message = error.description
      if error == .notAnAddress {
        let isMailbox = entry.contains { text[$0] == at }
        let isComment = entry.contains { text[$0] == UInt8(ascii: "#") }
        let isName = !isMailbox && !isComment && entry.contains { (text[$0] | 0x20) >= UInt8(ascii: "g") }
        message += ": write an address or a network, 192.0.2.1 or 192.0.2.0/24"
        if isMailbox { message += "; a mailbox belongs in a .senders or .recipients file" }
        if isComment { message += "; put a space in front of the #" }
        if isName { message += "; a name belongs in a .domains or .helo file" }
      }
      throw ListLineError(offset: entry.lowerBound, message: message)
    }
  }

  private static let at = UInt8(ascii: "@")
  private static let quote = UInt8(ascii: "\"")

  private static func advice(for kind: ListKind) -> String {
    switch kind {
    case .cidr: "write a network, 192.0.2.0/24"
    case .domains, .helo: "example.org covers its sub-domains as well, =example.org itself alone"
    case .senders, .recipients: "@example.org is every mailbox of a domain, .example.org its sub-domains"
    case .urls: "example.org covers its sub-domains as well, example.org/path all below the path"
    }
  }

  private static func checkDomains(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) {
    try refuseMailbox(text, entry)
    let shape = ListEntry(text, entry, kind: .domains)
    if isAddress(text, shape.domain) {
      throw ListLineError(offset: entry.lowerBound, message: "an address belongs in a .cidr file")
    }
    try refuseLeadingDot(text, shape.domain)
    try checkName(text, shape.domain)
  }

  private static func checkHelo(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) {
    try refuseMailbox(text, entry)
    let shape = ListEntry(text, entry, kind: .helo)
    if text[entry.lowerBound] == UInt8(ascii: "[") {
      return try checkLiteral(text, entry)
    }
    try refuseLeadingDot(text, shape.domain)
    try checkName(text, shape.domain)
  }

  private static func checkMailbox(
    _ text: Span<UInt8>, _ entry: Range<Int>, _ kind: ListKind
  ) throws(ListLineError) {
    let shape = ListEntry(text, entry, kind: kind)
    switch shape.form {
    case .subtree:
      let name = String(decoding: text, entry)
      throw ListLineError(
        offset: entry.lowerBound,
        message: "write @\(name) for every mailbox of the domain, .\(name) for its sub-domains, "
          + "user@\(name) for one mailbox")
    case .mailbox:
      try checkLocal(text, shape.rest)
    case .only, .below, .path:
      break
    }
    if shape.form != .below, !shape.domain.isEmpty, text[shape.domain.lowerBound] == UInt8(ascii: "[") {
      return try checkLiteral(text, shape.domain)
    }
    try checkName(text, shape.domain)
  }

  private static func checkURL(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) {
    for index in entry where index + 1 < entry.upperBound {
      if text[index] == UInt8(ascii: "/") { break }
      if text[index] == UInt8(ascii: ":"), text[index + 1] == UInt8(ascii: "/") {
        throw ListLineError(
          offset: entry.lowerBound, message: "leave the scheme away: write example.org or example.org/path")
      }
    }
    let shape = ListEntry(text, entry, kind: .urls)
    guard shape.rest.count <= pathLimit else {
      throw ListLineError(offset: shape.rest.lowerBound, message: "a path of more than \(pathLimit) bytes")
    }
    for index in shape.rest where text[index] == UInt8(ascii: "#") || text[index] == UInt8(ascii: "?") {
      throw ListLineError(
        offset: index, message: "only host and path are compared: end the entry before this")
    }
    if isAddress(text, shape.domain) { return }
    try refuseLeadingDot(text, shape.domain)
    try checkName(text, shape.domain)
  }

  private static func refuseMailbox(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) {
    guard let found = entry.first(where: { text[$0] == at }) else { return }
    throw ListLineError(
      offset: found, message: "a mailbox or @domain belongs in a .senders or .recipients file")
  }

  private static func refuseLeadingDot(_ text: Span<UInt8>, _ name: Range<Int>) throws(ListLineError) {
    guard !name.isEmpty, text[name.lowerBound] == .dot else { return }
    throw ListLineError(
      offset: name.lowerBound, message: "write it without the dot in front: a name covers its sub-domains")
  }

  /// One to many labels of letters, digits, `-`, `_` and non-ASCII text.
  private static func checkName(_ text: Span<UInt8>, _ name: Range<Int>) throws(ListLineError) {
    guard !name.isEmpty else { throw ListLineError(offset: name.lowerBound, message: "no name here") }
    guard name.count <= nameLimit else {
      throw ListLineError(offset: name.lowerBound, message: "a name of more than \(nameLimit) bytes")
    }
    guard text[name.upperBound - 1] != .dot else {
      throw ListLineError(offset: name.upperBound - 1, message: "write it without the dot at its end")
    }
    var labelStart = name.lowerBound
    for index in name {
      let byte = text[index]
      if byte == .dot {
        guard index > labelStart else { throw ListLineError(offset: index, message: "two dots in a row") }
        labelStart = index + 1
      } else if !(byte.isASCIILetterOrDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        || byte >= 0x80)
      {
        throw ListLineError(
          offset: index, message: "`\(Character(Unicode.Scalar(byte)))` cannot stand in a name")
      }
      if index - labelStart >= labelLimit {
        throw ListLineError(offset: labelStart, message: "a label of more than \(labelLimit) bytes")
      }
    }
  }

  /// RFC 5321 §4.1.2: a dot-string, or a quoted one.
  private static func checkLocal(_ text: Span<UInt8>, _ local: Range<Int>) throws(ListLineError) {
    guard !local.isEmpty else {
      throw ListLineError(offset: local.lowerBound, message: "no name before the @")
    }
    guard local.count <= localLimit else {
      throw ListLineError(offset: local.lowerBound, message: "a local part of more than \(localLimit) bytes")
    }
    if text[local.lowerBound] == quote {
      var index = local.lowerBound + 1
      while index < local.upperBound, text[index] != quote {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
      }
      guard index == local.upperBound - 1 else {
        throw ListLineError(offset: local.lowerBound, message: "the quotes do not end before the @")
      }
      return
    }
    for index in local {
      let byte = text[index]
      guard !"<>()[]:;,\\\"@".utf8.contains(byte) else {
        throw ListLineError(
          offset: index,
          message: "`\(Character(Unicode.Scalar(byte)))` stands in a local part only inside quotes: \"…\"@dom"
        )
      }
    }
  }

  /// An address literal in its one canonical spelling, so that texts can be compared.
  private static func checkLiteral(_ text: Span<UInt8>, _ entry: Range<Int>) throws(ListLineError) {
    let written = String(decoding: text, entry)
    guard let canonical = ListLiteral.canonical(written) else {
      throw ListLineError(
        offset: entry.lowerBound, message: "not an address literal: write [192.0.2.1] or [IPv6:2001:db8::1]")
    }
    guard canonical.equalsIgnoringASCIICase(written) else {
      throw ListLineError(offset: entry.lowerBound, message: "write the address as \(canonical)")
    }
  }

  private static func isAddress(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    (try? IPPrefix.parse(ascii: text.extracting(range))) != nil
  }
}

/// Address literals (RFC 5321 §4.1.3) in one spelling.
enum ListLiteral {
  /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` of any spelling of the same address; nil for anything else.
  static func canonical(_ literal: String) -> String? {
    guard literal.hasPrefix("["), literal.hasSuffix("]"), literal.utf8.count >= 2 else { return nil }
    var inner = literal.dropFirst().dropLast()
    let tag = inner.prefix(5)
    if tag.equalsIgnoringASCIICase("IPv6:") { inner = inner.dropFirst(5) }
    guard let address = IPAddress(String(inner)) else { return nil }
    return text(address)
  }

  /// The literal of an address.
  static func text(_ address: IPAddress) -> String {
    address.isV4 ? "[\(address)]" : "[IPv6:\(address)]"
  }
}

extension String {
  /// The text of a range of bytes, repaired where it is not UTF-8.
  init(decoding text: Span<UInt8>, _ range: Range<Int>) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for index in range { bytes.append(text[index]) }
    self.init(decoding: bytes, as: UTF8.self)
  }
}
