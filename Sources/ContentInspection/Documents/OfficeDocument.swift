/// Documents in compound files: what they are, and whether they bear macros.
enum OfficeDocument {
  /// The class of installers.
  private static let installer: [[UInt8]] = [0x84, 0x86, 0x82].map { first in
    [first, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]
  }

  static func look(at file: CompoundFile) -> DocumentFindings {
    var findings = DocumentFindings()
    findings.isDamaged = file.isDamaged
    (findings.type, findings.words) = kind(of: file)
    findings.isExecutable = findings.type == "application/x-msi"
    findings.hasMacros =
      file.has("_vba_project") || file.has("vba", isStorage: true) || file.has("_vba_project_cur")
    if file.has("encryptedpackage") { findings.isEncrypted = true }
    let objects = ["\u{1}ole10native", "equation native", "objectpool"]
    if objects.contains(where: { file.has($0) }) { findings.traits.insert(.embeddedObject) }
    if let book = file.entry("workbook", isStorage: false) ?? file.entry("book", isStorage: false),
      let content = file.content(of: book, most: 1 << 20)
    {
      lookIntoBook(content, &findings)
    }
    // [MS-DOC] 2.5.2: the flag fEncrypted.
    if let text = file.entry("worddocument"), let content = file.content(of: text, most: 32),
      content.octet(11).map({ $0 & 1 == 1 }) == true
    {
      findings.isEncrypted = true
    }
    return findings
  }

  private static func kind(of file: CompoundFile) -> (type: String, words: String) {
    if file.has("encryptedpackage") {
      return ("application/encrypted", "Office Open XML document, encrypted")
    }
    if file.has("worddocument") { return ("application/msword", "Microsoft Word document") }
    if file.has("workbook") || file.has("book") {
      return ("application/vnd.ms-excel", "Microsoft Excel workbook")
    }
    if file.has("powerpoint document") {
      return ("application/vnd.ms-powerpoint", "Microsoft PowerPoint presentation")
    }
    if file.has("visiodocument") { return ("application/vnd.visio", "Microsoft Visio drawing") }
    if file.has("__properties_version1.0") {
      return ("application/vnd.ms-outlook", "Microsoft Outlook message")
    }
    if installer.contains(file.rootClass) { return ("application/x-msi", "Windows installer package") }
    return ("", "")
  }

  /// The records at the beginning of a workbook ([MS-XLS] 2.1.4): sheets of macros, and whether it is encrypted.
  private static func lookIntoBook(_ content: [UInt8], _ findings: inout DocumentFindings) {
    var place = 0
    while let id = content.little16(place), let length = content.little16(place + 2) {
      switch id {
      case 0x85 where content.octet(place + 9) == 1: findings.hasMacros = true
      case 0x2f: findings.isEncrypted = true
      case 0x0a: return
      default: break
      }
      place += 4 + length
    }
  }
}
