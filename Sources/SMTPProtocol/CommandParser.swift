internal import Bytes
internal import MailSyntax

/// Reads one command line, its CRLF already taken off.
public enum CommandParser {
  /// The verb of a line, in capitals: what the order of commands is judged by before the argument is read.
  public static func verb(of line: [UInt8]) -> String {
    let verb = line.prefix { !$0.isWhiteSpace && $0 != UInt8(ascii: ":") }.prefix(32)
    return String(decoding: verb.map { $0 &- 0x61 < 26 ? $0 & 0xdf : $0 }, as: UTF8.self)
  }

  /// The command of a line of any bytes.
  public static func parse(_ line: [UInt8]) -> Result<Command, CommandFault> {
    let verb = verb(of: line)
    var rest = line.dropFirst(verb.utf8.count)
    if verb == "MAIL" { return mail(line) }
    if verb == "RCPT" { return recipient(line) }
    // `NOOP:x` is no NOOP.
    if let next = rest.first, !next.isWhiteSpace { return .success(.unknown(verb)) }
    while rest.first?.isWhiteSpace == true { rest = rest.dropFirst() }
    while rest.last?.isWhiteSpace == true { rest = rest.dropLast() }
    let argument = String(decoding: rest, as: UTF8.self)
    func bare(_ command: Command) -> Result<Command, CommandFault> {
      argument.isEmpty ? .success(command) : .failure(.argument("\(verb) takes no argument"))
    }
    switch verb {
    case "EHLO", "HELO", "LHLO":
      guard HelloName.isAcceptable(rest) else {
        return .failure(.argument("\(verb) takes a domain name or an address literal"))
      }
      return .success(verb == "EHLO" ? .ehlo(argument) : verb == "HELO" ? .helo(argument) : .lhlo(argument))
    case "DATA": return bare(.data)
    case "RSET": return bare(.reset)
    case "QUIT": return bare(.quit)
    case "STARTTLS": return bare(.startTLS)
    case "NOOP": return .success(.noop)
    case "HELP": return .success(.help(argument))
    case "BDAT": return chunk(argument)
    case "VRFY", "EXPN":
      guard !argument.isEmpty else { return .failure(.argument("\(verb) takes a name or a mailbox")) }
      return .success(verb == "VRFY" ? .verify(argument) : .expand(argument))
    case "AUTH": return .success(.authenticate(argument))
    case "SEND", "SOML", "SAML", "TURN", "ETRN", "ATRN": return .success(.obsolete(verb))
    default: return .success(.unknown(verb))
    }
  }

  private static func chunk(_ argument: String) -> Result<Command, CommandFault> {
    let words = argument.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard (1...2).contains(words.count), words[0].utf8.allSatisfy(\.isASCIIDigit), words[0].utf8.count <= 20,
      let size = UInt64(words[0])
    else { return .failure(.syntax("BDAT takes a size in octets and perhaps LAST")) }
    guard words.count == 2 else { return .success(.chunk(size: size, isLast: false)) }
    guard words[1].equalsIgnoringASCIICase("LAST") else {
      return .failure(.syntax("BDAT takes a size in octets and perhaps LAST"))
    }
    return .success(.chunk(size: size, isLast: true))
  }

  private static func mail(_ line: [UInt8]) -> Result<Command, CommandFault> {
    guard let start = pathStart(line, after: "MAIL", keyword: "FROM:") else {
      return .failure(.syntax("the form is MAIL FROM:<address>"))
    }
    switch PathParser.parse(line, at: start, limits: .sender) {
    case .failure(let fault): return .failure(.senderPath(fault))
    case .success(let (path, end)):
      return ParameterParser.mail(line[end...]).map { .mail(path, $0) }
    }
  }

  private static func recipient(_ line: [UInt8]) -> Result<Command, CommandFault> {
    guard let start = pathStart(line, after: "RCPT", keyword: "TO:") else {
      return .failure(.syntax("the form is RCPT TO:<address>"))
    }
    switch PathParser.parse(line, at: start, limits: .recipient) {
    case .failure(let fault): return .failure(.recipientPath(fault))
    case .success(let (path, end)):
      guard !path.isNull else { return .failure(.recipientPath(.malformed)) }
      return ParameterParser.recipient(line[end...]).map { .recipient(path, $0) }
    }
  }

  /// The offset of the path in `VERB KEYWORD:path`, with the white space that many clients put behind the
  /// colon; nil where the line is not of that form.
  private static func pathStart(_ line: [UInt8], after verb: String, keyword: String) -> Int? {
    var position = verb.utf8.count
    guard position < line.count, line[position].isWhiteSpace else { return nil }
    while position < line.count, line[position].isWhiteSpace { position += 1 }
    for expected in keyword.utf8 {
      guard position < line.count, line[position].lowercasedASCII == expected.lowercasedASCII else {
        return nil
      }
      position += 1
    }
    while position < line.count, line[position].isWhiteSpace { position += 1 }
    return position
  }
}

/// The argument of HELO and EHLO (RFC 5321 §4.1.1.1).
public enum HelloName {
  /// Whether it can be read as one word of printable characters; what the word is worth, the checks say.
  static func isAcceptable(_ argument: some Collection<UInt8>) -> Bool {
    guard (1...255).contains(argument.count) else { return false }
    return argument.allSatisfy { $0 > 0x20 && $0 != 0x7f }
      && String(validating: Array(argument), as: UTF8.self) != nil
  }
}
