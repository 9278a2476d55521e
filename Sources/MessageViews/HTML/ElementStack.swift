/// The open elements, and which of them a tag closes (HTML standard, §13.2.4.2, §13.2.6): each tag costs a fixed number
/// of steps beside the elements that it closes.
///
/// Bounds: 512 levels, as in browsers; what is deeper is not opened. Of formatting elements that go on behind the end of
/// another at most three are alike (the Noah's Ark clause of §13.2.4.3), and 50,000 are opened again in all; then they
/// end.
struct ElementStack {
  struct Entry {
    let element: HTMLElement
    let name: PackedName
    let own: StyleDeclarations
    fileprivate(set) var style: ElementStyle
    let isLink: Bool
    /// Whether it is of SVG or MathML; whether HTML may stand in it then.
    let isForeign: Bool
    let holdsHTML: Bool
    /// How its lines stand apart from what is before and after.
    let gap: TextBuilder.Gap
    /// The number of its name.
    fileprivate let kind: Int
    /// The places of the open elements below it: of its kind; the nearest scope and the nearest special one, itself
    /// perhaps. -1 where there is none.
    fileprivate var before = -1
    fileprivate var scope = -1
    fileprivate var special = -1
    /// The outermost of the foreign elements that it is in, with no HTML between; -1 for an element of HTML.
    fileprivate var foreignRoot = -1

    init(
      element: HTMLElement, name: PackedName, kind: Int, own: StyleDeclarations, style: ElementStyle,
      isLink: Bool, isForeign: Bool, holdsHTML: Bool
    ) {
      self.isForeign = isForeign
      self.holdsHTML = holdsHTML
      self.element = element
      self.name = name
      self.kind = kind
      self.own = own
      self.style = style
      self.isLink = isLink
      // What is not laid out parts no lines.
      gap = style.gone == .displayNone || style.gone == .offScreen ? .none : element.gap(style.display)
    }

    /// An `a` of SVG or MathML; it is no formatting element.
    fileprivate var isForeignLink: Bool { isForeign && isLink }
  }

  /// What tags closed since it was last taken.
  struct Ended {
    var gap = TextBuilder.Gap.none
    var hasAnchor = false
  }

  static let mostLevels = 512
  private static let mostKinds = 512
  private static let mostSiblings = 16
  private static let mostOpenedAgain = 50_000

  private(set) var entries: [Entry] = []
  /// For selectors; empty where there are none.
  private(set) var styled: [StyledElement] = []
  /// What stands in front of the first open element, in front of and with the second, and so on, and in front of what
  /// comes next; empty where no selector asks. The last sixteen of each.
  private(set) var children: [[StyledElement]] = []
  private var numbers: [Int] = []
  var keepsSiblings = false {
    didSet { (children, numbers) = keepsSiblings ? ([[]], [0]) : ([], []) }
  }
  /// Which child of its parent the next element is.
  var nextNumber: Int { (numbers.last ?? 0) + 1 }
  let root: ElementStyle
  /// Of a kind the place of the innermost.
  private var innermost = Array(repeating: -1, count: HTMLElement.allCases.count)
  private var kinds: [PackedName: Int] = [:]
  private var ended = Ended()
  private var openedAgain = 0
  private(set) var isCut = false

  init(root: ElementStyle) { self.root = root }

  var style: ElementStyle { entries.isEmpty ? root : entries[entries.count - 1].style }

  /// The style of text and of what is no part of a table: between its cells that stands in front of it (the foster
  /// parenting of §13.2.6.1).
  var contentStyle: ElementStyle {
    guard topElement?.holdsCells == true else { return style }
    let table = place(.table)
    return table > 0 ? entries[table - 1].style : root
  }
  var topElement: HTMLElement? { entries.isEmpty ? nil : entries[entries.count - 1].element }
  var topGap: TextBuilder.Gap { entries.isEmpty ? .none : entries[entries.count - 1].gap }
  /// The style from which a part of a table goes on: on the ground of the table or row, whatever stands between.
  private var tableStyle: ElementStyle {
    let table = place(.table)
    guard table >= 0, topElement?.holdsCells == false else { return style }
    let row = [HTMLElement.tr, .tbody, .thead, .tfoot].reduce(table) { max($0, place($1)) }
    return style.on(entries[row].style.ground)
  }

  private var scope: Int { entries.isEmpty ? -1 : entries[entries.count - 1].scope }
  private var special: Int { entries.isEmpty ? -1 : entries[entries.count - 1].special }

  func place(_ element: HTMLElement) -> Int { innermost[Int(element.rawValue)] }

  func isOpen(_ element: HTMLElement) -> Bool { place(element) >= 0 }

  /// Whether one is open that a tag in here may close.
  func isInScope(_ element: HTMLElement) -> Bool { place(element) > scope }

