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
    .attachmentShortcut: Weight(5), .attachmentDiskImage: Weight(3), .attachmentMacros: Weight(3),
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
          let attachments = await facts.views().attachments
          guard !attachments.isEmpty else { return [] }
          let inspections = await Self.inspections(facts, inspector)
          var found = FileFindings()
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
      var inspections: [FileInspection] = []
      var slow = 0
      for attachment in views.attachments {
        guard inspections.count < mostInspected, slow < 3 else {
          var none = FileInspection()
          none.faults = [.unread]
          inspections.append(none)
          continue
        }
        let octets = views.content(of: attachment, most: mostOctets)
        let isWhole = octets.count < mostOctets && (views.isWhole || attachment.size <= octets.count)
        let inspection = await inspector.inspect(octets, name: attachment.name, isWhole: isWhole)
        // Bound: files that take all the time that one may have are not to come by the dozen.
        if inspection.faults.contains(.unread) { slow += 1 }
        inspections.append(inspection)
      }
      return inspections
    }
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
