public import MailSyntax

/// Bounds of the views of a message.
public struct ViewLimits: Sendable, Hashable {
  public var mime = MIMELimits()
  /// Octets of text (decoded) that are made into views, of all parts together.
  public var text = 1 << 20
  public var links = 500
  public var headerText = 64 << 10

  public init() {}
}

/// What a message says, in the forms that checks and rules read. Each view is computed once, when it is first asked for;
/// none costs anything before.
public final class MessageViews: Sendable {
  /// The message without dot-stuffing, or its beginning.
  public let octets: [UInt8]
  /// Whether `octets` is all of it.
  public let isWhole: Bool
  public let limits: ViewLimits

  public init(_ octets: [UInt8], isWhole: Bool = true, limits: ViewLimits = ViewLimits()) {
    self.octets = octets
    self.isWhole = isWhole
    self.limits = limits
  }

  /// From the held form, in which lines that begin with a dot have one more (RFC 5321 §4.5.2).
  public convenience init(stuffed octets: [UInt8], isWhole: Bool = true, limits: ViewLimits = ViewLimits()) {
    self.init(octets, isWhole: isWhole, limits: limits)
  }

  public var tree: MIMETree { MIMETree(sources: [octets], parts: [], faults: [], isCut: false) }

  /// The fields of the message's own header, in their order.
  public var header: [HeaderView] { [] }

  /// The fields of that name, without regard to case.
  public func header(_ name: String) -> [HeaderView] { [] }

  /// Each text part that is no attachment, in the order of the message.
  public var texts: [TextView] { [] }

  /// Subject, then the visible text of all parts, a line feed between: NFC.
  public var text: String { "" }

  /// `text` as nobody can disguise it: see `TextFolding`.
  public var folded: String { "" }

  public var links: [LinkView] { [] }

  public var attachments: [AttachmentView] { [] }

  /// Computes all views now: where that takes long, away from an event loop.
  public func prepare() { _ = (header, texts, text, folded, links, attachments) }

  /// The octets of a part, its transfer encoding undone.
  public func content(of part: Int, most: Int = .max) -> [UInt8] { [] }
}
