import Bytes

/// What a table of names or mailboxes is asked with.
enum NameSubject: Hashable, Sendable {
  case clientName, sender, recipient, helo
  /// The client's name and the sender's domain: a key that does not say which.
  case domain

  /// The lists that hold such keys; nil where only a rule asks.
  var kind: String? {
    switch self {
    case .clientName: nil
    case .sender: "senders"
    case .recipient: "recipients"
    case .helo: "helo"
    case .domain: "domains"
    }
  }

  /// The variables that a rule asks.
  var variables: [String] {
    switch self {
    case .clientName: ["CLIENT_NAME"]
    case .sender: ["SENDER"]
    case .recipient: ["RECIPIENT"]
    case .helo: ["HELO"]
    case .domain: ["CLIENT_NAME", "SENDER"]
    }
  }

  var isMailbox: Bool { self == .sender || self == .recipient }
}

/// A key of such a table.
enum NameKey: Hashable, Sendable {
  case mailbox(local: String, domain: String)
  /// `user@`: at any domain.
  case local(String)
  /// A name, itself or its sub-domains or both.
  case domain(String, itself: Bool, below: Bool)
  /// The null sender.
  case null

  /// The entries of a list that say the same; nil where none do.
  func entries(_ subject: NameSubject) -> [String]? {
    switch (self, subject) {
    case (.mailbox(let local, let domain), .sender), (.mailbox(let local, let domain), .recipient):
      return ["\(local)@\(domain)"]
    case (.domain(let name, let itself, let below), .sender),
      (.domain(let name, let itself, let below), .recipient):
      return (itself ? ["@" + name] : []) + (below ? ["." + name] : [])
    case (.domain(let name, itself: true, let below), .helo),
      (.domain(let name, itself: true, let below), .domain):
      return [below ? name : "=" + name]
    default:
      return nil
    }
  }

  /// The expression over a variable that finds the key.
  func expression(_ variable: String) -> String {
    let isMailbox = variable == "SENDER" || variable == "RECIPIENT"
    switch self {
    case .mailbox(let local, let domain):
      return "^^\(PatternWriter.procmail(literal: "\(local)@\(domain)"))^^"
    case .local(let local): return "^^\(PatternWriter.procmail(literal: local))@"
    case .domain(let name, let itself, let below):
      let front = itself ? (below ? "(.*\\.)?" : "") : ".*\\."
      return (isMailbox ? "@" : "^^") + front + PatternWriter.procmail(literal: name) + "^^"
    case .null: return "^^^^"
    }
  }

  /// The domain whose wider keys cover this one.
  var domainName: String? {
    switch self {
    case .mailbox(_, let domain), .domain(let domain, _, _): domain
    case .local, .null: nil
    }
  }

  /// Whether this domain's key covers another.
  func covers(_ other: NameKey) -> Bool {
    guard case .domain(let name, let itself, let below) = self, let theirs = other.domainName, self != other
    else {
      return false
    }
    if theirs == name {
      switch other {
      case .mailbox: return itself
      case .domain(_, let other, let otherBelow): return (!other || itself) && (!otherBelow || below)
      case .local, .null: return false
      }
    }
    return below && theirs.hasSuffix("." + name)
  }
}

enum HostName {
  /// Labels of letters, digits, `-`, `_` and what is not ASCII, as a list takes them.
  static func isName(_ text: some StringProtocol) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.utf8.split(separator: .dot, omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy { $0.isASCIILetterOrDigit || $0 >= 0x80 || $0 == 0x2d || $0 == 0x5f }
    }
      && text.unicodeScalars.allSatisfy {
        $0.value < 0x80
          || !$0.properties.isBidiControl && $0.value > 0xa0 && !(0x2000...0x206f).contains($0.value)
            && $0.value != 0xfeff
      }
  }

  /// A local part that needs no quotes, as a list takes it: one that begins with a dot (which RFC 5321 has in quotes
  /// only) would be the name of a domain there.
  static func isLocalPart(_ text: some StringProtocol) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.first != .dot
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"<>()[]:;,\\\"@*#".utf8.contains($0) }
  }
}
