internal import Filtering
internal import MessageViews

/// Mails that lie somewhere as files: what is attached to them, mails in mails among it.
extension FileExamination {
  /// Whether mail clients and browsers open such a file as a message.
  static func isMail(_ name: FileName) -> Bool {
    name.extensions.first.map { ["eml", "emltpl", "nws", "mht", "mhtml"].contains($0) } == true
  }

  mutating func lookIntoMail(
    _ octets: ArraySlice<UInt8>, path: String, depth: Int, isWhole: Bool, _ piece: inout Piece
  ) {
    let mail = MessageViews(Array(octets), isWhole: isWhole)
    let attachments = mail.attachments
    guard !attachments.isEmpty || mail.tree.isCut else { return }
    piece.isArchive = true
    if !mail.omittedParts.isEmpty { fault(.unread) }
    var (part, embedded): (Int, [[UInt8]]) = (-1, [])
    for attachment in attachments {
      guard budget.count(entry: attachment.size) else { return fault(.tooManyEntries) }
      guard !budget.isBomb else { return fault(.bomb) }
      guard !budget.isSpent() else { return fault(.unread) }
      var content: [UInt8] = []
      if let place = attachment.embedded {
        if part != attachment.part {
          (part, embedded) = (attachment.part, mail.embeddedContents(of: attachment.part))
        }
        content = embedded.indices.contains(place) ? embedded[place] : []
      } else if attachment.role != .container {
        content = mail.content(of: attachment.part, most: budget.limits.inner)
      }
      budget.count(unpacked: content.count)
      let isAll = mail.isWhole(attachment.part) && content.count < budget.limits.inner
      if !isAll { fault(.unread) }
      look(into: attachment, content, path: path, depth: depth, isWhole: isAll)
    }
  }

  private mutating func look(
    into attachment: AttachmentView, _ content: [UInt8], path: String, depth: Int, isWhole: Bool
  ) {
    let names = ([attachment.name] + attachment.otherNames).map { path + Self.entryName($0, attachment.part) }
    let place = result.entries.count
    for name in names {
      add(FileInspection.Entry(path: name, size: content.count, isEncrypted: false, type: ""))
    }
    guard attachment.role != .container else { return }
    guard depth < budget.limits.depth else { return fault(.tooDeep) }
    // A message that is one here has its own attachments among these.
    let inner = attachment.isMessage ? "" : FileName(attachment.name).text
    let found = look(
      at: content[...], name: inner, path: (names.first ?? path) + "/", depth: depth + 1, isWhole: isWhole)
    for (offset, name) in names.enumerated() {
      replace(
        place + offset,
        FileInspection.Entry(
          path: name, size: content.count, isEncrypted: found.isEncrypted, type: found.type,
          isExecutable: found.isExecutable, hasMacros: found.hasMacros))
    }
  }

  /// Slashes part no folders here, and what ends in one has a name all the same.
  private static func entryName(_ name: String, _ part: Int) -> String {
    let name = FileName(name).tricks.contains(.hiddenEnd) ? FileName(name).text : name
    return name.isEmpty ? "part \(part)" : name
  }
}
