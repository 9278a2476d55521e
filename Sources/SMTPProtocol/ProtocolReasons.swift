/// The texts of the dialogue itself (RFC 5321 §4.2.2, §4.3.2; RFC 3463 for the enhanced codes).
extension ReasonCode {
  public static let greeting: ReasonCode = "GREETING"
  public static let helloAnswer: ReasonCode = "HELLO"
  public static let closing: ReasonCode = "CLOSING"
  public static let ok: ReasonCode = "OK"
  public static let senderOK: ReasonCode = "SENDER_OK"
  public static let recipientOK: ReasonCode = "RECIPIENT_OK"
  public static let sendData: ReasonCode = "SEND_DATA"
  public static let chunkOK: ReasonCode = "CHUNK_OK"
  public static let messageAccepted: ReasonCode = "MESSAGE_ACCEPTED"
  /// Taken, and not by a backend.
  public static let messageHeld: ReasonCode = "MESSAGE_HELD"
  public static let recipientTaken: ReasonCode = "RECIPIENT_TAKEN"
  public static let recipientsDiffer: ReasonCode = "RECIPIENTS_DIFFER"
  public static let help: ReasonCode = "HELP"
  public static let helpTopic: ReasonCode = "HELP_TOPIC"
  public static let verifyUnsure: ReasonCode = "VERIFY_UNSURE"
  public static let verifyKnown: ReasonCode = "VERIFY_KNOWN"
  public static let expandRefused: ReasonCode = "EXPAND_REFUSED"
  public static let commandUnknown: ReasonCode = "COMMAND_UNKNOWN"
  public static let commandObsolete: ReasonCode = "COMMAND_OBSOLETE"
  public static let commandNotOffered: ReasonCode = "COMMAND_NOT_OFFERED"
  public static let commandOrder: ReasonCode = "COMMAND_ORDER"
  public static let commandSyntax: ReasonCode = "COMMAND_SYNTAX"
  public static let commandArgument: ReasonCode = "COMMAND_ARGUMENT"
  public static let commandLineTooLong: ReasonCode = "COMMAND_LINE_TOO_LONG"
  public static let commandLineEnding: ReasonCode = "COMMAND_LINE_ENDING"
  public static let parameterUnknown: ReasonCode = "PARAMETER_UNKNOWN"
  public static let parameterValue: ReasonCode = "PARAMETER_VALUE"
  public static let senderSyntax: ReasonCode = "SENDER_SYNTAX"
  public static let senderTooLong: ReasonCode = "SENDER_TOO_LONG"
  public static let senderNotQualified: ReasonCode = "SENDER_NOT_QUALIFIED"
  public static let recipientSyntax: ReasonCode = "RECIPIENT_SYNTAX"
  public static let recipientTooLong: ReasonCode = "RECIPIENT_TOO_LONG"
  public static let recipientNotQualified: ReasonCode = "RECIPIENT_NOT_QUALIFIED"
  public static let internationalizedAddress: ReasonCode = "SMTPUTF8_NEEDED"
  public static let noRecipients: ReasonCode = "NO_RECIPIENTS"
  public static let transactionSpoiled: ReasonCode = "TRANSACTION_REFUSED"
  public static let binaryNeedsChunks: ReasonCode = "BINARY_NEEDS_BDAT"
  public static let messageTooLarge: ReasonCode = "MESSAGE_TOO_LARGE"
  public static let contentBareCarriageReturn: ReasonCode = "BARE_CR"
  public static let contentBareLineFeed: ReasonCode = "BARE_LF"
  public static let contentNul: ReasonCode = "NUL_IN_MESSAGE"
  public static let contentLineTooLong: ReasonCode = "MESSAGE_LINE_TOO_LONG"
  public static let limitRecipients: ReasonCode = "LIMIT_RECIPIENTS"
  public static let limitErrors: ReasonCode = "LIMIT_ERRORS"
  public static let limitCommands: ReasonCode = "LIMIT_COMMANDS"
  public static let limitTransactions: ReasonCode = "LIMIT_TRANSACTIONS"
}

extension ContentFault {
  /// The code under which this fault is answered and logged.
  public var reason: ReasonCode {
    switch self {
    case .bareCarriageReturn: .contentBareCarriageReturn
    case .bareLineFeed: .contentBareLineFeed
    case .nul: .contentNul
    case .lineTooLong: .contentLineTooLong
    }
  }
}

public enum ProtocolReasons {
  public static let all: [Reason] =
    answers + commands + addresses + content + limits + encryption + authentication + identity

