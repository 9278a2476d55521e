import Bytes
import MailSyntax
import SMTPProtocol
import TestSupport

/// A client of the bare machine: what it sends is framed here and fed to a `ServerSession`, and what the machine
/// asks is answered from the script's settings. No socket, no event loop, no time.
final class MachineClient: DialogueClient {
  private var session: ServerSession
  private let offer: Offer
  private let settings: DialogueScript.Settings
  private let catalogue = ReasonCatalogue(ProtocolReasons.all, hostname: "mx.example.org")
  private let take: (ReceivedMessage) -> Void

  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var isClosed = false
  private var isSkipping = false
  private var decoder: ContentDecoder?
  private var content: [UInt8] = []
  private var drainLeft: UInt64 = 0
  private var chunkLeft: UInt64?

  /// Bound of a command line, as the driver of the machine has one.
  private let mostLine: Int

  /// A new session; `take` gets each message that the machine says is complete.
  init(_ settings: DialogueScript.Settings, take: @escaping (ReceivedMessage) -> Void) throws {
    self.settings = settings
    self.take = take
    func number(_ key: String) throws -> Int? {
      guard let text = settings.configuration[key] else { return nil }
      let digits = text.filter(\.isNumber)
      guard let value = Int(digits) else { throw HarnessFault("\(key) = \(text): not a number") }
      return text.contains("KiB") ? value * 1024 : value
    }
    let known: Set<String> = [
      "limits.errors", "limits.recipients", "limits.message_size", "limits.line_length", "smtp.bare_lf",
    ]
    if let other = settings.configuration.keys.first(where: { !known.contains($0) }) {
      throw HarnessFault("the bare machine knows nothing of \(other); @only channel socket")
    }
    mostLine = try number("limits.line_length") ?? 64 << 10
    func backendHas(_ keyword: String) -> Bool { !settings.missing.contains(keyword) }
    offer = Offer(
      eightBit: backendHas("8BITMIME"), internationalized: backendHas("SMTPUTF8"),
      deliveryStatus: backendHas("DSN"), binary: backendHas("BINARYMIME") && backendHas("CHUNKING"),
      size: UInt64(try number("limits.message_size") ?? 50 << 20),
      mostRecipients: try number("limits.recipients") ?? 100)
    session = ServerSession(
      terms: ServerSession.Terms(
        mostErrors: try number("limits.errors") ?? 10, mostRecipients: try number("limits.recipients") ?? 100),
      offer: offer)
    perform(session.opened())
  }

  private var normalises: Bool { settings.configuration["smtp.bare_lf"] == "\"normalise\"" }

  // MARK: The client's end

  func send(_ bytes: [UInt8]) throws {
    guard !isClosed else { throw HarnessFault("the machine has closed") }
    input += bytes
    feed()
  }

  func nextLine() throws -> String {
    guard let end = output.firstIndex(of: 10) else { throw HarnessFault("the machine says nothing") }
    let line = output[..<end]
    output.removeSubrange(...end)
    return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
  }

  func isSilent(for time: Duration) -> Bool { output.isEmpty && !isClosed }

  func restUntilClosed() throws -> String {
    guard isClosed else { throw HarnessFault("the machine has not closed") }
    defer { output = [] }
    return String(decoding: output, as: UTF8.self)
  }

  func closeWriting() { close() }
  func reset() { close() }

  func close() {
    session.disconnected()
    isClosed = true
  }

  // MARK: Feeding

  private func feed() {
    while !isClosed {
      let before = (input.count, session.need)
      switch session.need {
      case .line: feedLine()
      case .data: feedData()
      case .chunk(let size): feedChunk(size)
      case .drain: feedDrain()
      case .answer, .nothing: return
      }
      if (input.count, session.need) == before { return }
    }
  }

  private func feedLine() {
    guard let end = input.indices.dropLast().first(where: { input[$0] == 13 && input[$0 + 1] == 10 }) else {
      if input.count > mostLine {
        isSkipping = true
        // The last octet may be half a CRLF.
        input = Array(input.suffix(1))
      }
      return
    }
    let line = Array(input[..<end])
    input.removeSubrange(...(end + 1))
    if isSkipping || line.count > mostLine {
      isSkipping = false
      perform(session.receivedMalformedLine(.commandLineTooLong))
    } else if line.contains(where: { $0 == 13 || $0 == 10 || $0 == 0 }) {
      perform(session.receivedMalformedLine(.commandLineEnding))
    } else {
      perform(session.received(line: line))
    }
  }

