internal import Bytes

/// The rules of the `<style>` elements of a text: selectors of tags, classes and ids, descendants and children.
/// What else selects (attributes, states, siblings) selects nothing here, and of media only screens without condition.
///
/// Bounds: 1000 rules with 4000 selectors, 128 KiB of CSS, and a number of steps in matching them.
struct StyleSheet {
  /// What one element has to be.
  struct Compound {
    var tag: PackedName?
    var id: PackedName?
    var classes: [PackedName] = []
    /// Whether its parent, and no farther ancestor, is to be what stands before.
    var isChild = false

    func selects(_ element: StyledElement) -> Bool {
      if let tag, tag != element.tag { return false }
      if let id, id != element.id { return false }
      return classes.allSatisfy { element.classes.contains($0) }
    }
  }

  private struct Rule {
    /// The element's own last.
    let compounds: [Compound]
    let specificity: Int
    let block: Int
  }

  static let mostCSS = 128 << 10
  private static let mostBlocks = 1000
  private static let mostRules = 4000
  private static let mostSteps = 1_000_000

  private var blocks: [StyleLayers] = []
  private var rules: [Rule] = []
  /// By what the last compound asks for first: an id, a class or a tag.
  private var byID: [PackedName: [Int]] = [:]
  private var byClass: [PackedName: [Int]] = [:]
  private var byTag: [PackedName: [Int]] = [:]
  private var forAll: [Int] = []
  private var steps = 0
  private var read = 0
  private(set) var isCut = false

  var isEmpty: Bool { rules.isEmpty }
  /// Addresses of images.
  var addresses: [[UInt8]] { blocks.flatMap(\.addresses) }

  // MARK: Reading

  /// Adds the rules of a `<style>` element.
  mutating func add(_ css: ArraySlice<UInt8>) {
    guard css.count <= Self.mostCSS - read else {
      isCut = true
      return
    }
    read += css.count
    // Escapes stay until the parts are known; comments go.
    let text = CSSText.withoutComments(css)
    rulesOf(text[...])
  }

  /// The rules of a sheet, and of the groups in it that hold on a screen; no recursion: a group's end is passed over.
  private mutating func rulesOf(_ text: ArraySlice<UInt8>) {
    var index = text.startIndex
    while index < text.endIndex {
      let octet = text[index]
      if octet.isHTMLSpace || octet == UInt8(ascii: "}") || octet == UInt8(ascii: ";") {
        index += 1
      } else if octet == UInt8(ascii: "@") {
        index = atRule(text, index)
      } else {
        let open = CSSText.end(of: UInt8(ascii: "{"), text, from: index)
        guard open < text.endIndex else { return }
        let close = CSSText.end(of: UInt8(ascii: "}"), text, from: open + 1)
        add(selectors: text[index..<open], block: text[(open + 1)..<close])
        index = close
      }
    }
  }

  /// Gives the place where rules go on: within a group that holds, behind one that does not.
  private func atRule(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < text.endIndex, text[index] != UInt8(ascii: "{"), text[index] != UInt8(ascii: ";") {
      index += 1
    }
    guard index < text.endIndex, text[index] == UInt8(ascii: "{") else { return index }
    let prelude = text[start..<index].map(\.lowercasedASCII)[...].trimmedHTMLSpace
    if Self.holdsOnScreen(prelude) { return index + 1 }
    var depth = 0
    while index < text.endIndex {
      if text[index] == UInt8(ascii: "{") { depth += 1 }
      if text[index] == UInt8(ascii: "}") {
        depth -= 1
        if depth == 0 { break }
      }
      index += 1
    }
    return index
  }

  private static func holdsOnScreen(_ prelude: ArraySlice<UInt8>) -> Bool {
    guard prelude.starts(with: "@media".utf8) else { return false }
    return prelude.dropFirst(6).split(separator: UInt8(ascii: ",")).contains { query in
      let words = query.split(whereSeparator: \.isHTMLSpace)
      let medium = words.first?.elementsEqual("only".utf8) == true ? words.dropFirst() : words[...]
      return medium.count == 1
        && (medium.first?.elementsEqual("screen".utf8) == true
          || medium.first?.elementsEqual("all".utf8) == true)
    }
  }

  private mutating func add(selectors: ArraySlice<UInt8>, block: ArraySlice<UInt8>) {
    guard blocks.count < Self.mostBlocks else {
      isCut = true
      return
    }
    let layers = StyleParser.read(block)
    blocks.append(layers)
    for selector in selectors.split(separator: UInt8(ascii: ",")) {
      guard rules.count < Self.mostRules else {
        isCut = true
        return
      }
      guard let compounds = Self.compounds(selector.trimmedHTMLSpace), let last = compounds.last else {
        continue
      }
      let specificity = compounds.reduce(0) {
        $0 + ($1.id == nil ? 0 : 1 << 20) + ($1.classes.count << 10) + ($1.tag == nil ? 0 : 1)
      }
      let rule = rules.count
      rules.append(Rule(compounds: compounds, specificity: specificity, block: blocks.count - 1))
      if let id = last.id {
        byID[id, default: []].append(rule)
      } else if let first = last.classes.first {
        byClass[first, default: []].append(rule)
      } else if let tag = last.tag {
        byTag[tag, default: []].append(rule)
      } else {
        forAll.append(rule)
      }
    }
  }