  private mutating func kind(_ element: HTMLElement, _ name: PackedName) -> Int {
    if element != .other { return Int(element.rawValue) }
    if let known = kinds[name] { return known }
    // Names without number are one kind.
    guard innermost.count < Self.mostKinds else { return Int(HTMLElement.other.rawValue) }
    innermost.append(-1)
    kinds[name] = innermost.count - 1
    return innermost.count - 1
  }

  // MARK: Opening

  mutating func push(
    _ element: HTMLElement, _ name: PackedName, _ own: StyleDeclarations, isLink: Bool,
    styled: StyledElement?,
    isForeign: Bool = false, holdsHTML: Bool = false
  ) {
    guard entries.count < Self.mostLevels else {
      isCut = true
      return
    }
    let kind = kind(element, name)
    let parent = element.isTablePart ? tableStyle : contentStyle
    push(
      Entry(
        element: element, name: name, kind: kind, own: own,
        style: parent.child(own, isLink: isLink, kind: element.kind),
        isLink: isLink, isForeign: isForeign, holdsHTML: holdsHTML),
      styled)
  }

  private mutating func push(_ new: Entry, _ styledElement: StyledElement?) {
    var entry = new
    let place = entries.count
    entry.before = innermost[entry.kind]
    entry.scope = entry.element.isScope || entry.holdsHTML ? place : scope
    entry.special = entry.element.isSpecial || entry.holdsHTML ? place : special
    if entry.isForeign { entry.foreignRoot = isForeignContent ? entries[place - 1].foreignRoot : place }
    innermost[entry.kind] = place
    entries.append(entry)
    if let styledElement {
      styled.append(styledElement)
      if keepsSiblings {
        noteChild(styledElement, entry.element)
        children.append([])
        numbers.append(0)
      }
    }
  }

  /// An element that is not opened.
  mutating func noteChild(_ styledElement: StyledElement, _ element: HTMLElement) {
    guard keepsSiblings, let last = children.indices.last else { return }
    // Those of the head are no siblings of what is seen.
    if entries.isEmpty, element.isInHead { return }
    if children[last].count >= Self.mostSiblings { children[last].removeFirst() }
    children[last].append(styledElement)
    numbers[last] += 1
  }

  mutating func setLinkColour(_ colour: Colour) {
    if let last = entries.indices.last { entries[last].style.linkColour = colour }
  }

  // MARK: SVG and MathML

  /// Whether the innermost element is of SVG or MathML.
  var isForeign: Bool { entries.last.map { $0.foreignRoot >= 0 } ?? false }
  /// Whether tags are read as those of SVG or MathML.
  var isForeignContent: Bool { entries.last.map { $0.foreignRoot >= 0 && !$0.holdsHTML } ?? false }
  /// Whether it is SVG.
  var isDrawing: Bool {
    entries.last.map { $0.foreignRoot >= 0 && entries[$0.foreignRoot].element == .svg } ?? false
  }

  /// Closes all of it, up to where HTML stands.
  mutating func leaveForeign() {
    if let last = entries.last, last.foreignRoot >= 0 { close(from: last.foreignRoot) }
  }

  /// The foreign element that an end tag closes; nil where it closes none.
  func foreignTarget(_ name: PackedName) -> Int? {
    guard let last = entries.last, last.foreignRoot >= 0 else { return nil }
    var place = -1
    if let kind = kinds[name] { place = innermost[kind] }
    // The root itself goes by its own number.
    let element = HTMLElement(name)
    if element == .svg || element == .math { place = max(place, self.place(element)) }
    return place >= last.foreignRoot ? place : nil
  }

  // MARK: Closing

  /// Closes what cannot stay open where an element begins (§13.2.6.4.7 and on).
  mutating func closeImplied(by element: HTMLElement) {
    if element.endsParagraph, isInScope(.p) { close(from: place(.p)) }
    switch element {
    case .li: closeInnermost([.li], within: [.ul, .ol, .menu, .dir])
    case .dd, .dt: closeInnermost([.dd, .dt], within: [.dl])
    case .option: if topElement == .option { close(from: entries.count - 1) }
    case .h1, .h2, .h3, .h4, .h5, .h6:
      if topElement?.isHeading == true { close(from: entries.count - 1) }
    case .td, .th: closeInTable([.td, .th, .caption, .colgroup])
    case .tr: closeInTable([.tr, .caption, .colgroup])
    case .tbody, .thead, .tfoot: closeInTable([.tbody, .thead, .tfoot, .tr, .caption, .colgroup])
    case .button: if isInScope(.button) { close(from: place(.button)) }
    case .input, .keygen, .textarea, .select: if isInScope(.select) { close(from: place(.select)) }
    case .a, .nobr: if isInScope(element) { endFormatting(place(element)) }
    default: break
    }
  }

