internal import SMTPProtocol

extension ReasonCode {
  static let attachmentBlocked: ReasonCode = "ATTACHMENT_BLOCKED"
  static let attachmentExecutable: ReasonCode = "ATTACHMENT_EXECUTABLE"
  static let attachmentScript: ReasonCode = "ATTACHMENT_SCRIPT"
  static let attachmentShortcut: ReasonCode = "ATTACHMENT_SHORTCUT"
  static let attachmentWebShortcut: ReasonCode = "ATTACHMENT_WEB_SHORTCUT"
  static let attachmentDiskImage: ReasonCode = "ATTACHMENT_DISK_IMAGE"
  static let attachmentMacros: ReasonCode = "ATTACHMENT_MACROS"
  static let attachmentActive: ReasonCode = "ATTACHMENT_ACTIVE"
  static let attachmentEncrypted: ReasonCode = "ATTACHMENT_ENCRYPTED"
  static let attachmentTypeMismatch: ReasonCode = "ATTACHMENT_TYPE_MISMATCH"
  static let attachmentDoubleExtension: ReasonCode = "ATTACHMENT_DOUBLE_EXTENSION"
  static let attachmentNameTrick: ReasonCode = "ATTACHMENT_NAME_TRICK"
  static let attachmentUnavailable: ReasonCode = "ATTACHMENT_UNAVAILABLE"
  static let archiveBlocked: ReasonCode = "ARCHIVE_BLOCKED"
  static let archiveExecutable: ReasonCode = "ARCHIVE_EXECUTABLE"
  static let archiveScript: ReasonCode = "ARCHIVE_SCRIPT"
  static let archiveMacros: ReasonCode = "ARCHIVE_MACROS"
  static let archiveEncrypted: ReasonCode = "ARCHIVE_ENCRYPTED"
  static let archiveBomb: ReasonCode = "ARCHIVE_BOMB"
  static let archiveNested: ReasonCode = "ARCHIVE_NESTED"
  static let archiveDamaged: ReasonCode = "ARCHIVE_DAMAGED"
  static let archiveNameTrick: ReasonCode = "ARCHIVE_NAME_TRICK"
  static let archiveUnavailable: ReasonCode = "ARCHIVE_UNAVAILABLE"
}

/// What the checks of files say and do.
enum AttachmentReasons {
  /// How a sender gets past any of these.
  private static let link = "Send a link to the file, or ask the recipient for another way."

  private static func refusal(
    _ code: ReasonCode, _ text: String, cause: String, _ check: String, remedy: String = link
  ) -> Reason {
    Reason(
      code, Reply(550, 7, 1, "Refused: \(text)"), .refusal, cause: cause,
      effect: [.attachmentActive, .attachmentEncrypted, .archiveDamaged].contains(code)
        ? "It weighs." : "It weighs; with checks.\(check).action = \"reject\" the message is refused.",
      remedy: remedy)
  }

  private static func notice(_ code: ReasonCode, cause: String, remedy: String) -> Reason {
    Reason(code, nil, .notice, cause: cause, effect: "Nothing, unless it is given a weight.", remedy: remedy)
  }

