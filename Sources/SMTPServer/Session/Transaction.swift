import Bytes
import Filtering
import MailSyntax
import SMTPProtocol
import Storage

/// What the gateway knows of one transaction beside the machine's envelope. An idle session has none.
final class Transaction {
  let id: String
  let facts: MailFacts
  /// Monotonic milliseconds at MAIL.
  let began: Int64
  /// What was found about the sender, about each recipient that was taken, and about the message.
  private(set) var found: [Found] = []
  /// What was found about the recipient that is being judged.
  var asked = Found.nothing
  var recipients: [RoutedRecipient] = []
  /// By what each of them is judged, in the same order.
  var governed: [Governed] = []
  /// By what the recipient is judged that is being asked about.
  var asking: Governed?
  /// The policy groups that the client named, those among them that were told to come separately.
  var groups: Set<Governed.Group> = []
  /// Whether some recipient was refused for now only.
  var hasDeferral = false
  var intake: MessageIntake?
  var decoder: ContentDecoder?
  /// Who computes the digests of a body that does not stay in memory.
  var bodyWatch: BodyWatch?
  /// Octets of the current chunk that have not come yet.
  var chunkLeft: UInt64 = 0
  /// Why the content is being drained instead of kept; the first reason stays.
  var refusal: Response?
  /// Monotonic milliseconds at which content began; 0 before it.
  var contentBegan: Int64 = 0
  /// Monotonic milliseconds at which it was complete: from here on the client waits for one reply.
  var contentEnded: Int64 = 0
  /// Whether the content is complete.
  var isComplete = false
  /// Whether the backend is being given the message: from here on it goes its way without the client.
  var isHandedOver = false

  init(id: String, facts: MailFacts, began: Int64, found: Found) {
    self.id = id
    self.facts = facts
    self.began = began
    add(found)
  }

  func add(_ found: Found) {
    if !found.isNothing { self.found.append(found) }
  }

  var findings: [WeighedFinding] { found.count == 1 ? found[0].findings : found.flatMap(\.findings) }

  /// Nobody wants to know any more.
  func abandonInquiries() {
    for found in found + [asked] { found.inquiry?.abandon() }
  }

  /// Octets of a message that its recipients take, by bounds of their own; nil where there is none. With a reply for each
  /// those of the most generous: the others are told by themselves.
  var sizeLimit: UInt64? {
    let bounds = governed.map(\.policy.messageSize)
    guard facts.parameters.repliesEach else { return bounds.compactMap { $0 }.min() }
    return bounds.contains(nil) ? nil : bounds.compactMap { $0 }.max()
  }

  /// Octets of content that have come so far.
  var octets: UInt64 { decoder?.octets ?? 0 }
}
