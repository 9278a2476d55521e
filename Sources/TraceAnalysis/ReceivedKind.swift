internal import Bytes

/// What a line is about, by the marks that servers leave.
enum ReceivedKind {
  static func of(_ line: ReceivedLine, _ clauses: [ReceivedParser.Clause], _ lexer: ReceivedLexer)
    -> ReceivedLine.Kind
  {
    let spoken = line.protocolName
    if let spoken, ["POP3", "POP3S", "POP", "APOP", "IMAP", "IMAP4", "IMAPS"].contains(spoken) {
      return .fetched
    }
    if clauses.contains(where: isFetcher) { return .fetched }
    let with = line.with?.lowercasedASCII ?? ""
    if with.hasPrefix("local") && line.address == nil || with.hasPrefix("qmail-scanner") || spoken == "BSMTP"
    {
      return .local
    }
    if clauses.contains(where: { $0.keyword == .by && $0.tokens.first?.isWord("uid") == true }) {
      return .local
    }
    if line.via?.lowercasedASCII == "smail" { return .local }
    guard let from = line.from ?? line.address?.description else { return .local }
    // `from user@host by …` and `from mail pickup service by …` name a program, not a host.
    if line.address == nil,
      from.utf8.contains(UInt8(ascii: "@"))
        || line.from?.equalsIgnoringASCIICase("mail pickup service") == true
    {
      return .local
    }
    return .handover
  }

  private static func isFetcher(_ clause: ReceivedParser.Clause) -> Bool {
    clause.tokens.contains {
      guard $0.kind == .comment else { return false }
      let text = $0.text.lowercasedASCII
      return text.hasPrefix("fetchmail") || text.hasPrefix("getmail") || text.hasPrefix("mpop")
    }
  }
}
