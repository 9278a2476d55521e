internal import Bytes
internal import Filtering

/// One look into one file: all of it on one thread, within its budget.
struct FileExamination {
  /// What is known of a piece of octets: the file itself, or an entry.
  struct Piece {
    var type = ""
    var words = ""
    var isExecutable = false
    var hasMacros = false
    var isEncrypted = false
    var isArchive = false
  }

  private(set) var result = FileInspection()
  var budget: Budget
  private let magic: MagicPool
  /// Entries that libmagic was asked about; the rest is told by signatures.
  private var asked = 0
  private static let mostAsked = 200
  /// Archives found in front of others.
  var joined = 0

  init(_ budget: Budget, _ magic: MagicPool) {
    self.budget = budget
    self.magic = magic
  }

  /// Looks into the file.
  mutating func look(at octets: ArraySlice<UInt8>, name: String, isWhole: Bool) -> FileInspection {
    let piece = look(at: octets, name: name, path: "", depth: 1, isWhole: isWhole, withWords: true)
    result.type = piece.type
    result.words = piece.words.printable(limit: 200)
    result.isExecutable = piece.isExecutable
    result.hasMacros = piece.hasMacros
    result.isArchive = piece.isArchive
    result.isEncrypted = piece.isEncrypted || result.entries.contains(where: \.isEncrypted)
    if piece.isArchive, !isWhole { result.faults.insert(.unread) }
    if budget.isBomb { result.faults.insert(.bomb) }
    if budget.isOutOfTime { result.faults.insert(.unread) }
    return result
  }

  mutating func fault(_ fault: FileInspection.Fault) { result.faults.insert(fault) }

  mutating func note(_ trait: FileInspection.Trait) { result.traits.insert(trait) }

  mutating func add(_ entry: FileInspection.Entry) { result.entries.append(entry) }

  mutating func replace(_ place: Int, _ entry: FileInspection.Entry) { result.entries[place] = entry }

  /// - Parameters:
  ///   - path: in front of the names of entries.
  ///   - depth: 1 for the file itself.
  mutating func look(
    at octets: ArraySlice<UInt8>, name: String, path: String, depth: Int, isWhole: Bool,
    withWords: Bool = false
  ) -> Piece {
    let signature = FileSignature.of(octets, end: isWhole ? octets.suffix(512) : [0], isWhole: isWhole)
    var piece = kind(of: octets, signature, name: name, withWords: withWords)
    if isWhole, let archive = Self.archive(behind: signature, octets, name: name) {
      let (type, words) = (piece.type, piece.words)
      if signature == nil { (piece.type, piece.words) = ("application/zip", "Zip archive behind other data") }
      lookIntoZIP(archive, path: path, depth: depth, isWhole: true, &piece)
      piece.isArchive = piece.isArchive || signature != nil
      if signature == nil { return piece }
      // One program shows the picture, another one unpacks it.
      (piece.type, piece.words) = (type, words)
      fault(.ambiguous)
    }
    switch signature?.kind {
    case .pdf: lookIntoPDF(octets, &piece)
    case .compound, .rtf:
      if let found = Documents.look(at: octets, signature?.kind) {
        take(found, isWhole: isWhole, into: &piece)
      }
    case .archive where piece.type == "application/zip" || signature?.type == "application/zip":
      lookIntoZIP(octets, path: path, depth: depth, isWhole: isWhole, &piece)
    case .archive, .diskImage:
      piece.isArchive = true
      lookIntoArchive(
        octets, signature?.type ?? "", name: name, path: path, depth: depth, isWhole: isWhole, &piece)
    case .oneNote: if Self.hasAttachedFile(octets) { result.traits.insert(.embeddedObject) }
    default: break
    }
    if !piece.isArchive, !piece.isExecutable, Self.isMail(FileName(name)) {
      lookIntoMail(octets, path: path, depth: depth, isWhole: isWhole, &piece)
    }
    return piece
  }

  /// A zip archive that something else stands in front of: unpackers look for its end, not for its beginning.
  private static func archive(
    behind signature: FileSignature?, _ octets: ArraySlice<UInt8>, name: String
  ) -> ArraySlice<UInt8>? {
    switch signature?.kind {
    // A program that unpacks itself is a program; old documents have others within.
    case .archive, .diskImage, .compound, .executable, .shortcut: return nil
    default: break
    }
    if let end = ZIPDirectory.end(of: octets),
      signature == nil || end + 22 + (octets.little16(end + 20) ?? 0) == octets.count,
      ZIPDirectory(octets, most: 1)?.entries.isEmpty == false
    {
      return octets
    }
    guard signature == nil, FileName(name).kind == .archive else { return nil }
    return ZIPDirectory.local(in: octets).map { octets.dropFirst($0) }
  }

