import MailSyntax
import SMTPProtocol

/// The machine after some good commands, fed by framing and decoder as the gateway does it: no input reaches a
/// precondition, every reply is well formed, and every message that comes out is canonical.
let fuzzSession: @Sendable ([UInt8]) -> Void = { bytes in
  guard bytes.count > 2 else { return }
  let good = [
    "EHLO client.example\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<u@example.org>\r\n",
    "RCPT TO:<v@example.org> NOTIFY=NEVER\r\n", "BDAT 4\r\nab\r\n",
  ]
  var driver = SessionDriver(options: bytes[0], answers: bytes[1])
  let count = Int(bytes[0] & 7)
  for line in good.prefix(count > 5 ? 1 : count) { driver.receive(Array(line.utf8)[...]) }
  for piece in pieces(Array(bytes.dropFirst(2))).pieces { driver.receive(piece) }
}

private struct SessionDriver {
  private var session: ServerSession
  private var framing: CommandFraming
  private var decoder: ContentDecoder?
  private var held: [UInt8] = []
  private var refusal: Response?
  private var left: UInt64 = 0
  private var inbound: [UInt8] = []
  private let normalizes: Bool
  /// Decides the answers: a bit shifts round with each question.
  private var answers: UInt8
  private var isClosed = false
  private let offer: Offer
  /// Whether the line under way is one that may hold a password.
  private var isSecret = false

  init(options: UInt8, answers: UInt8) {
    normalizes = options & 8 != 0
    self.answers = answers
    // With 6 TLS is required and with 7 a login, and nothing but EHLO was said.
    var offer = Offer(
      eightBit: true, internationalized: options & 64 != 0, deliveryStatus: true, binary: true,
      size: options & 128 != 0 ? 500 : nil)
    offer.startTLS = true
    offer.requireTLS = true
    offer.mechanisms = ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
    offer.mechanismsWithTLS = ["XOAUTH2"]
    offer.clientAttributes = ClientAttributes.Name.forClient
    offer.forwardAttributes = ClientAttributes.Name.forForward
    self.offer = offer
    session = ServerSession(
      terms: .init(
        mostErrors: options & 16 != 0 ? 20 : nil, mostCommands: 200, mostRecipients: 5,
        completingDomain: options & 32 != 0 ? "example.org" : nil, verifies: true,
        requiresEncryption: options & 7 == 6, requiresAuthentication: options & 7 == 7),
      offer: offer)
    framing = CommandFraming(longest: 512, acceptsBareLineFeed: normalizes)
    perform(session.opened())
  }

  mutating func receive(_ bytes: ArraySlice<UInt8>) {
    inbound += bytes
    while !isClosed, step() {}
  }

  private mutating func step() -> Bool {
    switch session.need {
    case .line, .response:
      guard !inbound.isEmpty else { return false }
      let came = inbound
      let isResponse = session.need == .response
      promise(isResponse == session.isAuthenticating, "a challenge without a login")
      let (taken, event) = framing.next(came.span.bytes, as: isResponse ? .response : .command)
      inbound.removeFirst(taken)
      if case .line(let line) = event {
        isSecret = isResponse || CommandParser.verb(of: line) == "AUTH"
      }
      switch event {
      case .line(let line):
        perform(isResponse ? session.received(response: line) : session.received(line: line))
      case .malformed(let reason): perform(session.receivedMalformedLine(reason))
      case .endless: perform(session.ended(.limitErrors))
      case nil: return taken > 0
      }
    case .data:
      guard !inbound.isEmpty, decode(inbound.count) else { return false }
      perform(refusal.map { session.refusedData($0) } ?? session.receivedData())
    case .chunk:
      let count = min(Int(clamping: left), inbound.count)
      left -= UInt64(count)
      _ = decode(count)
      guard left == 0 else { return false }
      perform(refusal.map { session.refusedChunk($0) } ?? session.receivedChunk())
    case .drain:
      let count = min(Int(clamping: left), inbound.count)
      inbound.removeFirst(count)
      left -= UInt64(count)
      guard left == 0 else { return false }
      perform(session.drainedChunk())
    case .handshake:
      promise(inbound.isEmpty, "octets of the clear under TLS")
      session.encrypted(offer: offer)
      promise(session.isEncrypted && isFresh && !session.isAuthenticated, "not afresh after TLS")
    case .identity:
      let isAuthenticated = answers & 1 != 0
      perform(session.reidentified(terms: session.terms, offer: offer, isAuthenticated: isAuthenticated))
      promise(isClosed || isFresh && session.isAuthenticated == isAuthenticated, "not afresh as another")
    case .answer, .nothing: return false
    }
    return true
  }

  private var isFresh: Bool {
    session.hello == nil && session.envelope == nil && session.forwarded == nil && !session.isAuthenticating
  }

