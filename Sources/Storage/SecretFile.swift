internal import Glibc

/// A file of secrets that the commands change: never seen half written, never readable for everybody.
public struct SecretFile: Sendable {
  public let path: String
  /// How long a change waits for another one.
  private static let patienceMilliseconds = 5000

  public init(_ path: String) { self.path = path }

  /// All octets of it; nil where there is no such file.
  ///
  /// - Throws: `StorageError`, which names the file.
  public func text() throws(StorageError) -> [UInt8]? {
    guard FileAccess.status(path) != nil || errno != ENOENT else { return nil }
    return try FileAccess.read(path, limit: 1 << 28).bytes
  }

  /// Changes it: reads it, asks `change` for the new text, and puts that in its place, whole or not at all, with the
  /// owner and the mode that it had. Two changes never cross. A file that is missing is made with mode 0600.
  ///
  /// - Parameters:
  ///   - owner: whose a new file is; the owner of its folder where that is not known. Only root can give files away.
  ///   - change: gets the text, empty where there is no file yet.
  /// - Throws: what `change` does; `StorageError` for what cannot be read or written.
  public func edit(owner: PasswdEntry? = nil, _ change: (_ text: [UInt8]) throws -> [UInt8]) throws {
    // A link is followed, so that it stays one.
    let target = resolved
    let folder = try OpenFile(
      FileAccess.split(target).folder, O_RDONLY | O_DIRECTORY, or: "the folder cannot be opened")
    try lock(folder)
    defer { withExtendedLifetime(folder) {} }
    guard let before = FileAccess.status(target) else {
      guard errno == ENOENT else { throw StorageError(target, "cannot be read", errno: errno) }
      let parent = folder.entry.map(FileAccess.Ownership.init)
      let isRoot = geteuid() == 0
      try FileAccess.replace(
        target, with: try change([]), mode: 0o600, user: isRoot ? owner?.uid ?? parent?.user : nil,
        group: isRoot ? owner?.gid ?? parent?.group : nil)
      return
    }
    let (text, entry) = try FileAccess.read(target, limit: 1 << 28)
    let changed = try change(text)
    guard let now = FileAccess.status(target), Self.isSame(before, now), Self.isSame(entry, now) else {
      throw StorageError("\(path): was changed by somebody else meanwhile; try again")
    }
    let ownership = FileAccess.Ownership(entry)
    try FileAccess.replace(
      target, with: changed, mode: ownership.mode & 0o770, user: ownership.user, group: ownership.group)
  }

  /// The lock is on the folder itself: no file is left behind, and it holds while the file is replaced.
  private func lock(_ folder: OpenFile) throws(StorageError) {
    for _ in 0..<(Self.patienceMilliseconds / 20) {
      if flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw StorageError(path, "cannot be locked", errno: errno)
      }
      usleep(20_000)
    }
    throw StorageError("\(path): another edit is under way; try again")
  }

  private var resolved: String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func isSame(_ one: stat, _ other: stat) -> Bool {
    one.st_ino == other.st_ino && one.st_dev == other.st_dev && one.st_size == other.st_size
      && one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec
  }
}
