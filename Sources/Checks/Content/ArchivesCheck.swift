internal import Bytes
public import Filtering
internal import MessageViews
internal import SMTPProtocol
public import Settings

/// What is in the archives and disk images that a message brings.
struct ArchivesCheck: Check {
  static let name = "archives"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .archiveBlocked: Weight(0, .reject), .archiveExecutable: Weight(6), .archiveScript: Weight(5),
    .archiveMacros: Weight(2), .archiveEncrypted: Weight(2), .archiveBomb: Weight(6),
    .archiveNested: Weight(3),
    .archiveDamaged: Weight(1), .archiveNameTrick: Weight(4), .archiveUnavailable: Weight(0),
  ]
  static let leftToScore: Set<ReasonCode> = [.archiveDamaged]
  static let reasons = AttachmentReasons.archives

  private let inspector: (any FileInspector)?
  private let blocked: BlockedFiles

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    inspector = materials.files
    blocked = BlockedFiles(&keys)
    _ = Self.limits(&keys)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard let inspector else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { [blocked] facts, _ in
          let views = await facts.views()
          let attachments = views.attachments
          var found = FileFindings()
          if !views.omittedParts.isEmpty { found.add(.archiveUnavailable, "unseen=\(views.omittedParts)") }
          guard !attachments.isEmpty else { return found.findings }
          let inspections = await AttachmentsCheck.inspections(facts, inspector)
          for (attachment, inspection) in zip(attachments, inspections) {
            let name = attachment.name.isEmpty ? attachment.type : attachment.name
            if inspection.isArchive {
              ArchiveJudgement(FileFindings.shown(name), inspection, blocked).judge(into: &found)
            } else if FileFamily.isUnknownArchive(attachment, inspection) {
              found.add(.archiveUnavailable, FileFindings.shown(name))
            }
          }
          return found.findings
        }))
  }

  /// The bounds of looking into files, as the keys say.
  static func limits(_ keys: inout CheckKeys) -> InspectionLimits {
    var limits = InspectionLimits()
    limits.entries = keys.count("entries", in: 1...100_000, default: limits.entries)
    limits.depth = keys.count("depth", in: 1...20, default: limits.depth)
    limits.ratio = keys.count("ratio", in: 10...100_000, default: limits.ratio)
    limits.unpacked = keys.size("unpacked", in: 1 << 20...4 << 30, default: limits.unpacked)
    limits.inner = min(limits.unpacked, keys.size("inner", in: 64 << 10...1 << 30, default: limits.inner))
    limits.time = keys.duration("time", in: .milliseconds(10)...(.seconds(60)), default: limits.time)
    return limits
  }
}

extension Catalogue {
  /// The bounds of looking into files, as `[checks.archives]` says; what is wrong with them the check reports.
  public static func inspectionLimits(_ settings: Settings) -> InspectionLimits {
    var keys = settings.checks["archives"]?.keys ?? .none
    return ArchivesCheck.limits(&keys)
  }
}

/// What one archive is found to hold.
struct ArchiveJudgement {
  private let shown: String
  private let inspection: FileInspection
  private let blocked: BlockedFiles

  init(_ shown: String, _ inspection: FileInspection, _ blocked: BlockedFiles) {
    self.shown = shown
    self.inspection = inspection
    self.blocked = blocked
  }

  func judge(into found: inout FileFindings) {
    for entry in inspection.entries { judge(entry, &found) }
    judgeFaults(&found)
    if inspection.isEncrypted {
      let count = inspection.entries.count { $0.isEncrypted }
      found.add(
        .archiveEncrypted, count == 0 ? shown : "\(shown) \(count) of \(inspection.entries.count)")
    }
  }

  private func judge(_ entry: FileInspection.Entry, _ found: inout FileFindings) {
    let name = FileName(entry.path, isPath: true)
    let path = "\(shown)/\(FileFindings.shown(entry.path))"
    if let pattern = blocked.pattern(ofName: name) {
      found.add(.archiveBlocked, "\(path) block_names=\(pattern)")
    } else if let pattern = blocked.pattern(ofType: entry.type) {
      found.add(.archiveBlocked, "\(path) block_types=\(pattern)")
    }
    let kind = name.kind
    if entry.isExecutable || kind == .executable {
      found.add(.archiveExecutable, path)
    } else if kind == .script || kind == .shortcut || FileFamily.scripts.contains(entry.type)
      || FileFamily.shortcuts.contains(entry.type)
    {
      found.add(.archiveScript, path)
    }
    if entry.hasMacros || kind == .macros { found.add(.archiveMacros, path) }
    if !name.tricks.isEmpty || name.doubleExtension != nil {
      let tricks = name.tricks.map(\.rawValue).sorted() + (name.doubleExtension == nil ? [] : ["double"])
      found.add(.archiveNameTrick, "\(path) \(tricks.joined(separator: "+"))")
    }
  }

  private func judgeFaults(_ found: inout FileFindings) {
    let faults = inspection.faults
    if faults.contains(.bomb) { found.add(.archiveBomb, shown) }
    if faults.contains(.tooManyEntries) { found.add(.archiveBomb, "\(shown) entries") }
    if faults.contains(.tooDeep) { found.add(.archiveNested, shown) }
    if faults.contains(.damaged) { found.add(.archiveDamaged, shown) }
    if faults.contains(.ambiguous) { found.add(.archiveNameTrick, "\(shown) two lists of names") }
    if faults.contains(.unread) { found.add(.archiveUnavailable, shown) }
  }
}
