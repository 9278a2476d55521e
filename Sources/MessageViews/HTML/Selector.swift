internal import Bytes

/// A selector of CSS (Selectors 4): tags, classes, ids, ancestors, siblings, `:not()` of these, `:link`,
/// `:first-child` and `:nth-child()`.
///
/// Bounds: sixteen compounds, each with eight classes.
struct Selector: Sendable {
  /// How an element stands to the one that is asked for in front of it.
  enum Relation: Sendable { case within, child, next, later }

  /// What one element has to be.
  struct Compound: Sendable {
    var tag: PackedName?
    var id: PackedName?
    var classes: [PackedName] = []
    var barred: [Compound] = []
    /// Its number among the children of its parent: so many times any number, and so many.
    var step = 0
    var offset: Int?
    var relation = Relation.within

    func selects(_ element: StyledElement) -> Bool {
      if let tag, tag != element.tag { return false }
      if let id, id != element.id { return false }
      if let offset {
        let over = element.number - offset
        guard step == 0 ? over == 0 : over % step == 0 && over / step >= 0 else { return false }
      }
      return classes.allSatisfy { element.classes.contains($0) } && !barred.contains { $0.selects(element) }
    }
  }

  /// What a text between commas is.
  enum Reading {
    case selector(Selector)
    /// One that selects nothing here: states, and attributes.
    case nothing
    /// None: the whole rule falls (§3.9).
    case invalid
  }

  /// The element's own last.
  private(set) var compounds: [Compound] = []

  var last: Compound { compounds.last ?? Compound() }

  var specificity: Int {
    compounds.reduce(0) { sum, compound in
      ([compound] + compound.barred).reduce(sum) {
        $0 + ($1.id == nil ? 0 : 1 << 20) + (($1.classes.count + ($1.offset == nil ? 0 : 1)) << 10)
          + ($1.tag == nil ? 0 : 1)
      }
    }
  }

  /// Whether it asks for what stands in front of an element.
  var asksForSiblings: Bool {
    compounds.contains {
      $0.relation == .next || $0.relation == .later || $0.offset != nil
        || $0.barred.contains { $0.offset != nil }
    }
  }

  /// Whether browsers know it.
  static func isKnown(_ text: ArraySlice<UInt8>) -> Bool {
    if case .invalid = read(text) { false } else { true }
  }

  static func read(_ text: ArraySlice<UInt8>) -> Reading {
    var reader = SelectorReader(text)
    guard reader.run(), !reader.compounds.isEmpty else { return .invalid }
    return reader.selectsNothing ? .nothing : .selector(Selector(compounds: reader.compounds))
  }
}

/// Reads one selector.
private struct SelectorReader {
  let text: ArraySlice<UInt8>
  var index: Int
  var compounds: [Selector.Compound] = []
  var selectsNothing = false
  private var current = Selector.Compound()

  init(_ text: ArraySlice<UInt8>) {
    self.text = text
    index = text.startIndex
  }

  /// False where it is none.
  mutating func run() -> Bool {
    while true {
      guard compound(), compounds.count < 16 else { return false }
      compounds.append(current)
      current = Selector.Compound()
      let before = index
      skipSpace()
      guard index < text.endIndex else { return true }
      switch text[index] {
      case UInt8(ascii: ">"): current.relation = .child
      case UInt8(ascii: "+"): current.relation = .next
      case UInt8(ascii: "~"): current.relation = .later
      default:
        guard index > before else { return false }
        continue
      }
      index += 1
      skipSpace()
    }
  }

  private mutating func skipSpace() {
    while index < text.endIndex, text[index].isHTMLSpace { index += 1 }
  }

  private mutating func compound() -> Bool {
    let start = index
    while index < text.endIndex {
      switch text[index] {
      case UInt8(ascii: "*"):
        guard index == start else { return false }
        index += 1
      case UInt8(ascii: "."):
        guard let name = name(after: 1, isLowercased: false), current.classes.count < 8 else { return false }
        current.classes.append(name)
      case UInt8(ascii: "#"):
        guard let name = name(after: 1, isLowercased: false) else { return false }
        if current.id != nil, current.id != name { selectsNothing = true }
        current.id = name
      case UInt8(ascii: "["): guard attribute() else { return false }
      case UInt8(ascii: ":"): guard pseudo() else { return false }
      case UInt8(ascii: "|"):
        selectsNothing = true
        index += 1
      case let octet
      where octet.isHTMLSpace || octet == UInt8(ascii: ">") || octet == UInt8(ascii: "+")
        || octet == UInt8(ascii: "~"):
        return index > start
      default:
        guard index == start, let name = name(after: 0, isLowercased: true) else { return false }
        current.tag = name
      }
    }
    return index > start
  }

  /// An identifier, which no digit begins.
  private mutating func name(after mark: Int, isLowercased: Bool) -> PackedName? {
    let start = index + mark
    guard start < text.endIndex, !text[start].isASCIIDigit else { return nil }
    let (name, end) = CSSText.identifier(text, start, isLowercased: isLowercased)
    guard end > start else { return nil }
    index = end
    return name
  }

