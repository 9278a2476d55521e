internal import Glibc
public import Settings

/// What is wrong with a users file: each with file, line and column.
public struct UsersFileError: Error, Sendable, CustomStringConvertible {
  public let problems: [SettingsProblem]
  let mark: FileMark

  public var description: String { problems.map { "\($0)" }.joined(separator: "\n") }
}

/// By what one sees that a file is another than before.
struct FileMark: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int
  private let nanoseconds: Int
  private let mode: UInt32

  /// Of the file as it is now; of one that is missing all is 0.
  init(_ path: String) {
    var entry = stat()
    self.init(stat(path, &entry) == 0 ? entry : stat())
  }

  init(_ entry: stat) {
    device = UInt64(entry.st_dev)
    inode = UInt64(entry.st_ino)
    size = Int64(entry.st_size)
    seconds = entry.st_mtim.tv_sec
    nanoseconds = entry.st_mtim.tv_nsec
    mode = entry.st_mode
  }

  /// What the operator should know of a file of secrets.
  func warnings(_ path: String) -> [SettingsProblem] {
    guard mode & 0o007 != 0 else { return [] }
    return [
      SettingsProblem(
        file: path, position: .start, severity: .warning,
        message:
          "everybody on this system may read or change it: chmod 0600, and chown to the user of the gateway")
    ]
  }
}

/// The octets of a users file.
enum UsersFileText {
  /// Blocks: not for an event loop.
  static func read(_ path: String) throws(UsersFileError) -> (text: [UInt8], mark: FileMark) {
    let before = FileMark(path)
    func fault(_ what: String) -> UsersFileError {
      UsersFileError(
        problems: [SettingsProblem(file: path, position: .start, message: what)], mark: before)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw fault(
        errno == ENOENT
          ? "there is no such file; weir users add makes it"
          : "cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var entry = stat()
    guard fstat(descriptor, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { throw fault("not a file") }
    guard entry.st_size <= UsersFile.largest else {
      throw fault("larger than \(UsersFile.largest >> 20) MiB")
    }
    var failure: Int32 = 0
    // One more than its size: a file that grew meanwhile shows by it.
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(entry.st_size) + 1) { buffer, count in
      while count < buffer.count {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { break }
        count += got
      }
    }
    guard failure == 0 else { throw fault("cannot be read: \(String(cString: strerror(failure)))") }
    guard bytes.count == Int(entry.st_size) else { throw fault("was changed while it was read") }
    return (bytes, FileMark(entry))
  }
}
