internal import Filtering

/// How one archive is gone through.
struct ArchiveWalk {
  let name: String
  /// In front of the names of its entries.
  let path: String
  /// 1 for the file itself.
  let depth: Int
  let isWhole: Bool
  /// Whether entries may be passed over unread where the format allows it.
  var isCheap = true
  var names = EntryNames()
  /// Whether all of it is encrypted, though libarchive does not say so.
  var isEncrypted = false
  /// Whether it is taken for a compressed file, whatever is in it.
  var isOnlyCompressed = false
}

/// Archives and disk images: what is in them, archives in archives among it.
extension FileExamination {
  /// A zip archive, or a document that is one.
  mutating func lookIntoZIP(
    _ octets: ArraySlice<UInt8>, path: String, depth: Int, isWhole: Bool, _ piece: inout Piece
  ) {
    let directory = ZIPDirectory(octets, most: budget.limits.entries)
    if let directory, let other = directory.other {
      let front = octets.prefix(directory.range.lowerBound).dropFirst(other)
      lookIntoOther(front, path: path, depth: depth, isWhole: isWhole, &piece)
    }
    // libarchive looks neither far behind nor far in front.
    let octets = directory.map { octets.prefix($0.range.upperBound).dropFirst($0.range.lowerBound) } ?? octets
    let writing = EntryNames((directory?.entries ?? []).lazy.map(\.name))
    let names = directory?.entries.map { writing.text($0.name) } ?? []
    if let document = OfficePackage.look(at: names) {
      take(document, isWhole: isWhole, into: &piece)
      if directory?.entries.contains(where: \.isEncrypted) == true { piece.isEncrypted = true }
      lookAtRelations(octets)
      if directory?.isAmbiguous == true { fault(.ambiguous) }
      return
    }
    piece.isArchive = true
    let before = result.entries.count
    let claimed = budget.claimed
    var seen: Set<[UInt8]> = []
    var way = ArchiveWalk(
      name: "", path: path, depth: depth, isWhole: isWhole, isCheap: directory?.isFound == true)
    way.names = writing
    let ended = walk(octets, way, &piece) { seen.insert($0) }
    guard let directory else { return }
    if !directory.isFound { fault(isWhole ? .damaged : .unread) }
    // Of entries that lie at the same place libarchive shows one; unpackers write them all.
    budget.claim(directory.size - (budget.claimed - claimed))
    if directory.isAmbiguous { fault(.ambiguous) }
    if directory.isCut { fault(.tooManyEntries) }
    // What was not come to, or is not among what libarchive sees, people may be shown yet.
    guard !ended || directory.isAmbiguous || result.entries.count == before else { return }
    for entry in directory.entries where !entry.isFolder && !seen.contains(entry.name) {
      guard result.entries.count < budget.limits.entries else { return fault(.tooManyEntries) }
      let name = writing.text(entry.name)
      add(FileInspection.Entry(path: path + name, size: entry.size, isEncrypted: entry.isEncrypted, type: ""))
      if entry.isEncrypted { piece.isEncrypted = true }
    }
  }

  /// One of several archives that stand behind one another.
  private mutating func lookIntoOther(
    _ octets: ArraySlice<UInt8>, path: String, depth: Int, isWhole: Bool, _ piece: inout Piece
  ) {
    guard joined < Self.mostJoined else { return fault(.unread) }
    joined += 1
    lookIntoZIP(octets, path: path, depth: depth, isWhole: isWhole, &piece)
    piece.isArchive = true
  }

  /// Archives behind one another in all of the file.
  private static let mostJoined = 8

