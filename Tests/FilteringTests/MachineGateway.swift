import Checks
import Filtering
import MailSyntax
import NetAddress
import SMTPProtocol
import Settings
import TestSupport

/// The whole gateway but for its sockets: the bare machine, the decoder, relay control and checks, before a
/// backend that is a set of names. What a dialogue script comes to at this depth.
struct MachineGateway {
  let settings: Settings
  let catalogue: ReasonCatalogue
  let relay: RelayControl
  let plan: CheckPlan
  let scores: ScoreTable
  var facts: ConnectFacts
  let known: Set<String>
  var offer: Offer

  var session: ServerSession
  private var decoder: ContentDecoder?
  private var held: [UInt8] = []
  private var refusal: Response?
  private var left: UInt64 = 0
  private var inbound: [UInt8] = []
  private var taken = 0
  private var framing: CommandFraming
  private var script: DialogueScript.Settings?
  private let peer: ConnectFacts
  /// The login under way.
  var login: MachineLogin?
  private var mail: MailFacts?

  /// Everything said so far and not yet taken by `reply`.
  private(set) var outbound: [UInt8] = []
  /// The messages the backend has, unstuffed.
  private(set) var messages: [[UInt8]] = []
  private(set) var isClosed = false

  init(_ script: DialogueScript) throws {
    var configuration = try GatewayConfiguration(
      backends: [.init(port: 1)], listeners: [.init(port: 2)])
    configuration.settings = script.settings.configuration
    try self.init(
      configuration: configuration.toml(folder: "/tmp"), client: script.settings.client,
      known: script.settings.known, missing: script.settings.missing)
    self.script = script.settings
    connect()
  }

