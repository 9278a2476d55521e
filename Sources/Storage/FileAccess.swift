internal import Glibc
internal import Synchronization

/// Whole files, read and replaced. All of it blocks: not for an event loop.
enum FileAccess {
  /// Who has a file and who may do what with it.
  struct Ownership {
    var user: UInt32
    var group: UInt32
    var mode: UInt32

    init(_ entry: stat) {
      user = entry.st_uid
      group = entry.st_gid
      mode = entry.st_mode & 0o7777
    }
  }

  private static let counter = Atomic<UInt64>(0)

  /// All octets of a file, and what it was like when they were read.
  ///
  /// - Parameter limit: Bound: a larger file is an error.
  static func read(_ path: String, limit: Int = 1 << 31) throws(StorageError) -> (bytes: [UInt8], entry: stat)
  {
    let file = try OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, or: "cannot be read")
    guard let entry = file.entry else { throw StorageError(path, "cannot be read", errno: errno) }
    guard entry.st_mode & S_IFMT == S_IFREG else { throw StorageError("\(path): not a file") }
    guard entry.st_size <= limit else { throw StorageError("\(path): larger than \(limit) bytes") }
    var failure: Int32 = 0
    // One more than its size: a file that grew meanwhile shows by it.
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(entry.st_size) + 1) { buffer, count in
      while count < buffer.count {
        let got = Glibc.read(file.descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { break }
        count += got
      }
    }
    guard failure == 0 else { throw StorageError(path, "cannot be read", errno: failure) }
    guard bytes.count <= entry.st_size else {
      throw StorageError("\(path): was changed while it was read; try again")
    }
    return (bytes, entry)
  }

  /// Puts `bytes` in the place of a file, whole or not at all, and waits until the disk has them: a file beside
  /// it, flushed, renamed, the folder flushed.
  static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32, user: UInt32? = nil, group: UInt32? = nil
  ) throws(StorageError) {
    let (folder, name) = split(path)
    let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
    let new = "\(folder)/.\(name).weir-\(getpid())-\(number)"
    do throws(StorageError) {
      let file = try OpenFile(
        new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, or: "cannot be made")
      if let user, let group, let entry = file.entry, entry.st_uid != user || entry.st_gid != group {
        guard fchown(file.descriptor, user, group) == 0 else {
          throw StorageError(path, "cannot keep its owner", errno: errno)
        }
      }
      guard fchmod(file.descriptor, mode) == 0 else {
        throw StorageError(new, "cannot set its mode", errno: errno)
      }
      try write(bytes, to: file, path)
      guard fsync(file.descriptor) == 0 else { throw StorageError(path, "cannot be written", errno: errno) }
      guard rename(new, path) == 0 else { throw StorageError(path, "cannot be replaced", errno: errno) }
    } catch {
      unlink(new)
      throw error
    }
    let parent = try OpenFile(folder, O_RDONLY | O_DIRECTORY, or: "cannot be flushed")
    guard fsync(parent.descriptor) == 0 else { throw StorageError(folder, "cannot be flushed", errno: errno) }
  }

  private static func write(_ bytes: [UInt8], to file: OpenFile, _ path: String) throws(StorageError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file.descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw StorageError(path, "cannot be written", errno: errno) }
      done += count
    }
  }

  /// The folder and the last component of a path.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.utf8.index(after: slash)...]))
  }

  /// The names in a folder, `.` and `..` left out, in the order of their octets.
  static func names(in folder: String) throws(StorageError) -> [String] {
    guard let stream = opendir(folder) else { throw StorageError(folder, "cannot be read", errno: errno) }
    return try names(in: stream, folder)
  }

  /// The same of a folder that is open.
  static func names(in folder: OpenFile, _ path: String) throws(StorageError) -> [String] {
    let number = dup(folder.descriptor)
    guard number >= 0, let stream = fdopendir(number) else {
      throw StorageError(path, "cannot be read", errno: errno)
    }
    rewinddir(stream)
    return try names(in: stream, path)
  }

  /// Closes `stream`.
  private static func names(in stream: OpaquePointer, _ folder: String) throws(StorageError) -> [String] {
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw StorageError(folder, "cannot be read", errno: errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  static func status(_ path: String) -> stat? {
    var entry = stat()
    return stat(path, &entry) == 0 ? entry : nil
  }
}
