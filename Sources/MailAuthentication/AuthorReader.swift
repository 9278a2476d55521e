internal import Bytes
internal import DNS
internal import MailSyntax

/// Collects the domains of a message's authors from its From fields.
///
/// Abuse: what the grammar cannot read, some mail client shows nevertheless: as the one address that it sees in it, its
/// encoded words decoded wherever they stand, what is not UTF-8 left out. Each domain that could be seen is the
/// author's, so that none escapes the check.
struct AuthorReader {
  /// Each once, in their order.
  private(set) var domains: [DNSName] = []
  /// Whether there was more than the bounds let in.
  private(set) var isCut = false
  private(set) var isReadable = true
  /// Whether somebody is named by an address literal.
  private(set) var hasLiteral = false
  /// Names and literals, those that are known already among them.
  private var found = 0
  /// Texts taken for names.
  private var tried = 0

  /// Bound: texts that are looked at, and octets of each.
  private static let mostTries = 200
  private static let mostOctets = 1024

  /// - Parameter isWhole: whether that is the whole body of the field.
  mutating func read(_ octets: [UInt8], _ body: Range<Int>, isWhole: Bool) {
    let before = found
    if !isWhole { isCut = true }
    do throws(AddressFault) {
      guard isWhole else { throw .tooMany(at: body.upperBound) }
      for mailbox in try AddressList(octets, in: body).mailboxes { read(mailbox) }
    } catch {
      isReadable = false
      scan(octets[body], skipsQuotes: true)
      let shown = ShownText.of(octets[body])
      if !shown.elementsEqual(octets[body]) { scan(shown[...], skipsQuotes: true) }
    }
    // A name in quotes or in a comment is shown where there is nothing else.
    if found == before { readShown(octets[body]) }
  }

  private mutating func read(_ mailbox: AddressList.Mailbox) {
    guard let domain = mailbox.domain else { return readShown(Array(mailbox.localPart.utf8)[...]) }
    guard domain.utf8.first == UInt8(ascii: "[") else {
      return add(ShownText.of(Array(domain.utf8)[...])[...], isDotted: false)
    }
    let inner = domain.dropFirst().dropLast()
    if AddressLiteral.parse(String(inner)) != nil {
      hasLiteral = true
      found += 1
    } else {
      add(Array(inner.utf8)[...], isDotted: true)
    }
  }

  private mutating func readShown(_ text: ArraySlice<UInt8>) {
    guard text.contains(where: { "@=".utf8.contains($0) || $0 >= 0x80 }) else { return }
    scan(ShownText.of(text).filter { $0 != UInt8(ascii: "\\") }[...], skipsQuotes: false)
  }

  /// What looks like the domain of an address.
  private mutating func scan(_ text: ArraySlice<UInt8>, skipsQuotes: Bool) {
    var index = text.startIndex
    var hasLocal = false
    // Bound: where none closes what began here, none closes what begins further on.
    var quotesClose = skipsQuotes
    var commentsClose = skipsQuotes
    while index < text.endIndex {
      let byte = text[index]
      if byte == UInt8(ascii: "\""), quotesClose {
        if let end = Self.end(of: text[index...], closing: byte) {
          index = end
          hasLocal = true
          continue
        }
        quotesClose = false
      } else if byte == UInt8(ascii: "("), commentsClose {
        if let end = Self.end(of: text[index...], closing: UInt8(ascii: ")")) {
          index = end
          continue
        }
        commentsClose = false
      }
      index += 1
      if byte == UInt8(ascii: "@") {
        if !skipsQuotes, index < text.endIndex, text[index] == UInt8(ascii: "[") { index += 1 }
        let name = text[index...].prefix(while: \.isOfName)
        if hasLocal { add(name, isDotted: true) }
        index = name.endIndex
        // Some read up to the first sign, some up to the last.
        hasLocal = !name.isEmpty
      } else if byte > 0x20 {
        hasLocal = !"<>,;:()[]\"".utf8.contains(byte)
      }
    }
  }

  /// Behind the sign that closes what begins here; nil where none does.
  private static func end(of text: ArraySlice<UInt8>, closing: UInt8) -> Int? {
    var position = text.startIndex + 1
    while position < text.endIndex {
      switch text[position] {
      case UInt8(ascii: "\\"): position += 2
      case closing: return position + 1
      default: position += 1
      }
    }
    return nil
  }

  /// Takes a domain as it is written, or what of it is a name.
  ///
  /// - Parameter isDotted: whether one label alone is no domain.
  private mutating func add(_ written: ArraySlice<UInt8>, isDotted: Bool) {
    let written = written.prefix(Self.mostOctets)
    if written.allSatisfy(\.isOfName), let text = String(utf8: written), let name = name(text) {
      if !isDotted || name.hasLabels { take(name) }
      return
    }
    let parts = parts(of: written)
    let dotted = parts.filter(\.hasLabels)
    if dotted.isEmpty, !isDotted, let first = parts.first { take(first) }
    for name in dotted { take(name) }
  }

  /// The runs of well-formed labels, one after the other, of what is no name as a whole.
  private mutating func parts(of written: ArraySlice<UInt8>) -> [DNSName] {
    var names: [DNSName] = []
    let text = String(decoding: written, as: UTF8.self).unicodeScalars
    for run in text.split(whereSeparator: { $0 == "\u{fffd}" || $0.isASCII && !UInt8(ascii: $0).isOfName }) {
      for labels in Self.labels(of: Substring(run).utf8) {
        if let known = name(String(Substring(labels))) {
          names.append(known)
          continue
        }
        for plain in labels.split(whereSeparator: { $0 >= 0x80 }) {
          for labels in Self.labels(of: plain) {
            if let known = name(String(Substring(labels))) { names.append(known) }
          }
        }
      }
    }
    return names
  }

  /// Parts a text where a label is empty.
  private static func labels(of text: Substring.UTF8View) -> [Substring.UTF8View] {
    var runs: [Substring.UTF8View] = []
    var start = text.startIndex
    var index = start
    while index < text.endIndex {
      let next = text.index(after: index)
      if text[index] == .dot, index == start || next == text.endIndex || text[next] == .dot {
        if start < index { runs.append(text[start..<index]) }
        start = next
      }
      index = next
    }
    if start < text.endIndex { runs.append(text[start...]) }
    return runs
  }

  private mutating func name(_ text: String) -> DNSName? {
    guard tried < Self.mostTries else {
      isCut = true
      return nil
    }
    tried += 1
    return DNSName(text)
  }

  private mutating func take(_ name: DNSName) {
    found += 1
    if found > DMARCAuthors.mostNamed { isCut = true }
    guard !domains.contains(name) else { return }
    guard domains.count < DMARCAuthors.mostNamed else {
      isCut = true
      return
    }
    domains.append(name)
  }
}

extension UInt8 {
  /// Whether it may stand in the name of a host as people write it.
  fileprivate var isOfName: Bool { isASCIILetterOrDigit || self >= 0x80 || "-._".utf8.contains(self) }
}
