internal import Bytes

/// The rules of the `<style>` elements of a text: what `Selector` tells, in groups that hold on a common screen
/// (`MediaQuery`). Rules within rules are not read.
///
/// Bounds: 1000 rules with 4000 selectors, 128 KiB of CSS, and a number of steps in matching them.
struct StyleSheet {
  private struct Rule {
    let selector: Selector
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
  /// Whether a rule asks for what stands in front of an element.
  private(set) var asksForSiblings = false

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
    rulesOf(CSSText.withoutComments(css)[...])
  }

  /// The rules of a sheet, and of the groups in it that hold; no recursion: a group's end is passed over.
  private mutating func rulesOf(_ text: ArraySlice<UInt8>) {
    var index = text.startIndex
    var groups = 0
    while index < text.endIndex {
      let octet = text[index]
      // Between rules that are in no group `;` and `}` begin the next one, which is none then (CSS Syntax 3, §5.5.3).
      if octet.isHTMLSpace || octet == UInt8(ascii: ";") && groups > 0 {
        index += 1
      } else if octet == UInt8(ascii: "}"), groups > 0 {
        groups -= 1
        index += 1
      } else if groups == 0, text[index...].starts(with: "<!--".utf8) {
        // The marks that hid styles from browsers of old stand between rules; in rules they are none.
        index += 4
      } else if groups == 0, text[index...].starts(with: "-->".utf8) {
        index += 3
      } else if octet == UInt8(ascii: "@") {
        let open = CSSText.end(of: UInt8(ascii: "{"), or: UInt8(ascii: ";"), text, from: index)
        guard open < text.endIndex, text[open] == UInt8(ascii: "{") else {
          index = open + 1
          continue
        }
        if Self.holds(text[index..<open]) {
          groups += 1
          index = open + 1
        } else {
          index = CSSText.end(of: UInt8(ascii: "}"), text, from: open + 1) + 1
        }
      } else {
        let open = CSSText.end(of: UInt8(ascii: "{"), text, from: index)
        guard open < text.endIndex else { return }
        let close = CSSText.end(of: UInt8(ascii: "}"), text, from: open + 1)
        add(selectors: text[index..<open], block: text[(open + 1)..<close])
        index = close + 1
      }
    }
  }

  /// Whether a group of rules holds.
  private static func holds(_ prelude: ArraySlice<UInt8>) -> Bool {
    let name = prelude.dropFirst().prefix { $0.isASCIILetter || $0 == 0x2d }
    let rest = prelude[name.endIndex...]
    let word = name.map(\.lowercasedASCII)
    if word.elementsEqual("media".utf8) { return MediaQuery.holds(rest) }
    if word.elementsEqual("supports".utf8) { return MediaQuery.supports(rest) }
    return word.elementsEqual("layer".utf8)
  }

  private mutating func add(selectors: ArraySlice<UInt8>, block: ArraySlice<UInt8>) {
    guard blocks.count < Self.mostBlocks else {
      isCut = true
      return
    }
    var read: [Selector] = []
    var start = selectors.startIndex
    while start <= selectors.endIndex {
      let end = CSSText.end(of: UInt8(ascii: ","), selectors, from: start)
      switch Selector.read(selectors[start..<end].trimmedHTMLSpace) {
      case .invalid: return
      case .nothing: break
      case .selector(let selector):
        guard rules.count + read.count < Self.mostRules else {
          isCut = true
          start = selectors.endIndex + 1
          continue
        }
        read.append(selector)
      }
      start = end + 1
    }
    guard !read.isEmpty else { return }
    blocks.append(StyleParser.read(block))
    for selector in read { add(selector) }
  }

  private mutating func add(_ selector: Selector) {
    let rule = rules.count
    rules.append(Rule(selector: selector, specificity: selector.specificity, block: blocks.count - 1))
    if selector.asksForSiblings { asksForSiblings = true }
    let last = selector.last
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

  // MARK: Matching

  /// What the rules say of an element, the weakest first.
  ///
  /// - Parameters:
  ///   - ancestors: the open elements, the outermost first.
  ///   - children: what stands in front of the first of them, in front of and with the second, and so on, and in front
  ///     of the element; empty where nobody asks.
  mutating func layers(
    for element: StyledElement, in ancestors: [StyledElement], children: [[StyledElement]]
  ) -> [StyleLayers] {
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
      let compounds = rules[candidate].selector.compounds
      if selects(compounds, compounds.count - 1, element, ancestors.count, nil, ancestors, children) {
        matching.append(candidate)
      }
    }
    matching.sort { (rules[$0].specificity, $0) < (rules[$1].specificity, $1) }
    return matching.map { blocks[rules[$0].block] }
  }

  /// Whether an element is what a compound asks for, and what is around it what those in front of it do.
  ///
  /// - Parameters:
  ///   - level: how many elements are around it.
  ///   - before: those in front of it in its parent; nil for one that is open: they stand in `children`.
  private mutating func selects(
    _ compounds: [Selector.Compound], _ index: Int, _ element: StyledElement, _ level: Int,
    _ before: ArraySlice<StyledElement>?, _ ancestors: [StyledElement], _ children: [[StyledElement]]
  ) -> Bool {
    // Bound: what is looked at in vain costs as much.
    steps += 1
    guard steps < Self.mostSteps else {
      isCut = true
      return false
    }
    guard compounds[index].selects(element) else { return false }
    guard index > 0 else { return true }
    switch compounds[index].relation {
    case .child, .within:
      var outer = level - 1
      while outer >= 0 {
        if selects(compounds, index - 1, ancestors[outer], outer, nil, ancestors, children) { return true }
        if compounds[index].relation == .child { return false }
        outer -= 1
      }
    case .next, .later:
      var before = before ?? siblings(level, ancestors, children)
      while let sibling = before.popLast() {
        if selects(compounds, index - 1, sibling, level, before, ancestors, children) { return true }
        if compounds[index].relation == .next { return false }
      }
    }
    return false
  }

  private func siblings(
    _ level: Int, _ ancestors: [StyledElement], _ children: [[StyledElement]]
  ) -> ArraySlice<StyledElement> {
    guard level < children.count else { return [] }
    // An open element is the last of those in its parent.
    return level < ancestors.count ? children[level].dropLast() : children[level][...]
  }
}

extension CSSText {
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
