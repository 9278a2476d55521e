public import Filtering
internal import Glibc

/// The folder of local lists (`[lists] folder`). Blocks: not for an event loop.
public struct BlocklistFolder: Sendable {
  public let path: String
  /// How long an edit waits for another one.
  private static let patienceMilliseconds = 5000

  public init(_ path: String) { self.path = path }

  /// Everything that lies in the folder, in the order of names: lists with their text; what is no list by its
  /// name without it, so that the reader can tell the admin. Folders below are not read.
  ///
  /// - Throws: `StorageError` where the folder is missing or some list of it cannot be read; it names the file.
  public func sources() throws(StorageError) -> [ListSource] {
    guard let entry = FileAccess.status(path) else {
      throw StorageError(path, "the folder of lists cannot be read", errno: errno)
    }
    guard entry.st_mode & S_IFMT == S_IFDIR else { throw StorageError("\(path): not a folder") }
    var sources: [ListSource] = []
    for name in try FileAccess.names(in: path) {
      switch ListFileName(name) {
      case .list: sources.append(ListSource(file: name, text: try FileAccess.read("\(path)/\(name)").bytes))
      case .wrong, .unknown:
        guard let entry = FileAccess.status("\(path)/\(name)"), entry.st_mode & S_IFMT == S_IFREG else {
          continue
        }
        sources.append(ListSource(file: name, text: []))
      case .other: continue
      }
    }
    return sources
  }

  /// Changes one list: reads it, asks `change` for the new text, and puts that in its place, whole or not at
  /// all, with the mode and owner that it had. Two edits never cross, and one that an editor made meanwhile is
  /// not overwritten. A list that is missing is made.
  ///
  /// - Parameters:
  ///   - file: a name in the folder.
  ///   - change: gets the text and the name to be shown.
  /// - Throws: `ListEditError` as `change` does; `StorageError` for what is no list of this folder, or cannot be
  ///   read or written.
  public func edit(
    _ file: String, _ change: (_ text: [UInt8], _ name: String) throws(ListEditError) -> ListEdit.Edited
  ) throws -> ListEdit.Edited {
    // Abuse: the name may come from elsewhere; no path leads out of the folder.
    guard !file.utf8.contains(UInt8(ascii: "/")), !file.utf8.contains(0), case .list = ListFileName(file)
    else {
      throw StorageError(
        "\(file): not the name of a list: it begins with allow or block and ends in "
          + ListKind.allCases.map { ".\($0)" }.joined(separator: " "))
    }
    let lock = try lockFolder()
    defer { withExtendedLifetime(lock) {} }
    // A link is followed, so that it stays one.
    let target = resolved("\(path)/\(file)")
    guard let before = FileAccess.status(target) else {
      guard errno == ENOENT else { throw StorageError(target, "cannot be read", errno: errno) }
      let edited = try change([], file)
      let parent = lock.entry.map(FileAccess.Ownership.init)
      try FileAccess.replace(
        target, with: edited.text, mode: 0o644, user: geteuid() == 0 ? parent?.user : nil,
        group: parent?.group)
      return edited
    }
    let (text, entry) = try FileAccess.read(target)
    let edited = try change(text, file)
    guard let now = FileAccess.status(target), Self.isSame(before, now), Self.isSame(entry, now) else {
      throw StorageError("\(path)/\(file): was changed by somebody else meanwhile; try again")
    }
    let ownership = FileAccess.Ownership(entry)
    try FileAccess.replace(
      target, with: edited.text, mode: ownership.mode, user: ownership.user, group: ownership.group)
    return edited
  }

  /// The lock is on the folder itself: no file is left behind, and none has to be writable for two users.
  private func lockFolder() throws(StorageError) -> OpenFile {
    let folder = try OpenFile(path, O_RDONLY | O_DIRECTORY, or: "the folder of lists cannot be opened")
    for _ in 0..<(Self.patienceMilliseconds / 20) {
      if flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 { return folder }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw StorageError(path, "cannot be locked", errno: errno)
      }
      usleep(20_000)
    }
    throw StorageError("\(path): another edit is under way; try again")
  }

  private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func isSame(_ one: stat, _ other: stat) -> Bool {
    one.st_ino == other.st_ino && one.st_dev == other.st_dev && one.st_size == other.st_size
      && one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec
  }
}
