internal import Glibc
internal import NIOPosix
internal import Synchronization

/// The folder in which the gateway keeps what outlives a session: what the backends can do, spool files without
/// names, the control socket. Mode 0700, the gateway's own.
public struct StateFolder: Sendable {
  public let path: String
  private let capabilities: CapabilityFile

  public init(_ path: String) {
    self.path = path
    capabilities = CapabilityFile(path: path + "/capabilities")
  }

  /// Where spool files are made.
  public var spool: String { path + "/spool" }
  /// Where compiled expressions of rules are kept.
  public var rules: String { path + "/rules" }
  /// Where mail lies that waits.
  public var messages: String { path + "/messages" }

  /// Makes the folder where it is missing and takes it for this process, until the claim is gone: a second
  /// gateway would cut the first one off from its socket and its spool.
  ///
  /// - Throws: `StorageError` where another gateway has it, or the folder is somebody else's.
  public func claim(for owner: PasswdEntry?) throws(StorageError) -> StateClaim {
    try makeFolder(owner: owner)
    let lock = path + "/lock"
    // Abuse: whoever had the folder before may have put a link or a pipe there.
    let file = try OpenFile(
      lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode: 0o600, or: "cannot be opened")
    guard let entry = file.entry, entry.st_mode & S_IFMT == S_IFREG, entry.st_nlink == 1 else {
      throw StorageError("\(lock): not a plain file with one name; remove it")
    }
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw StorageError(lock, "cannot be locked", errno: errno) }
      var digits = [UInt8](repeating: 0, count: 20)
      let count = max(0, pread(file.descriptor, &digits, digits.count, 0))
      let number = String(decoding: digits[..<count].prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
      throw StorageError(
        "\(path): another gateway (pid \(number.isEmpty ? "unknown" : number)) uses this state folder")
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(file.descriptor, 0) == 0, pwrite(file.descriptor, text, text.count, 0) == text.count
    else {
      throw StorageError(lock, "cannot be written", errno: errno)
    }
    return StateClaim(file)
  }

  /// Makes the folder and those above it where they are missing, sees that nobody else can enter it, and gives
  /// it to `owner` (the user that root is about to become) with all that lies in it.
  ///
  /// - Throws: `StorageError` where it is no folder, is somebody else's, or the system refuses.
  public func prepare(owner: PasswdEntry?) throws(StorageError) {
    let folder = try makeFolder(owner: owner)
    guard let entry = folder.entry else { throw StorageError(path, "cannot be looked at", errno: errno) }
    if entry.st_mode & 0o7777 != 0o700, fchmod(folder.descriptor, 0o700) != 0 {
      throw StorageError(path, "cannot be given mode 0700", errno: errno)
    }
    try make(spool, mode: 0o700)
    try removeStrays()
    if let owner, geteuid() == 0 { try handOver(to: owner) }
  }

  /// The folder, made where it is missing, and ours.
  @discardableResult
  private func makeFolder(owner: PasswdEntry?) throws(StorageError) -> OpenFile {
    let (above, _) = FileAccess.split(path)
    try make(above, mode: 0o755)
    try make(path, mode: 0o700)
    let folder = try OpenFile(path, O_RDONLY | O_DIRECTORY, or: "cannot be opened as the state folder")
    guard let entry = folder.entry else { throw StorageError(path, "cannot be looked at", errno: errno) }
    let me = geteuid()
    guard me == 0 || entry.st_uid == me else {
      let owner = owner.map { $0.name } ?? "the gateway's user"
      throw StorageError(
        "\(path): belongs to user \(entry.st_uid), not to user \(me): chown -R \(owner) \(path)")
    }
    return folder
  }

  /// Makes a folder and those above it.
  private func make(_ folder: String, mode: mode_t) throws(StorageError) {
    if let entry = FileAccess.status(folder) {
      guard entry.st_mode & S_IFMT == S_IFDIR else { throw StorageError("\(folder): not a folder") }
      return
    }
    let (above, _) = FileAccess.split(folder)
    if above != folder, above != ".", above != "/" { try make(above, mode: 0o755) }
    if mkdir(folder, mode) != 0, errno != EEXIST {
      throw StorageError(folder, "cannot be made", errno: errno)
    }
  }

  /// What a gateway that was killed left half made.
  private func removeStrays() throws(StorageError) {
    for name in try FileAccess.names(in: path) where name.hasPrefix(".") && name.contains(".weir-") {
      unlink("\(path)/\(name)")
    }
    // Bound: only the fallback of a file system without unnamed files ever has names here.
    for name in try FileAccess.names(in: spool) where name.hasPrefix("spool-") { unlink("\(spool)/\(name)") }
  }

  private func handOver(to owner: PasswdEntry) throws(StorageError) {
    let folder = try OpenFile(path, O_RDONLY | O_DIRECTORY, or: "cannot be opened")
    try handOver(all: folder, path, depth: 1, to: owner)
    try handOver(folder, path, to: owner)
  }

