import Bytes
import Filtering
import MailSyntax
import SMTPProtocol
import Synchronization
import TestSupport
import Testing

@testable import SMTPServer

/// Sessions on a channel of the test's own, before a store that does as it is told: what is kept, what is confirmed, and
/// what a client reads that comes again.
@Suite(.apart) struct RepeatChannelTests {
  private static let rules = [
    "Rules/10.rc": """
    :0
    * ^Subject: held
    quarantine odd

    :0
    * ^Subject: junk
    /dev/null

    :0 c
    * ^Subject: both
    ! archive@example.org

    :0 c
    * ^Subject: both
    quarantine odd
    """
  ]

  private func gateway(_ store: ScriptedStore) throws -> ChannelGateway {
    let script = try DialogueScript(
      name: "repeat", text: "@set relay.networks = [\"10.0.0.0/8\"]\nC! connect\n")
    return try ChannelGateway(script, files: Self.rules, waiting: store)
  }

  /// A session whose MAIL, RCPT and DATA were taken, and that has sent a message.
  private func sending(
    _ text: String, _ gateway: ChannelGateway, to recipients: [String] = [Mail.user],
    from source: String = "192.0.2.1"
  ) throws -> ChannelClient {
    let client = try gateway.connect(from: source)
    _ = try client.nextLine()
    try client.send(Array("HELO client.outside.example\r\n".utf8))
    _ = try client.nextLine()
    for line in ["MAIL FROM:<\(Mail.sender)>"] + recipients.map({ "RCPT TO:<\($0)>" }) + ["DATA"] {
      try client.send(Array("\(line)\r\n".utf8))
      let answer = try client.nextLine()
      #expect(answer.hasPrefix("250") || answer.hasPrefix("354"), "\(line): \(answer)")
    }
    try client.send(RawClient.stuffed(Array(text.utf8)))
    return client
  }

  private func repeats(_ gateway: ChannelGateway) -> [Event] {
    gateway.events.all.filter { $0.detail.hasPrefix("repeat of a message") }
  }

  @Test(arguments: ["held", "junk", "both", "plain"], [0, 300_000])
  func theSameIsSaidAndNothingDone(_ subject: String, _ size: Int) throws {
    let store = ScriptedStore()
    let gateway = try gateway(store)
    let text = Mail.text(subject, size: size)
    let first = try sending(text, gateway)
    let said = try first.nextLine()
    #expect(said.hasPrefix("250"))
    let (calls, deliveries) = (store.calls, gateway.relay.messages.count)
    #expect(deliveries == (subject == "both" || subject == "plain" ? 1 : 0))
    first.breakOff()
    #expect(eventually { gateway.events.all.contains { $0.code == .connectionLost } })
    let second = try sending(text, gateway)
    #expect(try second.nextLine() == said)
    #expect(store.calls == calls && gateway.relay.messages.count == deliveries)
    #expect(repeats(gateway).count == 1)
    // Who speaks on has read it: then it is another message.
    try second.send(Array("NOOP\r\n".utf8))
    #expect(try second.nextLine().hasPrefix("250"))
    second.breakOff()
    #expect(try sending(text, gateway).nextLine().hasPrefix("250"))
    #expect(repeats(gateway).count == 1)
    #expect(gateway.relay.messages.count == 2 * deliveries)
    #expect(store.calls.count == 2 * calls.count)
  }

  /// A stranger who has a copy of what one's own network sent is judged for himself, and takes nothing away from whom it
  /// was said to.
  @Test func anotherGiverIsJudgedAnew() throws {
    let store = ScriptedStore()
    let gateway = try gateway(store)
    let text = Mail.text("plain")
    let first = try sending(text, gateway, from: "10.0.0.1")
    let said = try first.nextLine()
    first.breakOff()
    #expect(eventually { gateway.events.all.contains { $0.code == .connectionLost } })
    #expect(try sending(text, gateway).nextLine().hasPrefix("250"))
    #expect(repeats(gateway).isEmpty && gateway.relay.messages.count == 2)
    #expect(try sending(text, gateway, from: "10.0.0.2").nextLine() == said)
    #expect(repeats(gateway).count == 1 && gateway.relay.messages.count == 2)
  }

  /// One call for all parts, one word for all of them.
  @Test func thePartsOfAMessageGoTogether() throws {
    let store = ScriptedStore()
    let gateway = try gateway(store)
    #expect(try sending(Mail.text("both"), gateway).nextLine().hasPrefix("250"))
    let id = try #require(gateway.events.all.first { $0.code == .messageAccepted }?.id)
    #expect(store.calls == ["keep \(id),\(id)-2 provisional", "confirm \(id),\(id)-2"])
    // Without a part for the backend there is nothing to wait for.
    #expect(try sending(Mail.text("held"), gateway).nextLine().hasPrefix("250"))
    #expect(store.calls.count == 3 && !store.calls[2].contains("provisional"))
  }

  /// The backend has its part, the rest cannot be confirmed: the client is put off, and by then the relay knows.
  @Test func whatCannotBeConfirmedIsNotDeliveredTwice() throws {
    let store = ScriptedStore(confirms: false)
    let gateway = try gateway(store)
    let client = try sending(Mail.text("both"), gateway)
    let said = try client.nextLine()
    #expect(said.hasPrefix("451") && said.contains("WAITING_MAIL_UNAVAILABLE"), "\(said)")
    let id = try #require(gateway.events.all.first { $0.code == .waitingMailUnavailable }?.id)
    #expect(gateway.relay.expected == [id])
    // What was refused is not watched.
    client.breakOff()
    #expect(!gateway.events.all.contains { $0.code == .connectionLost })
  }

