import Foundation
import Synchronization

/// One session of a scripted backend, on a thread of its own.
struct ScriptedSession {
  let number: Int
  let socket: TCPSocket
  let backend: ScriptedBackend

  private var buffer: [UInt8] = []
  private var position = 0
  private var isOver = false
  private var messageCount = 0

  private var hello = ""
  private var xforward: [String: String] = [:]
  private var sender: (address: String, parameters: String)?
  private var recipients: [ReceivedMessage.Recipient] = []
  private var chunks: [UInt8] = []
  private var chunkedSize = 0
  private var hasChunks = false

  init(number: Int, socket: TCPSocket, backend: ScriptedBackend) {
    self.number = number
    self.socket = socket
    self.backend = backend
  }

  private var behaviour: BackendBehaviour { backend.behaviour }

  mutating func run() {
    perform(.connect) { "220 \($0.behaviour.greeting)" }
    while !isOver, let line = nextLine() {
      command(line)
    }
  }

  // MARK: Commands

  private mutating func command(_ line: String) {
    record(.client, line)
    if behaviour.forbidsPipelining && position < buffer.count {
      offend("pipelined behind “\(line)” without being offered it")
      reply("554 5.5.0 Pipelining was not offered")
      isOver = true
      return
    }
    let verb = line.prefix { $0 != " " }.uppercased()
    let argument = String(line.dropFirst(verb.count).drop { $0 == " " })
    switch verb {
    case "EHLO" where !behaviour.isLMTP && !behaviour.knowsOnlyHELO, "LHLO" where behaviour.isLMTP:
      greet(argument, isExtended: true)
    case "HELO" where !behaviour.isLMTP: greet(argument, isExtended: false)
    case "XFORWARD" where behaviour.offers("XFORWARD"): forward(argument)
    case "MAIL": mail(argument)
    case "RCPT": recipient(argument)
    case "DATA": data()
    case "BDAT" where behaviour.offers("CHUNKING"): chunk(argument)
    case "RSET":
      clear()
      perform(.reset) { _ in "250 2.0.0 Reset" }
    case "NOOP": perform(.noop) { _ in "250 2.0.0 Fine" }
    case "QUIT":
      perform(.quit) { _ in "221 2.0.0 Bye" }
      isOver = true
    default: reply("500 5.5.2 Unknown command")
    }
  }

  private mutating func greet(_ name: String, isExtended: Bool) {
    hello = name
    clear()
    perform(.hello) { session in
      let keywords = isExtended ? session.behaviour.capabilities : []
      let lines = ["backend.test"] + keywords
      return lines.enumerated()
        .map { "250\($0.offset == lines.count - 1 ? " " : "-")\($0.element)" }
        .joined(separator: "\r\n")
    }
  }

  private mutating func forward(_ argument: String) {
    for pair in argument.split(separator: " ") {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { xforward[parts[0].uppercased()] = parts[1] }
    }
    let isInTransaction = sender != nil
    perform(.xforward) { _ in isInTransaction ? "503 5.5.1 Not in a transaction" : "250 2.0.0 Ok" }
  }

  private mutating func mail(_ argument: String) {
    if let limit = behaviour.messagesPerSession, messageCount >= limit {
      reply("421 4.7.0 Enough for one session")
      isOver = true
      return
    }
    guard let path = Self.path(argument, after: "FROM:") else { return reply("501 5.5.4 Syntax of MAIL") }
    guard sender == nil else { return reply("503 5.5.1 Nested MAIL") }
    let answer = perform(.mail) { _ in "250 2.1.0 Sender noted" }
    if answer.hasPrefix("2") { sender = path }
  }

  private mutating func recipient(_ argument: String) {
    guard sender != nil else { return reply("503 5.5.1 MAIL first") }
    guard let path = Self.path(argument, after: "TO:") else { return reply("501 5.5.4 Syntax of RCPT") }
    let answer = perform(.recipient) { $0.answer(toRecipient: path.address.lowercased()) }
    if answer.hasPrefix("2") {
      recipients.append(.init(address: path.address, parameters: path.parameters))
    }
  }

  private mutating func answer(toRecipient address: String) -> String {
    let behaviour = behaviour
    if let refusal = behaviour.refusedAtDelivery[address], messageIsPipelined() { return refusal }
    let scripted = backend.state.withLock { state -> String? in
      guard let replies = state.behaviour.recipientReplies[address], !replies.isEmpty else { return nil }
      let turn = state.recipientsAsked[address, default: 0]
      state.recipientsAsked[address] = turn + 1
      return replies[min(turn, replies.count - 1)]
    }
    if let scripted { return scripted }
    if let known = behaviour.knownRecipients, !known.contains(address) { return behaviour.unknownReply }
    return "250 2.1.5 Recipient noted"
  }

