internal import Glibc
internal import Synchronization

/// A Maildir: one file a message, complete or not there at all.
///
/// A message is written into `tmp/`, flushed, and moved into `new/`, whose folder is flushed too; only then is
/// it delivered.
public struct Maildir: Sendable {
  /// What the system said, in words.
  public struct Fault: Error, CustomStringConvertible, Sendable {
    public let description: String
  }

  /// The folder that holds `tmp/`, `new/` and `cur/`.
  public let path: String
  private let host: String

  /// Opens the Maildir at `path`; what is missing of its folders is made, readable by their owner alone.
  public init(_ path: String) throws(Fault) {
    self.path = path
    host = Self.hostName
    var folder = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      folder += "/" + part
      try Self.makeFolder(folder)
    }
    for name in ["tmp", "new", "cur"] { try Self.makeFolder("\(path)/\(name)") }
  }

  /// Delivers a message and gives the name of its file in `new/`. Blocks until the disk has it.
  public func deliver(_ message: [UInt8]) throws(Fault) -> String {
    let name = uniqueName()
    let unfinished = "\(path)/tmp/\(name)"
    do throws(Fault) {
      try Self.write(message, to: unfinished)
      guard rename(unfinished, "\(path)/new/\(name)") == 0 else { throw Self.fault(unfinished) }
    } catch {
      unlink(unfinished)
      throw error
    }
    try Self.flushFolder("\(path)/new")
    return name
  }

  /// A name that no other delivery has: time, process, a count, host.
  private func uniqueName() -> String {
    let count = Self.deliveries.add(1, ordering: .relaxed).newValue
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return "\(now.tv_sec).M\(now.tv_nsec / 1000)P\(getpid())Q\(count).\(host)"
  }

  private static let deliveries = Atomic<UInt64>(0)

  /// The host's name; `/` and `:` have a meaning in a Maildir.
  private static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
    let name = String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let safe = name.map { $0 == "/" ? "\\057" : $0 == ":" ? "\\072" : String($0) }.joined()
    return safe.isEmpty ? "localhost" : safe
  }

  private static func makeFolder(_ path: String) throws(Fault) {
    if mkdir(path, 0o700) == 0 { return }
    let code = errno
    var status = stat()
    guard stat(path, &status) == 0 else { throw fault(path, code) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw Fault(description: "\(path): not a folder") }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw fault(path) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[written...])
        return Glibc.write(file, rest.baseAddress, rest.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw closing(file, fault(path)) }
      written += count
    }
    guard fsync(file) == 0 else { throw closing(file, fault(path)) }
    guard close(file) == 0 else { throw fault(path) }
  }

  private static func flushFolder(_ path: String) throws(Fault) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw fault(path) }
    guard fsync(folder) == 0 else { throw closing(folder, fault(path)) }
    close(folder)
  }

  private static func closing(_ file: Int32, _ fault: Fault) -> Fault {
    close(file)
    return fault
  }

  private static func fault(_ path: String, _ code: Int32 = errno) -> Fault {
    Fault(description: "\(path): \(String(cString: strerror(code)))")
  }
}
