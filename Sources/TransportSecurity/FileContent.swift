internal import Glibc

/// The files that the configuration names.
enum FileContent {
  /// Bound: a file of certificates and keys is some kilobytes; the system's bundle of authorities 220.
  private static let most = 4 << 20

  /// The whole file.
  static func read(_ path: String) throws(TLSFault) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault(path, errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fault(path, errno) }
      guard count > 0 else { return content }
      content += piece[..<count]
      guard content.count <= most else {
        throw TLSFault(.configuration, file: path, "is larger than \(most >> 20) MiB: that is no certificate")
      }
    }
  }

  private static func fault(_ path: String, _ error: Int32) -> TLSFault {
    let reason =
      switch error {
      case ENOENT: "there is no such file"
      case EACCES: "cannot be read: the gateway's user may not (chgrp and chmod g+r it, and its folders g+x)"
      case EISDIR: "is a folder, not a file"
      default: "cannot be read: \(String(cString: strerror(error)))"
      }
    return TLSFault(.configuration, file: path, reason)
  }
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int64
  private let nanoseconds: Int64

  /// nil where there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = Int64(status.st_mtim.tv_sec)
    nanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}
