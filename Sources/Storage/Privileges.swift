internal import Glibc

/// What the process may do on this system.
public enum Privileges {
  /// Becomes `user` with its groups, for good and in all threads, and makes sure that there is no way back.
  ///
  /// - Throws: `StorageError`; the process must not go on then: it may be neither the one nor the other.
  public static func drop(to user: PasswdEntry) throws(StorageError) {
    let isAlready = getuid() == user.uid && geteuid() == user.uid && getgid() == user.gid
    guard user.uid != 0 else { throw StorageError("user \(user.name) is root itself: name another") }
    if isAlready { return }
    guard setgroups(user.groups.count, user.groups) == 0 else { throw refused("setgroups", user) }
    guard setgid(user.gid) == 0 else { throw refused("setgid", user) }
    guard setuid(user.uid) == 0 else { throw refused("setuid", user) }
    // Capabilities, or a saved identity, would let an intruder back in.
    guard setuid(0) != 0, seteuid(0) != 0, user.gid == 0 || setegid(0) != 0 else {
      throw StorageError(
        "could become root again after becoming \(user.name): the process holds capabilities")
    }
    guard getuid() == user.uid, geteuid() == user.uid, getgid() == user.gid, getegid() == user.gid else {
      throw StorageError("did not become \(user.name)")
    }
    try checkThreads(user)
  }

  /// Identity belongs to threads; the C library changes all of them, but for one that is on its way out, and
  /// `dispatch_main`, which an asynchronous `main` ends in, keeps the first thread just there for ever. Whoever
  /// could write to this process's memory would be root by it.
  private static func checkThreads(_ user: PasswdEntry) throws(StorageError) {
    guard let threads = try? FileAccess.names(in: "/proc/self/task") else { return }
    for thread in threads {
      guard let status = shortFile("/proc/self/task/\(thread)/status") else { continue }
      for line in status.split(separator: "\n") {
        let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
        let isRight =
          switch words.first {
          case "Uid:": words.dropFirst().allSatisfy { UInt32($0) == user.uid }
          case "Gid:": words.dropFirst().allSatisfy { UInt32($0) == user.gid }
          case "CapEff:", "CapPrm:": words.dropFirst().allSatisfy { UInt64($0, radix: 16) == 0 }
          default: true
          }
        guard isRight else {
          throw StorageError("thread \(thread) did not become \(user.name): \(line)")
        }
      }
    }
  }

  /// A file of /proc, whose size is not told beforehand; nil where it is gone.
  private static func shortFile(_ path: String) -> String? {
    guard let file = try? OpenFile(path, O_RDONLY, or: "cannot be read") else { return nil }
    var block = [UInt8](repeating: 0, count: 16_384)
    let count = Glibc.read(file.descriptor, &block, block.count)
    return count > 0 ? String(decoding: block[..<count], as: UTF8.self) : nil
  }

  private static func refused(_ call: String, _ user: PasswdEntry) -> StorageError {
    StorageError("cannot become user \(user.name): \(call): \(String(cString: strerror(errno)))")
  }

