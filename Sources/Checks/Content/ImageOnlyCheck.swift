internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let imageOnly: ReasonCode = "IMAGE_ONLY"
}

/// A message whose text is a picture: images that are fetched or lead somewhere, and next to no text. A photo that
/// somebody sends without a word is left alone.
struct ImageOnlyCheck: Check {
  static let name = "image_only"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .imageOnly, 1, reply: "Message is a picture instead of a text",
      cause: "HTML of images that are fetched or are links, with next to no text beside them.",
      remedy: "checks.image_only.text says how many characters are a text.")
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
        work: .awaited { facts, _ in findings(await facts.views()) }))
  }

  private func findings(_ views: MessageViews) -> [Finding] {
    // What was not read may be text.
    guard views.isWhole else { return [] }
    var images = 0
    var remote = 0
    var most = 0
    for view in views.texts {
      if let html = view.html {
        if html.isCut { return [] }
        images += html.images
        remote += html.remoteImages
        most = max(most, html.visibleCount)
      } else {
        most = max(most, view.visible.unicodeScalars.prefix(100_000).count { !$0.properties.isWhitespace })
      }
    }
    guard images > 0, most < text, remote > 0 || views.links.contains(where: { $0.place == .anchor }) else {
      return []
    }
    var notes = ContentNotes()
    notes.note(.imageOnly, "\(images) images, \(most) characters")
    return notes.findings(Self.rows)
  }
}
