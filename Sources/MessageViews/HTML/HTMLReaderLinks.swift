internal import Bytes

extension HTMLReader {
  /// The links of a tag.
  mutating func linkTag(_ element: HTMLElement) {
    switch element {
    case .a:
      endAnchor()
      guard let target = value(.href) ?? value(.xlinkHref) else { return }
      let reference = refer(target, .anchor)
      anchor = Anchor(reference: reference, start: builder.octets.count)
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
    case .video:
      if let source = value(.src) { refer(source, .other) }
      if let poster = value(.poster) { image(poster) }
    case .object: if let data = value(.data) { refer(data, .other) }
    default: break
    }
    if let source = value(.background) { image(source) }
  }

  /// Keeps a reference; gives its place, or nil where it leads to no host or there are too many.
  @discardableResult
  mutating func refer(_ written: [UInt8], _ place: LinkView.Place, label: [UInt8] = []) -> Int? {
    let written = written[...].trimmedHTMLSpace
    guard !written.isEmpty, written.first != UInt8(ascii: "#") else { return nil }
    guard references.count < mostReferences else {
      isCut = true
      return nil
    }
    references.append(HTMLReading.Reference(written: Array(written), label: label, place: place))
    return references.count - 1
  }

  private mutating func imageTag() {
    // Its own address in place of words is nobody's claim.
    if let alt = value(.alt), anchor != nil, alt != value(.src) {
      if anchor?.images.isEmpty == false { anchor?.images.append(.space) }
      anchor?.images.append(contentsOf: alt.prefix(256))
    }
    images += 1
    if let source = value(.src) {
      image(source)
      if source.leadsAway { remoteImages += 1 }
    }
    // The first of its candidates stands for all.
    if let set = value(.srcset) {
      refer(Array(set[...].trimmedHTMLSpace.prefix { !$0.isHTMLSpace && $0 != UInt8(ascii: ",") }), .image)
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
    guard let reference = open.reference else { return }
    let end = builder.octets.count
    if open.start < end { labels.append(open.start..<end) }
    let label = builder.octets[open.start..<end].prefix(2048).trimmedHTMLSpace
    references[reference].label = label.isEmpty ? open.images : Array(label)
  }
}

extension [UInt8] {
  /// Whether it begins as an address of another machine does.
  fileprivate var leadsAway: Bool {
    let start = self[...].trimmedHTMLSpace.prefix(5).map(\.lowercasedASCII)
    return start.starts(with: "http".utf8) || start.starts(with: "//".utf8) || start.starts(with: "ftp:".utf8)
  }
}
