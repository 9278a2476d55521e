internal import Bytes
internal import Charsets
internal import MailSyntax

/// The links and the mail addresses of a message.
///
/// Where there are more links than are kept, those stay that a person sees (a label, or in a text), and of these those
/// to hosts that no link before them leads to; and the first and the last of all.
struct MessageLinks: Sendable {
  private(set) var links: [LinkView] = []
  private(set) var addresses: [String] = []
  /// Whether a bound left some out.
  private(set) var isCut = false
  private var seen: Set<Key> = []
  private var targets: Set<Link> = []
  private let limits: ViewLimits
  /// What stands in texts that are seen, and in what nobody sees: neither takes the other's room.
  private var finder: LinkFinder
  private var hiddenFinder: LinkFinder
  /// Links that were looked at beyond those that are kept, seen and unseen ones.
  private var bareCount = 0

  private struct Key: Hashable {
    let target: Link
    let label: String
    let place: LinkView.Place
  }

  /// How many times the links that are kept are looked at.
  private static let mostLooks = 5
  /// Of the first and of the last that stay whatever they are.
  private static let mostEnds = 10

  private init(_ limits: ViewLimits) {
    self.limits = limits
    finder = LinkFinder(most: Self.mostLooks * limits.links)
    hiddenFinder = LinkFinder(most: Self.mostLooks * limits.links)
  }

  /// - Parameter above: what is shown above the texts.
  static func of(
    _ tree: MIMETree, _ readings: [TextReading], above: String, limits: ViewLimits
  ) -> MessageLinks {
    var found = MessageLinks(limits)
    for reading in readings { found.add(reading) }
    found.search(Array(above.utf8), .text, 0)
    for (octets, part) in MarginalText.unshown(tree, most: limits.text) {
      found.search(Array(Charset.decode(octets, declared: nil).text.utf8), .other, part)
    }
    found.addAttached(tree)
    found.choose()
    return found
  }

  /// A text that is attached is opened with a click, and its links with another.
  private mutating func addAttached(_ tree: MIMETree) {
    let texts = tree.parts.compactMap { part in
      Self.attachedKind(part, in: tree).map { (part: part, kind: $0) }
    }
    for (reading, text) in zip(TextReading.all(tree, texts, limits: limits), texts) {
      if reading.isCut { isCut = true }
      add(reading)
      // Where the parts of a message lie elsewhere (RFC 2017).
      if let place = text.part.type["url"], text.part.type.name == "message/external-body" {
        search(place.value.filter { !$0.isWhiteSpace }, .other, text.part.index, isProse: false)
      }
    }
  }

  /// How a part is read beside the texts that are shown; nil where it is not.
  private static func attachedKind(_ part: MIMETree.Part, in tree: MIMETree) -> TextKind? {
    if part.isShownText || tree.isUndivided(part) {
      return !part.isHTML && TextKind.opensAsHTML(part) ? .html : nil
    }
    return TextKind.attached(part, in: tree)
  }

  /// Leaves as many links as are kept.
  private mutating func choose() {
    guard links.count > limits.links else { return }
    isCut = true
    var hosts: Set<String> = []
    let ranks = links.indices.map { index -> Int in
      let link = links[index]
      if index < Self.mostEnds || index >= links.count - Self.mostEnds { return 0 }
      let isSeen = link.place == .text || !link.label.isEmpty
      return (isSeen ? 1 : 3) + (hosts.insert(link.target.host).inserted ? 0 : 1)
    }
    let order = links.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    links = order.prefix(limits.links).sorted().map { links[$0] }
  }

  private mutating func add(_ reading: TextReading) {
    let part = reading.view.part
    search(reading.others, .other, part)
    guard let html = reading.html else { return search(Array(reading.view.visible.utf8), .text, part) }
    if html.isCutOfLinks { isCut = true }
    if !reading.view.isHTML { search(Array(reading.view.decoded.text.utf8), .text, part) }
    for reference in html.references { add(reference, html.base, part) }
    // What stands in a label leads where the anchor leads.
    var start = 0
    for label in html.labels where label.lowerBound >= start {
      search(Array(html.visible[start..<label.lowerBound]), .text, part)
      start = label.upperBound
    }
    search(start == 0 ? html.visible : Array(html.visible[start...]), .text, part)
    for hidden in html.hidden { search(hidden.octets, .other, part) }
    for source in html.sources { search(source, .other, part, isProse: false) }
  }

  private mutating func add(_ reference: HTMLReading.Reference, _ base: Link?, _ part: Int) {
    let target = Link(reference: reference.written, base: base)
    if let target {
      add(
        LinkView(
          written: String(decoding: reference.written.prefix(2048), as: UTF8.self), target: target,
          label: Self.label(reference.label), place: reference.place, part: part))
    } else if let address = MailAddressFinder.target(of: reference.written) {
      add(address)
    }
    // Links within links, and in scripts.
    if target == nil || reference.written.contains(UInt8(ascii: "%"))
      || reference.written.dropFirst(8).holdsLink
    {
      search(reference.written, .other, part, isProse: false)
    }
  }

  /// At most 256 characters on one line.
  private static func label(_ octets: [UInt8]) -> String {
    var scalars = String.UnicodeScalarView()
    var isAfterSpace = false
    for scalar in NormalText.of(octets).unicodeScalars {
      if scalar.isWhitespace {
        isAfterSpace = true
        continue
      }
      guard scalars.count < 255 else { break }
      if isAfterSpace, !scalars.isEmpty { scalars.append(" ") }
      isAfterSpace = false
      scalars.append(scalar)
    }
    return String(scalars)
  }

  private mutating func search(_ text: [UInt8], _ place: LinkView.Place, _ part: Int, isProse: Bool = true) {
    guard !text.isEmpty else { return }
    let found = place == .text ? Self.look(&finder, text, isProse) : Self.look(&hiddenFinder, text, isProse)
    if finder.isFull || hiddenFinder.isFull { isCut = true }
    for found in found where !targets.contains(found.link) {
      add(LinkView(written: found.written, target: found.link, place: place, part: part))
    }
    for address in MailAddressFinder.addresses(in: text, most: limits.addresses + 1) { add(address) }
  }

  private static func look(_ finder: inout LinkFinder, _ text: [UInt8], _ isProse: Bool) -> ArraySlice<
    LinkFinder.Found
  > {
    let before = finder.found.count
    finder.look(in: text, isProse: isProse)
    return finder.found[before...]
  }

  private mutating func add(_ link: LinkView) {
    // Those that nobody sees leave half of the room to the others.
    let isBare = link.place != .text && link.label.isEmpty
    let most = Self.mostLooks * limits.links
    guard isBare ? bareCount < most / 2 : links.count - bareCount < most else {
      if !targets.contains(link.target) { isCut = true }
      return
    }
    guard seen.insert(Key(target: link.target, label: link.label, place: link.place)).inserted else { return }
    if isBare { bareCount += 1 }
    targets.insert(link.target)
    links.append(link)
  }

  private mutating func add(_ address: String) {
    if addresses.contains(address) { return }
    if addresses.count < limits.addresses { addresses.append(address) } else { isCut = true }
  }
}

extension ArraySlice<UInt8> {
  /// Whether two slashes follow one another.
  fileprivate var holdsLink: Bool {
    zip(self, dropFirst()).contains { $0 == UInt8(ascii: "/") && $1 == UInt8(ascii: "/") }
  }
}
