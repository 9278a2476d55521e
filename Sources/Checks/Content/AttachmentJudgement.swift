internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol

/// What one file of a message is found to be.
struct AttachmentJudgement {
  private let attachment: AttachmentView
  private let inspection: FileInspection
  private let blocked: BlockedFiles
  private let names: [FileName]
  private let shown: String

  init(_ attachment: AttachmentView, _ inspection: FileInspection, _ blocked: BlockedFiles) {
    self.attachment = attachment
    self.inspection = inspection
    self.blocked = blocked
    names = ([attachment.name] + attachment.otherNames).filter { !$0.isEmpty }.map { FileName($0) }
    shown = attachment.name.isEmpty ? attachment.type : FileFindings.shown(attachment.name)
  }

  func judge(into found: inout FileFindings) {
    judgeBlocked(&found)
    judgeKind(&found)
    judgeContent(&found)
    judgeName(&found)
    if let mismatch = FileFamily.mismatch(names.first, declared: attachment.type, inspection) {
      found.add(.attachmentTypeMismatch, "\(shown) is \(mismatch)")
    }
    if inspection.faults.contains(.unread), !inspection.isArchive { found.add(.attachmentUnavailable, shown) }
  }

  private func judgeBlocked(_ found: inout FileFindings) {
    if let pattern = names.lazy.compactMap({ blocked.pattern(ofName: $0) }).first {
      found.add(.attachmentBlocked, "\(shown) block_names=\(pattern)")
    } else if let pattern = blocked.pattern(ofType: inspection.type)
      ?? blocked.pattern(ofType: attachment.type)
    {
      found.add(.attachmentBlocked, "\(shown) block_types=\(pattern)")
    }
  }

  /// One of these at most: the worst.
  private func judgeKind(_ found: inout FileFindings) {
    let kinds = names.compactMap { name in
      name.kind.flatMap { FileFamily.isBelied(name, by: inspection) ? nil : $0 }
    }
    if inspection.isExecutable || kinds.contains(.executable) {
      found.add(.attachmentExecutable, shown)
    } else if FileFamily.scripts.contains(inspection.type) || kinds.contains(.script) {
      found.add(.attachmentScript, shown)
    } else if inspection.type == FileFamily.webShortcut {
      found.add(.attachmentWebShortcut, shown)
    } else if FileFamily.shortcuts.contains(inspection.type) || kinds.contains(.shortcut) {
      found.add(.attachmentShortcut, shown)
    } else if FileFamily.diskImages.contains(inspection.type) || kinds.contains(.diskImage) {
      found.add(.attachmentDiskImage, shown)
    }
    if inspection.hasMacros || kinds.contains(.macros) { found.add(.attachmentMacros, shown) }
  }

  private func judgeContent(_ found: inout FileFindings) {
    let active: [FileInspection.Trait] = [.javaScript, .launch, .externalContent, .embeddedObject]
    // A file within a PDF document is an attachment of its own, and most are bills that machines read.
    let traits = active.filter {
      inspection.traits.contains($0) && !($0 == .embeddedObject && inspection.type == "application/pdf")
    }
    // What is in an archive is not what the file does; a document is one still where an archive stands behind it.
    let isArchive = inspection.isArchive && !["application/pdf", "text/rtf"].contains(inspection.type)
    if !traits.isEmpty, !isArchive {
      found.add(.attachmentActive, "\(shown) \(traits.map(\.rawValue).joined(separator: "+"))")
    }
    if inspection.isEncrypted, !isArchive { found.add(.attachmentEncrypted, shown) }
  }

  private func judgeName(_ found: inout FileFindings) {
    if let double = names.lazy.compactMap(\.doubleExtension).first {
      found.add(.attachmentDoubleExtension, "\(shown) ends in \(FileFindings.shown(double))")
    }
    let tricks = Set(names.flatMap(\.tricks)).map(\.rawValue).sorted()
    if !tricks.isEmpty { found.add(.attachmentNameTrick, "\(shown) \(tricks.joined(separator: "+"))") }
  }
}