  /// Bound: mail that waits lies in `messages/files`, and nothing deeper.
  private static let deepest = 3

  /// Abuse: whoever had the folder before may have put a link to a file of root's into it, or to a folder, so only
  /// folders and plain files without a second name are given away, by descriptor, each opened in the folder it was found
  /// in. Sockets are made anew at each start.
  private func handOver(all folder: OpenFile, _ path: String, depth: Int, to owner: PasswdEntry)
    throws(StorageError)
  {
    for name in try FileAccess.names(in: folder, path) {
      let path = "\(path)/\(name)"
      var entry = stat()
      guard fstatat(folder.descriptor, name, &entry, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      let kind = entry.st_mode & S_IFMT
      guard kind == S_IFDIR || kind == S_IFREG else { continue }
      let number = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard number >= 0 else { throw StorageError(path, "cannot be given to \(owner.name)", errno: errno) }
      let file = OpenFile(adopting: number)
      if kind == S_IFDIR, depth < Self.deepest {
        try handOver(all: file, path, depth: depth + 1, to: owner)
      }
      try handOver(file, path, to: owner)
    }
  }

  private func handOver(_ file: OpenFile, _ path: String, to owner: PasswdEntry) throws(StorageError) {
    guard let entry = file.entry, entry.st_uid != owner.uid || entry.st_gid != owner.gid else { return }
    let kind = entry.st_mode & S_IFMT
    guard kind == S_IFDIR || kind == S_IFREG && entry.st_nlink == 1 else {
      throw StorageError("\(path): has a second name elsewhere; it is not given to \(owner.name): remove it")
    }
    guard fchown(file.descriptor, owner.uid, owner.gid) == 0 else {
      throw StorageError(path, "cannot be given to \(owner.name)", errno: errno)
    }
  }

  /// All octets of a file in the folder; nil where there is none. Blocks.
  public func read(_ name: String) throws(StorageError) -> [UInt8]? {
    let file = path + "/" + name
    if FileAccess.status(file) == nil, errno == ENOENT { return nil }
    return try FileAccess.read(file, limit: 64 << 20).bytes
  }

  /// Puts a file (0600) in its place, whole or not at all, and waits until the disk has it. Blocks.
  public func write(_ name: String, _ bytes: [UInt8]) throws(StorageError) {
    try FileAccess.replace(path + "/" + name, with: bytes, mode: 0o600)
  }

  /// What each backend could do when it was last heard, by its name: `Capabilities.storedForm`. Empty where
  /// nothing is known, or the file cannot be read: it is learned again.
  public func loadCapabilities() -> [String: String] { capabilities.load() }

  /// Keeps what `loadCapabilities` gives back. Returns at once; a disk thread writes. Where that fails the
  /// backends are heard again at the next start.
  public func saveCapabilities(_ all: [String: String]) { capabilities.save(all) }

  /// Waits until everything saved so far is written. Blocks.
  public func flush() { capabilities.flush() }
}

/// The state folder is this process's while there is one of these.
public final class StateClaim: Sendable {
  private let lock: OpenFile
  init(_ lock: OpenFile) { self.lock = lock }
}

/// Lines `NAME<TAB>CAPABILITIES`, in the order of names.
private final class CapabilityFile: Sendable {
  private let path: String
  private let latest = Mutex<[String: String]?>(nil)
  private let writing = Mutex(())

  init(path: String) { self.path = path }

  func load() -> [String: String] {
    guard let bytes = try? FileAccess.read(path, limit: 1 << 20).bytes else { return [:] }
    var all: [String: String] = [:]
    for line in bytes.split(separator: 0x0a) {
      let columns = line.split(separator: 0x09, maxSplits: 1, omittingEmptySubsequences: false)
      guard columns.count == 2 else { continue }
      all[String(decoding: columns[0], as: UTF8.self)] = String(decoding: columns[1], as: UTF8.self)
    }
    return all
  }

  func save(_ all: [String: String]) {
    let isWaiting = latest.withLock { latest in
      defer { latest = all }
      return latest != nil
    }
    if !isWaiting { NIOThreadPool.singleton.submit { [self] _ in flush() } }
  }

  /// Writes the newest that waits, if any: an older one never comes after it.
  func flush() {
    writing.withLock { _ in
      let all = latest.withLock { latest in
        defer { latest = nil }
        return latest
      }
      guard let all else { return }
      var text = ""
      for (name, capabilities) in all.sorted(by: { $0.key < $1.key }) {
        guard !name.utf8.contains(where: { $0 < 0x20 }), !capabilities.utf8.contains(where: { $0 < 0x20 })
        else { continue }
        text += "\(name)\t\(capabilities)\n"
      }
      try? FileAccess.replace(path, with: Array(text.utf8), mode: 0o600)
    }
  }
}
