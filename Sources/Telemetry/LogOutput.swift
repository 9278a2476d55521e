internal import Glibc

/// Where the lines go, open for writing. Only the writer's thread, or who flushes, touches it.
struct LogOutput {
  enum Outcome: Equatable {
    case written
    /// Errno, and how many octets went out before it.
    case failed(Int32)
  }

  let destination: LogDestination
  /// -1 where the file could not be opened.
  private(set) var descriptor: Int32 = -1
  /// The folder, where it had to be made.
  private var madeFolder: String?
  /// Whether a write failed in the middle of a line.
  private var isMidLine = false
  /// A pipe, socket or terminal, whose reader may be slow: written to in pieces that it surely takes.
  private var isStream = false
  private static let pieceOctets = 4096
  private static let patience: Int32 = 10_000

  init(_ destination: LogDestination) { self.destination = destination }

  /// Opens the file, made 0640 where it is missing, its folder too (0750). Errno where that fails; what was
  /// open before stays open then.
  mutating func open() -> Int32? {
    guard case .file(let path) = destination else {
      descriptor = STDOUT_FILENO
      var entry = stat()
      isStream = fstat(descriptor, &entry) == 0 && entry.st_mode & S_IFMT != S_IFREG
      return nil
    }
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    var opened = Glibc.open(path, flags, 0o640)
    if opened < 0, errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
      let folder = String(path[..<slash])
      if mkdir(folder, 0o750) == 0 {
        madeFolder = folder
        opened = Glibc.open(path, flags, 0o640)
      }
    }
    guard opened >= 0 else { return errno }
    if case .file = destination, descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = opened
    isMidLine = false
    return nil
  }

  mutating func close() {
    if case .file = destination, descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Writes whole lines. Waits for a slow reader of a pipe, ten seconds at most: this is not an event loop.
  mutating func write(_ lines: [UInt8]) -> Outcome {
    guard descriptor >= 0 else { return .failed(EBADF) }
    if isMidLine {
      if case .failed(let error) = writeAll([0x0a]) { return .failed(error) }
      isMidLine = false
    }
    return writeAll(lines)
  }

  private mutating func writeAll(_ bytes: [UInt8]) -> Outcome {
    var sent = 0
    while sent < bytes.count {
      // Who is told to stop must not hang on a reader that sleeps: no write here may block.
      if isStream, !isReady { return failed(EAGAIN, after: sent, of: bytes) }
      let most = isStream ? Self.pieceOctets : bytes.count
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + sent }, min(most, buffer.count - sent))
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN, !isReady {
        return failed(EAGAIN, after: sent, of: bytes)
      } else if errno != EINTR, errno != EAGAIN {
        return failed(errno, after: sent, of: bytes)
      }
    }
    return .written
  }

  private var isReady: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, Self.patience) != 0
  }

  private mutating func failed(_ error: Int32, after sent: Int, of bytes: [UInt8]) -> Outcome {
    isMidLine = sent > 0 ? bytes[sent - 1] != 0x0a : isMidLine
    return .failed(error)
  }

  /// Gives the file to another user, with the folder that was made for it: after a rotation he has to make a new
  /// one there. Errno where that fails; standard output stays whose it is.
  func handOver(user: UInt32, group: UInt32) -> Int32? {
    guard case .file = destination, descriptor >= 0 else { return nil }
    if let madeFolder, chown(madeFolder, user, group) != 0 { return errno }
    return fchown(descriptor, user, group) == 0 ? nil : errno
  }
}
