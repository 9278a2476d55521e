internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let languageUnwanted: ReasonCode = "LANGUAGE_UNWANTED"
}

/// The language of a text, as far as it is cheap to tell: by its letters (Chinese, Japanese, Korean, those of Cyrillic,
/// Arabic, …), in Latin ones by the words that stand in every sentence. Nothing unless `unwanted` or `wanted` names
/// some.
struct LanguageCheck: Check {
  static let name = "language"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .languageUnwanted, 2, reply: "Message is in a language that is not read here",
      cause:
        "Much of the text is in a language of checks.language.unwanted, or in one that checks.language.wanted does not have.",
      remedy: "checks.language.share says how much is much.")
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Letters that a text has at least.
  private static let fewest = 20

  private let unwanted: Set<String>
  /// Where it is not empty, all others are unwanted.
  private let wanted: Set<String>
  /// Of the letters, in hundredths.
  private let share: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    unwanted = Self.languages("unwanted", &keys)
    wanted = Self.languages("wanted", &keys)
    share = keys.count("share", in: 1...100, default: 30)
  }

  private static func languages(_ key: String, _ keys: inout CheckKeys) -> Set<String> {
    let words = keys.strings(key, default: []).map(\.lowercasedASCII)
    let known = TextLetters.languages + LatinWords.languages
    for (index, word) in words.enumerated() where !known.contains(word) {
      keys.report(
        key, element: index,
        "\"\(word.printable(limit: 40))\" is not told; these are: \(known.joined(separator: ", "))")
    }
    return Set(words)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard !unwanted.isEmpty || !wanted.isEmpty else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in await facts.views().judged { findings($0.text) } }))
  }

  private func findings(_ text: String) -> [Finding] {
    let letters = TextLetters(text)
    guard letters.total >= Self.fewest else { return [] }
    var notes = ContentNotes()
    for (language, count) in letters.counts
    where isUnwanted(language) && 100 * count >= share * letters.total {
      notes.note(.languageUnwanted, "\(language): \(100 * count / letters.total) of 100 letters")
    }
    let latin = letters.latin
    if 100 * latin >= share * letters.total, let language = LatinWords.language(of: text),
      isUnwanted(language)
    {
      notes.note(.languageUnwanted, "\(language): \(100 * latin / letters.total) of 100 letters")
    }
    return notes.findings(Self.rows)
  }

  private func isUnwanted(_ language: String) -> Bool {
    if unwanted.contains(language) { return true }
    guard !wanted.isEmpty else { return false }
    // Letters that two languages have speak for either.
    return !(wanted.contains(language) || language == "ru" && wanted.contains("uk"))
  }
}
