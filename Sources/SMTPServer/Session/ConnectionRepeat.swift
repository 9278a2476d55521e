import Bytes
import Filtering
import MailSyntax
import SMTPProtocol

/// A message that comes again because the client never read that it was taken: it is told what it was told then, and
/// nothing is judged, kept or delivered a second time.
extension Connection {
  /// Answers such a message; calls `judge` for any other.
  func unlessTaken(
    _ message: HeldMessage, _ header: MessageHeader, _ transaction: Transaction,
    judge: @escaping @Sendable (isolated Connection, Transaction) -> Answer?
  ) -> Answer? {
    guard !context.taken.isEmpty else { return judge(self, transaction) }
    let sent = SentMessage(
      sender: transaction.facts.sender, recipients: transaction.recipients.map(\.recipient.path),
      message: message, header: header)
    guard context.taken.mayKnow(sent, at: Clock.now) else { return judge(self, transaction) }
    let (intake, id) = (context.intake, transaction.id)
    return awaiting {
      await intake.digest(of: sent)
    } then: { connection, digest in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      return connection.repeated(sent, digest, transaction) ?? judge(connection, transaction)
    }
  }

  /// What the client was told of this message; nil where it was told nothing that it has not read.
  private func repeated(_ sent: SentMessage, _ digest: MessageDigest?, _ transaction: Transaction) -> Answer?
  {
    // Of whom it came then: what one's own user was told is nothing to a stranger who has a copy.
    guard let digest, let taken = context.taken.recall(sent, digest.whole, at: Clock.now),
      taken.giver == facts.trust.giver
    else { return nil }
    let answersEach = repliesEach && sent.recipients.count > 1
    let answer = taken.answer(to: sent.recipients, each: answersEach, in: policy.catalogue) { place in
      Response(.recipientTaken, variables(recipient: sent.recipients[place]))
    }
    // What cannot be told now stays known to whoever can be told.
    guard let answer, context.taken.take(sent, digest.whole, at: Clock.now) != nil else { return nil }
    transaction.isHandedOver = true
    recordRepeat(of: taken, answer, sent)
    // It may go unread once more.
    watch(sent, taken, id: transaction.id)
    return answer
  }

  private func recordRepeat(of taken: TakenMessage, _ answer: Answer, _ sent: SentMessage) {
    var each: [Response] = []
    if case .proceedEach(let replies, _) = answer { each = replies }
    let isPositive: (Response) -> Bool = { self.policy.catalogue.reply($0).isPositive }
    for (place, reply) in each.enumerated() where !isPositive(reply) {
      let isPermanent = policy.catalogue.reply(reply).isPermanent
      var event = event(
        isPermanent ? .reject : .defer, stage: .message, reply, recipient: sent.recipients[place])
      event.found = .message
      event.detail = "as it was told of \(taken.id)"
      context.events.record(event)
    }
    var event = event(.accept, stage: .message, taken.last)
    if !each.isEmpty {
      event.recipients = zip(sent.recipients, each).filter { isPositive($1) }.map(\.0.text)
    }
    event.octets = sent.message.octets
    event.detail = "repeat of a message that was taken as \(taken.id); nothing is done a second time"
    context.events.record(event)
  }
}