  private static let answers: [Reason] = [
    notice(
      .greeting, Reply(220, nil, ["{hostname} ESMTP Weir"]), "A client connected.", "The session begins."),
    notice(
      .helloAnswer, Reply(250, nil, ["{hostname} greets {client}"]), "A client said HELO or EHLO.",
      "The session goes on."),
    notice(
      .closing, Reply(221, 0, 0, "{hostname} closing connection"), "A client said QUIT.", "The session ends."),
    notice(.ok, Reply(250, 0, 0, "Ok"), "A command was carried out.", "The session goes on."),
    notice(.senderOK, Reply(250, 1, 0, "Ok"), "A sender was taken.", "The transaction begins."),
    notice(.recipientOK, Reply(250, 1, 5, "Ok"), "A recipient was taken.", "The transaction goes on."),
    notice(
      .sendData, Reply(354, nil, ["End data with <CR><LF>.<CR><LF>"]), "DATA may begin.",
      "The message follows."),
    notice(
      .chunkOK, Reply(250, 0, 0, "{reason} octets received"), "A BDAT chunk came whole.",
      "The next chunk may follow."),
    notice(
      .messageAccepted, Reply(250, 0, 0, "Ok: {id}"), "The backend has the message.", "It is delivered."),
    notice(
      .messageHeld, Reply(250, 0, 0, "Ok: {id}"), "The message lies on disk, or a rule threw it away.",
      "What the log line says."),
    notice(
      .recipientTaken, Reply(250, 1, 5, "<{recipient}> Ok: {id}"),
      "A client that asked for a reply for each recipient (PRDR) reads this one's.",
      "The message was taken for it."),
    notice(
      .recipientsDiffer, Reply(353, nil, ["A reply for each recipient follows"]),
      "A client asked for a reply for each recipient (PRDR).",
      "A line for each follows, then one for the message."),
    notice(
      .help, Reply(214, Reply.Enhanced(0, 0), HelpText.lines), "A client said HELP.", "The session goes on."),
    notice(
      .helpTopic, Reply(214, 0, 0, "{reason}"), "A client said HELP and a command.", "The session goes on."),
    notice(
      .verifyUnsure, Reply(252, 5, 0, "Cannot verify; send mail and see"), "A client said VRFY.",
      "Nothing is told."),
    notice(
      .verifyKnown, Reply(250, 1, 5, "<{recipient}>"), "VRFY of a known mailbox from a relay network.",
      "It is told."),
    refusal(
      .expandRefused, Reply(502, 7, 0, "EXPN is not available here"), "A client said EXPN.",
      "Lists are not told.", "Nothing: the members of lists are nobody's business."),
  ]

  private static let commands: [Reason] = [
    refusal(
      .commandUnknown, Reply(500, 5, 1, "Command not recognized: {reason}"),
      "A line that is no SMTP command.", "It counts as a mistake.",
      "If a known client does this, watch its dialogue on the wire (tcpdump): what it sends is not logged."),
    refusal(
      .commandObsolete, Reply(502, 5, 1, "{reason} is obsolete and not implemented"),
      "SEND, SOML, SAML, TURN, ETRN or ATRN.", "It counts as a mistake.", "Nothing."),
    refusal(
      .commandNotOffered, Reply(502, 5, 1, "Not offered here"),
      "STARTTLS or AUTH where EHLO did not offer it.", "It counts as a mistake.",
      "Configure the client not to ask for it, or offer it."),
    refusal(
      .commandOrder, Reply(503, 5, 1, "Bad sequence of commands: {reason}"), "A command at the wrong time.",
      "It counts as a mistake.", "The client's software is at fault."),
    refusal(
      .commandSyntax, Reply(501, 5, 2, "Syntax error: {reason}"), "A command not of its grammar.",
      "It counts as a mistake.", "The client's software is at fault."),
    refusal(
      .commandArgument, Reply(501, 5, 4, "Invalid argument: {reason}"),
      "An argument missing, surplus or malformed.", "It counts as a mistake.",
      "The client's software is at fault."),
    refusal(
      .commandLineTooLong, Reply(500, 5, 2, "Line too long"), "A command line past its bound.",
      "It is skipped and counts as a mistake.",
      "The client's software is at fault, or no mail software at all."),
    refusal(
      .commandLineEnding,
      Reply(500, 5, 2, "Lines end with <CR><LF>, and hold neither of them nor NUL elsewhere"),
      "A command line with a bare CR, a bare LF or NUL.", "It counts as a mistake.",
      "Mend the client; smtp.bare_lf = \"normalise\" takes lines that end with LF alone."),
    refusal(
      .parameterUnknown, Reply(555, 5, 4, "Parameter not recognized or not offered: {reason}"),
      "A MAIL or RCPT parameter of an extension that EHLO did not offer.", "It counts as a mistake.",
      "If the backend has the extension, see why it is not offered: weir status."),
    refusal(
      .parameterValue, Reply(501, 5, 4, "Bad value or repetition of {reason}"),
      "A MAIL or RCPT parameter with a malformed value, or given twice.", "It counts as a mistake.",
      "The client's software is at fault."),
  ]

