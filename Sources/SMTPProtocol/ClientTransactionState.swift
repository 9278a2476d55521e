/// How far one transaction of a `ClientSession` has come.
///
/// Replies come in the order of the commands: identity, sender, recipients, then the end (DATA and the reply
/// to the content, or RSET), so that one number says what the next reply answers.
struct ClientTransactionState: Sendable {
  /// What a reply led to.
  struct Step: Sendable {
    let outcome: Outcome
    var isRefusal = false
  }

  enum Outcome: Sendable {
    case goOn
    case sendContent
    case finished(ClientResult, Next)
    case fault(ClientFault)
  }

  /// What becomes of the session behind a result.
  enum Next: Sendable {
    case ready
    /// RSET was sent already.
    case awaitReset
    case sendReset
    case close
  }

  /// What the next reply answers.
  private enum Position: Sendable {
    case identity
    case sender
    case recipient(Int)
    /// DATA.
    case data
    /// The content; for LMTP of the recipient with this index.
    case content(Int)
  }

  private let transaction: ClientTransaction
  private let commands: ClientCommands
  private let dialect: ClientSession.Dialect
  private let isPipelined: Bool
  private var position = Position.sender
  /// Replies to XFORWARD that are still to come.
  private var identityReplies = 0
  private var identityRefusal: Reply?
  private var senderRefusal: Reply?
  private var recipientRefusals: [ClientResult.RecipientRefusal] = []
  /// LMTP: what was said of each recipient after the content.
  private var finals: [Reply] = []
  /// Whether the driver was told to send content.
  private var isContentBegun = false
  var isContentSent = false

  init(_ transaction: ClientTransaction, capabilities: Capabilities, dialect: ClientSession.Dialect) {
    self.transaction = transaction
    self.commands = ClientCommands(capabilities: capabilities)
    self.dialect = dialect
    self.isPipelined = capabilities.pipelining
  }

  /// What the backend may have of the message.
  var progress: ClientResult.Progress {
    guard isContentBegun else { return .envelope }
    return .content(taken: finals.indices.filter { finals[$0].isPositive })
  }

  private var isSpoiled: Bool {
    identityRefusal != nil || senderRefusal != nil || !recipientRefusals.isEmpty
  }

  /// The first command, or where PIPELINING is offered all up to the first whose reply must be awaited
  /// (RFC 2920 §3.1).
  mutating func sendFirst(into output: inout [UInt8]) {
    if let client = transaction.client {
      // Deviation: the lines of a split XFORWARD go out together even without PIPELINING.
      identityReplies = commands.writeForward(client, into: &output)
    }
    position = identityReplies > 0 ? .identity : .sender
    if identityReplies == 0 || isPipelined { commands.writeMail(transaction, into: &output) }
    guard isPipelined else { return }
    for recipient in transaction.recipients { commands.writeRecipient(recipient, into: &output) }
    switch transaction.content {
    case .data: output.append(contentsOf: "DATA\r\n".utf8)
    case .probe: output.append(contentsOf: "RSET\r\n".utf8)
    // BDAT is followed by its content at once, so it waits until nobody was refused.
    case .chunk: break
    }
  }

  /// Whether a one-line reply with `code` says all by its code.
  func acceptsUnread(_ code: Int) -> Bool {
    switch position {
    case .identity, .sender, .recipient: code / 100 == 2 && !isLastOfProbe
    case .data: code == 354
    case .content: false
    }
  }

  private var isLastOfProbe: Bool {
    if case .recipient = position, transaction.content == .probe { true } else { false }
  }

  /// `reply` is nil only where `acceptsUnread(code)`.
  mutating func received(code: Int, reply: Reply?, into output: inout [UInt8]) -> Step {
    if let reply, code == 421, !isFinal { return Step(outcome: .fault(.closing(reply)), isRefusal: true) }
    let isRefusal = code >= 400
    if !isRefusal, !fits(code) {
      return Step(outcome: .fault(.unexpected(reply ?? Reply(code, nil, [""]))))
    }
    let refusal = isRefusal ? reply : nil
    switch position {
    case .identity: return Step(outcome: answeredIdentity(refusal, &output), isRefusal: isRefusal)
    case .sender: return Step(outcome: answeredSender(refusal, &output), isRefusal: isRefusal)
    case .recipient(let index):
      if let refusal { recipientRefusals.append(.init(index: index, reply: refusal)) }
      return Step(outcome: answeredRecipient(index, reply, &output), isRefusal: isRefusal)
    case .data: return Step(outcome: answeredData(refusal), isRefusal: isRefusal)
    case .content(let index):
      return Step(outcome: answeredContent(index, reply ?? Reply(code, nil, [""])), isRefusal: isRefusal)
    }
  }