  /// The compounds of a selector; nil where something is in it that is not known here.
  private static func compounds(_ selector: ArraySlice<UInt8>) -> [Compound]? {
    var compounds: [Compound] = []
    var current = Compound()
    var isOpen = false
    var index = selector.startIndex
    while index < selector.endIndex {
      let octet = selector[index]
      if octet.isHTMLSpace || octet == UInt8(ascii: ">") {
        if isOpen {
          compounds.append(current)
          current = Compound()
          isOpen = false
        }
        if octet == UInt8(ascii: ">") { current.isChild = true }
        index += 1
        guard compounds.count < 16 else { return nil }
        continue
      }
      isOpen = true
      if octet == UInt8(ascii: "*") {
        index += 1
        continue
      }
      let mark = octet == UInt8(ascii: ".") || octet == UInt8(ascii: "#") ? octet : nil
      if mark != nil { index += 1 }
      let (name, end) = CSSText.identifier(selector, index, isLowercased: mark == nil)
      guard end > index, current.classes.count < 8 else { return nil }
      switch mark {
      case UInt8(ascii: "."): current.classes.append(name)
      case UInt8(ascii: "#"): current.id = name
      default: current.tag = name
      }
      index = end
    }
    if isOpen { compounds.append(current) }
    return compounds
  }

  // MARK: Matching

  /// What the rules say of an element, the weakest first.
  ///
  /// - Parameter ancestors: the open elements, the outermost first.
  mutating func layers(for element: StyledElement, in ancestors: some RandomAccessCollection<StyledElement>)
    -> [StyleLayers]
  {
    guard steps < Self.mostSteps else {
      isCut = true
      return []
    }
    var candidates = forAll
    if let found = byTag[element.tag] { candidates += found }
    if let id = element.id, let found = byID[id] { candidates += found }
    for name in element.classes {
      if let found = byClass[name] { candidates += found }
    }
    guard !candidates.isEmpty else { return [] }
    var matching: [Int] = []
    for candidate in candidates {
      guard steps < Self.mostSteps else {
        isCut = true
        break
      }
      if selects(rules[candidate].compounds, element, ancestors) { matching.append(candidate) }
    }
    matching.sort { (rules[$0].specificity, $0) < (rules[$1].specificity, $1) }
    return matching.map { blocks[rules[$0].block] }
  }

  /// Looks outwards for one ancestor after the other, and takes the nearest each time.
  private mutating func selects(
    _ compounds: [Compound], _ element: StyledElement, _ ancestors: some RandomAccessCollection<StyledElement>
  ) -> Bool {
    // Bound: what is looked at in vain costs as much.
    steps += 1
    guard var wanted = compounds.last, wanted.selects(element) else { return false }
    var outer = ancestors.reversed().makeIterator()
    for compound in compounds.dropLast().reversed() {
      let mustBeParent = wanted.isChild
      var isFound = false
      while !isFound, let ancestor = outer.next() {
        steps += 1
        isFound = compound.selects(ancestor)
        if mustBeParent { break }
      }
      guard isFound else { return false }
      wanted = compound
    }
    return true
  }
}

/// What selectors ask of an element.
struct StyledElement: Sendable {
  var tag: PackedName
  var id: PackedName?
  var classes: [PackedName] = []
}

extension CSSText {
  static func withoutComments(_ css: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(css.count)
    var index = css.startIndex
    while index < css.endIndex {
      if css[index] == UInt8(ascii: "/"), index + 1 < css.endIndex, css[index + 1] == UInt8(ascii: "*") {
        index = endOfComment(css, index)
        result.append(.space)
      } else if css[index...].starts(with: "<!--".utf8) {
        // The marks that hid styles from browsers of old.
        index += 4
      } else if css[index...].starts(with: "-->".utf8) {
        index += 3
      } else {
        result.append(css[index])
        index += 1
      }
    }
    return result
  }

  /// An identifier, its escapes resolved, and the place behind it.
  static func identifier(_ text: ArraySlice<UInt8>, _ start: Int, isLowercased: Bool) -> (PackedName, Int) {
    var name = PackedName()
    var index = start
    while index < text.endIndex {
      let octet = text[index]
      if octet == UInt8(ascii: "\\") {
        var resolved: [UInt8] = []
        index = min(escape(text, index, into: &resolved), text.endIndex)
        for octet in resolved { name.append(isLowercased ? octet.lowercasedASCII : octet) }
      } else if octet.isASCIILetterOrDigit || octet == 0x2d || octet == UInt8(ascii: "_") || octet >= 0x80 {
        name.append(isLowercased ? octet.lowercasedASCII : octet)
        index += 1
      } else {
        break
      }
    }
    return (name, index)
  }
}