  static let all: [Reason] = [
    Reason(
      .attachmentBlocked, Reply(550, 7, 1, "Refused: files of this kind are not taken here"), .refusal,
      cause:
        "The name or the type of an attachment meets checks.attachments.block_names or block_types; the evidence names the file and the pattern.",
      effect: "The message is refused.", remedy: "Take the pattern out, or make it narrower."),
    refusal(
      .attachmentExecutable, "a program is attached",
      cause: "An attachment is a program or an installer, by its octets or by its extension.", "attachments"),
    refusal(
      .attachmentScript, "a script is attached",
      cause:
        "An attachment is text that the system runs when it is opened: JavaScript, VBScript, PowerShell, HTA, CHM, a registry file and the like.",
      "attachments"),
    refusal(
      .attachmentShortcut, "a shortcut is attached",
      cause:
        "An attachment leads to something else: a Windows shortcut (.lnk), or an Internet shortcut (.url) to a file or to another machine's folder.",
      "attachments"),
    refusal(
      .attachmentWebShortcut, "a shortcut to a page is attached",
      cause: "An attachment is an Internet shortcut (.url) that opens a page of the web: a link in a file.",
      "attachments"),
    refusal(
      .attachmentDiskImage, "a disk image is attached",
      cause:
        "An attachment is a disk (ISO, IMG, VHD, DMG): what lies in it is not marked as coming from outside.",
      "attachments"),
    refusal(
      .attachmentMacros, "a document with macros is attached",
      cause:
        "An office document bears macros (VBA, or the macro sheets of old Excel), or is of a kind made for them.",
      "attachments", remedy: "Send it without macros, or as PDF."),
    refusal(
      .attachmentActive, "a document that acts by itself is attached",
      cause:
        "A document runs a script or starts a program (PDF), fetches a template or an object from elsewhere, or has an object of a program in it; the evidence says which.",
      "attachments", remedy: "Send the document without it."),
    refusal(
      .attachmentEncrypted, "an encrypted document is attached",
      cause: "A document opens with a password only, or is protected by one: nobody can look into it.",
      "attachments",
      remedy: "Nothing, where the recipient awaits it."),
    refusal(
      .attachmentTypeMismatch, "an attachment is not what its name says",
      cause:
        "The octets of an attachment are of another kind than its extension, or its declared type, says.",
      "attachments", remedy: "Give the file the extension that belongs to it."),
    refusal(
      .attachmentDoubleExtension, "an attachment has two extensions",
      cause: "A harmless extension stands in front of one that runs: invoice.pdf.exe.", "attachments",
      remedy: "Rename the file."),
    refusal(
      .attachmentNameTrick, "the name of an attachment hides what it is",
      cause:
        "The name of an attachment turns the direction of writing, or has invisible characters, many spaces, look-alikes of a dot or of letters, dots at its end, or an end that Windows does not show.",
      "attachments", remedy: "Rename the file."),
    notice(
      .attachmentUnavailable,
      cause:
        "An attachment could not be looked into to its end: it is cut, or too large, or it took too long; or not all of the message was looked at (unseen=…): it is longer than limits.content_size, past a bound of its parts, or no memory was left for it.",
      remedy: "weir scan shows what is known of it; checks.archives.time and unpacked are the bounds."),
  ]

  static let archives: [Reason] = [
    Reason(
      .archiveBlocked, Reply(550, 7, 1, "Refused: files of a kind in this archive are not taken here"),
      .refusal,
      cause:
        "The name or the type of a file in an archive meets checks.archives.block_names or block_types; the evidence names the file and the pattern.",
      effect: "The message is refused.", remedy: "Take the pattern out, or make it narrower."),
    refusal(
      .archiveExecutable, "a program is in an archive",
      cause:
        "A file in an attached archive or disk image is a program or an installer, by its octets or its name.",
      "archives"),
    refusal(
      .archiveScript, "a script or shortcut is in an archive",
      cause: "A file in an attached archive or disk image is a script that the system runs, or a shortcut.",
      "archives"),
    refusal(
      .archiveMacros, "a document with macros is in an archive",
      cause: "An office document in an attached archive bears macros.", "archives",
      remedy: "Send it without macros, or as PDF."),
    refusal(
      .archiveEncrypted, "an encrypted archive is attached",
      cause: "Files in an attached archive open with a password only: nobody can look into them.", "archives",
      remedy: "Nothing, where the recipient awaits it."),
    refusal(
      .archiveBomb, "an archive unpacks to far more than it is",
      cause:
        "An archive holds more than checks.archives.ratio times its size, or more entries than checks.archives.entries.",
      "archives", remedy: "Raise the bounds where such archives are honest."),
    refusal(
      .archiveNested, "archives within archives are attached",
      cause: "Archives lie within archives deeper than checks.archives.depth.", "archives",
      remedy: "Send one archive."),
    refusal(
      .archiveDamaged, "a damaged archive is attached",
      cause: "An archive cannot be read to its end: it is broken, or made to be read by one program alone.",
      "archives", remedy: "Make the archive anew."),
    refusal(
      .archiveNameTrick, "names in an archive hide what the files are",
      cause:
        "A name in an archive turns the direction of writing, has invisible characters, two extensions or a way out of the folder; or the archive shows different names to different programs.",
      "archives", remedy: "Rename the files."),
    notice(
      .archiveUnavailable,
      cause:
        "An archive could not be looked into to its end: of a kind that is not read here, cut, too large, or it took too long.",
      remedy: "weir check says what is not built in; checks.archives.time and unpacked are the bounds."),
  ]
}
