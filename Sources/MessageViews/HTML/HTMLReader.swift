internal import Bytes
internal import MailSyntax

/// Reads HTML as a mail client shows it: what a person sees, what is hidden and how, where links lead.
///
/// Tolerant as browsers are: the tokens and the open elements follow the HTML standard, styles the simple forms of CSS.
/// Text in `mso-hide` is visible: all clients but one show it.
///
/// Bounds: no recursion, 512 levels, so much visible text and as much hidden, and work in proportion to the octets:
/// markup, comments, styles and scripts take nothing from the room of text.
public struct HTMLReader {
  static let mostHidden = 500
  private static let mostSources = 50
  /// Octets of an attribute that are read.
  static let mostAttribute = 64 << 10

  var tokenizer: HTMLTokenizer
  var stack: ElementStack
  var sheet = StyleSheet()
  var styles = StyleCache()
  var builder: TextBuilder
  var hidden: HiddenText
  var references: ReferencePool
  var imageText: [UInt8] = []
  var labels: [Range<Int>] = []
  var sources: [[UInt8]] = []
  var base: [UInt8]?
  var anchor: Anchor?
  var images = 0
  var remoteImages = 0
  var forms = 0
  var scripts = 0
  var isCut = false
  private var sourceRoom: Int
  private var values: [Range<Int>] = Array(repeating: 0..<0, count: HTMLAttribute.allCases.count)
  private var has: UInt64 = 0

  /// An anchor whose end is not read yet.
  struct Anchor {
    /// Where it leads, and its place among the references; nil where it leads nowhere.
    let target: (written: [UInt8], number: Int)?
    /// Where its label begins.
    let start: Int
    var images: [UInt8] = []
  }

  /// Reads a text in UTF-8.
  ///
  /// - Parameters:
  ///   - mostText: octets of visible text, and of hidden text, and of scripts.
  ///   - mostReferences: links with a label that are kept, and those without.
  public static func read(_ source: [UInt8], mostText: Int = 1 << 20, mostReferences: Int = 1000)
    -> HTMLReading
  {
    var reader = HTMLReader(source, mostText, mostReferences)
    reader.run()
    return reader.reading()
  }

  private init(_ source: [UInt8], _ mostText: Int, _ mostReferences: Int) {
    tokenizer = HTMLTokenizer(source)
    stack = ElementStack(root: ElementStyle())
    references = ReferencePool(most: mostReferences)
    builder = TextBuilder(most: mostText)
    hidden = HiddenText(most: mostText)
    sourceRoom = mostText
    builder.reserve(min(source.count / 3, mostText))
    sheet.gather(source)
    stack.keepsSiblings = sheet.asksForSiblings
  }

  private mutating func run() {
    openLateBody()
    while let token = next() {
      switch token {
      case .text(let range): text(range)
      case .verbatim(let range): text(range, resolves: false)
      case .comment(let range): comment(range)
      case .start: startTag()
      case .end: endTag()
      }
    }
    endAnchor()
    builder.turn(false)
  }

  private mutating func next() -> HTMLTokenizer.Token? {
    tokenizer.allowsSections = stack.isForeign
    return tokenizer.next()
  }

  /// Where text stands in front of `<body>`, its attributes count for that text, too (§13.2.6.4.7).
  private mutating func openLateBody() {
    guard tokenizer.source.mayHold(tag: "body") else { return }
    while let token = tokenizer.next() {
      guard case .start = token else { continue }
      let element = HTMLElement(tokenizer.name)
      if element == .body || element.isInHead { break }
      while let token = tokenizer.next() {
        guard case .start = token, HTMLElement(tokenizer.name) == .body else { continue }
        startTag()
        break
      }
      break
    }
    tokenizer = HTMLTokenizer(tokenizer.source)
  }

  private func reading() -> HTMLReading {
    HTMLReading(
      visible: builder.octets, hidden: hidden.found, references: references.all, labels: labels,
      sources: sources, base: base.flatMap { Link(reference: $0) }, visibleCount: builder.octets.visibleCount,
      images: images, remoteImages: remoteImages, forms: forms, scripts: scripts, imageText: imageText,
      turned: builder.turned,
      isCut: isCut || stack.isCut || sheet.isCut || builder.isCut || hidden.isCut,
      isCutOfLinks: references.isCut)
  }

  // MARK: Text

  mutating func text(_ range: Range<Int>, resolves: Bool = true, preserves: Bool = false) {
    let style = stack.contentStyle
    let preserves = preserves || style.preserves
    if let reason = style.reason {
      hidden.add(tokenizer.source, range, reason, resolves: resolves)
    } else {
      builder.turn(style.isReversed)
      if builder.add(tokenizer.source, range, preserves: preserves, resolves: resolves) { hidden.interrupt() }
    }
  }

  private mutating func comment(_ range: Range<Int>) {
    let source = tokenizer.source
    // Others than `<!-- -->` are declarations and instructions.
    guard range.lowerBound >= 4, source[range.lowerBound - 1] == 0x2d, !range.isEmpty else { return }
    let text = source[range].prefix(1024).trimmedHTMLSpace
    if text.starts(with: "[if".utf8) {
      // Word reads it, which shows mail in Outlook.
      keep(source: range)
    } else if !text.starts(with: "<![".utf8), !text.starts(with: "[endif".utf8) {
      hidden.addComment(source, range.prefix(1024))
    }
  }

