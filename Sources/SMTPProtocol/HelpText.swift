internal import Bytes

/// The answers to HELP (RFC 5321 §4.1.1.8).
enum HelpText {
  private static let topics: [(verb: String, text: String)] = [
    ("EHLO", "EHLO domain-or-[address]: introduce yourself and hear what is offered"),
    ("HELO", "HELO domain: introduce yourself the old way"),
    (
      "MAIL",
      "MAIL FROM:<address> [SIZE=octets] [BODY=kind] [SMTPUTF8] [RET=kind] [ENVID=id] [AUTH=who] [REQUIRETLS]: begin a message"
    ),
    ("RCPT", "RCPT TO:<address> [NOTIFY=when] [ORCPT=type;address]: name a recipient"),
    ("DATA", "DATA: send the message, ended by a line with a single dot"),
    ("BDAT", "BDAT octets [LAST]: send a chunk of the message"),
    ("STARTTLS", "STARTTLS: go on under TLS, where EHLO offers it"),
    ("AUTH", "AUTH mechanism [response]: log in, where EHLO offers it"),
    ("RSET", "RSET: forget the message begun"),
    ("NOOP", "NOOP: do nothing"),
    ("VRFY", "VRFY mailbox: ask whether a mailbox is known (most are not told)"),
    ("HELP", "HELP [command]: this text"),
    ("QUIT", "QUIT: end the session"),
  ]

  /// What a bare HELP is answered with, unless the admin says otherwise.
  static let lines = [
    "Commands: " + topics.map(\.verb).joined(separator: " "), "HELP and a command tells more of it",
    "Trouble? Write to postmaster at this host",
  ]

  static func response(_ topic: String) -> Response {
    guard let found = topics.first(where: { $0.verb.equalsIgnoringASCIICase(topic) }) else {
      return Response(.help)
    }
    return Response(.helpTopic, because: found.text)
  }
}