  private func decode(_ bytes: [UInt8]) -> (taken: Int, isComplete: Bool) {
    guard var decoder else { return (0, false) }
    defer { self.decoder = decoder }
    return decoder.decode(bytes.span.bytes, into: &content)
  }

  private func feedData() {
    let (taken, isComplete) = decode(input)
    input.removeFirst(taken)
    guard isComplete, let decoder else { return }
    if let refusal = refusal(decoder) {
      perform(session.refusedData(refusal))
    } else {
      perform(session.receivedData())
    }
  }

  private func feedChunk(_ size: UInt64) {
    let left = chunkLeft ?? size
    let bytes = Array(input.prefix(Int(clamping: left)))
    _ = decode(bytes)
    input.removeFirst(bytes.count)
    chunkLeft = left - UInt64(bytes.count)
    guard chunkLeft == 0 else { return }
    chunkLeft = nil
    if session.chunkIsLast { decoder?.finishCounted(into: &content) }
    if let decoder, let refusal = refusal(decoder) {
      perform(session.refusedChunk(refusal))
    } else {
      perform(session.receivedChunk())
    }
  }

  private func feedDrain() {
    let taken = min(UInt64(input.count), drainLeft)
    input.removeFirst(Int(taken))
    drainLeft -= taken
    if drainLeft == 0 { perform(session.drainedChunk()) }
  }

  private func refusal(_ decoder: ContentDecoder) -> Response? {
    if let fault = decoder.fault { return Response(fault.reason) }
    if let size = offer.size, decoder.octets > size { return Response(.messageTooLarge, because: "\(size)") }
    return nil
  }

  // MARK: What the machine wants

  private func perform(_ action: ServerAction) {
    switch action {
    case .reply(let response): catalogue.write(response, into: &output)
    case .greet(let keywords):
      var variables = ReplyVariables()
      variables.client = session.hello?.name ?? ""
      let greeting = catalogue.reply(.helloAnswer, variables)
      Reply(greeting.code, nil, greeting.lines + keywords).write(into: &output)
    case .ask(let question): perform(session.answered(answer(question)))
    case .receiveData(let response):
      catalogue.write(response, into: &output)
      begin(ContentDecoder(framing: .dotTerminated, normalizesBareLineFeed: normalises))
    case .receiveChunk:
      // The first chunk of a message begins it; the others go on.
      if !isBetweenChunks { begin(ContentDecoder(framing: .counted, normalizesBareLineFeed: normalises)) }
      isBetweenChunks = true
    case .drainChunk(let size): drainLeft = size
    case .close(let response):
      catalogue.write(response, into: &output)
      isClosed = true
    }
    if session.envelope == nil { isBetweenChunks = false }
  }

  private var isBetweenChunks = false

  private func begin(_ decoder: ContentDecoder) {
    self.decoder = decoder
    content = []
  }

  private func answer(_ question: Question) -> Answer {
    switch question {
    case .recipient(let recipient):
      if settings.known.contains(recipient.path.text.lowercased()) { return .proceed }
      return .refuse(Response("RECIPIENT_UNKNOWN", reply: Reply(550, 1, 1, "No such user here")))
    case .message:
      if let envelope = session.envelope {
        take(
          ReceivedMessage(
            sender: envelope.sender.text,
            recipients: envelope.recipients.map { .init(address: $0.path.text) },
            content: unstuffed(content), wire: content))
      }
      return .proceed
    default: return .proceed
    }
  }

  /// The message from the form that is held: dots unstuffed.
  private func unstuffed(_ held: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var atLineStart = true
    for byte in held {
      if !(atLineStart && byte == 0x2E) { result.append(byte) }
      atLineStart = byte == 10
    }
    return result
  }
}

extension ServerSession {
  /// Whether the chunk on its way is the last: told by what the machine would ask next.
  fileprivate var chunkIsLast: Bool {
    var copy = self
    if case .ask = copy.receivedChunk() { return true }
    return false
  }
}