  init(
    configuration: String, client: String = "192.0.2.7", known: Set<String> = ["user@example.org"],
    missing: Set<String> = [], lists: ListSnapshot = .empty, user: AuthenticatedUser? = nil
  ) throws {
    let reading = Settings.read(text: configuration, file: "weir.toml")
    guard let settings = reading.settings else { throw HarnessFault("\(reading.problems)") }
    guard let address = IPAddress(client) else { throw HarnessFault("no address: \(client)") }
    self.settings = settings
    relay = RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks, restrictions: settings.relay.senders
    )
    let problems: [SettingsProblem]
    (plan, scores, problems) = Catalogue.plan(
      CheckMaterials(lists: lists, relay: relay, settings: settings))
    if !problems.isEmpty { throw HarnessFault("\(problems)") }
    catalogue = ReasonCatalogue(
      ProtocolReasons.all + FilteringReasons.all + Catalogue.reasons, replacing: settings.replies,
      hostname: settings.hostname)
    self.known = Set(known.map { $0.lowercased() })
    var facts = ConnectFacts(
      address: address, port: 1, listener: "x", isRelayNetwork: relay.isRelayNetwork(address),
      time: .init(milliseconds: 0))
    facts.user = user
    self.facts = facts
    peer = facts
    func has(_ word: String) -> Bool { !missing.contains(word) }
    var backend = Capabilities()
    backend.eightBit = has("8BITMIME")
    backend.internationalized = has("SMTPUTF8")
    backend.deliveryStatus = has("DSN")
    backend.chunking = has("CHUNKING")
    backend.binary = has("BINARYMIME")
    let limits = settings.limits.client
    offer = Offer(
      common: [backend], size: limits.messageSize.count.map(UInt64.init),
      mostRecipients: limits.recipients.count, mostTransactions: limits.transactions.count)
    session = ServerSession(terms: Self.terms(settings), offer: offer)
    framing = Self.framing(settings)
    connect()
  }

  private static func terms(_ settings: Settings) -> ServerSession.Terms {
    let limits = settings.limits.client
    return ServerSession.Terms(
      mostErrors: limits.errors.count, mostCommands: limits.commands.count,
      mostTransactions: limits.transactions.count, mostRecipients: limits.recipients.count,
      completingDomain: settings.relay.completeDomain)
  }

  /// Who can log in.
  var logins: Set<String> { script?.logins ?? [] }

  var terms: ServerSession.Terms {
    var terms = Self.terms(settings)
    terms.requiresAuthentication = script?.isSubmission ?? false
    return terms
  }

  private static func framing(_ settings: Settings) -> CommandFraming {
    CommandFraming(
      longest: MessageBounds(header: 0, hops: 0, memory: 0).commandLine,
      acceptsBareLineFeed: settings.smtp.bareLF == .normalise)
  }

  /// A new connection; what was said on the last is forgotten.
  mutating func connect() {
    facts = peer
    login = nil
    offer.mechanisms = logins.isEmpty ? [] : ["PLAIN", "LOGIN"]
    offer.clientAttributes = script?.isFront == true ? ClientAttributes.Name.forClient : []
    offer.forwardAttributes = script?.isFront == true ? ClientAttributes.Name.forForward : []
    session = ServerSession(terms: terms, offer: offer)
    framing = Self.framing(settings)
    (inbound, taken, outbound, isClosed) = ([], 0, [], false)
    (decoder, held, refusal, left) = (nil, [], nil, 0)
    perform(session.opened())
  }

  mutating func disconnect() {
    session.disconnected()
    isClosed = true
  }

  mutating func receive(_ bytes: some Sequence<UInt8>) {
    inbound += bytes
    while !isClosed, step() {}
    inbound.removeFirst(taken)
    taken = 0
  }

  /// The next whole line of what was said.
  mutating func line() -> String? {
    guard let end = outbound.firstIndex(of: 10) else { return nil }
    let line = outbound[..<end]
    outbound.removeFirst(end + 1)
    guard line.last == 13 else { return nil }
    return String(decoding: line.dropLast(), as: UTF8.self)
  }

  private mutating func step() -> Bool {
    switch session.need {
    case .line, .response: return takeLine()
    case .data: return takeData()
    case .chunk:
      takeChunk()
      return left == 0 && finishChunk()
    case .drain:
      let count = min(Int(clamping: left), inbound.count - taken)
      taken += count
      left -= UInt64(count)
      guard left == 0 else { return false }
      perform(session.drainedChunk())
      return true
    case .answer, .nothing, .handshake, .identity: return false
    }
  }

  private mutating func takeLine() -> Bool {
    guard taken < inbound.count else { return false }
    let rest = inbound[taken...]
    let isResponse = session.need == .response
    let (count, event) = framing.next(rest.span.bytes, as: isResponse ? .response : .command)
    taken += count
    switch event {
    case .line(let line):
      perform(isResponse ? session.received(response: line) : session.received(line: line))
    case .malformed(let reason): perform(session.receivedMalformedLine(reason))
    case .endless: perform(session.ended(.limitErrors))
    case nil: return count > 0
    }
    return true
  }

  private mutating func takeData() -> Bool {
    guard taken < inbound.count else { return false }
    guard decode(inbound[taken...]) else { return false }
    if let refusal {
      perform(session.refusedData(refusal))
    } else {
      perform(session.receivedData())
    }
    return true
  }

  private mutating func takeChunk() {
    let count = min(Int(clamping: left), inbound.count - taken)
    left -= UInt64(count)
    _ = decode(inbound[taken..<(taken + count)])
  }

  private mutating func finishChunk() -> Bool {
    perform(refusal.map { session.refusedChunk($0) } ?? session.receivedChunk())
    return true
  }

  private mutating func decode(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard var decoder else { return false }
    decoder.isDiscarding = refusal != nil
    let result = decoder.decode(bytes.span.bytes, into: &held)
    taken += result.taken
    if let fault = decoder.fault { refusal = refusal ?? Response(fault.reason) }
    if let limit = session.sizeLimit, decoder.octets > limit {
      refusal = refusal ?? Response(.messageTooLarge, because: "\(limit)")
    }
    self.decoder = decoder
    return result.isComplete
  }

  private mutating func perform(_ action: ServerAction) {
    switch action {
    case .reply(let response): say(response)
    case .replies(let responses): for response in responses { say(response) }
    case .greet(let keywords):
      var reply = catalogue.reply(.helloAnswer)
      reply.lines += keywords
      reply.write(into: &outbound)
    case .ask(let question): perform(session.answered(answer(question)))
    case .receiveData(let response):
      begin(.dotTerminated)
      say(response)
    case .receiveChunk(let size):
      if decoder == nil { begin(session.envelope?.parameters.body == .binary ? .binary : .counted) }
      left = size
    case .drainChunk(let size): left = size
    case .close(let response):
      say(response)
      isClosed = true
    case .challenge(let octets): outbound += octets
    case .startTLS: preconditionFailure("what is not offered is not asked for")
    case .restart: perform(restarted())
    }
    if session.envelope == nil { (decoder, refusal) = (nil, nil) }
  }

  private mutating func begin(_ framing: ContentDecoder.Framing) {
    decoder = ContentDecoder(
      framing: framing, normalizesBareLineFeed: settings.smtp.bareLF == .normalise)
    held = []
    refusal = nil
  }

  private mutating func say(_ response: Response) { catalogue.write(response, into: &outbound) }
}

