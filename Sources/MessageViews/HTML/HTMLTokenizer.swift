internal import Bytes

/// Cuts HTML into text, tags and comments as browsers do (HTML standard, §13.2.5), each octet looked at a fixed number
/// of times.
struct HTMLTokenizer {
  enum Token {
    case text(Range<Int>)
    /// Text as it stands: a CDATA section.
    case verbatim(Range<Int>)
    /// `name`, `attributes` and `isSelfClosing` tell of it.
    case start
    case end
    /// What is between the marks.
    case comment(Range<Int>)
  }

  struct Attribute {
    let name: PackedName
    let value: Range<Int>
  }

  /// Attributes of one tag that are kept; browsers know no bound, and nobody writes so many.
  static let mostAttributes = 256

  let source: [UInt8]
  private(set) var position = 0
  private(set) var name = PackedName()
  private(set) var attributes: [Attribute] = []
  private(set) var isSelfClosing = false
  /// Whether a CDATA section is one: in SVG and MathML; elsewhere it is a comment (§13.2.5.42).
  var allowsSections = false

  init(_ source: [UInt8]) { self.source = source }

  mutating func next() -> Token? {
    guard position < source.count else { return nil }
    let start = position
    if source[start] == UInt8(ascii: "<"), let token = markup() { return token }
    guard start == position else { return nil }
    let end = index(of: UInt8(ascii: "<"), from: start + 1)
    position = end
    return .text(start..<end)
  }

  /// What is between the start tag just read and the end tag of that name: of `script` and `style` nothing else ends
  /// it. The end tag, where there is one, comes as the next token.
  mutating func rawText() -> Range<Int> {
    let start = position
    var at = start
    while true {
      at = index(of: UInt8(ascii: "<"), from: at)
      guard at < source.count else { break }
      if isEndTag(at) { break }
      at += 1
    }
    position = at
    return start..<at
  }

  /// All that is left.
  mutating func rest() -> Range<Int> {
    defer { position = source.count }
    return position..<source.count
  }

  private func isEndTag(_ at: Int) -> Bool {
    guard at + 2 + name.count <= source.count, source[at + 1] == UInt8(ascii: "/") else { return false }
    var found = PackedName()
    for octet in source[(at + 2)..<(at + 2 + name.count)] { found.append(octet.lowercasedASCII) }
    guard found == name else { return false }
    let after = at + 2 + name.count
    return after == source.count || source[after].isHTMLSpace || source[after] == UInt8(ascii: "/")
      || source[after] == UInt8(ascii: ">")
  }

  private func index(of octet: UInt8, from start: Int) -> Int {
    var index = start
    while index < source.count, source[index] != octet { index &+= 1 }
    return index
  }

  // MARK: Markup

  /// The markup that begins at `<`; nil where it is text, or where it is a tag that the end of the text cuts: then
  /// the position is at the end.
  private mutating func markup() -> Token? {
    let start = position
    guard start + 1 < source.count else { return nil }
    let next = source[start + 1]
    if next.isASCIILetter {
      return tag(start + 1) ? .start : nil
    }
    switch next {
    case UInt8(ascii: "/"):
      guard start + 2 < source.count else { return nil }
      if source[start + 2].isASCIILetter { return tag(start + 2) ? .end : nil }
      return bogusComment(start + 2)
    case UInt8(ascii: "!"):
      if start + 3 < source.count, source[start + 2] == 0x2d, source[start + 3] == 0x2d {
        return comment(start + 4)
      }
      if allowsSections, source[(start + 2)...].starts(with: "[CDATA[".utf8) { return section(start + 9) }
      return bogusComment(start + 2)
    case UInt8(ascii: "?"): return bogusComment(start + 1)
    default: return nil
    }
  }

  private mutating func bogusComment(_ start: Int) -> Token {
    let end = index(of: UInt8(ascii: ">"), from: start)
    position = min(end + 1, source.count)
    return .comment(start..<end)
  }

