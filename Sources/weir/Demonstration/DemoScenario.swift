import Foundation

/// One thing that the demo tries, and what must come of it.
struct DemoScenario {
  /// What the client does, in the order in which it does it.
  enum Step {
    case say(String)
    /// Message content as it goes over the wire, end of data included.
    case content([UInt8])
  }

  struct Expectation {
    /// First digit of the deciding reply.
    let replyClass: Character
    let code: String
    /// Whether the message must lie in the Maildir; false: nothing of it may.
    let arrives: Bool
  }

  let title: String
  /// One line: what is tried.
  let attempt: String
  /// The address as which the gateway judges the client.
  let client: String
  let helo: String
  let steps: [Step]
  let expectation: Expectation
}

/// What the scenarios are made from.
struct DemoCast {
  /// One of the gateway's own domains.
  let domain: String
  /// Octets that the gateway takes; nil for no limit told.
  let sizeLimit: Int?
  /// A word that no other message has.
  let token: String
  /// The last octet of an address that was perhaps not seen before, so that counts of strangers start anew.
  let host: Int

  /// Bound: a message larger than this is not worth showing.
  static let mostOctets = 64 << 20

  var scenarios: [DemoScenario] {
    var all = [good, relayAttempt, listedClient, listedSender, unknownRecipient, smuggling]
    if let sizeLimit, sizeLimit <= Self.mostOctets { all += [announced(sizeLimit), large(sizeLimit)] }
    return all
  }

  private var user: String { "user@\(domain)" }
  private static let friend = "friend@outside.example"

  private func envelope(_ sender: String, _ recipient: String, parameters: String = "") -> [DemoScenario.Step]
  {
    [.say("MAIL FROM:<\(sender)>\(parameters)"), .say("RCPT TO:<\(recipient)>"), .say("DATA")]
  }

  /// A message's header and first line; `name` tells the messages of one run apart.
  private func message(_ name: String, from sender: String, to recipient: String, _ text: String) -> String {
    """
    From: <\(sender)>\r
    To: <\(recipient)>\r
    Subject: weir demo: \(text)\r
    Date: \(DemoClock.rfc5322)\r
    Message-ID: <\(name).\(token)@demo.invalid>\r
    \r
    \(text)\r

    """
  }

  private func whole(_ name: String, from sender: String, to recipient: String, _ text: String)
    -> DemoScenario.Step
  {
    .content(Array((message(name, from: sender, to: recipient, text) + ".\r\n").utf8))
  }

  private var good: DemoScenario {
    DemoScenario(
      title: "Good mail", attempt: "\(Self.friend) writes to \(user)", client: "192.0.2.\(host)",
      helo: "mail.outside.example",
      steps: envelope(Self.friend, user) + [whole("good", from: Self.friend, to: user, "a good message")],
      expectation: .init(replyClass: "2", code: "MESSAGE_ACCEPTED", arrives: true))
  }

  private var relayAttempt: DemoScenario {
    let victim = "victim@elsewhere.example"
    return DemoScenario(
      title: "Relay attempt", attempt: "a stranger sends through us to \(victim), who is not ours",
      client: "192.0.2.\(host)", helo: "mail.outside.example",
      steps: envelope(Self.friend, victim) + [whole("relay", from: Self.friend, to: victim, "relayed")],
      expectation: .init(replyClass: "5", code: "RELAY_DENIED", arrives: false))
  }

  private var listedClient: DemoScenario {
    DemoScenario(
      title: "Listed client", attempt: "203.0.113.66, an entry of Blocklists/block.cidr, writes to \(user)",
      client: "203.0.113.66", helo: "mail.outside.example",
      steps: envelope(Self.friend, user) + [
        whole("client", from: Self.friend, to: user, "from a listed client")
      ],
      expectation: .init(replyClass: "5", code: "CLIENT_LISTED", arrives: false))
  }

  private var listedSender: DemoScenario {
    let spammer = "spammer@spam.example"
    return DemoScenario(
      title: "Listed sender", attempt: "\(spammer), an entry of Blocklists/block.senders, writes to \(user)",
      client: "192.0.2.\(host)", helo: "mail.spam.example",
      steps: envelope(spammer, user) + [whole("sender", from: spammer, to: user, "from a listed sender")],
      expectation: .init(replyClass: "5", code: "SENDER_LISTED", arrives: false))
  }

  private var unknownRecipient: DemoScenario {
    let nobody = "nobody@\(domain)"
    return DemoScenario(
      title: "Unknown recipient", attempt: "mail to \(nobody), whom the mail server behind does not know",
      client: "192.0.2.\(host)", helo: "mail.outside.example",
      steps: envelope(Self.friend, nobody) + [whole("unknown", from: Self.friend, to: nobody, "to nobody")],
      expectation: .init(replyClass: "5", code: "RECIPIENT_UNKNOWN", arrives: false))
  }

  private var smuggling: DemoScenario {
    let outer = message("smuggler", from: Self.friend, to: user, "a message with another hidden in it")
    let hidden =
      "\n.\r\nMAIL FROM:<boss@\(domain)>\r\nRCPT TO:<\(user)>\r\nDATA\r\n"
      + message("smuggled", from: "boss@\(domain)", to: user, "a smuggled message") + ".\r\n"
    return DemoScenario(
      title: "SMTP smuggling", attempt: "<LF>.<CR><LF> inside a message, and a second message behind it",
      client: "192.0.2.\(host)", helo: "mail.outside.example",
      steps: envelope(Self.friend, user) + [.content(Array((outer + hidden).utf8))],
      expectation: .init(replyClass: "5", code: "BARE_LF", arrives: false))
  }

  private func announced(_ limit: Int) -> DemoScenario {
    DemoScenario(
      title: "Over size (announced)", attempt: "MAIL with SIZE=\(limit * 2), the limit being \(limit)",
      client: "192.0.2.\(host)", helo: "mail.outside.example",
      steps: envelope(Self.friend, user, parameters: " SIZE=\(limit * 2)")
        + [whole("announced", from: Self.friend, to: user, "too large, and says so")],
      expectation: .init(replyClass: "5", code: "MESSAGE_TOO_LARGE", arrives: false))
  }

  private func large(_ limit: Int) -> DemoScenario {
    let line = String(repeating: "0123456789", count: 7) + "\r\n"
    let text =
      message("large", from: Self.friend, to: user, "too large")
      + String(repeating: line, count: limit / line.utf8.count + 1) + ".\r\n"
    return DemoScenario(
      title: "Over size (unannounced)",
      attempt: "no SIZE said, then a message of \(text.utf8.count - 3) octets",
      client: "192.0.2.\(host)", helo: "mail.outside.example",
      steps: envelope(Self.friend, user) + [.content(Array(text.utf8))],
      expectation: .init(replyClass: "5", code: "MESSAGE_TOO_LARGE", arrives: false))
  }
}
