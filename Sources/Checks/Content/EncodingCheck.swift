internal import Bytes
internal import Charsets
internal import Filtering
internal import MailSyntax
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let raw8BitHeader: ReasonCode = "RAW_8BIT_HEADER"
  static let encodedNeedlessly: ReasonCode = "ENCODED_NEEDLESSLY"
  static let encodedWordTrick: ReasonCode = "ENCODED_WORD_TRICK"
  static let lettersReversed: ReasonCode = "LETTERS_REVERSED"
  static let charsetUnknown: ReasonCode = "CHARSET_UNKNOWN"
  static let charsetMismatch: ReasonCode = "CHARSET_MISMATCH"
  static let charsetTrick: ReasonCode = "CHARSET_TRICK"
  static let mimeAmbiguous: ReasonCode = "MIME_AMBIGUOUS"
  static let mimeBroken: ReasonCode = "MIME_BROKEN"
  static let mimeExcessive: ReasonCode = "MIME_EXCESSIVE"
  static let mimePartial: ReasonCode = "MIME_PARTIAL"
  static let mimeExternalBody: ReasonCode = "MIME_EXTERNAL_BODY"
  static let messageNUL: ReasonCode = "MESSAGE_NUL"
  static let lettersEncoded: ReasonCode = "LETTERS_ENCODED"
  static let lettersDisguised: ReasonCode = "LETTERS_DISGUISED"
  static let contentUnavailable: ReasonCode = "CONTENT_UNAVAILABLE"
}

