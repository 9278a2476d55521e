internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let hiddenText: ReasonCode = "HIDDEN_TEXT"
  static let zeroFont: ReasonCode = "ZERO_FONT"
  static let invisibleCharacters: ReasonCode = "INVISIBLE_CHARACTERS"
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
      remedy: "checks.hidden_text.preview says how long a piece may be that is no trick."),
    ContentCode(
      .zeroFont, 2, reply: "Message has text of no size between its letters",
      cause: "Pieces of text without size stand between what is seen, again and again."),
    ContentCode(
      .invisibleCharacters, 2, reply: "Message has invisible characters within its words",
      cause:
        "Characters that show nothing stand between the letters of words: in Subject, or again and again."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Pieces of no size among what is seen that nobody has by accident.
  private static let mostPieces = 4
  /// Words with invisible characters in them that somebody may have by accident (copied from a page).
  private static let mostWords = 2

  /// Characters of one piece that are a preview.
  private let preview: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    preview = keys.count("preview", in: 0...10_000, default: 400)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in
          let views = await facts.views()
          var notes = ContentNotes()
          for text in views.texts {
            if let html = text.html { judge(html, seen: text.visible, &notes) }
          }
          Self.judgeWords(
            subject: views.header("Subject").first?.text ?? "", views.texts.map(\.visible), &notes)
          return notes.findings(Self.rows)
        }))
  }

  private func judge(_ html: HTMLView, seen: String, _ notes: inout ContentNotes) {
    var hidden = 0
    var kinds: [HTMLView.Hidden.Reason] = []
    var sizeless = 0
    for piece in html.hidden where piece.reason != .comment {
      let count = piece.text.unicodeScalars.count { !$0.properties.isWhitespace }
      switch piece.reason {
      case .zeroFont, .tinyFont, .zeroSize, .sameColour, .zeroOpacity:
        // Letters, not the dots and strokes that hold a layout apart.
        if count <= 40, piece.text.contains(where: { $0.isLetter || $0.isNumber }) { sizeless += 1 }
      case .displayNone, .visibilityHidden, .offScreen, .comment: break
      }
      guard count > preview, !Self.repeats(piece.text, seen) else { continue }
      hidden += count
      if !kinds.contains(piece.reason) { kinds.append(piece.reason) }
    }
    if hidden > html.visibleCount {
      let reasons = kinds.map(\.rawValue).joined(separator: ", ")
      notes.note(.hiddenText, "\(hidden) characters of \(hidden + html.visibleCount): \(reasons)")
    }
    if sizeless > Self.mostPieces {
      let example = html.hidden.first { $0.reason != .comment }?.text ?? ""
      notes.note(.zeroFont, "\(sizeless) pieces, such as “\(example.prefix(20))”")
    }
  }

  /// Whether what is hidden is what is seen, in a form for another screen: most of its words are there.
  private static func repeats(_ hidden: String, _ seen: String) -> Bool {
    let shown = Set(words(seen, most: 5000))
    let own = words(hidden, most: 500)
    guard !own.isEmpty else { return true }
    return 10 * own.count(where: shown.contains) >= 7 * own.count
  }

  private static func words(_ text: String, most: Int) -> [String] {
    text.unicodeScalars.split(maxSplits: most) {
      !$0.properties.isAlphabetic && $0.properties.numericType == nil
    }.prefix(most).map { String($0) }
  }

  private static func judgeWords(subject: String, _ texts: [String], _ notes: inout ContentNotes) {
    if InvisibleCharacters.words(in: subject) > 0 { notes.note(.invisibleCharacters, "Subject") }
    let count = texts.reduce(0) { $0 + InvisibleCharacters.words(in: $1) }
    if count > mostWords { notes.note(.invisibleCharacters, "\(count) words") }
  }
}

/// Characters that show nothing, between letters that nobody puts them between.
enum InvisibleCharacters {
  /// How many words of a text are cut apart by them.
  ///
  /// Joiners shape the letters of Arabic and India, and zero-width spaces part the words of Thai and Khmer: only letters
  /// of Latin, Greek, Cyrillic and ideographs are looked at. A soft hyphen is one where it leaves a letter alone:
  /// no syllable is.
  static func words(in text: String) -> Int {
    // Nearly every text is without them.
    guard text.utf8.contains(where: { $0 >= 0xc2 }) else { return 0 }
    var words = 0
    var word = Word()
    for scalar in text.unicodeScalars {
      if let kind = kind(scalar) {
        word.add(kind)
      } else if isPlainLetter(scalar) {
        word.addLetter()
      } else {
        words += word.isCut ? 1 : 0
        word = Word()
      }
    }
    return words + (word.isCut ? 1 : 0)
  }

  /// What was seen of a word so far.
  private struct Word {
    private var hasLetter = false
    /// Letters since the last invisible character.
    private var letters = 0
    private var isPending = false
    private var hasCut = false
    /// Letters that a soft hyphen leaves alone.
    private var lone = 0

    var isCut: Bool { hasCut || lone > 1 }

    mutating func addLetter() {
      hasCut = hasCut || isPending
      isPending = false
      hasLetter = true
      letters += 1
    }

    mutating func add(_ kind: Kind) {
      guard hasLetter else { return }
      switch kind {
      case .plain: isPending = true
      case .soft: lone += letters == 1 ? 1 : 0
      }
      letters = 0
    }
  }

  private enum Kind { case plain, soft }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind? {
    switch scalar.value {
    case 0xad: .soft
    case 0x34f, 0x61c, 0x180e, 0x200b...0x200f, 0x202a...0x202e, 0x2060...0x206f, 0xfeff, 0xe0000...0xe007f:
      .plain
    default: nil
    }
  }

  private static func isPlainLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5a, 0x61...0x7a: true
    case 0xc0...0x24f, 0x370...0x52f, 0x1e00...0x1fff, 0x3400...0x9fff: scalar.properties.isAlphabetic
    default: false
    }
  }
}
