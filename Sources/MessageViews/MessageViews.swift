internal import Bytes
internal import Charsets
public import MailSyntax

/// Bounds of the views of a message.
public struct ViewLimits: Sendable, Hashable {
  public var mime = MIMELimits()
  /// Octets of text that are made into views, of all parts of HTML together what is visible, and as much hidden; of all
  /// other texts as much again. As much of attached texts is searched for links.
  public var text = 1 << 20
  /// Octets of HTML (decoded) that are read, markup and all, of all parts together.
  public var source = 4 << 20
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
  let doubtfulView = LazyView<String>()
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

  var readings: [TextReading] { readingsView.value { TextReading.all(tree, limits: limits) } }

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

  /// Text that is hidden in most clients and perhaps not in all (`isCertain`), and what images say in their stead, a line
  /// feed between: who looks for words that are shown to a person looks here, too. NFC.
  public var doubtful: String {
    doubtfulView.value {
      var lines: [String] = []
      for text in texts {
        guard let html = text.html else { continue }
        lines += html.hidden.filter { !$0.reason.isCertain }.map(\.text)
        if !html.imageText.isEmpty { lines.append(html.imageText) }
      }
      return lines.joined(separator: "\n")
    }
  }

  private var above: String {
    let subject = BidiOverride.read(header("Subject").first?.text ?? "").text
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

  /// What the parts, and with them the attachments, leave out.
  public var omittedParts: Omissions {
    var omitted: Omissions = isWhole ? [] : .octets
    if tree.isCut { omitted.insert(.parts) }
    return omitted
  }

  /// What the texts and the links leave out.
  public var omitted: Omissions {
    var omitted = omittedParts
    if readings.contains(where: \.isCut) { omitted.insert(.text) }
    if found.isCut { omitted.insert(.links) }
    return omitted
  }

  /// Whether all of a part is there, where the message itself is not whole.
  public func isWhole(_ part: Int) -> Bool {
    if isWhole { return true }
    let tree = tree
    guard tree.parts.indices.contains(part) else { return false }
    var part = tree.parts[part]
    // One that ends before its source does was not reached by the cut; else the part that the source was decoded from.
    while part.body.upperBound >= tree.sources[part.source].count {
      var outer = part
      while outer.source == part.source {
        guard let parent = outer.parent else { return false }
        outer = tree.parts[parent]
      }
      part = outer
    }
    return true
  }

  public var attachments: [AttachmentView] {
    attachmentsView.value { AttachmentReading.all(tree) }
  }

  /// Computes all views now: where that takes long, away from an event loop.
  public func prepare() { _ = (header, texts, text, doubtful, folded, links, attachments) }

  /// The octets of a part, its transfer encoding undone.
  public func content(of part: Int, most: Int = .max) -> [UInt8] {
    let tree = tree
    guard tree.parts.indices.contains(part) else { return [] }
    return tree.decoded(tree.parts[part], most: most).octets
  }

  /// The files that stand in a part without being parts: their octets in the order of `AttachmentView.embedded`.
  public func embeddedContents(of part: Int) -> [[UInt8]] {
    let tree = tree
    guard tree.parts.indices.contains(part) else { return [] }
    return tree.embeddedFiles(in: tree.parts[part]).map(\.octets)
  }
}
