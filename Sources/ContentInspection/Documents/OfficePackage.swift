/// Documents that are zip archives: what they are by the names in them, and what they hold.
enum OfficePackage {
  /// Types by the folder that only such a document has.
  private static let kinds: [(prefix: String, type: String, words: String)] = [
    (
      "word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      "Microsoft Word 2007+"
    ),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Microsoft Excel 2007+"),
    (
      "ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
      "Microsoft PowerPoint 2007+"
    ),
    ("visio/", "application/vnd.ms-visio.drawing.main+xml", "Microsoft Visio 2013+"),
  ]

  /// - Parameter names: of all entries.
  /// - Returns: nil where it is no document but an archive.
  static func look(at names: [String]) -> DocumentFindings? {
    // What opens it does not mind the case, nor the kind of slash.
    let names = names.map { $0.lowercased().replacing("\\", with: "/") }
    let all = Set(names)
    var findings = DocumentFindings()
    if all.contains("androidmanifest.xml") {
      (findings.type, findings.words) = ("application/vnd.android.package-archive", "Android package")
      findings.isExecutable = true
      return findings
    }
    if all.contains("[content_types].xml") {
      guard let kind = kinds.first(where: { kind in names.contains { $0.hasPrefix(kind.prefix) } }) else {
        let isInstaller =
          all.contains("appxmanifest.xml") || all.contains("appxbundlemanifest.xml")
          || all.contains("appxmetadata/appxbundlemanifest.xml")
        guard isInstaller else { return nil }
        (findings.type, findings.words) = ("application/msix", "Windows app package")
        findings.isExecutable = true
        return findings
      }
      (findings.type, findings.words) = (kind.type, kind.words)
      findings.hasMacros = names.contains {
        $0.hasSuffix("vbaproject.bin") || $0.contains("/macrosheets/") || $0.contains("/intlmacrosheets/")
      }
      if names.contains(where: { $0.contains("/embeddings/") && isForeign($0) || $0.contains("/activex/") }) {
        findings.traits.insert(.embeddedObject)
      }
      return findings
    }
    if all.contains("mimetype"), all.contains("content.xml") || all.contains("meta-inf/manifest.xml") {
      (findings.type, findings.words) = ("application/vnd.oasis.opendocument", "OpenDocument")
      findings.hasMacros = names.contains {
        ($0.hasPrefix("basic/") || $0.hasPrefix("scripts/")) && !$0.hasSuffix("/") && !$0.hasSuffix("-lc.xml")
      }
      return findings
    }
    if all.contains("meta-inf/manifest.mf"), names.contains(where: { $0.hasSuffix(".class") }) {
      (findings.type, findings.words) = ("application/java-archive", "Java archive")
      findings.isExecutable = true
      return findings
    }
    return nil
  }

  /// Tables and drawings of the same suite are embedded by honest people all the time.
  private static func isForeign(_ name: String) -> Bool {
    ![".xlsx", ".docx", ".pptx", ".emf", ".wmf", ".png", ".jpeg", ".jpg"].contains(where: name.hasSuffix)
  }

  /// Whether an entry's content is worth a look: what says where parts of the document are.
  static func isRelations(_ name: String) -> Bool { name.lowercased().hasSuffix(".rels") }

  /// Whether relations (ECMA-376 part 2 §9.3) fetch a template, an object or a frame when the document is opened.
  /// Links that somebody has to follow, and pictures, are none of this.
  static func fetches(_ relations: ArraySlice<UInt8>) -> Bool {
    var rest = relations
    while let start = rest.offset(ofAnyCase: "<relationship ", most: rest.count) {
      rest = rest.dropFirst(start + 14)
      let end = rest.firstIndex(of: 0x3e) ?? rest.endIndex
      let element = rest[..<end]
      rest = rest[end...]
      guard
        element.offset(ofAnyCase: "\"external\"", most: element.count) != nil
          || element.offset(ofAnyCase: "'external'", most: element.count) != nil
      else { continue }
      let kinds: [StaticString] = ["/attachedtemplate", "/oleobject", "/frame", "/subdocument", "/control"]
      if kinds.contains(where: { element.offset(ofAnyCase: $0, most: element.count) != nil }) { return true }
    }
    return false
  }
}
