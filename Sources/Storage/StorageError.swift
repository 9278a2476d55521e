internal import Glibc

/// A file or folder of the operator's that is not as it must be, in words that say which and what to do.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  /// `PATH: cannot be read: Permission denied`.
  init(_ path: String, _ what: String, errno code: Int32) {
    self.init("\(path): \(what): \(String(cString: strerror(code)))")
  }
}

/// A file descriptor that is closed when nobody has it any more.
final class OpenFile: Sendable {
  let descriptor: Int32

  /// - Throws: `StorageError` with `what` failed and why.
  init(_ path: String, _ flags: Int32, mode: mode_t = 0, or what: String) throws(StorageError) {
    descriptor = open(path, flags | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw StorageError(path, what, errno: errno) }
  }

  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  var entry: stat? {
    var entry = stat()
    return fstat(descriptor, &entry) == 0 ? entry : nil
  }
}