/// Charsets that are not what is said, encodings that hide what is written, and MIME that two readers understand
/// differently.
struct EncodingCheck: Check {
  static let name = "encoding"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .raw8BitHeader, 0.5, reply: "Header of this message has octets that mail does not carry there",
      cause: "The header has octets beyond ASCII, and the client did not ask for SMTPUTF8 (RFC 6532)."),
    ContentCode(
      .encodedNeedlessly, 0.2, reply: "Subject or From of this message is encoded for no reason",
      cause: "Subject or From is in base64 (RFC 2047), and everything in it is ASCII."),
    ContentCode(
      .lettersEncoded, 1.5, reply: "Letters of this message are encoded to hide what it says",
      cause:
        "Plain letters of a text are written as =41 (quoted-printable) or as &#65; (HTML), again and again: no program has a reason to."
    ),
    ContentCode(
      .encodedWordTrick, 1.5, reply: "Subject or From of this message is encoded to hide what it says",
      cause:
        "Encoded words cut a word of ASCII apart, bring NUL or a line end, or mix three charsets in Subject or From."
    ),
    ContentCode(
      .lettersDisguised, 1.5, reply: "Words of this message have letters of another alphabet in them",
      cause:
        "Words of Latin letters have Greek or Cyrillic ones among them that are drawn alike: in Subject or From, or again and again."
    ),
    ContentCode(
      .lettersReversed, 1.5, reply: "Letters of this message are written backwards to hide what it says",
      cause:
        "Letters are written in the reverse of their order and turned around where they are shown: by the mark U+202E, by <bdo> or by a style, in Subject, in From or in the text."
    ),
    ContentCode(
      .charsetUnknown, 0.5, reply: "Message is in a charset that nobody knows",
      cause: "A part, or an encoded word, names a charset that does not exist."),
    ContentCode(
      .charsetMismatch, 0.5, reply: "Message is not in the charset that it names",
      cause: "The octets of a part do not fit the charset it names, and fit another."),
    ContentCode(
      .charsetTrick, 1.5, reply: "Message is in a charset that mail does not use",
      cause:
        "A part or an encoded word is in UTF-7, or a text in UTF-16 or UTF-32: filters miss what is in it."
    ),
    ContentCode(
      .mimeAmbiguous, 1.5, reply: "Parts of this message can be read in two ways",
      cause:
        "Two readers would see different parts: a type, encoding or file name twice and differently, boundaries in one another, a multipart that is encoded.",
      remedy: "weir scan shows the parts and what is wrong with them."),
    ContentCode(
      .mimeBroken, 0.5, reply: "Message is broken",
      cause:
        "A boundary that never comes, an encoding nobody knows, lines in the header that are none, base64 that is none.",
      remedy: "weir scan shows the parts and what is wrong with them."),
    ContentCode(
      .mimeExcessive, 1.5, reply: "Message has more parts than anybody writes",
      cause:
        "More than a thousand parts, twenty levels or 256 KiB of header in a part: what lies beyond is not looked at.",
      remedy: "weir scan shows the parts that are."),
    ContentCode(
      .mimePartial, 2, reply: "Message is one piece of another",
      cause:
        "A part is a piece of a message that the reader's program puts together (message/partial, RFC 2046 §5.2.2): no filter sees the whole.",
      remedy: "Send the message whole, or a link to it."),
    ContentCode(
      .mimeExternalBody, 0.5, reply: "Part of this message is fetched from elsewhere",
      cause:
        "A part is not in the message: the reader's program fetches it (message/external-body, RFC 2046 §5.2.3). Announcements of drafts by the IETF have such parts."
    ),
    ContentCode(
      .messageNUL, 1, reply: "Message has NUL in it",
      cause: "A text or a header has octets of value 0, behind which some readers see nothing."),
    ContentCode(
      .contentUnavailable, 0, reply: nil,
      cause:
        "Not all of the message was looked at: it is larger than limits.content_size, there was no memory left for it, or it has more text (1 MiB of HTML and 1 MiB of others, 4 MiB with its markup) or links (500) than are read; the evidence says which. What the checks on the content do not find may be there.",
      remedy:
        "limits.content_size says how much is looked at, limits.memory what there is for all; give it a weight where large messages are unusual."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {}

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in
          await facts.views().judged { Self.findings(facts, $0) }
        }))
  }

  private static func findings(_ facts: MessageFacts, _ views: MessageViews) -> [Finding] {
    var notes = ContentNotes()
    for field in facts.header.fields { judge(field, facts, &notes) }
    for text in views.texts { judge(text, &notes) }
    let tree = views.tree
    judge(tree, isWhole: views.isWhole, &notes)
    judgeAbsent(tree, &notes)
    for text in views.texts where tree.parts.indices.contains(text.part) {
      judgeLetters(of: text, tree.parts[text.part], tree, &notes)
    }
    judgeWords(views, &notes)
    judgeDirection(views, &notes)
    // Of parts beyond the bounds MIME_EXCESSIVE speaks.
    let unseen = views.omitted.subtracting(.parts)
    if !unseen.isEmpty { notes.note(.contentUnavailable, "unseen=\(unseen)") }
    return notes.findings(rows)
  }

  // MARK: - Header

  private static let shownFields = ["Subject", "From", "To", "Cc", "Reply-To", "Sender"]

  private static func judge(
    _ field: MessageHeader.Field, _ facts: MessageFacts, _ notes: inout ContentNotes
  ) {
    let octets = facts.octets(of: field)
    let isRaw = !facts.header.isASCII && octets.contains { $0 >= 0x80 }
    if isRaw, !facts.mail.parameters.isInternationalized || String(utf8: octets) == nil {
      notes.note(.raw8BitHeader, field.name)
    }
    guard octets.containsEncodedWord, shownFields.contains(where: field.isNamed) else { return }
    let words = HeaderWords(octets)
    for label in words.unknownCharsets { notes.note(.charsetUnknown, "\(field.name): \(label)") }
    if words.charsets.contains("UTF-7") { notes.note(.charsetTrick, "\(field.name): UTF-7") }
    guard field.isNamed("Subject") || field.isNamed("From") else { return }
    if let trick = words.trick { notes.note(.encodedWordTrick, "\(field.name): \(trick)") }
    if words.isNeedless { notes.note(.encodedNeedlessly, field.name) }
  }

  // MARK: - Texts

  /// Labels that say “I do not know”.
  private static let honest: Set<String> = ["unknown-8bit", "x-unknown", "unknown"]

  private static func judge(_ text: TextView, _ notes: inout ContentNotes) {
    guard let label = text.declared?.trimmingSpace, !label.isEmpty else { return }
    guard let declared = Charset.named(label) else {
      if !honest.contains(label.lowercasedASCII) { notes.note(.charsetUnknown, label) }
      return
    }
    let real = text.decoded.charset
    if declared.name.hasPrefix("UTF-7") || declared.name.hasPrefix("UTF-16")
      || declared.name.hasPrefix("UTF-32")
    {
      notes.note(.charsetTrick, declared.name)
    }
    // ASCII with some octets of the writer's own system is as old as mail.
    let isPlain = declared == .ascii && (real == .utf8 || real == .windows1252 || real == .ascii)
    // Which of two charsets of one octet a character it is, is only guessed.
    let isCertain = !declared.isOfOneOctet || !real.isOfOneOctet
    if text.decoded.isGuessed, real != declared, !isPlain, isCertain {
      notes.note(.charsetMismatch, "\(declared), but it is \(real)")
    } else if !isPlain, text.decoded.malformed > 3, 20 * text.decoded.malformed > text.decoded.text.utf8.count
    {
      notes.note(.charsetMismatch, "\(text.decoded.malformed) sequences are none of \(declared)")
    }
  }

  // MARK: - Letters

  private static func judgeLetters(
    of text: TextView, _ part: MIMETree.Part, _ tree: MIMETree, _ notes: inout ContentNotes
  ) {
    if part.encoding == .quotedPrintable {
      let count = EncodedLetters.quoted(tree.body(of: part))
      if count >= EncodedLetters.fewest { notes.note(.lettersEncoded, "\(count) in quoted-printable") }
    }
    guard let html = text.html, !html.isCut else { return }
    let count = EncodedLetters.references(text.decoded.text)
    // Pages write a mail address so, to hide it from collectors.
    if count >= EncodedLetters.fewest, 2 * count >= html.visibleCount {
      notes.note(.lettersEncoded, "\(count) as references")
    }
  }

  /// Words in two alphabets that somebody may have by accident, whose keyboard has both.
  private static let mostDisguised = 2

  private static func judgeWords(_ views: MessageViews, _ notes: inout ContentNotes) {
    // Letters that are only guessed accuse nobody: they may be a guess gone wrong. What is UTF-8 is no guess.
    for name in ["Subject", "From"] {
      let fields = views.header(name).filter { !$0.isGuessed || $0.charsets.allSatisfy { $0 == .utf8 } }
      if fields.contains(where: { DisguisedWords.count(in: $0.text) > 0 }) {
        notes.note(.lettersDisguised, name)
      }
    }
    let count = views.texts.filter { !$0.decoded.isGuessed || $0.decoded.charset == .utf8 }
      .reduce(0) { $0 + DisguisedWords.count(in: $1.visible) }
    if count > mostDisguised { notes.note(.lettersDisguised, "\(count) words") }
  }

  /// Letters that somebody may turn who shows what that does.
  private static let mostTurned = 3

  private static func judgeDirection(_ views: MessageViews, _ notes: inout ContentNotes) {
    for name in ["Subject", "From"] where views.header(name).contains(where: { isTurned($0.text) }) {
      notes.note(.lettersReversed, name)
    }
    let count = views.texts.reduce(0) { $0 + $1.turned }
    if count > mostTurned { notes.note(.lettersReversed, "\(count) letters") }
  }

  private static func isTurned(_ text: String) -> Bool { BidiOverride.read(text).turned > 1 }

  // MARK: - Parts

  private static func judge(_ tree: MIMETree, isWhole: Bool, _ notes: inout ContentNotes) {
    for fault in tree.faults where !fault.isEudoras {
      guard let code = code(of: fault, isWhole: isWhole && !tree.isCut),
        code == .mimeExcessive || !tree.isWithinMessage(fault.part)
      else { continue }
      let evidence = fault.evidence.isEmpty ? "" : " \(fault.evidence)"
      notes.note(code, fault.kind.rawValue + evidence)
    }
  }

  /// What is not in the message, or not whole.
  private static func judgeAbsent(_ tree: MIMETree, _ notes: inout ContentNotes) {
    for part in tree.parts where part.type.type == "message" && !tree.isWithinMessage(part.index) {
      switch part.type.subtype {
      case "partial":
        let words = ["number", "total"].compactMap { part.type[$0]?.text }
        notes.note(.mimePartial, words.joined(separator: " of "))
      case "external-body": notes.note(.mimeExternalBody, part.type["access-type"]?.text ?? "")
      default: break
      }
    }
  }

  /// nil for what means nothing, or is told otherwise.
  private static func code(of fault: MIMEFault, isWhole: Bool) -> ReasonCode? {
    switch fault.kind {
    case .duplicateField:
      let name = fault.evidence.lowercasedASCII
      return fault.part > 0 || name.hasPrefix("content-") || name == "mime-version" ? .mimeAmbiguous : nil
    case .conflictingType, .conflictingEncoding, .encodedMultipart, .nestedBoundary, .conflictingName,
      .boundaryAfterEnd, .longName:
      return .mimeAmbiguous
    // What was not read may be the boundary that is missed, or the end of what was begun.
    case .unclosedMultipart, .missingHeaderEnd, .missingBoundary, .malformedBase64, .malformedQuotedPrintable,
      .malformedUuencode:
      return isWhole ? .mimeBroken : nil
    case .unknownEncoding, .malformedType, .malformedParameter, .malformedHeaderLine, .bareCarriageReturn,
      .spaceBeforeColon:
      return .mimeBroken
    case .tooManyParts, .tooDeep, .longHeader: return .mimeExcessive
    case .nul: return .messageNUL
    case .bareLineFeed, .eightBitHeader, .longLine: return nil
    }
  }
}

extension Charset {
  /// Whether each octet is a character by itself.
  fileprivate var isOfOneOctet: Bool {
    !["UTF", "GB", "Big5", "Shift_JIS", "EUC", "ISO-2022", "HZ"].contains(where: name.hasPrefix)
  }
}

extension MIMETree {
  /// Whether a part lies in a message that this one brings along: a bounce quotes what was broken elsewhere.
  fileprivate func isWithinMessage(_ part: Int) -> Bool {
    var index = parts.indices.contains(part) ? parts[part].parent : nil
    while let place = index, parts.indices.contains(place) {
      if parts[place].type.type == "message" { return true }
      index = parts[place].parent
    }
    return false
  }
}

extension MIMEFault {
  /// Boundaries of Eudora, each the outer one with `.REL` or `.ALT` behind it, in good faith.
  fileprivate var isEudoras: Bool {
    kind == .nestedBoundary && (evidence.hasSuffix("==_.REL") || evidence.hasSuffix("==_.ALT"))
  }
}

extension ArraySlice<UInt8> {
  fileprivate var containsEncodedWord: Bool {
    zip(self, dropFirst()).contains { $0 == UInt8(ascii: "=") && $1 == UInt8(ascii: "?") }
  }
}