  /// What the relations of an office document fetch.
  private mutating func lookAtRelations(_ octets: ArraySlice<UInt8>) {
    #if Archives
      let limit = budget.limits.entries
      octets.withUnsafeBytes { octets in
        guard var reader = ArchiveReader.of(octets) else { return }
        var entries = 0
        var looked = 0
        while looked < 64, entries < limit, !budget.isSpent(), case .entry(let entry) = reader.next() {
          entries += 1
          guard OfficePackage.isRelations(EntryNames().text(entry.name)), !entry.isEncrypted else {
            continue
          }
          looked += 1
          var content: [UInt8] = []
          _ = reader.read(into: &content, upTo: 256 << 10, &budget)
          if OfficePackage.fetches(content[...]) { note(.externalContent) }
        }
      }
    #endif
  }

  mutating func lookIntoArchive(
    _ octets: ArraySlice<UInt8>, _ type: String, name: String, path: String, depth: Int, isWhole: Bool,
    _ piece: inout Piece
  ) {
    guard !Self.unread.contains(type) else { return fault(.unread) }
    let rar = RARBlocks.look(at: octets)
    if rar.areFilesEncrypted { piece.isEncrypted = true }
    guard !rar.areHeadersEncrypted else { return }
    var way = ArchiveWalk(name: name, path: path, depth: depth, isWhole: isWhole)
    way.isEncrypted = rar.areFilesEncrypted
    let (faults, before) = (result.faults, budget.entries)
    guard walk(octets, way, &piece, seen: { _ in }), budget.entries == before, faults == result.faults else {
      return
    }
    // Zeros are an empty tar archive to one, and a file to another: what is in it is to be unpacked in any case.
    way.isOnlyCompressed = true
    walk(octets, way, &piece) { _ in }
  }

  /// Kinds that libarchive does not read.
  private static let unread: Set<String> = [
    "application/x-vhd", "application/x-vhdx", "application/x-vmdk", "application/x-qemu-disk",
    "application/x-apple-diskimage", "application/x-raw-disk-image", "application/x-arj",
    "application/x-ace-compressed", "application/x-alz", "application/x-egg", "application/x-ms-wim",
    "application/x-installshield",
  ]

  /// Entry by entry.
  ///
  /// - Parameter seen: is told the name of each as it stands there.
  /// - Returns: whether it came to the end.
  @discardableResult
  private mutating func walk(
    _ octets: ArraySlice<UInt8>, _ walk: ArchiveWalk, _ piece: inout Piece, seen: ([UInt8]) -> Void
  ) -> Bool {
    #if Archives
      return octets.withUnsafeBytes { octets in
        guard var reader = ArchiveReader.of(octets, isOnlyCompressed: walk.isOnlyCompressed) else {
          return stop(walk.isWhole ? .damaged : .unread)
        }
        return go(through: &reader, walk, &piece, seen: seen)
      }
    #else
      return stop(.unread)
    #endif
  }

  private mutating func stop(_ fault: FileInspection.Fault) -> Bool {
    self.fault(fault)
    return false
  }

  /// What `a.pdf.gz` holds is called `a.pdf`.
  private static func unpackedName(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    let ending = name[dot...].lowercased()
    if [".tgz", ".tbz", ".tbz2", ".txz", ".tzst"].contains(ending) { return name[..<dot] + ".tar" }
    return String(name[..<dot])
  }
}

