internal import Filtering
internal import Glibc
internal import NIOPosix

/// A file without a name: it is gone when nobody has it open, whatever becomes of the gateway.
final class SpoolFile: Sendable {
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  let descriptor: Int32
  private let disk: NIOThreadPool

  /// `__O_TMPFILE | O_DIRECTORY` of Linux, which the C headers show only under `_GNU_SOURCE`.
  private static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY

  /// Opens one in `folder`; blocking, for the disk's own threads.
  ///
  /// - Parameter disk: on whose threads it is closed.
  init(in folder: String, disk: NIOThreadPool) throws(Fault) {
    var opened = open(folder, Self.unnamed | O_RDWR | O_CLOEXEC, 0o600)
    if opened < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT {
      // A file system without O_TMPFILE: a name for a moment.
      var template = Array("\(folder)/spool-XXXXXX".utf8CString)
      opened = mkstemp(&template)
      if opened >= 0 {
        unlink(template)
        _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
      }
    }
    guard opened >= 0 else { throw Fault(description: "\(folder): \(String(cString: strerror(errno)))") }
    descriptor = opened
    self.disk = disk
  }

  deinit {
    // Closing gives the file's blocks back, which takes the longer the more there are: not on an event loop.
    let descriptor = descriptor
    disk.submit { _ in close(descriptor) }
  }

  /// `count` octets from `offset` on, or as many as there are; blocking.
  func read(_ count: Int, at offset: Int = 0) throws(Fault) -> [UInt8] {
    var done = 0
    var fault: Fault?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while done < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
        if got < 0, errno == EINTR { continue }
        if got < 0 { fault = Fault(description: "spool file: \(String(cString: strerror(errno)))") }
        guard got > 0 else { break }
        done += got
      }
      filled = done
    }
    if let fault { throw fault }
    return bytes
  }

  /// On one of the disk's own threads.
  func beginning(_ count: Int) async -> [UInt8]? {
    try? await disk.runIfActive { try self.read(count) }
  }

  /// Writes all of `bytes` at `offset`; blocking.
  func write(_ bytes: [UInt8], at offset: Int) throws(Fault) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        pwrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Fault(description: "spool file: \(String(cString: strerror(errno)))") }
      done += count
    }
  }
}

/// The spooled part of a held message.
final class SpooledPart: SpoolRegion {
  let length: Int
  private let file: SpoolFile

  init(_ file: SpoolFile, length: Int) {
    self.file = file
    self.length = length
  }

  var descriptor: Int32 { file.descriptor }

  func beginning(most: Int) async -> [UInt8]? { await file.beginning(min(most, length)) }

  func octets(_ range: Range<Int>) -> [UInt8]? {
    guard range.upperBound <= length else { return nil }
    let octets = try? file.read(range.count, at: range.lowerBound)
    return octets?.count == range.count ? octets : nil
  }
}
