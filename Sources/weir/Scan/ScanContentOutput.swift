import Charsets
import Filtering
import MailSyntax
import MessageViews

/// A part of a message in JSON; `charset` is how its text was read, `charset_declared` what it says of itself.
struct PartOutput: Encodable {
  let index: Int
  let parent: Int?
  let level: Int
  let type: String
  let encoding: String
  let disposition: String?
  let name: String?
  let size: Int
  let charsetDeclared: String?
  let charset: String?
  let isGuessed: Bool?
  let malformed: Int?

  private enum CodingKeys: String, CodingKey {
    case index, parent, level, type, encoding, disposition, name, size, charset, malformed
    case charsetDeclared = "charset_declared"
    case isGuessed = "guessed"
  }

  static func all(_ views: MessageViews) -> [PartOutput] {
    ShownPart.all(views).map { shown in
      let part = shown.part
      return PartOutput(
        index: part.index, parent: part.parent, level: part.level, type: part.type.name,
        encoding: part.encoding.rawValue, disposition: part.disposition?.type, name: shown.name,
        size: shown.size, charsetDeclared: shown.declared, charset: shown.text?.decoded.charset.name,
        isGuessed: shown.text?.decoded.isGuessed, malformed: shown.text?.decoded.malformed)
    }
  }
}

/// Text that nobody sees.
struct HiddenOutput: Encodable {
  let part: Int
  let reason: String
  let text: String

  static func all(_ views: MessageViews) -> [HiddenOutput] {
    views.texts.flatMap { view in
      (view.html?.hidden ?? []).map {
        HiddenOutput(part: view.part, reason: $0.reason.rawValue, text: $0.text)
      }
    }
  }
}

struct LinkOutput: Encodable {
  let url: String
  let host: String
  let address: String?
  let label: String
  let place: String
  let part: Int
  /// The host that its words name, where it leads to another.
  let claims: String?

  init(_ link: LinkView) {
    url = link.written
    host = link.target.host
    address = link.target.address?.description
    label = link.label
    place = link.place.rawValue
    part = link.part
    claims = LinkClaim.mismatch(link)
  }
}

struct AttachmentOutput: Encodable {
  struct Entry: Encodable {
    let path: String
    let size: Int?
    let type: String
    let encrypted: Bool
    let executable: Bool
    let macros: Bool
  }

  let part: Int
  let name: String
  let otherNames: [String]
  let type: String
  let size: Int
  let inline: Bool
  /// What it is by its own octets; null where it was not looked into.
  let realType: String?
  let description: String?
  let executable: Bool
  let macros: Bool
  let archive: Bool
  let encrypted: Bool
  let traits: [String]
  let faults: [String]
  let entries: [Entry]

  private enum CodingKeys: String, CodingKey {
    case part, name, type, size, inline, description, executable, macros, archive, encrypted, traits, faults
    case entries
    case otherNames = "other_names"
    case realType = "real_type"
  }

  static func all(_ scan: Scan) -> [AttachmentOutput] {
    scan.views.attachments.enumerated().map { index, view in
      AttachmentOutput(view, scan.files.indices.contains(index) ? scan.files[index] : nil)
    }
  }

  private init(_ view: AttachmentView, _ file: FileInspection?) {
    part = view.part
    name = view.name
    otherNames = view.otherNames
    type = view.type
    size = view.size
    inline = view.isInline
    realType = file?.type
    description = file?.words
    executable = file?.isExecutable ?? false
    macros = file?.hasMacros ?? false
    archive = file?.isArchive ?? false
    encrypted = file?.isEncrypted ?? false
    traits = FileInspection.Trait.allCases.filter { file?.traits.contains($0) ?? false }.map(\.rawValue)
    faults = FileInspection.Fault.allCases.filter { file?.faults.contains($0) ?? false }.map(\.rawValue)
    entries = (file?.entries ?? []).map {
      Entry(
        path: $0.path, size: $0.size, type: $0.type, encrypted: $0.isEncrypted, executable: $0.isExecutable,
        macros: $0.hasMacros)
    }
  }
}

struct FaultOutput: Encodable {
  let kind: String
  let part: Int
  let evidence: String
  let words: String

  init(_ fault: MIMEFault) {
    kind = fault.kind.rawValue
    part = fault.part
    evidence = fault.evidence
    words = fault.words
  }
}