#if Archives
  extension ArchiveReader.Entry {
    fileprivate var encrypted: Self { Self(name: name, size: size, isFile: isFile, isEncrypted: true) }
  }

  extension FileExamination {
    /// Octets of an entry that tell what it is.
    private static let head = 4096

    private mutating func go(
      through reader: inout ArchiveReader, _ walk: ArchiveWalk, _ piece: inout Piece, seen: ([UInt8]) -> Void
    ) -> Bool {
      while true {
        if budget.isBomb { return stop(.bomb) }
        if budget.isSpent() { return stop(.unread) }
        switch reader.next() {
        case .end: return true
        case .failed(let failure):
          note(failure, isWhole: walk.isWhole, isKnownEncrypted: reader.isKnownEncrypted, &piece)
          return false
        case .entry(var entry):
          guard budget.count(entry: entry.size) else { return stop(.tooManyEntries) }
          // The second look at what turned out to have no entries: no archive, and not compressed.
          if reader.isPlain { return walk.isOnlyCompressed ? true : stop(walk.isWhole ? .damaged : .unread) }
          seen(entry.name)
          guard entry.isFile else { continue }
          if walk.isEncrypted { entry = entry.encrypted }
          if entry.isEncrypted { piece.isEncrypted = true }
          let name = reader.isCompressedFile ? Self.unpackedName(walk.name) : walk.names.text(entry.name)
          guard look(into: entry, &reader, path: walk.path + name, walk, &piece) else { return false }
        }
      }
    }

    /// Whether the rest of the archive can be looked into.
    private mutating func look(
      into entry: ArchiveReader.Entry, _ reader: inout ArchiveReader, path: String, _ walk: ArchiveWalk,
      _ piece: inout Piece
    ) -> Bool {
      let isCheap = walk.isCheap && reader.isSeekable
      var type = Piece()
      var content: [UInt8] = []
      var end = ArchiveReader.End.reached
      // In front of what is in it.
      let place = result.entries.count
      add(FileInspection.Entry(path: path, size: entry.size, isEncrypted: entry.isEncrypted, type: ""))
      if !entry.isEncrypted {
        end = reader.read(into: &content, upTo: Self.head, &budget)
        let inner = FileName(path, isPath: true)
        if end == .more, Self.isWorthAll(content, inner) {
          end = reader.read(into: &content, upTo: budget.limits.inner, &budget)
          if end == .more { fault(.unread) }
        }
        type = looked(at: content, inner.text, path, walk.depth, isWhole: end == .reached)
      }
      replace(
        place,
        FileInspection.Entry(
          path: path, size: entry.size, isEncrypted: entry.isEncrypted || type.isEncrypted, type: type.type,
          isExecutable: type.isExecutable, hasMacros: type.hasMacros))
      if end == .more || entry.isEncrypted {
        end = reader.passOver(isCheap: isCheap || entry.isEncrypted, &budget)
      }
      if case .failed(let failure) = end {
        note(failure, isWhole: walk.isWhole, isKnownEncrypted: false, &piece)
        // One entry that cannot be read says nothing of the next.
        return failure != .tooDeep
      }
      return true
    }

    /// What an entry is, and what is in it.
    private mutating func looked(
      at content: [UInt8], _ name: String, _ path: String, _ depth: Int, isWhole: Bool
    ) -> Piece {
      guard depth < budget.limits.depth else {
        let signature = FileSignature.of(content[...])
        if signature?.kind == .archive { fault(.tooDeep) }
        var piece = Piece()
        piece.type = signature?.type ?? ""
        piece.isExecutable = signature?.kind == .executable
        return piece
      }
      return look(at: content[...], name: name, path: path + "/", depth: depth + 1, isWhole: isWhole)
    }

    /// Whether it is a file that has something in it.
    private static func isWorthAll(_ head: [UInt8], _ name: FileName) -> Bool {
      switch FileSignature.of(head[...], end: [0])?.kind {
      case .archive, .diskImage, .compound, .pdf, .rtf, .oneNote: true
      case nil, .markup: name.kind == .archive || name.kind == .diskImage || isMail(name)
      default: isMail(name)
      }
    }

    private mutating func note(
      _ failure: ArchiveReader.Failure, isWhole: Bool, isKnownEncrypted: Bool, _ piece: inout Piece
    ) {
      if isKnownEncrypted || failure == .encrypted {
        piece.isEncrypted = true
        return
      }
      switch failure {
      case .damaged: fault(isWhole ? .damaged : .unread)
      case .unsupported: fault(.unread)
      case .tooDeep: fault(.tooDeep)
      case .encrypted: piece.isEncrypted = true
      }
    }
  }
#endif