  /// `[class~=x]`, `[class=x]`, `[id=x]`.
  private mutating func attribute() -> Bool {
    let end = CSSText.end(of: UInt8(ascii: "]"), text, from: index + 1)
    guard end < text.endIndex else { return false }
    let inner = text[(index + 1)..<end].trimmedHTMLSpace
    index = end + 1
    guard let first = inner.first, first.isASCIILetter || first == 0x2d || first >= 0x80 else { return false }
    guard let equals = inner.firstIndex(of: UInt8(ascii: "=")) else {
      selectsNothing = true
      return true
    }
    let key = inner[..<equals].trimmedHTMLSpace.map(\.lowercasedASCII)
    let value = PackedName(
      inner[(equals + 1)...].trimmedHTMLSpace.drop { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }
        .prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") })
    if key.elementsEqual("class~".utf8) || key.elementsEqual("class".utf8) {
      current.classes.append(value)
    } else if key.elementsEqual("id".utf8) {
      current.id = value
    } else {
      selectsNothing = true
    }
    return current.classes.count <= 8
  }

  private mutating func pseudo() -> Bool {
    let isElement = index + 1 < text.endIndex && text[index + 1] == UInt8(ascii: ":")
    guard let name = name(after: isElement ? 2 : 1, isLowercased: true) else { return false }
    var argument: ArraySlice<UInt8>?
    if index < text.endIndex, text[index] == UInt8(ascii: "(") {
      let end = CSSText.end(of: UInt8(ascii: ")"), text, from: index + 1)
      guard end < text.endIndex else { return false }
      argument = text[(index + 1)..<end].trimmedHTMLSpace
      index = end + 1
    }
    guard let kind = Self.kinds[name] else { return false }
    switch (kind, argument) {
    case (1, nil): current.offset = 1
    case (2, let argument?): return count(argument)
    case (3, let argument?): return bar(argument)
    case (4, nil):
      if current.tag == nil { current.tag = PackedName("a") }
      if current.tag != PackedName("a") { selectsNothing = true }
    case (5, nil): current.tag = PackedName("html")
    default: selectsNothing = true
    }
    return true
  }

  /// `2n+1`, `odd`, `3`.
  private mutating func count(_ text: ArraySlice<UInt8>) -> Bool {
    let text = text.map(\.lowercasedASCII).filter { !$0.isHTMLSpace }[...]
    if text.elementsEqual("odd".utf8) {
      (current.step, current.offset) = (2, 1)
    } else if text.elementsEqual("even".utf8) {
      (current.step, current.offset) = (2, 0)
    } else if let place = text.firstIndex(of: UInt8(ascii: "n")) {
      let (head, tail) = (text[..<place], text[(place + 1)...])
      let sign = head.elementsEqual("-".utf8) ? -1 : head.isEmpty || head.elementsEqual("+".utf8) ? 1 : nil
      guard let step = sign ?? Self.whole(head), let offset = tail.isEmpty ? 0 : Self.whole(tail) else {
        return false
      }
      (current.step, current.offset) = (step, offset)
    } else {
      guard let offset = Self.whole(text) else { return false }
      (current.step, current.offset) = (0, offset)
    }
    return true
  }

  private static func whole(_ text: ArraySlice<UInt8>) -> Int? {
    guard text.count <= 8, let number = CSSNumber(text), number.unit == .none else { return nil }
    return Int(number.value)
  }

  /// `:not(.a)`: of compounds alone.
  private mutating func bar(_ text: ArraySlice<UInt8>) -> Bool {
    for part in text.split(separator: UInt8(ascii: ",")) {
      var inner = SelectorReader(part.trimmedHTMLSpace)
      guard inner.run(), current.barred.count < 8 else { return false }
      if inner.selectsNothing { continue }
      guard inner.compounds.count == 1, inner.compounds[0].barred.isEmpty else {
        selectsNothing = true
        return true
      }
      current.barred.append(inner.compounds[0])
    }
    return true
  }

  private static let kinds: NameTable = {
    let known: StaticString = """
      first-child=1 nth-child=2 not=3 link=4 any-link=4 root=5 hover=0 active=0 focus=0 visited=0 target=0 \
      checked=0 disabled=0 enabled=0 empty=0 last-child=0 only-child=0 first-of-type=0 last-of-type=0 \
      only-of-type=0 nth-last-child=0 nth-of-type=0 nth-last-of-type=0 lang=0 dir=0 is=0 where=0 has=0 \
      focus-within=0 focus-visible=0 before=0 after=0 first-line=0 first-letter=0 placeholder=0 selection=0 \
      marker=0 backdrop=0 required=0 optional=0 valid=0 invalid=0 read-only=0 read-write=0 default=0 \
      indeterminate=0 in-range=0 out-of-range=0 placeholder-shown=0 scope=0 defined=0 fullscreen=0 host=0 \
      -webkit-scrollbar=0 -webkit-input-placeholder=0 -moz-placeholder=0 -ms-input-placeholder=0
      """
    return known.withUTF8Buffer { text in
      NameTable(
        text.split(separator: .space).map { entry in
          (PackedName(entry.dropLast(2)), UInt64((entry.last ?? 0x30) - 0x30))
        })
    }
  }()
}

/// What selectors ask of an element.
struct StyledElement: Sendable, Hashable {
  var tag: PackedName
  var id: PackedName?
  var classes: [PackedName] = []
  /// Among the children of its parent, from 1; 0 where nobody asks.
  var number = 0
}