  private mutating func decode(_ count: Int) -> Bool {
    guard var decoder else { fatalError("content without a decoder") }
    decoder.isDiscarding = refusal != nil
    let piece = inbound[..<count]
    let result = decoder.decode(piece.span.bytes, into: &held)
    inbound.removeFirst(result.taken)
    if let fault = decoder.fault { refusal = refusal ?? Response(fault.reason) }
    if let limit = session.sizeLimit, decoder.octets > limit {
      refusal = refusal ?? Response(.messageTooLarge)
    }
    self.decoder = decoder
    return result.isComplete
  }

  private mutating func perform(_ action: ServerAction) {
    switch action {
    case .reply(let response): check(response)
    case .replies(let responses): for response in responses { check(response) }
    case .greet(let keywords):
      promise(session.hello != nil && session.envelope == nil, "a greeting within a transaction")
      promise(Reply(250, nil, ["x"] + keywords).wireForm.count < 600, "long keywords")
    case .ask(let question): perform(session.answered(answer(question)))
    case .receiveData(let response):
      check(response)
      begin(.dotTerminated)
    case .receiveChunk(let size):
      if decoder == nil { begin(session.envelope?.parameters.body == .binary ? .binary : .counted) }
      left = size
    case .drainChunk(let size):
      promise(size <= 64 << 20, "so much is waited for")
      left = size
    case .close(let response):
      check(response)
      isClosed = true
      promise(session.need == .nothing, "closed, and goes on")
    case .challenge(let octets):
      promise(octets.starts(with: "334 ".utf8) && octets.suffix(2) == [13, 10], "a bad challenge")
      promise(octets.dropLast(2).isPlain && session.need == .response, "a challenge that is none")
    case .startTLS(let response):
      check(response)
      promise(session.need == .handshake, "no handshake behind STARTTLS")
    case .restart: promise(session.need == .identity, "no identity behind XCLIENT")
    }
    if session.envelope == nil { (decoder, refusal) = (nil, nil) }
  }

  private mutating func begin(_ framing: ContentDecoder.Framing) {
    decoder = ContentDecoder(framing: framing, normalizesBareLineFeed: normalizes, longestLine: 200)
    held = []
    refusal = nil
  }

  private func check(_ response: Response) {
    let wire = catalogue.reply(response).wireForm
    promise(wire.suffix(2) == [13, 10] && wire.count { $0 == 10 } <= 5, "a bad reply")
    promise(wire.count <= 5 * 512, "a long reply")
    if isSecret { promise(Self.fixed.contains(response.variables.reason), "said back: \(response)") }
  }

  /// What is said to AUTH and to responses, none of it theirs.
  private static let fixed: Set<String> = [
    "", "say EHLO first", "AUTH takes the name of a mechanism", "AUTH does not come within a transaction",
    "say EHLO or HELO first",
  ]

  private mutating func answer(_ question: Question) -> Answer {
    answers = answers << 1 | answers >> 7
    let no = Response("NO", reply: Reply(550, 0, 0, "no"))
    switch question {
    case .connect, .hello, .startTLS: break
    default:
      promise(session.isEncrypted || !session.terms.requiresEncryption, "\(question) in the clear")
    }
    switch question {
    case .startTLS: return answers & 7 == 7 ? .refuse(no) : .encrypt(octetsBehind: inbound.count)
    case .authenticate(let mechanism, _):
      promise(!session.isAuthenticated && session.envelope == nil, "a login out of its place")
      promise(offer.mechanisms.contains(mechanism), "a login that is not offered")
      if answers & 1 != 0 { return .challenge([answers]) }
    case .authenticationResponse:
      if answers & 1 != 0 { return .challenge([]) }
    case .client, .forward: promise(session.envelope == nil, "another client within a transaction")
    case .mail(let path, _):
      promise(session.isAuthenticated || !session.terms.requiresAuthentication, "MAIL before a login")
      promise(path.isNull || path.domain != nil || path.isPostmaster, "a bare sender")
    case .recipient(let recipient):
      promise(recipient.path.domain != nil || recipient.path.isPostmaster, "a bare recipient")
      if answers & 3 == 3 { return .refuseTransaction(no) }
    case .message:
      guard let envelope = session.envelope, var decoder else { fatalError("a message of nothing") }
      promise(!envelope.recipients.isEmpty && envelope.spoiled == nil, "a message to nobody")
      decoder.finishCounted(into: &held)
      self.decoder = decoder
      if decoder.framing != .binary, decoder.fault == nil {
        let wire = held + [46, 13, 10]
        let read = ContentOracle(data: wire, normalizes: false)
        promise(read.taken == wire.count && read.fault == nil, "not canonical: \(held)")
      }
    default: break
    }
    return answers & 7 == 7 ? .refuse(no) : .proceed
  }
}

private let catalogue = ReasonCatalogue(ProtocolReasons.all, hostname: "mx.example.org")
