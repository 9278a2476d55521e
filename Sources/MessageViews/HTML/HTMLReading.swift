public import MailSyntax

/// What an HTML text says: see `HTMLReader`.
public struct HTMLReading: Sendable {
  /// A link as it is written there; where it leads depends on the base.
  public struct Reference: Sendable {
    public let written: [UInt8]
    /// The visible text of an anchor, in UTF-8; where it is empty, what its images say in their stead.
    public internal(set) var label: [UInt8]
    public let place: LinkView.Place
  }

  /// The visible text in UTF-8.
  public let visible: [UInt8]
  public let hidden: [(octets: [UInt8], reason: HTMLView.Hidden.Reason)]
  /// In the order of the text. Of too many those without a label, which nobody sees, are left out first, and of each kind
  /// the last stay.
  public let references: [Reference]
  /// Ranges of `visible` that are labels of anchors with a target.
  public let labels: [Range<Int>]
  /// Octets that nobody sees and that may hold links all the same: scripts, and what only one client reads.
  public let sources: [[UInt8]]
  /// What references are relative to; nil where nothing is said.
  public let base: Link?
  /// Characters of visible text that are no white space and not invisible.
  public let visibleCount: Int
  public let images: Int
  public let remoteImages: Int
  public let forms: Int
  public let scripts: Int
  /// What the images say in their stead, a line each.
  public let imageText: [UInt8]
  /// Letters of the visible text that are made to run backwards.
  public let turned: Int
  /// Whether a bound left out text or structure; whether one left out links.
  public let isCut: Bool
  public let isCutOfLinks: Bool
}