  /// Whether DATA or BDAT stands in what has come behind the current command; waits a little for it.
  private mutating func messageIsPipelined() -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(150)
    while true {
      let ahead = String(decoding: buffer[position...], as: UTF8.self).uppercased()
      for line in ahead.split(separator: "\r\n") {
        if line == "DATA" || line.hasPrefix("BDAT ") { return true }
        if line == "RSET" || line == "QUIT" { return false }
      }
      guard deadline > ContinuousClock.now, fill(within: deadline - ContinuousClock.now) == .came else {
        return false
      }
    }
  }

  // MARK: Messages

  private mutating func data() {
    guard sender != nil, !recipients.isEmpty else { return reply("503 5.5.1 MAIL and RCPT first") }
    let answer = perform(.data) { _ in "354 Go ahead" }
    guard !isOver, answer.hasPrefix("354") else { return }
    guard let wire = readToDot() else { return }
    finish(content: behaviour.keepsContent ? Self.unstuffed(wire) : [], wire: wire, size: wire.count - 3)
  }

  private mutating func chunk(_ argument: String) {
    let words = argument.split(separator: " ")
    guard let first = words.first, let size = Int(first), size >= 0 else {
      return reply("501 5.5.4 Syntax of BDAT")
    }
    var bytes: [UInt8] = []
    while bytes.count < size {
      let ready = buffer[position...].prefix(size - bytes.count)
      bytes += ready
      position += ready.count
      if bytes.count < size, fill(within: .seconds(300)) != .came { return isOver = true }
      if bytes.count >= behaviour.contentCut, cutsContent() { return }
    }
    guard sender != nil, !recipients.isEmpty else { return reply("503 5.5.1 MAIL and RCPT first") }
    hasChunks = true
    chunks += bytes
    chunkedSize += size
    if words.dropFirst().first?.uppercased() == "LAST" {
      finish(content: chunks, wire: chunks, size: chunkedSize)
    } else {
      perform(.chunk) { _ in "250 2.0.0 Chunk of \(size) octets" }
    }
  }

  private mutating func finish(content: [UInt8], wire: [UInt8], size: Int) {
    let keeps = behaviour.keepsContent
    let message = ReceivedMessage(
      sender: sender?.address ?? "", recipients: recipients, content: keeps ? content : [],
      wire: keeps ? wire : [], session: number, hello: hello, senderParameters: sender?.parameters ?? "",
      xforward: xforward, size: size, isChunked: hasChunks)
    messageCount += 1
    let isLMTP = behaviour.isLMTP
    let names = recipients.map { $0.address.lowercased() }
    clear()
    xforward = [:]
    // Kept before the answer goes out: a client that has read 250 must find it.
    perform(
      .endOfData,
      before: { answer, state in
        if answer.split(separator: "\r\n").contains(where: { $0.hasPrefix("2") }) || answer.isEmpty {
          state.taken.append(message)
        } else {
          state.refused.append(message)
        }
      }
    ) { session in
      guard isLMTP else { return "250 2.0.0 Taken as \(session.number).\(session.messageCount)" }
      return names.map { session.finalAnswer(for: $0) }.joined(separator: "\r\n")
    }
  }

  private func finalAnswer(for recipient: String) -> String {
    backend.state.withLock { state in
      guard let replies = state.behaviour.finalReplies[recipient], !replies.isEmpty else {
        return "250 2.0.0 <\(recipient)> has it"
      }
      let turn = state.finalsAsked[recipient, default: 0]
      state.finalsAsked[recipient] = turn + 1
      return replies[min(turn, replies.count - 1)]
    }
  }

  private mutating func clear() {
    sender = nil
    recipients = []
    chunks = []
    chunkedSize = 0
    hasChunks = false
  }

  // MARK: Answering

  /// Does what the script says at a step, else answers what `normal` says. The result is the reply that went
  /// out; empty where none did.
  @discardableResult
  private mutating func perform(
    _ step: BackendStep, before: (String, inout ScriptedBackend.State) -> Void = { _, _ in },
    normal: (inout ScriptedSession) -> String
  ) -> String {
    let action = backend.state.withLock { state -> BackendAction in
      let turn = state.turns[step, default: 0]
      state.turns[step] = turn + 1
      state.reached[step, default: 0] += 1
      guard let actions = state.behaviour.actions[step], !actions.isEmpty else { return .normal }
      return actions[min(turn, actions.count - 1)]
    }
    var answer = ""
    switch action {
    case .normal: answer = normal(&self)
    case .delay(let pause):
      answer = normal(&self)
      block(for: pause)
    case .reply(let text): answer = text
    case .replyAndClose(let text):
      answer = text
      isOver = true
    case .close, .reset, .stall: isOver = true
    }
    backend.state.withLock { before(answer, &$0) }
    if !answer.isEmpty { reply(answer) }
    if action == .reset { socket.reset() }
    if action == .stall { stall() }
    return answer
  }

  /// Says and reads nothing until the backend is stopped or the client has closed.
  private func stall() {
    while backend.state.withLock({ !$0.isStopped && $0.sockets[number] != nil }) {
      if socket.hasBeenClosedByPeer(within: .milliseconds(100)) { return }
    }
  }

  private mutating func reply(_ text: String) {
    if behaviour.latency > .zero { block(for: behaviour.latency) }
    for line in text.split(separator: "\r\n") { record(.server, String(line)) }
    do { try socket.write(Array((text + "\r\n").utf8)) } catch { isOver = true }
  }

  private func record(_ speaker: DialogueLine.Speaker, _ text: String) {
    backend.state.withLock { state in
      guard state.behaviour.recordsDialogue else { return }
      state.dialogue.append(DialogueLine(session: number, speaker: speaker, text: text))
    }
  }

  private func offend(_ what: String) {
    backend.state.withLock { $0.offences.append("session \(number): \(what)") }
  }
}

