internal import Bytes

extension ReceivedLine {
  /// Reads the body of a Received field, folded or not: tolerant of what servers write, bounded, and what it does not
  /// understand it says in `unread`.
  public init(_ body: ArraySlice<UInt8>) {
    var parser = ReceivedParser(body)
    self = parser.read()
  }

  public init(_ text: String) { self.init(Array(text.utf8)[...]) }
}

/// Takes a line apart: the date at its end, then the clauses that the keywords of RFC 5321 §4.4 begin.
struct ReceivedParser {
  let lexer: ReceivedLexer
  private var tokens: [ReceivedToken]
  private var line = ReceivedLine()

  enum Keyword: String {
    case from, by, via, with, id
    case recipient = "for"
  }

  struct Clause {
    var keyword: Keyword?
    var tokens: [ReceivedToken]
  }

  init(_ body: ArraySlice<UInt8>) {
    lexer = ReceivedLexer(body)
    tokens = lexer.tokens()
    line.isCut = lexer.isCut || tokens.count == ReceivedLexer.mostTokens
  }

  mutating func read() -> ReceivedLine {
    takeDate()
    unwrapWholeComment()
    let clauses = self.clauses()
    var sender = ReceivedSender()
    for clause in clauses {
      switch clause.keyword {
      case .from: sender.read(clause.tokens, lexer, &line)
      case .by: readBy(clause.tokens)
      case .with: readWith(clause.tokens)
      case .via: line.via = words(clause.tokens, joined: true)
      case .id: readID(clause.tokens)
      case .recipient: readRecipient(clause.tokens)
      case nil: readUnnamed(clause.tokens)
      }
      if clause.keyword != .from { readNotes(clause.tokens) }
    }
    sender.finish(&line)
    ReceivedNotes.finish(&line)
    line.kind = ReceivedKind.of(line, clauses, lexer)
    return line
  }

  // MARK: The date

  /// Takes the date: behind the last semicolon, or where a date stands at the end without one.
  private mutating func takeDate() {
    while tokens.last?.kind == .semicolon { tokens.removeLast() }
    line.dateFault = .missing
    if let last = tokens.lastIndex(where: { $0.kind == .semicolon }), last + 1 < tokens.count,
      tokens[last + 1].kind != .comment
    {
      if take(dateAt: last + 1, droppingFrom: last) { return }
    }
    for index in tokens.indices where tokens[index].kind == .word {
      let following = index + 1 < tokens.count ? tokens[index + 1].text : nil
      guard MailDateReader.mayBegin(tokens[index].text, before: following) else { continue }
      if take(dateAt: index, droppingFrom: index, onlyIfRead: true) { return }
    }
  }

  private mutating func take(dateAt index: Int, droppingFrom first: Int, onlyIfRead: Bool = false) -> Bool {
    let start = tokens[index].range.lowerBound
    let (result, length) = MailDate.read(lexer.octets[start...])
    switch result {
    case .success(let date):
      line.date = date
      line.dateFault = nil
    case .failure(let fault):
      if onlyIfRead { return false }
      line.dateFault = fault
      if case .unreadable = fault { return false }
    }
    let end = start + length
    tokens.removeSubrange(first..<(tokens.firstIndex { $0.range.lowerBound >= end } ?? tokens.count))
    return true
  }

  // MARK: The clauses

  /// `(from user@host) by …`: the clause stands in a comment of its own.
  private mutating func unwrapWholeComment() {
    guard let first = tokens.first, first.kind == .comment else { return }
    let inside = lexer.tokens(in: (first.range.lowerBound + 1)..<(first.range.upperBound - 1))
    guard inside.first?.isWord("from") == true else { return }
    line.isAmbiguous = false
    tokens.replaceSubrange(0..<1, with: inside)
  }

  private func keyword(_ index: Int, in clause: Clause) -> Keyword? {
    let token = tokens[index]
    guard token.kind == .word, let keyword = Keyword(rawValue: token.text.lowercasedASCII) else { return nil }
    // The first word of a greeting may be any word: `from by (unknown [192.0.2.1]) by mx`.
    if clause.keyword == .from, clause.tokens.isEmpty, index + 1 < tokens.count,
      tokens[index + 1].kind == .comment || tokens[index + 1].kind == .bracket
    {
      return nil
    }
    // A word tied to its neighbour is no keyword; nor is one that nothing follows.
    guard index + 1 < tokens.count else { return nil }
    return keyword
  }

  private mutating func clauses() -> [Clause] {
    var clauses: [Clause] = []
    var clause = Clause(keyword: nil, tokens: [])
    for index in tokens.indices {
      if tokens[index].kind == .semicolon { continue }
      guard let keyword = keyword(index, in: clause) else {
        clause.tokens.append(tokens[index])
        continue
      }
      if !clause.tokens.isEmpty || clause.keyword != nil { clauses.append(clause) }
      clause = Clause(keyword: keyword, tokens: [])
    }
    if !clause.tokens.isEmpty || clause.keyword != nil { clauses.append(clause) }
    return settled(clauses)
  }