extension MachineGateway {
  private mutating func answer(_ question: Question) -> Answer {
    switch question {
    case .connect, .hello, .content: return .proceed
    case .mail(let sender, let parameters):
      guard let hello = session.hello else { return .refuse(Response(.commandOrder)) }
      mail = MailFacts(
        connect: facts, hello: hello, sender: sender, parameters: parameters, time: facts.time)
      return .proceed
    case .recipient(let recipient): return self.recipient(recipient.path)
    case .message: return message()
    case .verify: return .proceed
    case .startTLS: return .refuse(Response(.commandNotOffered))
    case .authenticate(let mechanism, let initial): return beginLogin(mechanism, initial)
    case .authenticationResponse(let response): return continueLogin(response)
    case .client(let attributes): return adopt(attributes)
    case .forward: return .proceed
    }
  }

  private func recipient(_ path: Path) -> Answer {
    guard let mail, let envelope = session.envelope else { return .refuse(Response(.commandOrder)) }
    var variables = ReplyVariables()
    variables.recipient = path.text
    guard relay.isOurs(path) || relay.mayRelay(facts, sender: mail.sender) else {
      return .refuse(Response(.relayDenied, variables))
    }
    let recipient = RecipientFacts(mail: mail, recipient: path, taken: envelope.recipients.count)
    let found =
      CheckPlan.examine(plan.concerning(facts.trust).recipient, recipient, at: .recipient, scores: scores)
      ?? []
    let decision = Decision(of: found, at: .recipient, thresholds: Thresholds())
    if decision.verdict == .reject {
      let response = Response(decision.reason, variables)
      return decision.reason == .nullSenderRecipients ? .refuseTransaction(response) : .refuse(response)
    }
    let isKnown = path.isPostmaster || known.contains(path.mailbox.lowercased())
    return isKnown ? .proceed : .refuse(Response(.recipientUnknown, variables))
  }

  private mutating func message() -> Answer {
    guard var decoder else { return .refuse(Response(.internalFault)) }
    decoder.finishCounted(into: &held)
    if let fault = decoder.fault { return .refuse(Response(fault.reason)) }
    guard decoder.framing != .binary else {
      messages.append(held)
      return .proceed
    }
    // As the backend reads it: to the first lone dot, unstuffed.
    let wire = held + [46, 13, 10]
    var reader = ContentDecoder(framing: .dotTerminated)
    var content: [UInt8] = []
    let result = reader.decode(wire.span.bytes, into: &content)
    guard result.isComplete, result.taken == wire.count, reader.fault == nil else {
      return .refuse(Response(.internalFault))
    }
    messages.append(content.unstuffed)
    return .proceed
  }
}

extension [UInt8] {
  fileprivate var unstuffed: [UInt8] {
    var result: [UInt8] = []
    for index in indices {
      let isStuffing = self[index] == 46 && (index == 0 || index >= 2 && self[index - 1] == 10)
      if !isStuffing { result.append(self[index]) }
    }
    return result
  }
}

extension Bound {
  fileprivate var count: Int? { if case .atMost(let most) = self { most } else { nil } }
}
