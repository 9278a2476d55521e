internal import Bytes
internal import Charsets
public import MailSyntax

/// Bounds of the views of a message.
public struct ViewLimits: Sendable, Hashable {
  public var mime = MIMELimits()
  /// Octets of text (decoded) that are made into views, of all parts together; as much again of attached texts is
  /// searched for links.
  public var text = 1 << 20
  public var links = 500
  public var headerText = 64 << 10
  /// Mail addresses in the text.
  public var addresses = 50

  public init() {}
}

/// What a message says, in the forms that checks and rules read. Each view is computed once, when it is first asked for;
/// none costs anything before.
public final class MessageViews: Sendable {
  /// Whether `octets` is all of it.
  public let isWhole: Bool
  public let limits: ViewLimits
  private let held: [UInt8]
  private let isStuffed: Bool

  let plainView = LazyView<[UInt8]>()
  let treeView = LazyView<MIMETree>()
  let headerView = LazyView<[HeaderView]>()
  let readingsView = LazyView<[TextReading]>()
  let strayView = LazyView<String>()
  let textView = LazyView<String>()
  let foldedView = LazyView<String>()
  let linksView = LazyView<MessageLinks>()
  let attachmentsView = LazyView<[AttachmentView]>()

  public init(_ octets: [UInt8], isWhole: Bool = true, limits: ViewLimits = ViewLimits()) {
    held = octets
    isStuffed = false
    self.isWhole = isWhole
    self.limits = limits
  }

  /// From the held form, in which lines that begin with a dot have one more (RFC 5321 §4.5.2).
  public init(stuffed octets: [UInt8], isWhole: Bool = true, limits: ViewLimits = ViewLimits()) {
    held = octets
    isStuffed = true
    self.isWhole = isWhole
    self.limits = limits
  }

  /// The message without dot-stuffing, or its beginning.
  public var octets: [UInt8] {
    isStuffed ? plainView.value { DotStuffing.undone(held) } : held
  }

  public var tree: MIMETree { treeView.value { MIMETree.parse(octets, limits: limits.mime) } }

  /// The fields of the message's own header, in their order.
  public var header: [HeaderView] {
    headerView.value { HeaderReading.fields(tree, most: limits.headerText) }
  }

  /// The fields of that name, without regard to case.
  public func header(_ name: String) -> [HeaderView] {
    header.filter { $0.name.equalsIgnoringASCIICase(name) }
  }

  /// Each text part that is no attachment, and each multipart in which there is no part, in the order of the message.
  public var texts: [TextView] { readings.map(\.view) }

  var readings: [TextReading] { readingsView.value { TextReading.all(tree, most: limits.text) } }

  /// The lines among the header fields that are none, which some mail clients show as the beginning of the text; empty
  /// where there are none.
  public var strayText: String {
    strayView.value { MarginalText.strayLines(tree, most: limits.headerText) }
  }

  /// Subject, stray lines of headers, then the visible text of all parts, a line feed between: NFC.
  public var text: String {
    textView.value {
      var lines = [above]
      for reading in readings { lines.append(reading.view.visible) }
      return lines.joined(separator: "\n")
    }
  }

  private var above: String {
    let subject = header("Subject").first?.text ?? ""
    return strayText.isEmpty ? subject : "\(subject)\n\(strayText)"
  }

  /// `text` as nobody can disguise it: see `TextFolding`.
  public var folded: String { foldedView.value { TextFolding.fold(text) } }

  /// The links of all texts, hidden ones, those of attached texts and those around the parts of a multipart too, each
  /// once; anchors with their labels.
  public var links: [LinkView] { found.links }

  /// Mail addresses in the texts and in `mailto:` links, in small letters, each once.
  public var addresses: [String] { found.addresses }

  private var found: MessageLinks {
    linksView.value {
      MessageLinks.of(tree, readings, above: above, limits: limits)
    }
  }

  public var attachments: [AttachmentView] {
    attachmentsView.value { AttachmentReading.all(tree, readings) }
  }

  /// Computes all views now: where that takes long, away from an event loop.
  public func prepare() { _ = (header, texts, text, folded, links, attachments) }

  /// The octets of a part, its transfer encoding undone.
  public func content(of part: Int, most: Int = .max) -> [UInt8] {
    let tree = tree
    guard tree.parts.indices.contains(part) else { return [] }
    return tree.decoded(tree.parts[part], most: most).octets
  }

  /// The octets of an attachment, of one that is embedded in another part too.
  public func content(of attachment: AttachmentView, most: Int = .max) -> [UInt8] {
    guard let file = attachment.embedded else { return content(of: attachment.part, most: most) }
    let tree = tree
    guard tree.parts.indices.contains(attachment.part) else { return [] }
    let files = tree.embeddedFiles(in: tree.parts[attachment.part])
    return files.indices.contains(file) ? Array(files[file].octets.prefix(most)) : []
  }
}
