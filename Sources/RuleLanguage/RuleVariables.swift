import Bytes

/// What a gateway knows of a session and a message, as a variable.
public enum GatewayVariable: String, Sendable, Hashable, CaseIterable {
  case subject = "SUBJECT"
  case from = "FROM"
  case to = "TO"
  case cc = "CC"
  case replyTo = "REPLY_TO"
  case text = "TEXT"
  case htmlText = "HTML_TEXT"
  case folded = "FOLDED"
  case urls = "URLS"
  case hosts = "HOSTS"
  case attachments = "ATTACHMENTS"
  case attachmentTypes = "ATTACHMENT_TYPES"
  case charsets = "CHARSETS"
  case language = "LANG"
  case size = "SIZE"
  case clientIP = "CLIENT_IP"
  case clientName = "CLIENT_NAME"
  case helo = "HELO"
  case sender = "SENDER"
  case recipient = "RECIPIENT"
  case recipients = "RECIPIENTS"
  case authUser = "AUTH_USER"
  case tls = "TLS"
  case spf = "SPF"
  case dkim = "DKIM"
  case dmarc = "DMARC"
  case arc = "ARC"
  case dnsbl = "DNSBL"
  case originIP = "ORIGIN_IP"
  case hops = "HOPS"
  case traceFaults = "TRACE_FAULTS"
  case country = "COUNTRY"
  case score = "SCORE"
  case findings = "FINDINGS"

  /// When it is known. RECIPIENTS, SCORE and FINDINGS grow until the message has ended.
  public var stage: RuleStage {
    switch self {
    case .clientIP, .clientName, .helo, .sender, .recipient, .authUser, .tls, .spf, .dnsbl, .country:
      .recipient
    default: .message
    }
  }
}

/// Variables that make procmail do something when they are set.
public enum BehaviouralVariable: String, Sendable, Hashable, CaseIterable {
  case includeFile = "INCLUDERC"
  case switchFile = "SWITCHRC"
  case log = "LOG"
  case exitCode = "EXITCODE"
  case host = "HOST"
  case shift = "SHIFT"

  /// Those that procmail knows and a gateway has no use for, with what to write instead.
  static let meaningless: [String: String] = [
    "LOGFILE": "the log's place is in weir.toml", "LOGABSTRACT": "what is logged is in weir.toml",
    "LOCKFILE": "", "LOCKEXT": "", "LOCKSLEEP": "", "LOCKTIMEOUT": "", "TIMEOUT": "", "SUSPEND": "",
    "NORESRETRY": "", "UMASK": "", "SHELL": "there is no shell", "SHELLMETAS": "there is no shell",
    "SHELLFLAGS": "there is no shell", "SENDMAIL": "redirected mail goes to the backend",
    "SENDMAILFLAGS": "redirected mail goes to the backend", "LINEBUF": "", "TRAP": "", "COMSAT": "",
    "DROPPRIVS": "", "DELIVERED": "write stop, accept or discard", "MSGPREFIX": "",
    "DEFAULT":
      "the rest goes to the backend; write a last recipe for another place",
    "ORGMAIL": "the rest goes to the backend", "VERBOSE": "weir scan tells why",
  ]

  /// Those that are set from outside, or that a rule file often has of its own, without being anything here.
  static let ordinary: Set<String> = [
    "HOME", "PATH", "MAILDIR", "LOGNAME", "USER", "MATCH", "LASTFOLDER", "PROCMAIL_VERSION",
    "PROCMAIL_OVERFLOW",
    "TZ", "LD_LIBRARY_PATH", "IFS", "ENV", "PWD",
  ]
}
