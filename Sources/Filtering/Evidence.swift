public import DNS
public import MailAuthentication
internal import MessageViews
public import TraceAnalysis

/// The client's name by DNS (RFC 8601 §2.7.3, `iprev`).
public enum ReverseName: Hashable, Sendable {
  /// A PTR name whose own addresses include the client's; the first in the order of the alphabet.
  case confirmed(DNSName)
  /// Names, none of which leads back.
  case unconfirmed([DNSName])
  /// No PTR record.
  case none
  /// It could not be found out.
  case unknown(DNSFailure)

  public var confirmedName: String? { if case .confirmed(let name) = self { name.text } else { nil } }
}

/// What is found out about a client once for its whole session, by whoever needs it first.
public final class ClientEvidence: Sendable {
  public let reverseName = Once<ReverseName>()

  public init() {}
}

/// What is found out about a sender once for a transaction.
public final class SenderEvidence: Sendable {
  /// SPF of the envelope sender; of the greeting's name where the sender is null (RFC 7208 §2.4).
  public let spf = Once<SPFOutcome>()
  /// SPF of the greeting's name (RFC 7208 §2.3).
  public let heloSPF = Once<SPFOutcome>()

  public init() {}
}

/// What is found out about a message once.
public final class MessageEvidence: Sendable {
  public let trace = Memo<Trace>()
  /// Whose domains From names.
  public let authors = Memo<DMARCAuthors>()
  /// In the order of the signatures in the header.
  public let dkim = Once<[DKIMVerification]>()
  public let arc = Once<ARCOutcome>()
  public let dmarc = Once<DMARCOutcome>()
  /// What it says. Whoever wants it asks `MessageFacts.views()`.
  let views = Once<MessageViews>()
  /// What its attachments are, in the order of `MessageViews.attachments`.
  public let files = Once<[FileInspection]>()

  public init() {}
}
