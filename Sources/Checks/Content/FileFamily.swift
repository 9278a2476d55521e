internal import Bytes
internal import Filtering
internal import MessageViews

/// What belongs together where a name or a declared type is held against what a file is: a table that a program wrote
/// as HTML and called `.xls` is sloppy; a program that is called `.jpg` is not.
enum FileFamily: String, Hashable, Sendable {
  case program, script, archive, office, pdf, image, media, text

  static let scripts: Set<String> = [
    "application/hta", "text/vbscript", "text/x-wsf", "text/x-msdos-batch", "text/x-shellscript",
    "application/vnd.ms-htmlhelp", "application/winhlp", "application/x-ms-registry",
  ]
  /// To pages of the web.
  static let webShortcut = "application/x-mswinurl"
  static let shortcuts: Set<String> = ["application/x-ms-shortcut", webShortcut]
  static let diskImages: Set<String> = [
    "application/x-iso9660-image", "application/x-vhd", "application/x-vhdx", "application/x-vmdk",
    "application/x-qemu-disk", "application/x-apple-diskimage", "application/x-raw-disk-image",
  ]

  /// Of a type that was found, or declared; nil where it says nothing.
  static func of(type: String) -> FileFamily? {
    let type = type.lowercasedASCII
    if scripts.contains(type) || shortcuts.contains(type) { return .script }
    if diskImages.contains(type) || archives.contains(type) { return .archive }
    if type == "application/pdf" || type == "application/x-pdf" { return .pdf }
    if type == "text/rtf" || type == "application/rtf" || type == "application/onenote" { return .office }
    if type.hasPrefix("application/vnd.openxmlformats") || type.hasPrefix("application/vnd.ms-")
      || type.hasPrefix("application/vnd.oasis") || type == "application/msword"
      || type == "application/x-ole-storage"
      || type == "application/encrypted"
    {
      return .office
    }
    if type.hasPrefix("image/") { return type.hasPrefix("image/svg") ? .text : .image }
    if type.hasPrefix("audio/") || type.hasPrefix("video/") { return .media }
    return type.hasPrefix("text/") ? .text : nil
  }

  private static let archives: Set<String> = [
    "application/zip", "application/x-zip-compressed", "application/x-rar", "application/x-rar-compressed",
    "application/vnd.rar", "application/x-7z-compressed", "application/gzip", "application/x-gzip",
    "application/x-bzip2", "application/x-xz", "application/zstd", "application/x-tar",
    "application/x-lzh-compressed",
    "application/x-lzip", "application/x-lzma", "application/vnd.ms-cab-compressed", "application/x-arj",
    "application/x-ace-compressed", "application/x-cpio", "application/x-archive", "application/x-xar",
  ]

  private static func of(_ name: FileName) -> FileFamily? {
    guard let ending = name.extensions.first else { return nil }
    return byExtension[ending]
  }

  private static let byExtension: [String: FileFamily] = {
    var families: [String: FileFamily] = [:]
    for (family, words) in [
      (FileFamily.image, "jpg jpeg jpe png gif bmp tif tiff webp heic ico"),
      (.media, "mp3 wav ogg flac m4a wma mp4 m4v mov avi mkv wmv webm mpg mpeg"),
      (.pdf, "pdf"),
      (.office, "doc docx dot dotx docm xls xlsx xlsm xlsb xlt xltx ppt pptx pps ppsx pptm odt ods odp rtf"),
      (.text, "txt text csv log md ics vcf"),
    ] {
      for word in words.split(separator: " ") { families[String(word)] = family }
    }
    return families
  }()

  /// What a file is where its name, or its declared type, says something that cannot be; nil where all agree.
  ///
  /// - Returns: the type found.
  static func mismatch(_ name: FileName?, declared: String, _ inspection: FileInspection) -> String? {
    let found = inspection.isExecutable ? .program : of(type: inspection.type)
    guard let found else { return nil }
    let type = inspection.type.isEmpty ? found.rawValue : inspection.type
    if let claimed = name.flatMap(of) { return isAgreed(claimed, found) ? nil : type }
    // A name that says nothing of these: the declared type is all that the reader is told.
    guard name?.kind == nil || found == .program && name?.kind != .executable,
      let claimed = of(type: declared)
    else {
      return nil
    }
    return isAgreed(claimed, found) ? nil : type
  }

  private static func isAgreed(_ claimed: FileFamily, _ found: FileFamily) -> Bool {
    if claimed == found { return true }
    switch (claimed, found) {
    // Programs write tables as text, as HTML, as XML; a text is what anything is that is nothing else.
    case (.office, .text), (.text, .office), (.archive, .office), (.media, .image), (.image, .media):
      return true
    case (_, .text): return claimed == .text || claimed == .media
    default: return false
    }
  }

  /// Whether its name or its declared type says that it is an archive, and nobody here can tell what it is.
  static func isUnknownArchive(_ attachment: AttachmentView, _ inspection: FileInspection) -> Bool {
    guard attachment.role != .container, attachment.size > 0, !inspection.isExecutable,
      ["", "application/octet-stream", "text/plain"].contains(inspection.type)
    else { return false }
    return of(type: attachment.type) == .archive
      || ([attachment.name] + attachment.otherNames).contains { FileName($0).kind == .archive }
  }

  /// Whether an extension that is a word of other things besides (`.com`) is not to be believed: what the file is
  /// is known, and does no harm.
  static func isBelied(_ name: FileName, by inspection: FileInspection) -> Bool {
    guard let ending = name.extensions.first, vague.contains(ending), !inspection.isExecutable else {
      return false
    }
    let family = of(type: inspection.type)
    // Those that are texts themselves are not belied by being one.
    if family == .text, [.script, .shortcut].contains(FileName.kind(ending)) { return false }
    return family != nil && family != .program && family != .script || inspection.type == "message/rfc822"
      || inspection.type.hasPrefix("multipart/")
  }

  private static let vague: Set<String> = [
    "com", "app", "run", "out", "class", "lib", "its", "ins", "job", "application", "action", "command",
    "desktop",
    "theme", "air", "ax", "386", "wiz", "udf", "ima", "mdf",
  ]
}
