internal import Bytes
internal import MailSyntax

/// Reads one command line, its CRLF already taken off.
public enum CommandParser {
  /// The verb of a line, in capitals: what the order of commands is judged by before the argument is read.
  public static func verb(of line: [UInt8]) -> String {
    var length = 0
    while length < min(line.count, 32), !line[length].isWhiteSpace, line[length] != UInt8(ascii: ":") {
      length += 1
    }
    return String(unsafeUninitializedCapacity: length) { buffer in
      for index in 0..<length { buffer[index] = line[index].uppercasedASCII }
      return length
    }
  }

  /// The command of a line of any bytes.
  public static func parse(_ line: [UInt8]) -> Result<Command, CommandFault> { parse(line, verb(of: line)) }

  static func parse(_ line: [UInt8], _ verb: String) -> Result<Command, CommandFault> {
    if verb == "MAIL" { return mail(line) }
    if verb == "RCPT" { return recipient(line) }
    var rest = line[min(verb.utf8.count, line.count)...]
    // `NOOP:x` is no NOOP.
    if let next = rest.first, !next.isWhiteSpace { return .success(.unknown(verb)) }
    while rest.first?.isWhiteSpace == true { rest = rest.dropFirst() }
    while rest.last?.isWhiteSpace == true { rest = rest.dropLast() }
    func bare(_ command: Command) -> Result<Command, CommandFault> {
      rest.isEmpty ? .success(command) : .failure(.argument("\(verb) takes no argument"))
    }
    func argument() -> String { String(decoding: rest, as: UTF8.self) }
    switch verb {
    case "EHLO", "HELO", "LHLO":
      guard HelloName.isAcceptable(rest) else {
        return .failure(.argument("\(verb) takes a domain name or an address literal"))
      }
      let name = argument()
      return .success(verb == "EHLO" ? .ehlo(name) : verb == "HELO" ? .helo(name) : .lhlo(name))
    case "DATA": return bare(.data)
    case "RSET": return bare(.reset)
    case "QUIT": return bare(.quit)
    case "STARTTLS": return bare(.startTLS)
    case "NOOP": return .success(.noop)
    case "HELP": return .success(.help(argument()))
    case "BDAT": return chunk(rest)
    case "VRFY", "EXPN":
      guard !rest.isEmpty else { return .failure(.argument("\(verb) takes a name or a mailbox")) }
      return .success(verb == "VRFY" ? .verify(argument()) : .expand(argument()))
    case "AUTH": return AuthenticationParser.command(rest)
    case "XCLIENT": return ClientAttributeParser.parse(rest, of: .client).map { .client($0) }
    case "XFORWARD": return ClientAttributeParser.parse(rest, of: .forward).map { .forward($0) }
    case "SEND", "SOML", "SAML", "TURN", "ETRN", "ATRN": return .success(.obsolete(verb))
    default: return .success(.unknown(verb))
    }
  }

  private static func chunk(_ argument: ArraySlice<UInt8>) -> Result<Command, CommandFault> {
    let fault = CommandFault.syntax("BDAT takes a size in octets and perhaps LAST")
    let digits = argument.prefix { !$0.isWhiteSpace }
    guard let size = UInt64(octets: digits) else { return .failure(fault) }
    let word = argument.dropFirst(digits.count).drop(while: \.isWhiteSpace)
    guard !word.isEmpty else { return .success(.chunk(size: size, isLast: false)) }
    guard String(decoding: word, as: UTF8.self).equalsIgnoringASCIICase("LAST") else {
      return .failure(fault)
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
  static func isAcceptable(_ argument: ArraySlice<UInt8>) -> Bool {
    guard (1...255).contains(argument.count) else { return false }
    return argument.allSatisfy { $0 > 0x20 && $0 != 0x7f }
      && String(utf8: argument) != nil
  }
}

extension UInt64 {
  /// A decimal number of digits alone, at most twenty of them; nil for anything else and past 64 bits.
  init?(octets digits: ArraySlice<UInt8>) {
    guard (1...20).contains(digits.count) else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit.isASCIIDigit else { return nil }
      let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isPast) = tens.addingReportingOverflow(UInt64(digit & 0x0f))
      if isOver || isPast { return nil }
      value = sum
    }
    self = value
  }
}
