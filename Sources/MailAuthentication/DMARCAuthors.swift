internal import Bytes
public import DNS
public import MailSyntax

/// Whose domains a message names as its author: those of From (RFC 7489 §3.1.1).
public struct DMARCAuthors: Hashable, Sendable {
  /// Each domain once, in their order.
  public private(set) var domains: [DNSName] = []
  /// From fields; RFC 5322 §3.6 has one.
  public private(set) var fields = 0
  /// Whether each of them was a list of addresses.
  public private(set) var isReadable = true
  /// Whether there were more domains than the bound.
  public private(set) var isCut = false

  /// Bound: nobody writes for so many organisations.
  public static let mostDomains = 10

  /// - Parameter octets: what the header was read from.
  public init(_ header: MessageHeader, of octets: [UInt8]) {
    for field in header.fields where field.isNamed("From") {
      fields += 1
      read(octets, field.body)
    }
  }

  /// Of the body of one From field.
  public init(from body: [UInt8]) {
    fields = 1
    read(body, 0..<body.count)
  }

  private mutating func read(_ octets: [UInt8], _ body: Range<Int>) {
    do throws(AddressFault) {
      for mailbox in try AddressList(octets, in: body).mailboxes { add(mailbox.domain) }
    } catch {
      isReadable = false
      scan(octets[body])
    }
  }

  private mutating func add(_ text: String?) {
    guard let text, let name = DNSName(text), !text.utf8.starts(with: "[".utf8), !domains.contains(name)
    else { return }
    guard domains.count < Self.mostDomains else {
      isCut = true
      return
    }
    domains.append(name)
  }

  /// What looks like the domain of an address, outside of quotes and comments.
  ///
  /// Abuse: a field that nobody can read is shown by some reader as the one address that its reader sees in it. Each
  /// that could be seen is the author's, so that none escapes the check.
  private mutating func scan(_ text: ArraySlice<UInt8>) {
    var rest = text
    var hasLocal = false
    while let byte = rest.first {
      if byte == UInt8(ascii: "\""), let end = Self.end(of: rest, closing: byte) {
        rest = rest[end...]
        hasLocal = true
        continue
      }
      if byte == UInt8(ascii: "("), let end = Self.end(of: rest, closing: UInt8(ascii: ")")) {
        rest = rest[end...]
        continue
      }
      rest.removeFirst()
      if byte == UInt8(ascii: "@") {
        let name = rest.prefix { $0.isASCIILetterOrDigit || $0 >= 0x80 || "-._".utf8.contains($0) }
        if hasLocal { add(String(utf8: name)) }
        rest = rest.dropFirst(name.count)
        // Some read up to the first sign, some up to the last.
        hasLocal = !name.isEmpty
      } else if byte > 0x20 {
        hasLocal = !"<>,;:()[]".utf8.contains(byte)
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
}