  /// The client goes while the store is at it: its retry is known all the same.
  @Test func whoGoesBeforeTheEndIsKnownToo() throws {
    let store = ScriptedStore(waits: true)
    let gateway = try gateway(store)
    let text = Mail.text("held")
    let first = try sending(text, gateway)
    #expect(eventually { store.calls.count == 1 })
    first.breakOff()
    first.close()
    #expect(!gateway.events.all.contains { $0.code == .connectionLost })
    store.goOn()
    first.settle()
    #expect(eventually { gateway.events.all.contains { $0.code == .connectionLost } })
    let second = try sending(text, gateway)
    #expect(try second.nextLine().hasPrefix("250"))
    #expect(store.calls.count == 1 && repeats(gateway).count == 1)
  }
}

/// The same answers in another order, or in another form.
@Suite struct TakenMessageTests {
  private let catalogue = ReasonCatalogue(ProtocolReasons.all + WaitingReasons.all)
  private let yes = Response(.messageHeld, reply: Reply(250, 0, 0, "Ok: A"))
  private let no = Response(.recipientUnknown, reply: Reply(550, 1, 1, "No"))

  private func paths(_ texts: String...) throws -> [Path] { try texts.map { try Waiting.path($0) } }

  private func codes(_ answer: Answer?) -> [Int] {
    switch answer {
    case .proceedSaying(let response)?: [catalogue.reply(response).code]
    case .proceedEach(let each, let last)?: (each + [last]).map { catalogue.reply($0).code }
    default: []
    }
  }

  @Test func repliesFollowTheirRecipients() throws {
    let taken = try #require(
      TakenMessage(
        .proceedEach([yes, no], yes), id: "A", giver: "", recipients: try paths("b@x.example", "a@x.example"),
        in: catalogue))
    #expect(taken.weight == 2)
    func again(_ recipients: [Path], each: Bool) -> [Int] {
      codes(taken.answer(to: recipients, each: each, in: catalogue) { _ in yes })
    }
    #expect(again(try paths("b@x.example", "a@x.example"), each: true) == [250, 550, 250])
    #expect(again(try paths("a@x.example", "b@x.example"), each: true) == [550, 250, 250])
    // One of them was told no, and one reply would be for both.
    #expect(again(try paths("a@x.example", "b@x.example"), each: false) == [])
  }

  @Test func oneForAllIsOneForEach() throws {
    let recipients = try paths("b@x.example", "a@x.example")
    let taken = try #require(
      TakenMessage(.proceedSaying(yes), id: "A", giver: "", recipients: recipients, in: catalogue))
    #expect(codes(taken.answer(to: recipients, each: false, in: catalogue) { _ in no }) == [250])
    var asked: [Int] = []
    let each = taken.answer(to: recipients, each: true, in: catalogue) { place in
      asked.append(place)
      return yes
    }
    #expect(codes(each) == [250, 250, 250] && asked == [0, 1])
    let all = try #require(
      TakenMessage(.proceedEach([yes, yes], yes), id: "A", giver: "", recipients: recipients, in: catalogue))
    #expect(codes(all.answer(to: recipients, each: false, in: catalogue) { _ in no }) == [250])
  }

  @Test func whatIsRefusedIsNotTaken() throws {
    let recipients = try paths("b@x.example", "a@x.example")
    #expect(TakenMessage(.refuse(no), id: "A", giver: "", recipients: recipients, in: catalogue) == nil)
    #expect(
      TakenMessage(.proceedEach([no, no], no), id: "A", giver: "", recipients: recipients, in: catalogue)
        == nil)
  }

  /// The words stay, whatever the catalogue becomes.
  @Test func itIsSpelled() throws {
    var variables = ReplyVariables()
    variables.id = "A"
    let taken = TakenMessage(
      .proceedSaying(Response(.messageHeld, variables)), id: "A", giver: "", recipients: [], in: catalogue)
    let other = ReasonCatalogue(ProtocolReasons.all, replacing: ["MESSAGE_HELD": "Other {id}"])
    let spelled = try #require(taken?.spelled(in: catalogue))
    #expect(other.reply(spelled.last).lines == ["Ok: A"])
  }
}

/// A store that keeps nothing and writes down what it is asked.
private final class ScriptedStore: WaitingMail {
  private struct State {
    var calls: [String] = []
    var held: [@Sendable () -> Void] = []
    var waits: Bool
  }

  private let state: Mutex<State>
  private let confirms: Bool

  init(confirms: Bool = true, waits: Bool = false) {
    self.confirms = confirms
    state = Mutex(State(waits: waits))
  }

  var calls: [String] { state.withLock { $0.calls } }

  /// Answers what it was asked, and from now on at once.
  func goOn() {
    let held = state.withLock { state in
      state.waits = false
      defer { state.held = [] }
      return state.held
    }
    for answer in held { answer() }
  }

  private func note(_ call: String, _ answer: @escaping @Sendable () -> Void) {
    let isNow = state.withLock { state in
      state.calls.append(call)
      if state.waits { state.held.append(answer) }
      return !state.waits
    }
    if isNow { answer() }
  }

  func keep(
    _ parts: [WaitingPart], isProvisional: Bool,
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    let ids = parts.map(\.message.id).joined(separator: ",")
    note("keep \(ids)\(isProvisional ? " provisional" : "")") { answer(.success(())) }
  }

  func confirm(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    let result: Result<Void, WaitingFault> = confirms ? .success(()) : .failure(.unavailable("no disk"))
    note("confirm \(messages.joined(separator: ","))") { answer(result) }
  }

  func withdraw(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void) {
    note("withdraw \(messages.joined(separator: ","))") { answer(.success(())) }
  }

  func content(of message: String) async throws(WaitingFault) -> any WaitingContent {
    throw .missing
  }

  func use() -> WaitingUse { WaitingUse() }
}