  /// A section ends at `]]>`, or with the text.
  private mutating func section(_ start: Int) -> Token {
    var at = start
    while true {
      at = index(of: UInt8(ascii: ">"), from: at)
      guard at < source.count else { break }
      if at >= start + 2, source[at - 1] == UInt8(ascii: "]"), source[at - 2] == UInt8(ascii: "]") {
        position = at + 1
        return .verbatim(start..<(at - 2))
      }
      at += 1
    }
    position = source.count
    return .verbatim(start..<source.count)
  }

  /// A comment ends at `-->` or `--!>`; `<!-->` and `<!--->` are whole ones.
  private mutating func comment(_ start: Int) -> Token {
    var at = start
    while true {
      at = index(of: UInt8(ascii: ">"), from: at)
      guard at < source.count else { break }
      // Two hyphens before it, of which those that opened the comment may be ones.
      if source[at - 1] == 0x2d, source[at - 2] == 0x2d {
        position = at + 1
        return .comment(start..<max(start, at - 2))
      }
      if at >= start + 3, source[at - 1] == UInt8(ascii: "!"), source[at - 2] == 0x2d, source[at - 3] == 0x2d
      {
        position = at + 1
        return .comment(start..<(at - 3))
      }
      at += 1
    }
    position = source.count
    return .comment(start..<source.count)
  }

  /// Reads a tag from its name on; false where the text ends before it does.
  private mutating func tag(_ start: Int) -> Bool {
    name = PackedName()
    attributes.removeAll(keepingCapacity: true)
    isSelfClosing = false
    var index = start
    while index < source.count {
      let octet = source[index]
      if octet == UInt8(ascii: ">") || octet == UInt8(ascii: "/") || octet.isHTMLSpace { break }
      name.append(octet.lowercasedASCII)
      index += 1
    }
    while index < source.count {
      let octet = source[index]
      if octet == UInt8(ascii: ">") {
        position = index + 1
        return true
      }
      if octet == UInt8(ascii: "/") {
        isSelfClosing = index + 1 < source.count && source[index + 1] == UInt8(ascii: ">")
        index += 1
      } else if octet.isHTMLSpace {
        index += 1
      } else {
        index = attribute(index)
      }
    }
    position = source.count
    return false
  }

  /// Reads an attribute and gives the place behind it.
  private mutating func attribute(_ start: Int) -> Int {
    var name = PackedName()
    var index = start
    // An equals sign in the first place belongs to the name.
    repeat {
      name.append(source[index].lowercasedASCII)
      index += 1
    } while index < source.count && !source[index].endsAttributeName
    let afterName = index
    index = behindSpace(index)
    guard index < source.count, source[index] == UInt8(ascii: "=") else {
      keep(name, afterName..<afterName)
      return index
    }
    index = behindSpace(index + 1)
    guard index < source.count else { return index }
    let quote = source[index]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      let end = self.index(of: quote, from: index + 1)
      keep(name, (index + 1)..<end)
      return min(end + 1, source.count)
    }
    let valueStart = index
    while index < source.count, source[index] != UInt8(ascii: ">"), !source[index].isHTMLSpace { index += 1 }
    keep(name, valueStart..<index)
    return index
  }

  private func behindSpace(_ start: Int) -> Int {
    var index = start
    while index < source.count, source[index].isHTMLSpace { index += 1 }
    return index
  }

  private mutating func keep(_ name: PackedName, _ value: Range<Int>) {
    if attributes.count < Self.mostAttributes { attributes.append(Attribute(name: name, value: value)) }
  }
}

extension UInt8 {
  /// White space of HTML: space, tab, line feed, form feed, carriage return.
  @inline(__always)
  var isHTMLSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0d && self != 0x0b) }

  fileprivate var endsAttributeName: Bool {
    self == UInt8(ascii: "=") || self == UInt8(ascii: ">") || self == UInt8(ascii: "/") || isHTMLSpace
  }
}
