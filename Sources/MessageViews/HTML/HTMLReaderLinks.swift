internal import Bytes

extension HTMLReader {
  private static let mostCandidates = 16
  private static let mostImageText = 16 << 10

  /// The links of a tag.
  mutating func linkTag(_ element: HTMLElement) {
    switch element {
    case .a:
      endAnchor()
      guard let target = value(.href) ?? value(.xlinkHref) else { return }
      builder.endTurn()
      anchor = Anchor(
        target: Self.written(target).map { ($0, references.number()) }, start: builder.octets.count)
    case .area:
      if let target = value(.href) { refer(target, .anchor, label: value(.alt) ?? []) }
    case .form:
      forms += 1
      if let target = value(.action) { refer(target, .form) }
    case .button: if let target = value(.formaction) { refer(target, .form) }
    case .input:
      if let target = value(.formaction) { refer(target, .form) }
      if let source = value(.src) { image(source) }
    case .img: imageTag()
    case .base: if base == nil, let target = value(.href) { base = target }
    case .link: if let target = value(.href) { refer(target, .other) }
    case .meta: refresh()
    case .iframe, .frame, .embed, .source, .track, .script, .audio:
      if let source = value(.src) { refer(source, .other) }
      if element == .source { candidates() }
    case .video:
      if let source = value(.src) { refer(source, .other) }
      if let poster = value(.poster) { image(poster) }
    case .object: if let data = value(.data) { refer(data, .other) }
    default: break
    }
    if let source = value(.background) { image(source) }
  }

  /// Keeps a reference that leads somewhere.
  mutating func refer(_ written: [UInt8], _ place: LinkView.Place, label: [UInt8] = []) {
    guard let written = Self.written(written) else { return }
    references.add(
      HTMLReading.Reference(written: written, label: label, place: place), number: references.number())
  }

  /// Without white space around it; nil where it leads nowhere but to a place in the text.
  private static func written(_ target: [UInt8]) -> [UInt8]? {
    let written = target[...].trimmedHTMLSpace
    guard let first = written.first, first != UInt8(ascii: "#") else { return nil }
    return written.count == target.count ? target : Array(written)
  }

  private mutating func imageTag() {
    // Its own address in place of words is nobody's claim.
    if let alt = value(.alt), !alt.isEmpty, alt != value(.src) {
      if anchor != nil {
        if anchor?.images.isEmpty == false { anchor?.images.append(.space) }
        anchor?.images.append(contentsOf: alt.prefix(256))
      }
      if imageText.count < Self.mostImageText, stack.style.reason == nil {
        if !imageText.isEmpty { imageText.append(.lineFeed) }
        imageText.append(contentsOf: alt.prefix(1024))
      }
    }
    images += 1
    if let source = value(.src) {
      image(source)
      if source.leadsAway { remoteImages += 1 }
    }
    candidates()
  }

  /// The addresses in `srcset` (HTML standard, §4.8.4.2): each up to white space, or to a comma behind it; what
  /// describes it goes up to the next comma.
  private mutating func candidates() {
    guard let set = value(.srcset) else { return }
    var rest = set[...]
    for _ in 0..<Self.mostCandidates {
      rest = rest.drop { $0.isHTMLSpace || $0 == UInt8(ascii: ",") }
      guard !rest.isEmpty else { return }
      var address = rest.prefix { !$0.isHTMLSpace }
      rest = rest[address.endIndex...]
      let isLast = address.last == UInt8(ascii: ",")
      while address.last == UInt8(ascii: ",") { address.removeLast() }
      image(Array(address))
      if !isLast { rest = rest.drop { $0 != UInt8(ascii: ",") } }
    }
  }

  private mutating func image(_ source: [UInt8]) {
    // Data is its own source.
    if source.prefix(5).map(\.lowercasedASCII).elementsEqual("data:".utf8) { return }
    refer(source, .image)
  }

  /// `<meta http-equiv=refresh content="0; url=http://…">`
  private mutating func refresh() {
    guard let kind = value(.httpEquiv), kind.map(\.lowercasedASCII).elementsEqual("refresh".utf8),
      let content = value(.content),
      let place = content.firstIndex(where: { $0 == UInt8(ascii: ";") || $0 == 0x2c })
    else { return }
    var target = content[(place + 1)...].trimmedHTMLSpace
    if target.prefix(3).map(\.lowercasedASCII).elementsEqual("url".utf8) {
      target = target.dropFirst(3).trimmedHTMLSpace
      if target.first == UInt8(ascii: "=") { target = target.dropFirst().trimmedHTMLSpace }
    }
    if let quote = target.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
      target = target.dropFirst().prefix { $0 != quote }
    }
    refer(Array(target), .other)
  }

  /// The label of the open anchor is read.
  mutating func endAnchor() {
    guard let open = anchor else { return }
    anchor = nil
    guard let target = open.target else { return }
    builder.endTurn()
    let end = builder.octets.count
    if open.start < end { labels.append(open.start..<end) }
    let label = builder.octets[open.start..<end].prefix(2048).trimmedHTMLSpace
    references.add(
      HTMLReading.Reference(
        written: target.written, label: label.isEmpty ? open.images : Array(label), place: .anchor),
      number: target.number)
  }
}

extension [UInt8] {
  /// Whether it begins as an address of another machine does.
  fileprivate var leadsAway: Bool {
    let start = self[...].trimmedHTMLSpace.prefix(5).map(\.lowercasedASCII)
    return start.starts(with: "http".utf8) || start.starts(with: "//".utf8) || start.starts(with: "ftp:".utf8)
  }
}
