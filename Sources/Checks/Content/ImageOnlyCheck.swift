internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let imageOnly: ReasonCode = "IMAGE_ONLY"
}

/// A message whose text is a picture: images that are fetched or lead somewhere, and next to no text. A photo that
/// somebody sends without a word is left alone, and so are a document and an answer.
struct ImageOnlyCheck: Check {
  static let name = "image_only"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .imageOnly, 1, reply: "Message is a picture instead of a text",
      cause: "HTML of images that are fetched or are links, with next to no text beside them.",
      remedy: "checks.image_only.text says how many characters are a text (ideographs count as two).")
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Characters, white space not counted, that are a text.
  private let text: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    text = keys.count("text", in: 0...10_000, default: 60)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in findings(facts, await facts.views()) }))
  }

  private func findings(_ facts: MessageFacts, _ views: MessageViews) -> [Finding] {
    // What was not read may be text.
    guard views.isAllSeen, !Self.isAnswer(facts) else { return [] }
    var images = 0
    var remote = 0
    var characters = 0
    for view in views.texts {
      if Self.isCut(view, views.limits.text) { return [] }
      images += view.html?.images ?? 0
      remote += view.html?.remoteImages ?? 0
      characters = max(characters, size(view.visible))
    }
    guard images > 0, characters < text, remote > 0 || views.links.contains(where: { $0.place == .anchor }),
      // With a document beside it, that is the message.
      !views.attachments.contains(where: { $0.role == .file && !$0.type.hasPrefix("image/") })
    else { return [] }
    var notes = ContentNotes()
    notes.note(.imageOnly, "\(images) images, \(characters) characters")
    return notes.findings(Self.rows)
  }

  /// A word of thanks above a signature with a logo.
  private static func isAnswer(_ facts: MessageFacts) -> Bool {
    facts.header.contains("In-Reply-To") || facts.header.contains("References")
  }

  private static func isCut(_ view: TextView, _ most: Int) -> Bool {
    view.html?.isCut ?? (view.decoded.text.utf8.count >= most / 2)
  }

  /// The characters of a text that are no white space, ideographs and syllables of Korean as two: no more of them are
  /// counted than make a text.
  private func size(_ visible: String) -> Int {
    var size = 0
    for scalar in visible.unicodeScalars where !scalar.isWhitespace {
      switch scalar.value {
      case 0x3400...0x9fff, 0xac00...0xd7a3, 0x20000...0x3ffff: size += 2
      default: size += 1
      }
      if size >= text { break }
    }
    return size
  }
}
