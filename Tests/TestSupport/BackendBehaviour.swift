/// A moment in a session at which a scripted backend can misbehave.
public enum BackendStep: String, Hashable, Sendable, CaseIterable {
  /// The connection was accepted; the greeting is due.
  case connect
  case hello, xforward, mail, recipient, reset, noop, quit
  /// DATA was said; 354 is due.
  case data
  /// In the middle of the content, after `BackendBehaviour.contentCut` bytes of it.
  case content
  /// A BDAT chunk that is not the last has come whole.
  case chunk
  /// The message has come whole (the final dot, or the last BDAT chunk); the answer to it is due.
  case endOfData
}

/// What a scripted backend does at a step.
public enum BackendAction: Equatable, Sendable {
  /// What the behaviour says otherwise.
  case normal
  /// This reply: a whole line without CRLF; several lines joined with `\r\n`.
  case reply(String)
  /// This reply, then the connection is closed.
  case replyAndClose(String)
  /// The connection is closed without a word.
  case close
  /// The connection is reset.
  case reset
  /// Nothing is said, nothing more is read, until the client goes.
  case stall
  /// The normal thing, later.
  case delay(Duration)
}

/// How a `ScriptedBackend` behaves; as built it is a faultless server that knows everybody.
///
/// It is a value: take one, change it, and give it to the backend, at the start or while it runs.
public struct BackendBehaviour: Sendable {
  /// The text of the 220.
  public var greeting = "backend.test ESMTP scripted"
  /// The EHLO keywords with their arguments. What is not offered is not understood either: XFORWARD, BDAT.
  public var capabilities = [
    "PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME",
    "DSN",
  ]
  /// LHLO instead of EHLO, and one final reply for each recipient.
  public var isLMTP = false
  /// EHLO is refused, only HELO is known.
  public var knowsOnlyHELO = false

  /// What is done at a step: each time the step is reached the next action of its list, the last one for
  /// ever; counted over all sessions of the backend.
  public var actions: [BackendStep: [BackendAction]] = [:]
  /// After how many bytes of content the step `content` is reached.
  public var contentCut = 1000

  /// The recipients that are known, in lower case; nil: everybody is.
  public var knownRecipients: Set<String>?
  /// The refusal of a recipient that is not known.
  public var unknownReply = "550 5.1.1 No such user here"
  /// Replies to RCPT for one recipient (lower case), one after the other, the last one for ever; they go
  /// before `knownRecipients`.
  public var recipientReplies: [String: [String]] = [:]
  /// Recipients (lower case) that are accepted in a probe (RCPT, then RSET or QUIT) and refused with this
  /// reply where DATA or BDAT stands pipelined behind RCPT.
  public var refusedAtDelivery: [String: String] = [:]
  /// Replies of the LMTP end of data for one recipient (lower case), as `recipientReplies`.
  public var finalReplies: [String: [String]] = [:]

  /// A session that is idle that long outside a message is closed, after a 421 where `saysGoodbye`.
  public var closesIdleAfter: Duration?
  public var saysGoodbye = true
  /// After that many messages a session is answered 421 at MAIL and closed.
  public var messagesPerSession: Int?
  /// Input that came before the reply to the line ahead of it is an offence: 554, and the end.
  public var forbidsPipelining = false
  /// Each reply comes that much later.
  public var latency: Duration = .zero
  /// Whether the bytes and lines of each session are kept (messages always are).
  public var recordsDialogue = true
  /// Whether the content of messages is kept; where not, a message has its digest of identity only, its
  /// envelope and its size.
  public var keepsContent = true

  /// A faultless server that knows everybody.
  public init() {}

  /// A faultless server with `change` made to it.
  public init(_ change: (inout BackendBehaviour) -> Void) {
    change(&self)
  }

  /// XFORWARD as Postfix offers it, on top.
  public static var withXFORWARD: BackendBehaviour {
    BackendBehaviour { $0.capabilities.append("XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT") }
  }

  /// A server that neither offers PIPELINING nor suffers it.
  public static var withoutPipelining: BackendBehaviour {
    BackendBehaviour {
      $0.capabilities.removeAll { $0 == "PIPELINING" }
      $0.forbidsPipelining = true
    }
  }

  /// An LMTP server.
  public static var lmtp: BackendBehaviour {
    BackendBehaviour { $0.isLMTP = true }
  }

  /// A server that does these things at a step, the last one for ever.
  public static func at(_ step: BackendStep, _ actions: BackendAction...) -> BackendBehaviour {
    BackendBehaviour { $0.actions[step] = actions }
  }

  func offers(_ keyword: String) -> Bool {
    capabilities.contains { $0 == keyword || $0.hasPrefix(keyword + " ") }
  }
}
