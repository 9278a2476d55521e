import MailSyntax
import SMTPProtocol

/// A machine and the answers it is given: by default everything is welcome.
struct ServerHarness {
  var session: ServerSession
  /// The questions asked so far.
  var asked: [Question] = []
  /// The answer to the next questions of a kind; `.proceed` where it has none.
  var answers: [(matches: (Question) -> Bool, answer: Answer)] = []

  static let fullOffer = Offer(
    eightBit: true, internationalized: true, deliveryStatus: true, binary: true, size: 1000, mostRecipients: 3
  )

  /// With all that has to do with who is talking.
  static var guardedOffer: Offer {
    var offer = fullOffer
    offer.startTLS = true
    offer.requireTLS = true
    offer.mechanisms = ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
    offer.clientAttributes = ClientAttributes.Name.forClient
    offer.forwardAttributes = ClientAttributes.Name.forForward
    return offer
  }

  init(
    terms: ServerSession.Terms = .init(mostErrors: 100), offer: Offer = fullOffer, isEncrypted: Bool = false
  ) {
    session = ServerSession(terms: terms, offer: offer, isEncrypted: isEncrypted)
    _ = settle(session.opened())
  }

  /// A session after these lines.
  init(
    after lines: [String], terms: ServerSession.Terms = .init(mostErrors: 100), offer: Offer = fullOffer,
    isEncrypted: Bool = false
  ) {
    self.init(terms: terms, offer: offer, isEncrypted: isEncrypted)
    for line in lines { _ = say(line) }
  }

  mutating func say(_ line: String) -> ServerAction { say(Array(line.utf8)) }

  mutating func say(_ line: [UInt8]) -> ServerAction { settle(session.received(line: line)) }

  /// Says a line in answer to a challenge.
  mutating func respond(_ line: String) -> ServerAction {
    settle(session.received(response: Array(line.utf8)))
  }

  /// Answers the next questions of a kind, and those only.
  mutating func on(_ kind: String, _ answer: Answer) {
    answers.append(({ $0.description == kind }, answer))
  }

  /// Answers questions until something else is to be done.
  mutating func settle(_ action: ServerAction) -> ServerAction {
    var action = action
    while case .ask(let question) = action {
      asked.append(question)
      action = session.answered(answers.first { $0.matches(question) }?.answer ?? .proceed)
    }
    return action
  }

  /// Says a line and lets its octets pass; the code of the reply that ends it.
  mutating func chunk(_ line: String) -> Int {
    switch say(line) {
    case .receiveChunk: settle(session.receivedChunk()).code
    case .drainChunk: settle(session.drainedChunk()).code
    case let other: other.code
    }
  }

  var state: String {
    switch session.need {
    case .line:
      session.envelope.map { "envelope \($0.recipients.count)" }
        ?? (session.hello == nil ? "greeted" : "ready")
    case .data: "data"
    case .chunk(let size): "chunk \(size)"
    case .drain: "drain"
    case .answer: "answer"
    case .nothing: "closed"
    case .response: "challenged"
    case .handshake: "handshake"
    case .identity: "identity"
    }
  }
}

let catalogue = ReasonCatalogue(ProtocolReasons.all, hostname: "mx.example.org")

extension ServerAction {
  /// The reply's code; 250 for a greeting, 354 with DATA, negative where nothing is said.
  var code: Int {
    switch self {
    case .reply(let response), .close(let response), .receiveData(let response), .startTLS(let response):
      catalogue.reply(response).code
    case .replies(let responses): responses.last.map { catalogue.reply($0).code } ?? 0
    case .greet: 250
    case .ask: -1
    case .receiveChunk: -2
    case .drainChunk: -3
    case .challenge: 334
    case .restart: -4
    }
  }

  /// `503 5.5.1`, `250` without an enhanced code.
  var codes: String {
    switch self {
    case .reply(let response), .close(let response), .receiveData(let response), .startTLS(let response):
      let reply = catalogue.reply(response)
      return reply.enhancedText.map { "\(reply.code) \($0)" } ?? "\(reply.code)"
    default: return "\(code)"
    }
  }

  var reason: ReasonCode? {
    switch self {
    case .reply(let response), .close(let response), .receiveData(let response), .startTLS(let response):
      response.reason
    default: nil
    }
  }

  /// What a challenge says, `334 ` and CRLF with it.
  var challenge: String? {
    if case .challenge(let octets) = self { String(decoding: octets, as: UTF8.self) } else { nil }
  }

  var isClose: Bool { if case .close = self { true } else { false } }
}
