import Bytes

/// What a `$` and a back quote begin.
extension TemplateReader {
  mutating func dollar(_ start: Int) {
    guard let octet = text.next else {
      put(UInt8(ascii: "$"))
      return
    }
    if let name = Self.special(octet) {
      text.index += 1
      add(.value(name, splits: false))
      beginWord()
      return
    }
    switch octet {
    case UInt8(ascii: "{"):
      text.index += 1
      braced(from: start)
    case UInt8(ascii: "@"):
      // Outside of quotes procmail drops the dollar and keeps the rest.
      guard mode == .double else { return }
      text.index += 1
      add(.arguments)
    case UInt8(ascii: "\\"):
      if text.peek(1)?.isNameStart == true {
        text.index += 1
        if let name = text.takeName() { add(.quoted(.variable(name))) }
      } else {
        put(UInt8(ascii: "$"))
      }
      beginWord()
    case _ where octet.isASCIIDigit:
      text.index += 1
      value(.argument(Int(octet - 0x30)))
    case _ where octet.isNameStart:
      if let name = text.takeName() { value(.variable(name)) }
    default: put(UInt8(ascii: "$"))
    }
  }

  private static func special(_ octet: UInt8) -> Template.Name? {
    switch octet {
    case UInt8(ascii: "$"): .process
    case UInt8(ascii: "?"): .status
    case UInt8(ascii: "#"): .argumentCount
    case UInt8(ascii: "="): .score
    case UInt8(ascii: "_"): .file
    case UInt8(ascii: "-"): .lastFolder
    default: nil
    }
  }

  private var splitsValues: Bool { mode != .double && extent == .words }

  private mutating func value(_ name: Template.Name) {
    let splits = splitsValues
    add(.value(name, splits: splits))
    beginWord()
  }

  /// `${name}`, `${name-text}`, `${name:-text}`, `${name+text}`, `${name:+text}`; the brace is taken.
  private mutating func braced(from start: Int) {
    let nameStart = text.index
    while let octet = text.next, octet.isNamePart { text.index += 1 }
    let octets = text.octets[nameStart..<text.index]
    let isNumber = octets.first?.isASCIIDigit == true
    let name: Template.Name? =
      isNumber
      ? octets.count == 1 ? .argument(Int(octets[nameStart] - 0x30)) : nil
      : octets.isEmpty ? nil : .variable(String(decoding: octets, as: UTF8.self))
    var emptyIsUnset = false
    if text.next == UInt8(ascii: ":") {
      emptyIsUnset = true
      text.index += 1
    }
    let operation = text.take()
    guard let name, braces.count < Self.deepest else { return badSubstitution(start) }
    switch operation {
    case UInt8(ascii: "}") where !emptyIsUnset: value(name)
    case UInt8(ascii: "-"), UInt8(ascii: "+"):
      flush()
      braces.append(
        Brace(
          choice: (name, operation == UInt8(ascii: "+"), emptyIsUnset, splitsValues), outer: pieces,
          mode: mode, start: start))
      pieces = []
      beginWord()
    default: badSubstitution(start)
    }
  }

  private mutating func badSubstitution(_ start: Int) {
    fault(
      "nothing can be put in for this",
      cure: "write ${name}, ${name-text}, ${name:-text}, ${name+text} or "
        + "${name:+text}; there is no more (no %, no arithmetic)", start..<text.index)
  }

  mutating func close(_ brace: Brace) {
    flush()
    let inner = pieces
    braces.removeLast()
    pieces = brace.outer
    let choice = brace.choice
    pieces.append(
      .choice(
        Template.Choice(
          name: choice.name, whenSet: choice.whenSet, emptyIsUnset: choice.emptyIsUnset, text: inner,
          splits: choice.splits)))
  }

  // MARK: - Programs

  /// A command between back quotes, the first of which is taken.
  mutating func command(from start: Int) {
    var octets: [UInt8] = []
    var isClosed = false
    reading: while let octet = text.take() {
      switch octet {
      case UInt8(ascii: "`"):
        isClosed = true
        break reading
      case UInt8(ascii: "\""):
        guard mode == .double else {
          octets.append(octet)
          continue
        }
        // procmail takes the quote for the missing back quote, and the string is over.
        mode = .plain
        break reading
      case UInt8(ascii: "\\"):
        guard let next = text.take() else { break reading }
        switch next {
        case .lineFeed: continue
        case UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"): octets.append(next)
        case UInt8(ascii: "\"") where mode == .double: octets.append(next)
        default: octets += [octet, next]
        }
      default: octets.append(octet)
      }
    }
    if !isClosed {
      fault("the back quote opened here is never closed", cure: "close it with `", start..<(start + 1))
    }
    var words = TemplateReader(RuleText(octets), .words, place: place)
    let place = place(text.range(start..<text.index))
    let command = RuleCommand(place: place, text: octets.shown, words: words.read())
    let splits = splitsValues
    add(.command(command, splits: splits))
    beginWord()
  }
}
