internal import Glibc

/// Where the store keeps what: the index, a file for each message, and what belongs to no entry.
struct StoreFolder: Sendable {
  let path: String

  var index: String { "\(path)/index.sqlite" }
  var files: String { "\(path)/files" }
  /// Files that no entry tells of: what was not yet in the index when the gateway was killed, or more where somebody put
  /// an old index in the place of a newer. Kept a week.
  var strays: String { "\(path)/strays" }

  private static let suffix = ".eml"
  private static let unfinished = ".new-"
  static let strayLifetime: Int64 = 7 * 86_400_000

  func file(of id: String) -> String { "\(files)/\(id)\(Self.suffix)" }
  func unfinishedFile(of id: String) -> String { "\(files)/\(Self.unfinished)\(id)" }

  /// Letters, digits, `-` and `_`: what can be a file's name without a second thought.
  static func isName(_ id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
        default: false
        }
      }
  }

  /// Makes what is missing of it, and takes it for this process while the answer lives.
  func claim() throws(MessageStoreError) -> FolderLock {
    for folder in [path, files, strays] {
      if mkdir(folder, 0o700) != 0, errno != EEXIST {
        throw MessageStoreError(folder, "cannot be made", errno: errno)
      }
    }
    let folder = try FileDescriptor(path, O_RDONLY | O_DIRECTORY, or: "cannot be opened")
    guard let lock = FolderLock(folder) else {
      guard errno == EWOULDBLOCK else { throw MessageStoreError(path, "cannot be locked", errno: errno) }
      throw MessageStoreError("\(path): another process works with it; ask that one (weir quarantine)")
    }
    // Made here, for the mode: what comes beside it is made like it.
    _ = try FileDescriptor(index, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, or: "cannot be opened")
    // The power may go as well as the process: the names of folders and index are to be found again.
    for name in [path, "\(path)/.."] {
      try FileDescriptor(name, O_RDONLY | O_DIRECTORY, or: "cannot be opened").flush(name)
    }
    return lock
  }

  /// The ids of the messages whose files lie there; files that were never finished are removed. Files of other names
  /// are somebody else's.
  func messages() throws(MessageStoreError) -> Set<String> {
    var ids: Set<String> = []
    for name in try names(in: files) {
      if name.hasPrefix(Self.unfinished) {
        unlink("\(files)/\(name)")
      } else if name.hasSuffix(Self.suffix) {
        let id = String(name.dropLast(Self.suffix.utf8.count))
        if Self.isName(id) { ids.insert(id) }
      }
    }
    return ids
  }

  /// Puts a file aside that no entry tells of.
  func putAside(_ id: String) throws(MessageStoreError) {
    let file = file(of: id)
    guard rename(file, "\(strays)/\(id)\(Self.suffix)") == 0 else {
      throw MessageStoreError(file, "cannot be put aside", errno: errno)
    }
  }

  /// Removes what has been put aside for a week.
  ///
  /// - Parameter now: milliseconds of the civil clock, by which files tell when they were written.
  func removeOldStrays(at now: Int64) {
    guard let names = try? names(in: strays) else { return }
    for name in names where name.hasSuffix(Self.suffix) {
      var entry = stat()
      let file = "\(strays)/\(name)"
      guard lstat(file, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG,
        Int64(entry.st_mtim.tv_sec) * 1000 < now - Self.strayLifetime
      else { continue }
      unlink(file)
    }
  }

  private func names(in folder: String) throws(MessageStoreError) -> [String] {
    guard let stream = opendir(folder) else {
      throw MessageStoreError(folder, "cannot be read", errno: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw MessageStoreError(folder, "cannot be read", errno: errno) }
    return names
  }
}

/// A folder is this process's while there is one of these.
final class FolderLock: Sendable {
  private let folder: FileDescriptor

  /// nil where another process has it, or by another of errno's reasons.
  init?(_ folder: FileDescriptor) {
    self.folder = folder
    guard flock(folder.number, LOCK_EX | LOCK_NB) == 0 else { return nil }
  }

  /// In so many words: a child process that is about to be started has the descriptor too, for a moment, and would keep
  /// the lock for as long.
  deinit { flock(folder.number, LOCK_UN) }
}

/// Closed when nobody has it any more.
final class FileDescriptor: Sendable {
  let number: Int32

  init(_ path: String, _ flags: Int32, mode: mode_t = 0, or what: String) throws(MessageStoreError) {
    number = open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw MessageStoreError(path, what, errno: errno) }
  }

  init(adopting number: Int32) { self.number = number }

  deinit { close(number) }

  func flush(_ path: String) throws(MessageStoreError) {
    guard fsync(number) == 0 else { throw MessageStoreError(path, "cannot be flushed", errno: errno) }
  }
}
