internal import Bytes
internal import NetAddress

/// What stands behind `from`: each server puts the greeting, the name it looked up and the address in an order of its
/// own.
struct ReceivedSender {
  private var first: ReceivedToken?
  private var firstAddress: IPAddress?
  /// Addresses that the server wrote, in their order.
  private var seen: [IPAddress] = []
  /// Names in comments, before an address or alone.
  private var names: [String] = []
  private var bareNames: [String] = []
  private var greeting: String?
  private var isVerified = false
  /// Whether an address stood in a comment by itself: `(192.0.2.1)`, as qmail writes it.
  private var hasBareAddressComment = false
  /// Whether `[address]` followed the name without a comment.
  private var hasBracketBehind = false
  private var hasBracketComment = false
  /// An address written where a name would stand: `(192.0.2.1 [192.0.2.1])`.
  private var addressWord: String?
  /// Whether the name and its comment are one word: `name(192.0.2.1)`, a name that was looked up.
  private var isTied = false

  mutating func read(_ tokens: [ReceivedToken], _ lexer: ReceivedLexer, _ line: inout ReceivedLine) {
    var words: [String] = []
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .comment:
        if index == 1, token.isTight { isTied = true }
        comment(token, lexer, &line, depth: 0)
      case .bracket where index > 0:
        if let address = HostText.address(token.text) {
          seen.append(address)
          hasBracketBehind = true
        } else {
          line.unread.append("[\(token.text)]".printable(limit: 60))
        }
      case .quoted where greeting == nil && words.last?.lowercasedASCII == "be": greeting = token.text
      default: words.append(token.text)
      }
    }
    first = tokens.first.flatMap { $0.kind == .comment ? nil : $0 }
    readWords(words, &line)
  }

  /// The words themselves: mostly one, the greeting or the name.
  private mutating func readWords(_ words: [String], _ line: inout ReceivedLine) {
    guard let name = words.first else { return }
    firstAddress = HostText.address(name)
    line.from = first?.kind == .bracket ? "[\(name)]" : name
    var rest = words.dropFirst()
    // `[192.0.2.1]:50999`: a port.
    if let port = rest.first, port.hasPrefix(":"), port.dropFirst().utf8.allSatisfy(\.isASCIIDigit) {
      rest.removeFirst()
    }
    let text = rest.joined(separator: " ").lowercasedASCII
    if text.hasPrefix("as user"), rest.count == 3, let user = rest.last {
      line.login = ReceivedLine.Login(manner: "as user", user: user.printable(limit: 100))
    } else if text.hasPrefix("claiming to be") {
      greeting = greeting ?? rest.last
    } else if text == "pickup service" {
      line.from = "\(name) pickup service"
    } else if !rest.isEmpty {
      line.unread.append(rest.joined(separator: " ").printable(limit: 60))
    }
    line.from = line.from?.printable(limit: 255)
  }

  private static let mostPieces = 40
  private static let mostComments = 20
  private var comments = 0

  /// One comment of the clause, and those in it.
  private mutating func comment(
    _ token: ReceivedToken, _ lexer: ReceivedLexer, _ line: inout ReceivedLine, depth: Int
  ) {
    // Bound: comments that are read, those within others among them.
    guard comments < Self.mostComments else {
      line.isCut = true
      return
    }
    comments += 1
    if ReceivedNotes.read(token.text, &line) { return }
    var inside = lexer.tokens(in: (token.range.lowerBound + 1)..<(token.range.upperBound - 1))
    // Bound: pieces of a comment. What a server writes itself stands at its ends.
    if inside.count > Self.mostPieces {
      inside.removeSubrange((Self.mostPieces / 2)..<(inside.count - Self.mostPieces / 2))
      line.isCut = true
    }
    var name: String?
    var index = 0
    while index < inside.count {
      let piece = inside[index]
      let following = index + 1 < inside.count ? inside[index + 1] : nil
      index += 1
      if piece.kind == .comment {
        // Bound: comments in comments, as far as servers nest them.
        if depth < 2 { comment(piece, lexer, &line, depth: depth + 1) }
      } else if piece.kind == .word, let word = Greeting(piece.text) {
        // The greeting's name may be missing: `(HELO )`.
        index += greet(word, following, &line)
      } else if let address = address(piece, following) {
        seen.append(address)
        if piece.kind == .bracket { hasBracketComment = true }
        if let known = name { names.append(known) }
        if inside.count == 1, piece.kind == .word { hasBareAddressComment = true }
        name = nil
      } else if let (ident, address) = identified(piece, following) {
        seen.append(address)
        if inside.last.map({ $0.isWord("login") || $0.isWord("plain") }) == true {
          // Yahoo: `(user@192.0.2.1 with login)`.
          line.login = ReceivedLine.Login(manner: "with login", user: ident.printable(limit: 100))
        } else {
          line.ident = ident.printable(limit: 100)
          hasBareAddressComment = true
        }
        if following?.kind == .bracket { index += 1 }
      } else {
        name = self.word(piece, name, &line)
      }
    }
    if let name { bareNames.append(name) }
  }

  private enum Greeting {
    case helo(String?)
    case ident(String?)
    case port
    case account

    init?(_ text: String) {
      let small = text.lowercasedASCII
      let value = text.utf8.firstIndex(of: UInt8(ascii: "=")).map { String(text[text.index(after: $0)...]) }
      if small == "helo" || small == "ehlo" || small == "lhlo" || small == "helo=" || small == "ehlo=" {
        self = .helo(nil)
      } else if small.hasPrefix("helo=") || small.hasPrefix("ehlo=") || small.hasPrefix("lhlo=") {
        self = .helo(value)
      } else if small.hasPrefix("ident=") {
        self = .ident(value?.isEmpty == false ? value : nil)
      } else if small.hasPrefix("port=") {
        self = .port
      } else if small == "account" {
        self = .account
      } else {
        return nil
      }
    }
  }

  /// - Returns: how many of the following pieces it took.
  private mutating func greet(_ word: Greeting, _ following: ReceivedToken?, _ line: inout ReceivedLine)
    -> Int
  {
    switch word {
    case .port: return 0
    case .helo(let name?) where !name.isEmpty:
      greeting = greeting ?? name
      return 0
    case .helo:
      guard let following, following.kind != .comment else {
        greeting = greeting ?? ""
        return 0
      }
      greeting = greeting ?? (following.kind == .bracket ? "[\(following.text)]" : following.text)
      return 1
    case .ident(let name?):
      line.ident = name.printable(limit: 100)
      return 0
    case .ident:
      guard let following, following.kind == .bracket || following.kind == .word, following.isTight else {
        return 0
      }
      line.ident = following.text.printable(limit: 100)
      return 1
    case .account:
      guard let following, following.kind == .word else { return 0 }
      line.login = ReceivedLine.Login(manner: "account", user: following.text.printable(limit: 100))
      return 1
    }
  }

  private func address(_ piece: ReceivedToken, _ following: ReceivedToken?) -> IPAddress? {
    guard piece.kind == .bracket || piece.kind == .word else { return nil }
    // `66.161.246.58 [66.161.246.58]`: the first stands where the name would.
    if piece.kind == .word, following?.kind == .bracket, HostText.address(following?.text ?? "") != nil {
      return nil
    }
    return HostText.address(piece.text)
  }

  /// `user@192.0.2.1`, `user@[192.0.2.1]`.
  private func identified(_ piece: ReceivedToken, _ following: ReceivedToken?) -> (String, IPAddress)? {
    guard piece.kind == .word, let at = piece.text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
    let user = String(piece.text[..<at])
    let host = piece.text[piece.text.index(after: at)...]
    if host.isEmpty, let following, following.kind == .bracket, following.isTight,
      let address = HostText.address(following.text)
    {
      return (user, address)
    }
    return HostText.address(host).map { (user, $0) }
  }

  /// Any other piece of a comment: a name, or a word about the name before it.
  private mutating func word(_ piece: ReceivedToken, _ name: String?, _ line: inout ReceivedLine) -> String? {
    var text = piece.text
    let small = text.lowercasedASCII
    if small == "verified" {
      isVerified = true
      return name
    }
    if ["forged", "unverified", "failed"].contains(small) { line.doubt = Self.doubt(small) }
    if HostText.isPlaceholder(small)
      || ["be", "forged", "failed", "verified", "with", "login", "plain"].contains(small)
    {
      return name
    }
    if text.uppercasedASCII.hasPrefix("IDENT:") { text = String(text.dropFirst(6)) }
    if let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) {
      line.ident = String(text[..<at]).printable(limit: 100)
      text = String(text[text.index(after: at)...])
    }
    while text.hasSuffix(".") { text.removeLast() }
    guard piece.kind != .bracket else { return name }
    guard HostText.address(text) == nil else {
      addressWord = addressWord ?? text
      return name
    }
    guard HostText.isName(text) else { return name }
    return name ?? text
  }

  private static func doubt(_ word: String) -> String {
    switch word {
    case "forged": "may be forged"
    case "failed": "its name could not be looked up"
    default: "unverified"
    }
  }

  /// Settles who said what, once all of the line is known.
  func finish(_ line: inout ReceivedLine) {
    // The server writes the address behind whatever the client said, so the last one is its own.
    line.address = line.isAmbiguous ? seen.last : seen.first
    if line.address == nil { line.address = firstAddress }
    let fromName = line.from.flatMap { HostText.isName($0) && HostText.address($0) == nil ? $0 : nil }
    let looked = names.first ?? bareNames.first
    if let greeting {
      line.helo = greeting.printable(limit: 255)
      line.reverseName = looked ?? (fromName.flatMap { HostText.isPlaceholder($0) ? nil : $0 })
      return
    }
    line.reverseName = looked
    guard let first else {
      // Exim without a name by DNS: `from (greeting) [192.0.2.1]`.
      if hasBracketBehind, names.isEmpty, let told = bareNames.first {
        (line.helo, line.reverseName) = (told, nil)
      } else if let word = addressWord {
        line.helo = word
      }
      return
    }
    let isLiteral = firstAddress != nil
    // An address alone says nothing of the greeting.
    if isLiteral, seen.isEmpty { return }
    let written = first.kind == .bracket ? "[\(first.text)]" : line.from ?? first.text
    // A web mailer's user does not greet.
    if line.protocolName?.hasPrefix("HTTP") == true, isLiteral || line.login?.user != nil { return }
    // Exim 3: `from reverse-name (greeting) [192.0.2.1.1234] (ident)`.
    if hasBracketBehind, names.isEmpty, let told = bareNames.first, let fromName {
      line.helo = told.printable(limit: 255)
      line.reverseName = fromName
      return
    }
    if isTied, hasBareAddressComment {
      // smap: `name(192.0.2.1)` is a name by DNS, and `unknown(192.0.2.1)` one that was looked up in vain.
      if let fromName, !HostText.isPlaceholder(fromName) { line.reverseName = fromName }
      return
    }
    // A name alone need not be a greeting: programs and gateways write one too.
    if seen.isEmpty, looked == nil { return }
    line.helo = written.printable(limit: 255)
    guard line.reverseName == nil, let fromName, !HostText.isPlaceholder(fromName) else { return }
    let isExim = line.product?.hasPrefix("Exim") == true
    if isVerified && hasBracketComment || isExim || hasBareAddressComment && isQmail(line) {
      line.reverseName = fromName
    }
  }

  /// qmail leaves the greeting out where it is the client's name by DNS; Critical Path writes so too.
  private func isQmail(_ line: ReceivedLine) -> Bool {
    if let product = line.product {
      return product.utf8.first?.isASCIIDigit == true && line.with == nil
    }
    return line.id == nil && line.with?.utf8.contains(.space) == false
  }
}
