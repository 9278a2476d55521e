internal import Bytes

/// The grammar of `address-list` (RFC 5322 §3.4 and §4.4) over the tokens.
struct AddressParser {
  private(set) var mailboxes: [AddressList.Mailbox] = []
  private(set) var groups = 0
  private var lexer: AddressLexer
  private var token = AddressLexer.Token(kind: .end, range: 0..<0, isApart: false)

  init(_ lexer: AddressLexer) { self.lexer = lexer }

  mutating func parse() throws(AddressFault) {
    try advance()
    var isInGroup = false
    while true {
      switch token.kind {
      // An empty member (§4.4).
      case .special(UInt8(ascii: ",")): try advance()
      case .special(UInt8(ascii: ";")) where isInGroup:
        isInGroup = false
        try advance()
        try expectSeparator(inGroup: false)
      case .end:
        if isInGroup { throw .unterminated(at: token.range.lowerBound) }
        return
      default:
        let words = try takeWords()
        if token.kind == .special(UInt8(ascii: ":")), !isInGroup, !words.isEmpty {
          isInGroup = true
          groups += 1
          guard groups <= AddressList.mostMailboxes else { throw .tooMany(at: token.range.lowerBound) }
          try advance()
        } else {
          try takeMailbox(after: words)
          try expectSeparator(inGroup: isInGroup)
        }
      }
    }
  }

  private mutating func advance() throws(AddressFault) { token = try lexer.next() }

  /// Behind a member comes a comma, or the end of what it is a member of.
  private func expectSeparator(inGroup: Bool) throws(AddressFault) {
    switch token.kind {
    case .special(UInt8(ascii: ",")), .end: return
    case .special(UInt8(ascii: ";")) where inGroup: return
    default: throw .unreadable(at: token.range.lowerBound)
    }
  }

  /// Atoms, quoted strings and dots: a display name, or a local part.
  private mutating func takeWords() throws(AddressFault) -> [AddressLexer.Token] {
    var words: [AddressLexer.Token] = []
    while true {
      switch token.kind {
      case .atom, .quoted, .special(.dot): words.append(token)
      default: return words
      }
      try advance()
    }
  }

  private mutating func takeMailbox(after words: [AddressLexer.Token]) throws(AddressFault) {
    guard token.kind == .special(UInt8(ascii: "<")) else {
      return try takeAddress(words, isAngled: false, hasRoute: false)
    }
    let start = token.range.lowerBound
    try advance()
    let hasRoute = try passRoute()
    try takeAddress(try takeWords(), isAngled: true, hasRoute: hasRoute)
    guard token.kind == .special(UInt8(ascii: ">")) else {
      throw token.kind == .end ? .unterminated(at: start) : .unreadable(at: token.range.lowerBound)
    }
    try advance()
  }

  /// `@a,@b:` (§4.4, obs-route), read and forgotten.
  private mutating func passRoute() throws(AddressFault) -> Bool {
    guard token.kind == .special(UInt8(ascii: "@")) || token.kind == .special(UInt8(ascii: ",")) else {
      return false
    }
    while token.kind != .special(UInt8(ascii: ":")) {
      switch token.kind {
      case .special(UInt8(ascii: ",")): try advance()
      case .special(UInt8(ascii: "@")):
        try advance()
        _ = try takeDomain()
      default: throw .unreadable(at: token.range.lowerBound)
      }
    }
    try advance()
    return true
  }

  /// The words are a local part: `word *("." word)`. Deviation: dots may stand at its ends and beside each other, as
  /// some mobile carriers gave such names.
  private mutating func takeAddress(
    _ words: [AddressLexer.Token], isAngled: Bool, hasRoute: Bool
  ) throws(AddressFault) {
    guard let first = words.first, let last = words.last else {
      throw .unreadable(at: token.range.lowerBound)
    }
    guard mailboxes.count < AddressList.mostMailboxes else { throw .tooMany(at: first.range.lowerBound) }
    var localPart = ""
    var wasWord = false
    for word in words {
      let isWord = word.kind != .special(.dot)
      if isWord, wasWord { throw .unreadable(at: word.range.lowerBound) }
      wasWord = isWord
      guard let text = lexer.text(of: word) else { throw .forbiddenOctet(at: word.range.lowerBound) }
      localPart += text
    }
    // A name of nothing but dots is nobody's.
    guard words.contains(where: { $0.kind != .special(.dot) }) else {
      throw .unreadable(at: first.range.lowerBound)
    }
    var domain: (text: String, end: Int)?
    if token.kind == .special(UInt8(ascii: "@")) {
      try advance()
      domain = try takeDomain()
    }
    mailboxes.append(
      AddressList.Mailbox(
        localPart: localPart, domain: domain?.text,
        range: first.range.lowerBound..<(domain?.end ?? last.range.upperBound),
        localEnd: last.range.upperBound, isAngled: isAngled, hasRoute: hasRoute))
  }

  /// `atom *("." atom)` or a literal; blanks around the dots are obsolete and read.
  private mutating func takeDomain() throws(AddressFault) -> (text: String, end: Int) {
    var text = ""
    var end = token.range.lowerBound
    var wasAtom = false
    if token.kind == .literal {
      guard let literal = lexer.text(of: token) else { throw .forbiddenOctet(at: end) }
      end = token.range.upperBound
      try advance()
      return (literal, end)
    }
    while true {
      switch token.kind {
      case .atom:
        if wasAtom { throw .unreadable(at: token.range.lowerBound) }
        guard let atom = lexer.text(of: token) else { throw .forbiddenOctet(at: token.range.lowerBound) }
        text += atom
        wasAtom = true
      case .special(.dot):
        guard wasAtom else { throw .unreadable(at: token.range.lowerBound) }
        text += "."
        wasAtom = false
      default:
        guard !text.isEmpty else { throw .unreadable(at: token.range.lowerBound) }
        return (text, end)
      }
      end = token.range.upperBound
      try advance()
    }
  }
}
