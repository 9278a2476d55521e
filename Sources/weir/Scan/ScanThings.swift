import Filtering
import MailSyntax
import MessageViews

/// What a message bears: its links, its attachments, and the faults of its form.
struct ScanThings {
  let scan: Scan
  /// Of each list.
  let most: Int

  func write(to page: inout ReportPage) {
    links(&page)
    attachments(&page)
    faults(&page)
  }

  private func links(_ page: inout ReportPage) {
    let links = Self.inOrder(scan.views.links)
    guard !links.isEmpty else { return }
    page.title("Links (\(links.count))")
    for link in links.prefix(most) {
      let claimed = LinkClaim.mismatch(link)
      page.item(
        (claimed == nil ? "" : "! ") + SafeText.line(link.written, most: 300) + Self.place(link),
        claimed == nil ? .plain : .warning)
      if let claimed {
        page.item(
          "    is shown as “\(SafeText.line(link.label, most: 100))” and leads to \(Self.host(link)), not to \(SafeText.line(claimed, most: 100))",
          .warning)
      } else {
        let label = SafeText.line(link.label, most: 100)
        if !label.isEmpty, label != link.written { page.item("    is shown as “\(label)”", .faint) }
        if Self.hidesHost(link) { page.item("    leads to \(Self.host(link))", .faint) }
      }
    }
    rest(links.count, &page)
  }

  /// What lies first, for it must not be among those that are not shown; images last, for nobody follows them. Of those
  /// that look the same one.
  static func inOrder(_ links: [LinkView]) -> [LinkView] {
    var seen: Set<[String]> = []
    let links = links.filter {
      seen.insert([$0.written, $0.label == $0.written ? "" : $0.label, place($0)]).inserted
    }
    let lying = links.filter { LinkClaim.mismatch($0) != nil }
    let others = links.filter { LinkClaim.mismatch($0) == nil }
    return lying + others.filter { $0.place != .image } + others.filter { $0.place == .image }
  }

  private static func place(_ link: LinkView) -> String {
    switch link.place {
    case .image: " (an image)"
    case .form: " (a form)"
    case .anchor, .text, .other: ""
    }
  }

  private static func host(_ link: LinkView) -> String { SafeText.line(link.target.host, most: 100) }

  /// Whether the host is written so that one does not see it: encoded, or as a number.
  private static func hidesHost(_ link: LinkView) -> Bool {
    !link.target.host.isEmpty && !link.written.lowercased().contains(link.target.host)
  }

  private func attachments(_ page: inout ReportPage) {
    let attachments = scan.views.attachments
    guard !attachments.isEmpty else { return }
    page.title("Attachments (\(attachments.count))")
    for (index, attachment) in attachments.enumerated().prefix(most) {
      let file = scan.files.indices.contains(index) ? scan.files[index] : nil
      let name = attachment.name.isEmpty ? "(no name)" : "“\(SafeText.line(attachment.name, most: 200))”"
      page.item(
        "\(name), \(SizeText.of(attachment.size)), part \(attachment.part), said to be \(SafeText.line(attachment.type, most: 80))"
          + (attachment.isInline ? ", shown in the text" : ""))
      for other in attachment.otherNames.prefix(3) {
        page.item("    ! is also called “\(SafeText.line(other, most: 200))”", .warning)
      }
      if let file { describe(file, &page) }
    }
    rest(attachments.count, &page)
  }

  private func describe(_ file: FileInspection, _ page: inout ReportPage) {
    let kind = [file.words, file.type].first { !$0.isEmpty } ?? ""
    if !kind.isEmpty { page.item("    is: \(SafeText.line(kind, most: 200))", .faint) }
    let traits = file.traitWords
    if !traits.isEmpty { page.item("    ! \(traits.joined(separator: ", "))", .warning) }
    guard !file.entries.isEmpty else { return }
    // Programs first: of a hundred files they are the ones to see.
    let entries = file.entries.filter(\.isNotable) + file.entries.filter { !$0.isNotable }
    let shown = entries.prefix(min(most, 6)).map(\.words)
    let more = entries.count > shown.count ? " … and \(entries.count - shown.count) more" : ""
    page.item(
      "    holds \(entries.count) \(entries.count == 1 ? "file" : "files"): "
        + shown.joined(separator: ", ") + more,
      file.entries.contains(where: \.isNotable) ? .warning : .faint)
  }

  private func faults(_ page: inout ReportPage) {
    let faults = scan.views.allFaults
    guard !faults.isEmpty else { return }
    page.title("Faults (\(faults.count))")
    for fault in faults.prefix(most) {
      let evidence = fault.evidence.isEmpty ? "" : ": \(SafeText.line(fault.evidence, most: 100))"
      page.item("! part \(fault.part): \(fault.words)\(evidence)", .warning)
    }
    rest(faults.count, &page)
  }

  private func rest(_ count: Int, _ page: inout ReportPage) {
    if count > most { page.add("  … and \(count - most) more; --text shows all", .faint) }
  }
}

extension FileInspection.Entry {
  fileprivate var isNotable: Bool { isExecutable || hasMacros || isEncrypted }

  fileprivate var words: String {
    let traits = [
      isExecutable ? "a program" : nil, hasMacros ? "macros" : nil, isEncrypted ? "locked" : nil,
    ].compactMap { $0 }
    return SafeText.line(path, most: 100) + (traits.isEmpty ? "" : " (\(traits.joined(separator: ", ")))")
  }
}