  /// Makes one `from` and one `by` of several: the server wrote the last `by`, so all before it is the client's.
  private mutating func settled(_ clauses: [Clause]) -> [Clause] {
    var clauses = clauses
    // `… from <sender>` or `from stdin` behind the server's name.
    for index in clauses.indices.dropFirst() where clauses[index].keyword == .from {
      let before = clauses[..<index]
      guard let first = clauses[index].tokens.first,
        before.contains(where: { $0.keyword == .by || $0.keyword == .from })
      else { continue }
      if first.kind == .angle || first.text.utf8.contains(UInt8(ascii: "@")) {
        line.sender = first.text.printable(limit: 320)
      } else if !before.contains(where: { $0.keyword == .from }), !first.isWord("stdin"),
        !first.isWord("userid")
      {
        // Smail: `by mx.b.example from mail.a.example with smtp`.
        continue
      } else if !first.isWord("stdin"), !first.isWord("userid") {
        line.unread.append("from \(first.text)".printable(limit: 60))
        line.isAmbiguous = true
      }
      clauses[index].tokens.removeFirst()
      clauses[index].keyword = nil
    }
    let servers = clauses.indices.filter {
      clauses[$0].keyword == .by && clauses[$0].tokens.first?.isWord("uid") == false
    }
    guard let last = servers.last, let first = servers.first, first < last,
      let origin = clauses.firstIndex(where: { $0.keyword == .from })
    else { return clauses }
    // What stands before the last `by` may be what the client greeted with.
    line.isAmbiguous = true
    line.unread.append("by, \(servers.count) times")
    var merged = clauses[origin]
    for index in (origin + 1)..<max(last, origin + 1) { merged.tokens += clauses[index].tokens }
    return Array(clauses[..<origin]) + [merged] + Array(clauses[last...])
  }

  // MARK: What each says

  private mutating func readBy(_ tokens: [ReceivedToken]) {
    guard let first = tokens.first else { return }
    if first.isWord("uid") { return }
    if first.kind == .comment {
      line.unread.append("by (\(first.text))".printable(limit: 60))
    } else if let address = HostText.address(first.text) {
      line.byAddress = address
    } else {
      line.by = first.text.printable(limit: 255)
    }
    for token in tokens.dropFirst() {
      let text = token.text
      if token.kind == .angle {
        if line.id == nil { line.id = text.printable(limit: 200) }
      } else if line.byAddress == nil, let address = HostText.address(text) {
        line.byAddress = address
      } else if token.kind == .comment, line.product == nil, !ReceivedNotes.isNote(text) {
        line.product = text.printable(limit: 100)
      } else if token.kind == .word {
        line.product = line.product ?? text.printable(limit: 100)
      }
    }
  }

  private mutating func readWith(_ tokens: [ReceivedToken]) {
    var words: [String] = []
    var index = 0
    while index < tokens.count {
      let token = tokens[index]
      if token.isWord("tls"), !words.isEmpty, index + 1 < tokens.count, tokens[index + 1].kind == .word {
        // Exim: `with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384`.
        line.tls = ReceivedLine.TLS(version: line.tls?.version ?? "", cipher: tokens[index + 1].text)
        index += 2
        continue
      }
      switch token.kind {
      case .word, .bracket: words.append(token.text)
      case .comment where line.product == nil && !ReceivedNotes.isNote(token.text):
        line.product = token.text.printable(limit: 100)
      default: break
      }
      index += 1
    }
    guard !words.isEmpty else { return }
    let text = words.joined(separator: " ").printable(limit: 100)
    if line.with == nil {
      line.with = text
    } else {
      line.unread.append("with \(text)".printable(limit: 60))
    }
    let parts = words[0].pieces(by: UInt8(ascii: "/"))
    if parts.count == 3, parts[1].uppercasedASCII == "TLS" {
      line.tls = ReceivedLine.TLS(version: "", cipher: String(parts[2]).printable(limit: 80))
    }
  }

  private mutating func readID(_ tokens: [ReceivedToken]) {
    guard let first = tokens.first(where: { $0.kind != .comment }) else { return }
    line.id = line.id ?? first.text.printable(limit: 200)
    // Haraka: `id X envelope-from <sender> tls CIPHER (authenticated …)`.
    var index = (tokens.firstIndex { $0.range == first.range } ?? 0) + 1
    while index < tokens.count {
      let token = tokens[index]
      let following = index + 1 < tokens.count ? tokens[index + 1] : nil
      index += 1
      if token.isWord("envelope-from"), let following {
        line.sender = following.text.printable(limit: 320)
        index += 1
      } else if token.isWord("tls"), let following, following.kind == .word {
        line.tls = ReceivedLine.TLS(version: "", cipher: following.text.printable(limit: 80))
        index += 1
      } else if token.kind == .word {
        line.unread.append(token.text.printable(limit: 60))
      }
    }
  }

  private mutating func readRecipient(_ tokens: [ReceivedToken]) {
    guard let first = tokens.first(where: { $0.kind != .comment }) else { return }
    if line.recipient == nil { line.recipient = first.text.printable(limit: 320) }
  }

  /// Words before the first keyword, or behind a clause that says no more.
  private mutating func readUnnamed(_ tokens: [ReceivedToken]) {
    for token in tokens where token.kind == .word { line.unread.append(token.text.printable(limit: 60)) }
  }

  private mutating func readNotes(_ tokens: [ReceivedToken]) {
    for token in tokens where token.kind == .comment { ReceivedNotes.read(token.text, &line) }
  }

  private func words(_ tokens: [ReceivedToken], joined: Bool) -> String? {
    let words = tokens.filter { $0.kind == .word || $0.kind == .bracket }.map(\.text)
    return words.isEmpty ? nil : words.joined(separator: " ").printable(limit: 100)
  }
}