// MARK: - Reading

extension ScriptedSession {
  private enum Filling { case came, ended, silent }

  private mutating func fill(within limit: Duration) -> Filling {
    switch socket.read(within: limit) {
    case .silence: return .silent
    case .end: return .ended
    case .bytes(let bytes):
      buffer.removeSubrange(..<position)
      position = 0
      buffer += bytes
      backend.state.withLock { state in
        if state.behaviour.recordsDialogue { state.input[number, default: []] += bytes }
      }
      return .came
    }
  }

  /// Where the next LF stands in the buffer. By `memchr`: an unoptimised loop would be the slowest part of a
  /// test that sends megabytes.
  private func endOfLine() -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, position < bytes.count,
        let found = memchr(start + position, 10, bytes.count - position)
      else { return nil }
      return UnsafeRawPointer(found) - start
    }
  }

  /// The next command line without its CRLF; nil at the end, which an idle session may be brought to.
  private mutating func nextLine() -> String? {
    while true {
      if let end = endOfLine() {
        let line = buffer[position..<end]
        position = end + 1
        if line.last != 13 { offend("a command line ended by a bare LF") }
        return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
      }
      let limit = behaviour.closesIdleAfter
      switch fill(within: limit ?? .seconds(3600)) {
      case .came: continue
      case .ended: return nil
      case .silent:
        guard limit != nil else { continue }
        if behaviour.saysGoodbye { reply("421 4.4.2 Idle for too long") }
        return nil
      }
    }
  }

  /// Everything up to CRLF.CRLF, both included; nil where the session ended before it.
  private mutating func readToDot() -> [UInt8]? {
    var wire: [UInt8] = []
    var isUncut = true
    while true {
      while let end = endOfLine() {
        let line = buffer[position...end]
        position = end + 1
        let startsLine = wire.isEmpty || wire.suffix(2).elementsEqual([13, 10])
        wire += line
        if startsLine && line.elementsEqual([0x2E, 13, 10]) {
          return isUncut && wire.count > behaviour.contentCut && cutsContent() ? nil : wire
        }
      }
      if isUncut && wire.count + buffer.count - position >= behaviour.contentCut {
        isUncut = false
        if cutsContent() { return nil }
      }
      guard fill(within: .seconds(300)) == .came else {
        isOver = true
        return nil
      }
    }
  }

  /// Does what the script says in the middle of the content; whether the session is over by it.
  private mutating func cutsContent() -> Bool {
    guard behaviour.actions[.content] != nil else { return false }
    perform(.content) { _ in "" }
    return isOver
  }

  /// The content that stands between 354 and the final dot, dots unstuffed.
  static func unstuffed(_ wire: [UInt8]) -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(wire.count)
    var atLineStart = true
    for byte in wire.dropLast(3) {
      if !(atLineStart && byte == 0x2E) { content.append(byte) }
      atLineStart = byte == 10 && (content.suffix(2).elementsEqual([13, 10]))
    }
    return content
  }

  /// The path and the parameters in `FROM:<a@b> SIZE=1`; nil where there is no path in angle brackets.
  static func path(_ argument: String, after word: String) -> (address: String, parameters: String)? {
    guard argument.uppercased().hasPrefix(word) else { return nil }
    let rest = argument.dropFirst(word.count).drop { $0 == " " }
    guard rest.first == "<" else { return nil }
    var isQuoted = false
    var isEscaped = false
    for index in rest.indices.dropFirst() {
      let character = rest[index]
      if isEscaped {
        isEscaped = false
      } else if isQuoted && character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
      } else if character == ">" && !isQuoted {
        let parameters = rest[rest.index(after: index)...].drop { $0 == " " }
        return (String(rest[rest.index(after: rest.startIndex)..<index]), String(parameters))
      }
    }
    return nil
  }
}
