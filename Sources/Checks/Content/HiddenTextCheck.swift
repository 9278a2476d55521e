internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let hiddenText: ReasonCode = "HIDDEN_TEXT"
  static let zeroFont: ReasonCode = "ZERO_FONT"
  static let invisibleCharacters: ReasonCode = "INVISIBLE_CHARACTERS"
  static let alternativeDiffers: ReasonCode = "ALTERNATIVE_DIFFERS"
}

/// Text that filters read and nobody sees: hidden by style, of no size, or cut apart by characters that show nothing.
///
/// Newsletters hide a line that mailboxes show beside the subject, and a second form of themselves for small screens:
/// both are left alone.
struct HiddenTextCheck: Check {
  static let name = "hidden_text"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .hiddenText, 1.5, reply: "Message hides text from its reader",
      cause:
        "HTML hides more text than it shows: in the colour of its ground, off the screen, or not displayed at all.",
      remedy: "checks.hidden_text.preview says how much may be hidden that is no trick."),
    ContentCode(
      .zeroFont, 2, reply: "Message has text of no size between its letters",
      cause: "Pieces of text without size stand between what is seen, again and again."),
    ContentCode(
      .invisibleCharacters, 2, reply: "Message has invisible characters within its words",
      cause:
        "Characters that show nothing stand between the letters of words: in Subject, or again and again."
    ),
    ContentCode(
      .alternativeDiffers, 1, reply: "Message says one thing as text and another as HTML",
      cause:
        "A long plain text has next to nothing in common with the HTML that is shown in its place: it is there for filters."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Pieces of no size among what is seen that nobody has by accident.
  private static let mostPieces = 4
  /// Words with invisible characters in them that somebody may have by accident (copied from a page).
  private static let mostWords = 4

  /// Letters that are hidden and are a preview.
  private let preview: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    preview = keys.count("preview", in: 0...10_000, default: 400)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in await facts.views().judged { findings($0) } }))
  }

  private func findings(_ views: MessageViews) -> [Finding] {
    var notes = ContentNotes()
    for text in views.texts {
      if let html = text.html { judge(html, seen: text.visible, isWhole: views.isAllSeen, &notes) }
    }
    Self.judgeWords(
      subject: views.header("Subject").first?.text ?? "", views.texts.map(\.visible), &notes)
    // The other half of a text may stand where nobody looked.
    if views.isAllSeen, let why = AlternativeTexts.difference(views.tree, views.texts) {
      notes.note(.alternativeDiffers, why)
    }
    return notes.findings(Self.rows)
  }

  private func judge(_ html: HTMLView, seen: String, isWhole: Bool, _ notes: inout ContentNotes) {
    var pieces: [HTMLView.Hidden] = []
    var sizeless: [String] = []
    for piece in html.hidden {
      switch piece.reason {
      case .comment: continue
      case .zeroFont, .tinyFont, .zeroSize, .sameColour, .zeroOpacity:
        // Letters, not the dots and strokes that hold a layout apart.
        let count = Self.letters(piece.text)
        if count > 0, count <= 40 { sizeless.append(piece.text) }
      case .displayNone, .visibilityHidden, .offScreen: break
      }
      pieces.append(piece)
    }
    if sizeless.count > Self.mostPieces {
      notes.note(.zeroFont, "\(sizeless.count) pieces, such as “\(sizeless[0].prefix(20))”")
    }
    // More is hidden than is shown: what was not read may be shown.
    if isWhole, !html.isCut { judge(pieces, shown: html.visibleCount, seen: seen, &notes) }
  }

  private func judge(
    _ pieces: [HTMLView.Hidden], shown: Int, seen: String, _ notes: inout ContentNotes
  ) {
    // The letters alone: a preview is filled up with characters that show nothing.
    guard pieces.reduce(0, { $0 + Self.letters($1.text) }) > max(preview, shown) else { return }
    let known = Set(Self.words(seen, most: 5000))
    var hidden = 0
    var kinds: [HTMLView.Hidden.Reason] = []
    for piece in pieces where !Self.repeats(piece.text, known) {
      hidden += Self.letters(piece.text)
      if !kinds.contains(piece.reason) { kinds.append(piece.reason) }
    }
    guard hidden > max(preview, shown) else { return }
    let reasons = kinds.map(\.rawValue).joined(separator: ", ")
    notes.note(.hiddenText, "\(hidden) letters of \(hidden + shown): \(reasons)")
  }

  private static func letters(_ text: String) -> Int {
    text.unicodeScalars.count { $0.isLetterOrNumber }
  }

  /// Whether what is hidden is what is seen, in a form for another screen: most of its words are there.
  private static func repeats(_ hidden: String, _ shown: Set<String>) -> Bool {
    let own = words(hidden, most: 500)
    guard !own.isEmpty else { return true }
    return 10 * own.count(where: shown.contains) >= 7 * own.count
  }

  private static func words(_ text: String, most: Int) -> [String] {
    text.unicodeScalars.split(maxSplits: most) {
      !$0.isLetterOrNumber
    }.prefix(most).map { String($0) }
  }

  private static func judgeWords(subject: String, _ texts: [String], _ notes: inout ContentNotes) {
    if InvisibleCharacters.words(in: subject) > 0 { notes.note(.invisibleCharacters, "Subject") }
    let count = texts.reduce(0) { $0 + InvisibleCharacters.words(in: $1) }
    if count > mostWords { notes.note(.invisibleCharacters, "\(count) words") }
  }
}
