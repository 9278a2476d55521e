public import Bytes
import NetAddress

/// What the lists say to one question.
public struct ListAnswer: Hashable, Sendable {
  public var question: ListQuestion
  /// Those that are valid in order of precedence, then those that have expired.
  public var matches: [ListMatch]
  /// The match that decides; nil when nothing matches that is valid.
  public var winner: ListMatch? { matches.first.flatMap { $0.isExpired ? nil : $0 } }
}

/// Why a value cannot be asked about, in words for the one who typed it.
public struct ListValueError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(description: String) {
    self.description = description
  }
}

extension ListSnapshot {
  /// Asks all that a value can mean: an address (the client's, or a HELO literal), a mailbox, a domain (a
  /// client's or HELO name, a sender's or recipient's domain, a link's host), or a host with a path.
  ///
  /// One answer a question, those without a match included.
  public func check(_ value: String, at now: Timestamp) throws(ListValueError) -> [ListAnswer] {
    try ListQuestion.about(value).map { ListAnswer(question: $0, matches: all($0, at: now)) }
  }
}

extension ListQuestion {
  /// The questions in which a value can come up.
  public static func about(_ value: String) throws(ListValueError) -> [ListQuestion] {
    guard !value.isEmpty, value.utf8.count <= 2048, !value.utf8.contains(where: \.isASCIIControl) else {
      throw ListValueError(description: "not an address, a name, a mailbox or a link")
    }
    if let address = IPAddress(value) { return about(address) }
    if value.hasPrefix("["), let literal = ListLiteral.canonical(value) {
      let isV6 = literal.utf8.count > 6 && literal.hasPrefix("[IPv6:")
      if let address = IPAddress(String(literal.dropFirst(isV6 ? 6 : 1).dropLast())) { return about(address) }
    }
    if IPPrefix(value) != nil {
      throw ListValueError(description: "a network: ask about one address of it")
    }
    var link = value[...]
    for scheme in ["http://", "https://"] where value.lowercasedASCII.hasPrefix(scheme) {
      link = value.dropFirst(scheme.count)
    }
    let isLink = link.startIndex != value.startIndex
    if !isLink, let at = value.lastIndex(of: "@") {
      return try mailbox(String(value[..<at]), String(value[value.index(after: at)...]))
    }
    if let slash = link.firstIndex(of: "/") ?? (isLink ? link.endIndex : nil) {
      let host = String(link[..<slash])
      guard !host.isEmpty else { throw ListValueError(description: "no host before the path") }
      return [.url(host: host, path: String(link[slash...]))]
    }
    return [
      .clientName(value), .helo(value), .sender(local: "", domain: value),
      .recipient(local: "", domain: value), .url(host: value, path: ""),
    ]
  }

  private static func about(_ address: IPAddress) -> [ListQuestion] {
    [
      .client(address), .helo(ListLiteral.text(address)), .helo(address.description),
      .url(host: address.description, path: ""),
    ]
  }

  private static func mailbox(
    _ local: String, _ domain: String
  ) throws(ListValueError) -> [ListQuestion] {
    guard !domain.isEmpty else { throw ListValueError(description: "no domain behind the @") }
    let written = local.utf8.span
    let local = String(decoding: ListEntry.unquoted(written, 0..<written.count), as: UTF8.self)
    return [
      .sender(local: local, domain: domain), .senderDomain(domain),
      .recipient(local: local, domain: domain),
    ]
  }
}

extension ListQuestion: CustomStringConvertible {
  /// `the client's address 192.0.2.1`.
  public var description: String {
    switch self {
    case .client(let address): "the client's address \(address)"
    case .clientName(let name): "the client's name or a sender's domain \(name.printable())"
    case .helo(let name): "the HELO name \(name.printable())"
    case .sender(let local, let domain): "the sender \(local.printable())@\(domain.printable())"
    case .senderDomain(let domain): "the sender's domain \(domain.printable())"
    case .recipient(let local, let domain): "the recipient \(local.printable())@\(domain.printable())"
    case .url(let host, let path): "the link \(host.printable())\(path.printable())"
    }
  }
}
