import Bytes

/// What a list says of those it names.
public enum ListVerdict: String, Hashable, Sendable {
  case allow, block
}

/// What the lines of a list name; the file's extension tells it.
public enum ListKind: String, Hashable, Sendable, CaseIterable {
  /// Client addresses and networks.
  case cidr
  /// Names of clients and domains of senders.
  case domains
  /// HELO names.
  case helo
  /// Envelope senders.
  case senders
  /// Envelope recipients, traps among them.
  case recipients
  /// Hosts and paths of links.
  case urls
}

/// What the name of a file in the folder of lists tells about it.
public enum ListFileName: Hashable, Sendable {
  /// A list.
  case list(ListKind, ListVerdict)
  /// No list and none of ours to judge: documentation, `zones.toml`, `dynamic.patterns`, data about links, hidden
  /// files.
  case other
  /// A list that cannot be read under this name; the message says what to do.
  case wrong(message: String)
  /// Probably meant as a list, or left over from an editor; not read.
  case unknown(message: String)

  /// Judges the last component of a path.
  public init(_ path: String) {
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String($0) ?? path } ?? path
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name.utf8.first != .dot, let last = parts.last, !name.isEmpty else {
      self = .other
      return
    }
    guard parts.count > 1, let kind = ListKind(rawValue: String(last)) else {
      let known = ListKind.allCases.map { ".\($0)" }.joined(separator: " ")
      let isOther =
        ["zones.toml", "redirectors.hosts", "shorteners.hosts"].contains(name) || last == "patterns"
        || name.lowercasedASCII.hasSuffix(".md")
      self =
        isOther
        ? .other : .unknown(message: "not read: a list's name ends in one of \(known)")
      return
    }
    if name.hasPrefix("allow") {
      self = .list(kind, .allow)
    } else if name.hasPrefix("block") {
      self = .list(kind, .block)
    } else {
      self = .wrong(
        message:
          "a list's name begins with allow or block: rename it, for example to block-\(name.printable())")
    }
  }
}
