internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol
internal import Settings

/// The files in a message: by their names, and by what they are.
struct AttachmentsCheck: Check {
  static let name = "attachments"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .attachmentBlocked: Weight(0, .reject), .attachmentExecutable: Weight(8), .attachmentScript: Weight(6),
    // A bookmark that somebody dragged into a letter is no more than a link: good mail has them, and alone it does not tag.
    .attachmentShortcut: Weight(5), .attachmentWebShortcut: Weight(2), .attachmentDiskImage: Weight(3),
    .attachmentMacros: Weight(3),
    .attachmentActive: Weight(2), .attachmentEncrypted: Weight(0.5), .attachmentTypeMismatch: Weight(3),
    .attachmentDoubleExtension: Weight(4), .attachmentNameTrick: Weight(4), .attachmentUnavailable: Weight(0),
  ]
  static let leftToScore: Set<ReasonCode> = [.attachmentEncrypted, .attachmentActive]
  static let reasons = AttachmentReasons.all

  /// Files of one message that are looked into; the others are told by their names.
  static let mostInspected = 32
  /// Octets of a file that are looked at.
  static let mostOctets = 32 << 20

  private let inspector: (any FileInspector)?
  private let blocked: BlockedFiles

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    inspector = materials.files
    blocked = BlockedFiles(&keys)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { [inspector, blocked] facts, _ in
          let views = await facts.views()
          let attachments = views.attachments
          var found = FileFindings()
          if !views.omittedParts.isEmpty {
            found.add(.attachmentUnavailable, "unseen=\(views.omittedParts)")
          }
          guard !attachments.isEmpty else { return found.findings }
          let inspections = await Self.inspections(facts, inspector)
          for (index, attachment) in attachments.enumerated() {
            let inspection = index < inspections.count ? inspections[index] : FileInspection()
            AttachmentJudgement(attachment, inspection, blocked).judge(into: &found)
          }
          return found.findings
        }))
  }

  /// What the attachments of a message are, in the order of `MessageViews.attachments`; found out once.
  static func inspections(_ facts: MessageFacts, _ inspector: (any FileInspector)?) async -> [FileInspection]
  {
    guard let inspector else { return [] }
    return await facts.evidence.files.value {
      let views = await facts.views()
      let attachments = views.attachments
      let inspected = attachments.prefix(mostInspected)
      var unread = FileInspection()
      unread.faults = [.unread]
      // One is decoded at a time; of those that stand together in a part all are.
      let largest = inspected.map(\.size).max() ?? 0
      let embedded = inspected.reduce(0) { $1.embedded == nil ? $0 : $0 + $1.size }
      let isGranted = facts.message.reserveMemory(min(largest, mostOctets) + embedded)
      var contents = AttachmentContents(views)
      var inspections: [FileInspection] = []
      var slow = 0
      for attachment in attachments {
        // What lies in the parts that it holds is looked into there.
        if attachment.role == .container {
          var holder = FileInspection()
          holder.type = attachment.type
          inspections.append(holder)
          continue
        }
        guard isGranted, inspections.count < inspected.count, slow < 3 else {
          inspections.append(unread)
          continue
        }
        let octets = await contents.octets(of: attachment, most: mostOctets)
        let isWhole = octets.count < mostOctets && views.isWhole(attachment.part)
        // What is attached to a message that is one here is among these; its name would have it looked into again.
        let name = attachment.isMessage ? "" : attachment.name
        let inspection = await inspector.inspect(octets, name: name, isWhole: isWhole)
        // Bound: files that take all the time that one may have are not to come by the dozen.
        if inspection.faults.contains(.unread) { slow += 1 }
        inspections.append(inspection)
      }
      return inspections
    }
  }
}

/// The octets of attachments, one after another; large ones are decoded away from the event loop.
private struct AttachmentContents {
  private let views: MessageViews
  /// The part whose files were decoded last: all at once, since they stand behind one another.
  private var part = -1
  private var embedded: [[UInt8]] = []

  init(_ views: MessageViews) { self.views = views }

  mutating func octets(of attachment: AttachmentView, most: Int) async -> [UInt8] {
    guard let place = attachment.embedded else {
      return attachment.size > 64 << 10
        ? await Self.decoded(views, attachment.part, most: most)
        : views.content(of: attachment.part, most: most)
    }
    if part != attachment.part {
      part = attachment.part
      embedded = await Self.embedded(views, part)
    }
    return embedded.indices.contains(place) ? Array(embedded[place].prefix(most)) : []
  }

  @concurrent private static func decoded(_ views: MessageViews, _ part: Int, most: Int) async -> [UInt8] {
    views.content(of: part, most: most)
  }

  @concurrent private static func embedded(_ views: MessageViews, _ part: Int) async -> [[UInt8]] {
    views.embeddedContents(of: part)
  }
}

/// What is found about the files of a message: each code once, with the files that it is about.
struct FileFindings {
  private var order: [ReasonCode] = []
  private var evidence: [ReasonCode: [String]] = [:]

  /// At most three files are named; the count says how many more there are.
  var findings: [Finding] {
    order.map { code in
      let all = evidence[code] ?? []
      let shown = all.prefix(3).joined(separator: ",")
      return Finding(code, evidence: all.count > 3 ? "\(shown) and \(all.count - 3) more" : shown)
    }
  }

  mutating func add(_ code: ReasonCode, _ text: String) {
    if evidence[code] == nil { order.append(code) }
    // Bound: an archive may hold thousands.
    guard evidence[code, default: []].count < 1000 else { return }
    evidence[code, default: []].append(text)
  }

  /// A name as it is shown in findings: what would break the log's form is replaced.
  static func shown(_ name: String) -> String {
    let text = name.printable(limit: 80)
    return String(text.map { ";,()".contains($0) ? "_" : $0 })
  }
}