  private static let addresses: [Reason] = [
    refusal(
      .senderSyntax, Reply(501, 1, 7, "Bad sender address syntax"),
      "MAIL FROM with something that is no address.", "It counts as a mistake.", "Mend the sending software."),
    refusal(
      .senderTooLong, Reply(501, 1, 7, "Sender address too long"), "A sender past the lengths of RFC 5321.",
      "It counts as a mistake.", "Mend the sending software."),
    refusal(
      .senderNotQualified, Reply(501, 1, 7, "Sender address needs a domain"), "A sender without a domain.",
      "It counts as a mistake.", "Mend the client, or name relay.complete_domain."),
    refusal(
      .recipientSyntax, Reply(501, 1, 3, "Bad recipient address syntax"),
      "RCPT TO with something that is no address.", "It counts as a mistake.", "Mend the sending software."),
    refusal(
      .recipientTooLong, Reply(501, 1, 3, "Recipient address too long"),
      "A recipient past the lengths of RFC 5321.", "It counts as a mistake.", "Mend the sending software."),
    refusal(
      .recipientNotQualified, Reply(501, 1, 3, "Recipient address needs a domain"),
      "A recipient without a domain.", "It counts as a mistake.",
      "Mend the client, or name relay.complete_domain."),
    refusal(
      .internationalizedAddress, Reply(553, 6, 7, "Address needs SMTPUTF8"),
      "A non-ASCII address without the SMTPUTF8 parameter.", "It counts as a mistake.",
      "The client must say SMTPUTF8, which is offered when every backend has it."),
    refusal(
      .noRecipients, Reply(554, 5, 1, "No valid recipients"), "DATA after every RCPT was refused.",
      "No message.", "See the refusals before it in the log."),
    refusal(
      .transactionSpoiled, Reply(554, 5, 0, "Transaction refused: {reason}"),
      "DATA in a transaction that was refused before.", "No message.", "See the refusal before it in the log."
    ),
    refusal(
      .binaryNeedsChunks, Reply(503, 5, 1, "BODY=BINARYMIME goes by BDAT, not by DATA"),
      "DATA after BODY=BINARYMIME.", "It counts as a mistake.", "The client's software is at fault."),
  ]

  private static let content: [Reason] = [
    refusal(
      .messageTooLarge, Reply(552, 3, 4, "Message larger than {reason} octets"),
      "A message, or what SIZE said of it, past the limit.", "It is refused.",
      "limits.message_size, or the backend's own limit less 4 KiB, whichever is smaller."),
    refusal(
      .contentBareCarriageReturn, Reply(550, 6, 11, "Message refused: bare <CR> (lines end with <CR><LF>)"),
      "A CR without LF in a message.", "It is refused: servers disagree where such lines end.",
      "Mend the sending software."),
    refusal(
      .contentBareLineFeed, Reply(550, 6, 11, "Message refused: bare <LF> (lines end with <CR><LF>)"),
      "A LF without CR in a message.", "It is refused: servers disagree where such lines end.",
      "Mend the sending software, or set smtp.bare_lf = \"normalise\"."),
    refusal(
      .contentNul, Reply(550, 6, 11, "Message refused: NUL octet"), "A NUL octet in a message.",
      "It is refused.", "Mend the sending software."),
    refusal(
      .contentLineTooLong, Reply(554, 6, 0, "Message refused: a line of it is too long"),
      "A line of a message longer than limits.line_length.", "It is refused.",
      "Mend the sending software (RFC 5321 allows 1000 octets), or raise limits.line_length."),
  ]

  private static let limits: [Reason] = [
    refusal(
      .limitRecipients, Reply(452, 5, 3, "Too many recipients: at most {reason} a transaction"),
      "More recipients than limits.recipients.", "The others may come in a transaction of their own.",
      "Raise limits.recipients for senders of large lists."),
    refusal(
      .limitErrors, Reply(421, 7, 0, "Too many errors, bye"), "As many mistakes as limits.errors.",
      "The session is closed.", "See the client's mistakes in the log."),
    refusal(
      .limitCommands, Reply(421, 7, 0, "Too many commands, bye"), "More commands than limits.commands.",
      "The session is closed.", "Raise limits.commands if a good client needs it."),
    refusal(
      .limitTransactions, Reply(421, 7, 0, "Too many transactions, bye"),
      "More messages in one session than limits.transactions.",
      "The session is closed; a good client goes on in a new one.",
      "Raise limits.transactions if a good client needs it."),
  ]

  private static func notice(_ code: ReasonCode, _ reply: Reply, _ cause: String, _ effect: String) -> Reason
  {
    Reason(code, reply, .notice, cause: cause, effect: effect, remedy: "Nothing.")
  }

  private static func refusal(
    _ code: ReasonCode, _ reply: Reply, _ cause: String, _ effect: String, _ remedy: String
  ) -> Reason {
    Reason(code, reply, .refusal, cause: cause, effect: effect, remedy: remedy)
  }
}
