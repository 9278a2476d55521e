/// `^TO_`, `^TO`, `^FROM_DAEMON` and `^FROM_MAILER`: words that stand for longer expressions, put in as texts.
///
/// What they match is procmail's to the octet (procmailrc(5), MISCELLANEOUS); how they are written is not.
enum ExpressionMacros {
  /// An expression with its macros put in, and whether case counts in it no more.
  static func expanded(_ expression: ExpressionText) -> (octets: [UInt8], isCaseless: Bool) {
    var octets = expression.octets
    var isCaseless = false
    var index = 0
    // Each time something was put in, procmail begins with the first word again.
    while index < all.count {
      let macro = all[index]
      if let place = first(macro.name, in: octets), !isEscaped(place, octets, expression.isQuoted) {
        octets.replaceSubrange(place..<(place + macro.name.count), with: macro.text)
        if macro.isCaseless { isCaseless = true }
        index = 0
      } else {
        index += 1
      }
    }
    return (octets, isCaseless)
  }

  /// Bound: what is put in holds none of the words, so that it ends; and no expression is longer than this.
  static let longest = 16_384

  private struct Macro {
    let name: [UInt8]
    let text: [UInt8]
    /// `^FROM_DAEMON` makes the whole expression caseless, whatever the flags say.
    var isCaseless = false
  }

  private static let all = [
    Macro(name: Array("^FROM_DAEMON".utf8), text: Array(daemon.utf8), isCaseless: true),
    Macro(name: Array("^TO_".utf8), text: Array(destination(boundary: "[^-a-zA-Z0-9_.]").utf8)),
    Macro(name: Array("^TO".utf8), text: Array(destination(boundary: "[^a-zA-Z]").utf8)),
    Macro(name: Array("^FROM_MAILER".utf8), text: Array(mailer.utf8)),
  ]

  private static func first(_ name: [UInt8], in octets: [UInt8]) -> Int? {
    guard octets.count >= name.count else { return nil }
    return (0...(octets.count - name.count)).first { start in
      octets[start] == name[0] && octets[start..<(start + name.count)].elementsEqual(name)
    }
  }

  private static func isEscaped(_ place: Int, _ octets: [UInt8], _ isQuoted: Bool) -> Bool {
    place > 0 ? octets[place - 1] == UInt8(ascii: "\\") : isQuoted
  }

  // MARK: - What they stand for

  private static func any(_ words: [String]) -> String { "(" + words.joined(separator: "|") + ")" }

  private static func destination(boundary: String) -> String {
    let fields = [
      "(Original-)?(Resent-)?To", "(Original-)?(Resent-)?Cc", "(Original-)?(Resent-)?Bcc", "X-Envelope-To",
      "Apparently-To", "Apparently-Resent-To",
    ]
    return "(^\(any(fields)):(.*\(boundary))?)"
  }

  /// A field that says whom a message is from, up to where the name of a mailbox begins.
  private static let originator =
    any(["From:", "Resent-From:", "Sender:", "Resent-Sender:", "X-Envelope-From:", ">?From "])
    + "([^>]*[^(.%@a-z0-9])?"

  /// What may follow the name of a mailbox up to the end of its field.
  private static let rest =
    "(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*" + #"(\(.*\).*)?"# + ")?$([^>]|$)"

  private static let daemon =
    "(^"
    + any([
      "Mailing-List:", "Precedence:.*(junk|bulk|list)", "To: Multiple recipients of ",
      originator + any(daemonNames) + rest,
    ]) + ")"

  private static let mailer = "(^" + originator + any(mailerNames) + rest + ")"

  private static let daemonNames = [
    "Postmst", "Postmstr", "Postmster", "Postmast", "Postmastr", "Postmaster", "Postmn", "Postman",
    "Postoffice", "Mail", "Mailer", "sendMail", "sendMailer", "daemon", "mmdf", "majordomo", "uucp", "nuucp",
    "LISTSERV", "LISTproc", "NETSERV", "owner", "ops", "request", "response", "root", "bounce", #"bbs\.smtp"#,
    "echo", "mirror", "service", "services", "server", "smtp", "smtperror", "system", "Admin",
    "Administrator", "AMMGR", "Autoanswer",
  ]

  private static let mailerNames = [
    "Postmast", "Postmaster", "Postman", "Postoffice", "Mail", "Mailer", "sendMail", "sendMailer", "daemon",
    "mmdf", "uucp", "nuucp", "ops", "response", "root", "smtp", "smtperror", #"bbs\.smtp"#,
    #"bbs\.smtperror"#, "service", "services", "server", "system", "Admin", "Administrator", "AMMGR",
  ]
}

extension Expression {
  /// Parses an expression as a condition has it: macros are put in, and case counts only with flag D.
  ///
  /// - Parameter isText: what it looks at is UTF-8, and a character is one to it; otherwise an octet is.
  /// - Throws: ``ExpressionError`` where it is none, or too long.
  public init(_ text: ExpressionText, isCaseless: Bool, isText: Bool = false) throws(ExpressionError) {
    guard text.octets.count <= ExpressionMacros.longest else {
      throw ExpressionError(message: "an expression of more than \(ExpressionMacros.longest) octets")
    }
    let (octets, forced) = ExpressionMacros.expanded(text)
    // Bound: a word is four octets, and what it stands for some hundreds.
    guard octets.count <= 4 * ExpressionMacros.longest else {
      throw ExpressionError(message: "an expression of too many macros")
    }
    do {
      self = try ExpressionParser.parse(octets, isCaseless: isCaseless || forced, isText: isText)
    } catch {
      throw ExpressionError(message: error.message)
    }
  }
}

/// Why octets are no expression.
public struct ExpressionError: Error, Hashable, Sendable {
  public let message: String
}
