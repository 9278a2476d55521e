internal import Bytes
internal import Charsets
internal import MailSyntax

/// Finds what is a file to a person.
enum AttachmentReading {
  static func all(_ tree: MIMETree) -> [AttachmentView] {
    var views: [AttachmentView] = []
    for part in tree.parts {
      let files = tree.embeddedFiles(in: part)
      for (place, file) in files.enumerated() {
        views.append(
          AttachmentView(
            part: part.index, name: text(file.name, charset: file.charset),
            type: "application/octet-stream",
            size: file.octets.count, isInline: false, embedded: place))
      }
      guard let role = role(of: part, in: tree) else { continue }
      // The wrapping of files is none, unless it bears a name besides.
      if part.isTNEF, !files.isEmpty, part.fileNames.allSatisfy(\.isOfTNEF) { continue }
      let names = allNames(of: part, in: tree).map { text($0.value, charset: $0.charset) }
      var others: [String] = []
      for name in names.dropFirst() where name != names.first && !others.contains(name) {
        others.append(name)
      }
      views.append(
        AttachmentView(
          part: part.index, name: names.first ?? "", otherNames: others, type: part.type.name,
          size: size(tree, part), isInline: isInline(tree, part), role: role))
    }
    return views
  }

  /// nil for what is no file.
  private static func role(of part: MIMETree.Part, in tree: MIMETree) -> AttachmentView.Role? {
    let isNamed = !allNames(of: part, in: tree).isEmpty
    if part.isMultipart, !tree.isUndivided(part) { return isNamed ? .container : nil }
    if part.isShownText || tree.isUndivided(part) {
      // A mail client that shows it lets it be saved and opened too, by its name.
      return isNamed || TextKind(part.type) == .properties || isNoText(part, in: tree) ? .shownText : nil
    }
    // What a message holds is shown with it; reports of delivery are for machines.
    if part.type.type == "message" { return part.disposition?.type == "attachment" || isNamed ? .file : nil }
    return .file
  }

  /// The names that the part was read with, and those in fields that stand there again: which one counts, each client
  /// decides for itself.
  private static func allNames(of part: MIMETree.Part, in tree: MIMETree) -> [ContentType.Parameter] {
    var names = part.fileNames
    for field in ["Content-Disposition", "Content-Type"] {
      let again = part.fields.lazy.filter { $0.name.equalsIgnoringASCIICase(field) }.dropFirst()
      for one in again.prefix(8) {
        guard let value = ContentType.parse(tree.value(of: one, in: part)) else { continue }
        names += value.parameters.filter { ["filename", "name"].contains($0.name) && !$0.value.isEmpty }
      }
    }
    return names
  }

  private static func isNoText(_ part: MIMETree.Part, in tree: MIMETree) -> Bool {
    let charset = (part.type["charset"]?.text ?? "").lowercasedASCII
    let isWide = ["utf-16", "utf-32", "utf16", "utf32", "ucs", "unicode", "iso-10646"].contains(
      where: charset.hasPrefix)
    return FileStart.isNoText(tree.beginning(of: part), isWide: isWide)
  }

  private static func isInline(_ tree: MIMETree, _ part: MIMETree.Part) -> Bool {
    if let disposition = part.disposition { return disposition.type == "inline" }
    guard let parent = part.parent else { return false }
    return tree.parts[parent].type.name == "multipart/related"
  }

  /// A name as a person reads it: by the charset that it names, by its encoded words, or guessed.
  static func text(_ name: [UInt8], charset: String?) -> String {
    if let charset, !charset.isEmpty {
      return Charset.decode(name[...], declared: charset, isHeader: true).text
    }
    return HeaderReading.text(name[...]).text
  }

  /// Decoded octets, without decoding where they can be counted.
  private static func size(_ tree: MIMETree, _ part: MIMETree.Part) -> Int {
    switch part.encoding {
    case .base64:
      return Base64.digits(in: tree.body(of: part).span) * 3 / 4
    case .quotedPrintable, .uuencode: return tree.decoded(part).octets.count
    case .sevenBit, .eightBit, .binary, .unknown: return part.body.count
    }
  }
}