  private mutating func closeInnermost(_ elements: [HTMLElement], within lists: [HTMLElement]) {
    let open = elements.map { place($0) }.max() ?? -1
    let barrier = max(scope, lists.map { place($0) }.max() ?? -1)
    if open > barrier { close(from: open) }
  }

  /// Closes the outermost of these in the innermost table.
  private mutating func closeInTable(_ elements: [HTMLElement]) {
    let table = place(.table)
    if let open = elements.map({ place($0) }).filter({ $0 > table }).min() { close(from: open) }
  }

  /// Closes all from a place on, the innermost first; formatting elements that were cut go on afterwards.
  mutating func close(from place: Int) {
    if place == entries.count - 1 { return closeInnermost() }
    var cut: [(Entry, StyledElement?)] = []
    while entries.count > place {
      let (entry, styledElement) = pop()
      if entry.element.isScope {
        // Nothing goes on beyond a cell.
        for (ended, _) in cut { note(ended) }
        cut.removeAll()
      }
      if entry.element.isFormatting, entries.count > place, !entry.element.isScope {
        cut.append((entry, styledElement))
      } else {
        note(entry)
      }
    }
    openAgain(Self.ark(cut))
  }

  private mutating func closeInnermost() {
    let last = entries.count - 1
    let (element, kind, before, gap) =
      (entries[last].element, entries[last].kind, entries[last].before, entries[last].gap)
    ended.gap = max(ended.gap, gap)
    if element == .a || entries[last].isForeignLink { ended.hasAnchor = true }
    entries.removeLast()
    innermost[kind] = before
    left()
  }

  /// Opens what was cut again, the innermost first in the list.
  private mutating func openAgain(_ cut: [(Entry, StyledElement?)]) {
    guard openedAgain + cut.count <= Self.mostOpenedAgain else {
      isCut = true
      for (ended, _) in cut { note(ended) }
      return
    }
    openedAgain += cut.count
    for (entry, styledElement) in cut.reversed() {
      var again = entry
      again.style = style.child(entry.own, isLink: entry.isLink, kind: entry.element.kind)
      push(again, styledElement)
    }
  }

  /// Without those formatting elements of which three that are alike stand further in.
  private static func ark(_ cut: [(Entry, StyledElement?)]) -> [(Entry, StyledElement?)] {
    guard cut.count > 3 else { return cut }
    var alike: [Likeness: Int] = [:]
    return cut.filter { entry, styledElement in
      guard entry.element.isFormatting else { return true }
      let likeness = Likeness(kind: entry.kind, own: entry.own, styled: styledElement)
      alike[likeness, default: 0] += 1
      return alike[likeness, default: 0] <= 3
    }
  }

  private struct Likeness: Hashable {
    let kind: Int
    let own: StyleDeclarations
    let styled: StyledElement?
  }

  private mutating func note(_ entry: Entry) {
    ended.gap = max(ended.gap, entry.gap)
    if entry.element == .a || entry.isForeignLink { ended.hasAnchor = true }
  }

  mutating func takeEnded() -> Ended {
    defer { ended = Ended() }
    return ended
  }

  private mutating func pop() -> (Entry, StyledElement?) {
    let entry = entries.removeLast()
    innermost[entry.kind] = entry.before
    return (entry, left())
  }

  /// What else there is of an element goes with it.
  @discardableResult
  private mutating func left() -> StyledElement? {
    if keepsSiblings, children.count > 1 {
      children.removeLast()
      numbers.removeLast()
    }
    return styled.count > entries.count ? styled.removeLast() : nil
  }

  /// The element that an end tag closes; nil where it closes none.
  func target(_ element: HTMLElement, _ name: PackedName) -> Int? {
    var place: Int
    if element == .other {
      guard
        let kind = kinds[name] ?? (innermost.count < Self.mostKinds ? nil : Int(HTMLElement.other.rawValue))
      else { return nil }
      place = innermost[kind]
    } else if element.isHeading {
      place = [.h1, .h2, .h3, .h4, .h5, .h6].map { self.place($0) }.max() ?? -1
    } else {
      place = self.place(element)
    }
    guard place >= 0 else { return nil }
    switch element {
    case .table: return place
    case .tr, .td, .th, .tbody, .thead, .tfoot, .caption: return place > self.place(.table) ? place : nil
    default:
      if element.isScope { return place >= scope ? place : nil }
      if element.isFormatting || element.isSpecial { return place > scope ? place : nil }
      return place > special ? place : nil
    }
  }

  /// Ends a formatting element: blocks that began in it stay open without it (the adoption agency of §13.2.6.4.7).
  mutating func endFormatting(_ place: Int) {
    guard special > place else { return close(from: place) }
    guard openedAgain + entries.count - place <= Self.mostOpenedAgain else {
      isCut = true
      return close(from: place)
    }
    var above: [(Entry, StyledElement?)] = []
    while entries.count > place + 1 { above.append(pop()) }
    note(pop().0)
    openAgain(above)
  }
}