  private var isFinal: Bool { if case .content = position { true } else { false } }

  /// Whether a positive reply is one that this command can have.
  private func fits(_ code: Int) -> Bool {
    if case .data = position { return code == 354 }
    return code / 100 == 2
  }

  private mutating func answeredIdentity(_ refusal: Reply?, _ output: inout [UInt8]) -> Outcome {
    identityReplies -= 1
    if let refusal, identityRefusal == nil { identityRefusal = refusal }
    // A session that refuses the identity is of no use to anybody: no need to hear the rest.
    if let identityRefusal { return .finished(.identityRefused(identityRefusal), .close) }
    if identityReplies == 0 {
      position = .sender
      if !isPipelined { commands.writeMail(transaction, into: &output) }
    }
    return .goOn
  }

  private mutating func answeredSender(_ refusal: Reply?, _ output: inout [UInt8]) -> Outcome {
    senderRefusal = refusal
    if let refusal, !isPipelined { return .finished(.senderRefused(refusal), .ready) }
    position = .recipient(0)
    if !isPipelined, let first = transaction.recipients.first {
      commands.writeRecipient(first, into: &output)
    }
    return .goOn
  }

  private mutating func answeredRecipient(_ index: Int, _ reply: Reply?, _ output: inout [UInt8]) -> Outcome {
    let next = index + 1
    if next < transaction.recipients.count {
      position = .recipient(next)
      if !isPipelined { commands.writeRecipient(transaction.recipients[next], into: &output) }
      return .goOn
    }
    switch transaction.content {
    case .probe:
      let last = reply ?? Reply(250, nil, [""])
      return .finished(spoiledResult ?? .taken(last), isPipelined ? .awaitReset : .sendReset)
    case .data:
      if !isPipelined {
        if let spoiledResult { return .finished(spoiledResult, .sendReset) }
        output.append(contentsOf: "DATA\r\n".utf8)
      }
      position = .data
      return .goOn
    case .chunk(let octets):
      if let spoiledResult { return .finished(spoiledResult, senderRefusal == nil ? .sendReset : .ready) }
      output.append(contentsOf: "BDAT ".utf8)
      ClientCommands.writeNumber(UInt64(max(0, octets)), into: &output)
      output.append(contentsOf: " LAST\r\n".utf8)
      return beginContent()
    }
  }

  /// The refusal that decides: the earliest command's.
  private var spoiledResult: ClientResult? {
    if let identityRefusal { return .identityRefused(identityRefusal) }
    if let senderRefusal { return .senderRefused(senderRefusal) }
    return recipientRefusals.isEmpty ? nil : .recipientsRefused(recipientRefusals)
  }

  private mutating func answeredData(_ refusal: Reply?) -> Outcome {
    if let refusal {
      let result = spoiledResult ?? .refused(refusal)
      return .finished(result, senderRefusal == nil ? .sendReset : .ready)
    }
    // Abuse: a dot now would deliver to the others what they were told is not delivered.
    if let spoiledResult { return .finished(spoiledResult, .close) }
    return beginContent()
  }

  private mutating func beginContent() -> Outcome {
    isContentBegun = true
    position = .content(0)
    return .sendContent
  }

  private mutating func answeredContent(_ index: Int, _ reply: Reply) -> Outcome {
    guard isContentSent else {
      // An answer before the end of what it answers: a refusal is one, anything else is nonsense.
      guard reply.isPositive else {
        return dialect == .smtp ? .finished(.refused(reply), .close) : .fault(.unexpected(reply))
      }
      return .fault(.unexpected(reply))
    }
    guard dialect == .lmtp else {
      if reply.code == 421 { return .finished(.refused(reply), .close) }
      return .finished(reply.isPositive ? .taken(reply) : .refused(reply), .ready)
    }
    finals.append(reply)
    if finals.count < transaction.recipients.count {
      position = .content(index + 1)
      return .goOn
    }
    let next: Next = finals.contains { $0.code == 421 } ? .close : .ready
    if finals.allSatisfy(\.isPositive) { return .finished(.taken(reply), next) }
    return .finished(.answered(finals), next)
  }
}
