import Bytes

/// Whose files can be brought over.
public enum ImportKind: String, CaseIterable, Hashable, Sendable {
  case sendmailAccess = "sendmail-access"
  case postfixAccess = "postfix-access"
  case postfixChecks = "postfix-checks"
  case postfixCIDR = "postfix-cidr"
  case netscapeUBE = "netscape-ube"
  case procmailrc
  case assp
  case qmailControl = "qmail-control"
  case hostsAccess = "hosts-access"

  /// What the file is, for the one who has to choose.
  public var summary: String {
    switch self {
    case .sendmailAccess: "Sendmail's access map, as text (access_db)"
    case .postfixAccess: "a Postfix access(5) table, as text (hash:, texthash:)"
    case .postfixChecks: "Postfix header_checks, body_checks and their kin (pcre:, regexp:)"
    case .postfixCIDR: "a Postfix cidr_table(5)"
    case .netscapeUBE: "filter.cfg of the Netscape and iPlanet UBE plug-in, what is verified of it"
    case .procmailrc: "procmail's rc files"
    case .assp: "a list or a file of expressions of the Anti-Spam SMTP Proxy"
    case .qmailControl: "a file of qmail's control folder, or tcp.smtp"
    case .hostsAccess: "hosts.allow or hosts.deny of tcp_wrappers"
    }
  }
}

/// What the file itself does not tell.
public struct ImportOptions: Hashable, Sendable {
  /// What the written files are called; taken from the source's name where it is nil.
  public var name: String?
  /// What the table is asked about, or which file of its program it is (`sender`, `body`, `badmailfrom`); guessed from
  /// the source's name where it is nil.
  public var role: String?
  /// `pcre` or `regexp`; guessed where it is nil.
  public var syntax: String?

  public init(name: String? = nil, role: String? = nil, syntax: String? = nil) {
    self.name = name
    self.role = role
    self.syntax = syntax
  }
}