  /// By signature and libmagic.
  private mutating func kind(
    of octets: ArraySlice<UInt8>, _ signature: FileSignature?, name: String, withWords: Bool
  ) -> Piece {
    var piece = Piece()
    if signature == nil, TextFile.isHarmless(name: name, octets) {
      (piece.type, piece.words) = ("text/plain", "text")
      return piece
    }
    piece.type = signature?.type ?? ""
    piece.words = signature?.words ?? ""
    piece.isExecutable = signature?.kind == .executable
    asked += 1
    guard withWords || signature == nil && asked <= Self.mostAsked,
      let told = octets.withUnsafeBytes({ magic.tell($0, withWords: withWords) })
    else {
      if piece.type.isEmpty, Self.isText(octets) { piece.type = "text/plain" }
      return piece
    }
    let isVague = ["application/octet-stream", "text/plain", "inode/x-empty", "application/x-empty"].contains(
      told.type)
    if signature == nil || !isVague && !Self.isOurs(signature) { piece.type = told.type }
    if signature == nil || !told.words.isEmpty && told.words != "data" { piece.words = told.words }
    if piece.type == "application/octet-stream" || piece.type.hasSuffix("/x-empty") { piece.type = "" }
    // libmagic does not look where it leads to.
    if piece.type == InternetShortcut.webType, signature?.type != piece.type {
      piece.type = InternetShortcut.otherType
    }
    if Self.programs.contains(piece.type) { piece.isExecutable = true }
    return piece
  }

  /// Whether its beginning is without control characters.
  private static func isText(_ octets: ArraySlice<UInt8>) -> Bool {
    !octets.isEmpty
      && octets.prefix(4096).allSatisfy { $0 >= 0x20 && $0 != 0x7f || 0x08...0x0d ~= $0 || $0 == 0x1b }
  }

  /// Kinds whose type is told from what is in them, or better by what stands there.
  private static func isOurs(_ signature: FileSignature?) -> Bool {
    switch signature?.kind {
    case .compound, .script, .shortcut, .oneNote, .diskImage, .rtf: true
    default: ["application/zip", "application/x-dosexec"].contains(signature?.type)
    }
  }

  private static let programs: Set<String> = [
    "application/x-dosexec", "application/vnd.microsoft.portable-executable", "application/x-executable",
    "application/x-pie-executable", "application/x-sharedlib", "application/x-mach-binary",
    "application/x-msi",
    "application/x-java-applet", "application/java-archive", "application/x-java-archive",
    "application/vnd.android.package-archive", "application/vnd.debian.binary-package", "application/x-rpm",
    "application/x-shockwave-flash", "application/wasm",
  ]

  mutating func take(_ findings: DocumentFindings, isWhole: Bool, into piece: inout Piece) {
    if !findings.type.isEmpty { (piece.type, piece.words) = (findings.type, findings.words) }
    if findings.hasMacros { piece.hasMacros = true }
    if findings.isEncrypted { piece.isEncrypted = true }
    if findings.isExecutable { piece.isExecutable = true }
    if findings.isDamaged { fault(isWhole ? .damaged : .unread) }
    result.traits.formUnion(findings.traits)
  }

  private mutating func lookIntoPDF(_ octets: ArraySlice<UInt8>, _ piece: inout Piece) {
    let scan = PDFScan(octets)
    take(scan.findings, isWhole: true, into: &piece)
    #if Archives
      for range in scan.objectStreams where !budget.isSpent() {
        // Behind the two octets of zlib's frame (RFC 1950 §2.2); other filters than Flate are rare here.
        let data = octets[range].dropFirst(2)
        guard let objects = ArchiveReader.inflated(data, most: 1 << 20, &budget) else { continue }
        result.traits.formUnion(PDFScan.names(in: objects[...]))
      }
    #endif
  }

  /// The class of a file within a notebook ([MS-ONESTORE] 2.6.13, FileDataStoreObject).
  private static func hasAttachedFile(_ octets: ArraySlice<UInt8>) -> Bool {
    let mark: [UInt8] = [
      0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac,
    ]
    var rest = octets
    while let start = rest.firstIndex(of: mark[0]) {
      if rest[start...].has(mark) { return true }
      rest = rest[(start + 1)...]
    }
    return false
  }
}