  /// Raises the number of file descriptors to what the system grants at most.
  ///
  /// - Returns: how many the process may have open now.
  @discardableResult
  public static func raiseDescriptorLimit() -> Int {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { return 1024 }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(kind, &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// File descriptors open now. Walks a folder of /proc: for a report, not for each connection.
  public static func descriptorsInUse() -> Int {
    // One of them is the walk's own.
    ((try? FileAccess.names(in: "/proc/self/fd").count) ?? 1) - 1
  }

  /// Whether `user` may read a file, or the names in a folder, and reach it: by owner, group and mode of it and
  /// of every folder above. False where it does not exist. (Access lists beyond the mode are not looked at.)
  public static func canRead(_ path: String, as user: PasswdEntry) -> Bool {
    guard let resolved = realpath(path, nil) else { return false }
    defer { free(resolved) }
    let real = String(cString: resolved)
    guard let entry = FileAccess.status(real) else { return false }
    if user.uid == 0 { return true }
    let isFolder = entry.st_mode & S_IFMT == S_IFDIR
    guard grants(entry, isFolder ? 0o5 : 0o4, user) else { return false }
    var folder = real
    while folder != "/" {
      folder = FileAccess.split(folder).folder
      guard let above = FileAccess.status(folder), grants(above, 0o1, user) else { return false }
    }
    return true
  }

  /// Why `user` could not keep files in a folder, which need not be there yet: its nearest folder above counts
  /// then. nil where nothing stands in the way.
  ///
  /// - Parameter isMadeByRoot: root makes what is missing, and gives the folder to `user`.
  public static func obstacle(toFolder path: String, of user: PasswdEntry, isMadeByRoot: Bool) -> String? {
    let (nearest, entry) = nearestEntry(path)
    guard let entry else { return "\(nearest) cannot be looked at" }
    guard entry.st_mode & S_IFMT == S_IFDIR else { return "\(nearest) is not a folder" }
    if let closed = closedFolder(above: nearest, to: user) { return "\(closed) cannot be entered" }
    let isThere = nearest == path
    if isMadeByRoot {
      if access(nearest, W_OK) != 0 { return "\(nearest): \(String(cString: strerror(errno)))" }
      // Root gives away the folder itself, not those above it.
      return isThere || grants(entry, 0o1, user) ? nil : "\(nearest) cannot be entered"
    }
    if isThere { return entry.st_uid == user.uid ? nil : "\(nearest) belongs to user \(entry.st_uid)" }
    return grants(entry, 0o3, user) ? nil : "nothing can be made in \(nearest)"
  }

  /// Why `user` could not write to a file, which need not be there yet, nor the folder it stands in. nil where
  /// nothing stands in the way.
  public static func obstacle(toFile path: String, of user: PasswdEntry, isMadeByRoot: Bool) -> String? {
    let (nearest, entry) = nearestEntry(path)
    guard let entry else { return "\(nearest) cannot be looked at" }
    let isFolder = entry.st_mode & S_IFMT == S_IFDIR
    if nearest == path, isFolder { return "\(path) is a folder" }
    if nearest != path, !isFolder { return "\(nearest) is not a folder" }
    let folder = FileAccess.split(path).folder
    guard nearest == path || nearest == folder || nearest == FileAccess.split(folder).folder else {
      return "there is no folder \(FileAccess.split(folder).folder)"
    }
    if let closed = closedFolder(above: nearest, to: user) { return "\(closed) cannot be entered" }
    if isMadeByRoot {
      if access(nearest, W_OK) != 0 { return "\(nearest): \(String(cString: strerror(errno)))" }
      return nearest == path || grants(entry, 0o1, user) ? nil : "\(nearest) cannot be entered"
    }
    if nearest == path { return grants(entry, 0o2, user) ? nil : "\(path) cannot be written" }
    return grants(entry, 0o3, user) ? nil : "nothing can be made in \(nearest)"
  }

  /// The path, or the nearest above it that is there.
  private static func nearestEntry(_ path: String) -> (path: String, entry: stat?) {
    var nearest = path
    while true {
      if let entry = FileAccess.status(nearest) { return (nearest, entry) }
      let above = FileAccess.split(nearest).folder
      guard errno == ENOENT || errno == ENOTDIR, above != nearest else { return (nearest, nil) }
      nearest = above
    }
  }

  /// A folder above `path` that `user` may not enter.
  private static func closedFolder(above path: String, to user: PasswdEntry) -> String? {
    if user.uid == 0 { return nil }
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    var folder = String(cString: resolved)
    while folder != "/" {
      folder = FileAccess.split(folder).folder
      guard let above = FileAccess.status(folder), grants(above, 0o1, user) else { return folder }
    }
    return nil
  }

  /// Whether the mode gives all of `bits` (4 read, 2 write, 1 enter) to `user`: the class that fits first counts.
  private static func grants(_ entry: stat, _ bits: UInt32, _ user: PasswdEntry) -> Bool {
    let shift: UInt32 =
      entry.st_uid == user.uid ? 6 : user.groups.contains(entry.st_gid) || user.gid == entry.st_gid ? 3 : 0
    return entry.st_mode >> shift & bits == bits
  }
}
