public import MailSyntax
internal import SMTPProtocol

/// A message as a client sent it: what a retry has in common with it.
public struct SentMessage: Sendable {
  public let sender: Path
  /// All of the transaction, or those of one delivery; in any order.
  public let recipients: [Path]
  public let message: HeldMessage
  /// Whether `Date` and `Message-ID` are both there, so that a retry can be told from a new message.
  public let isIdentifiable: Bool

  public init(sender: Path, recipients: [Path], message: HeldMessage, isIdentifiable: Bool) {
    self.sender = sender
    self.recipients = recipients
    self.message = message
    self.isIdentifiable = isIdentifiable
  }

  /// - Parameter header: the message's.
  public init(sender: Path, recipients: [Path], message: HeldMessage, header: MessageHeader) {
    self.init(
      sender: sender, recipients: recipients, message: message,
      isIdentifiable: header.contains("Date") && header.contains("Message-ID"))
  }

  /// Whether its digest is computed sooner than somebody else could be asked to.
  public var isSmall: Bool { message.spool == nil && message.memory.count <= Self.small }

  // What SHA-256 does in the time of a change of threads and some more: 60 µs.
  private static let small = 64 * 1024
}

extension Delivery {
  /// What it hands over of a message.
  public var sent: SentMessage {
    SentMessage(
      sender: sender, recipients: recipients.map(\.recipient.path), message: message,
      isIdentifiable: isIdentifiable)
  }
}