  mutating func keep(source range: Range<Int>) {
    guard sources.count < Self.mostSources, range.count <= sourceRoom else { return isCut = true }
    sourceRoom -= range.count
    sources.append(Array(tokenizer.source[range]))
  }

  // MARK: Attributes

  private mutating func readAttributes() {
    has = 0
    for attribute in tokenizer.attributes {
      guard let number = HTMLAttribute.names[attribute.name], has & 1 << number == 0 else { continue }
      has |= 1 << number
      values[Int(number)] = attribute.value
    }
  }

  /// As if the tag had no such attribute.
  mutating func passOver(_ attribute: HTMLAttribute) { has &= ~(1 << UInt64(attribute.rawValue)) }

  func has(_ attribute: HTMLAttribute) -> Bool { has & 1 << UInt64(attribute.rawValue) != 0 }

  /// Where the value stands; nil where the tag has no such attribute.
  func range(_ attribute: HTMLAttribute) -> Range<Int>? {
    has(attribute) ? values[Int(attribute.rawValue)] : nil
  }

  /// The value with its references resolved; nil where the tag has no such attribute.
  func value(_ attribute: HTMLAttribute) -> [UInt8]? {
    guard has(attribute) else { return nil }
    return CharacterReferences.resolved(
      tokenizer.source, values[Int(attribute.rawValue)], most: Self.mostAttribute)
  }

  // MARK: Tags

  private mutating func startTag() {
    readAttributes()
    let element = HTMLElement(tokenizer.name)
    if stack.isForeignContent {
      guard leavesForeign(element) else { return foreignTag(element) }
      stack.leaveForeign()
    }
    let isNested = element == .select && stack.isOpen(.select) || element == .form && stack.isOpen(.form)
    stack.closeImplied(by: element)
    settle()
    switch element {
    case .html, .body: if stack.isOpen(element) { return }
    case .head: return
    case .form, .select: if isNested { return linkTag(element) }
    default: if isRuby(tokenizer.name), stack.topElement == .rp { stack.close(from: stack.entries.count - 1) }
    }
    let isForeign = element == .svg || element == .math
    if isForeign { passOver(.hidden) }
    let styled = sheet.isEmpty ? nil : styledElement(element)
    let own = has == 0 && styled == nil ? element.ownStyle : declarations(element, styled)
    if element.isVoid || isForeign && tokenizer.isSelfClosing {
      void(element, own)
      if let styled { stack.noteChild(styled, element) }
    } else {
      stack.push(
        element, tokenizer.name, own, isLink: element == .a && has(.href), styled: styled,
        isForeign: isForeign)
      builder.leave(stack.topGap)
    }
    hidden.leave(element.gap)
    if element == .body, let colour = value(.link).flatMap({ Colour(legacy: $0.map(\.lowercasedASCII)[...]) })
    {
      stack.setLinkColour(colour)
    }
    content(of: element)
  }

  /// What a tag has beside its style: links, and text that no tags are read in.
  private mutating func content(of element: HTMLElement) {
    linkTag(element)
    switch element {
    case .script:
      scripts += 1
      keep(source: tokenizer.rawText())
    case .style, .title, .iframe, .noembed, .noframes: _ = tokenizer.rawText()
    case .textarea: text(tokenizer.rawText(), preserves: true)
    case .xmp: text(tokenizer.rawText(), resolves: false, preserves: true)
    case .plaintext: text(tokenizer.rest(), resolves: false, preserves: true)
    default: break
    }
  }

  private mutating func endTag() {
    let element = HTMLElement(tokenizer.name)
    if stack.isForeign {
      if let place = stack.foreignTarget(tokenizer.name) {
        stack.close(from: place)
        return settle()
      }
      if stack.isForeignContent, element == .br || element == .p {
        stack.leaveForeign()
        settle()
      }
    }
    switch element {
    case .br: return void(.br, StyleDeclarations())
    case .html, .body, .head: return
    default: break
    }
    guard let place = stack.target(element, tokenizer.name) else {
      if element == .p { builder.leave(.paragraph) }
      if element == .a { endAnchor() }
      return
    }
    hidden.leave(element.gap)
    if element.isFormatting { stack.endFormatting(place) } else { stack.close(from: place) }
    settle()
  }

  /// Elements without content.
  private mutating func void(_ element: HTMLElement, _ own: StyleDeclarations) {
    let style = stack.style.child(own, isLink: false, kind: element.kind)
    guard style.gone != .displayNone else { return }
    switch element {
    case .br: builder.breakLine()
    case .hr: builder.leave(.paragraph)
    case .input where style.reason == nil:
      let kind = value(.type)?.map(\.lowercasedASCII) ?? []
      guard !kind.elementsEqual("hidden".utf8), !kind.elementsEqual("image".utf8), let text = value(.value)
      else { return }
      builder.add(text, 0..<text.count, preserves: false, resolves: false)
    default: break
    }
  }

  /// What the elements that ended leave.
  mutating func settle() {
    let ended = stack.takeEnded()
    builder.leave(ended.gap)
    if ended.hasAnchor { endAnchor() }
  }
}
