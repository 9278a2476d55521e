import Filtering
import MailSyntax
import SMTPProtocol

/// What a client was told of a message that was taken, for it to be told again.
struct TakenMessage: Sendable {
  /// As which the log and the quarantine have it.
  let id: String
  /// From whom it came (`Trust.giver`).
  let giver: String
  /// The reply for each recipient, in the order of their texts; nil where one was for all.
  let each: [Response]?
  let last: Response

  /// nil where the answer does not say that somebody has it.
  ///
  /// - Parameter recipients: in the order of the replies.
  init?(_ answer: Answer, id: String, giver: String, recipients: [Path], in catalogue: ReasonCatalogue) {
    switch answer {
    case .proceedSaying(let response): self.init(id: id, giver: giver, each: nil, last: response)
    case .proceedEach(let replies, let response):
      guard replies.count == recipients.count, catalogue.reply(response).isPositive else { return nil }
      self.init(
        id: id, giver: giver, each: Self.order(of: recipients).map { replies[$0] }, last: response)
    default: return nil
    }
  }

  private init(id: String, giver: String, each: [Response]?, last: Response) {
    self.id = id
    self.giver = giver
    self.each = each
    self.last = last
  }

  /// Places of recipients in the order of their texts: a retry may name them in another.
  private static func order(of recipients: [Path]) -> [Int] {
    recipients.indices.sorted { (recipients[$0].text, $0) < (recipients[$1].text, $1) }
  }

  /// The same, word for word, whatever the catalogue will be.
  func spelled(in catalogue: ReasonCatalogue) -> TakenMessage {
    let spell = { (one: Response) in Response(one.reason, one.variables, reply: catalogue.reply(one)) }
    return TakenMessage(id: id, giver: giver, each: each.map { $0.map(spell) }, last: spell(last))
  }

  /// What it takes of what may be remembered.
  var weight: Int { each?.count ?? 1 }

  /// The answer to the same message from the same recipients' transaction.
  ///
  /// - Parameters:
  ///   - recipients: the transaction's, in its order.
  ///   - yes: to a recipient who has a reply of its own, where one was for all.
  /// - Returns: nil where only some were told that they have it, and one reply has to do for all.
  func answer(
    to recipients: [Path], each answersEach: Bool, in catalogue: ReasonCatalogue, yes: (Int) -> Response
  ) -> Answer? {
    guard answersEach else {
      let isWhole = each?.allSatisfy { catalogue.reply($0).isPositive } ?? true
      return isWhole ? .proceedSaying(last) : nil
    }
    guard let each else { return .proceedEach(recipients.indices.map(yes), last) }
    guard each.count == recipients.count else { return nil }
    var replies = each
    for (place, reply) in zip(Self.order(of: recipients), each) { replies[place] = reply }
    return .proceedEach(replies, last)
  }
}

extension Trust {
  /// Who gives a message, as far as it can be told in another session: strangers retry from other addresses.
  var giver: String {
    switch self {
    case .none: ""
    case .network: "network"
    case .certificate: "certificate"
    case .user(let user): "user \(user.name)"
    }
  }
}
