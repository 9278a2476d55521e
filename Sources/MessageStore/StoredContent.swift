internal import Filtering
internal import Glibc
internal import NIOPosix

/// A message's file, open.
final class StoredContent: WaitingContent {
  let octets: Int
  private let file: FileDescriptor
  private let path: String
  private let isBinary: Bool
  private let folder: StoreFolder
  private let disk: NIOThreadPool

  /// Blocks.
  ///
  /// - Throws: `.missing` where there is no such file.
  init(_ path: String, isBinary: Bool, folder: StoreFolder, disk: NIOThreadPool) throws(WaitingFault) {
    let number = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw errno == ENOENT ? .missing : ContentWriting.fault(path) }
    file = FileDescriptor(adopting: number)
    var entry = stat()
    guard fstat(number, &entry) == 0 else { throw ContentWriting.fault(path) }
    octets = Int(entry.st_size)
    self.path = path
    self.isBinary = isBinary
    self.folder = folder
    self.disk = disk
  }

  /// Bound: what one call brings into memory.
  private static let longestRead = 1 << 20

  func read(from offset: Int, most: Int) async throws(WaitingFault) -> [UInt8] {
    guard offset >= 0, most > 0, offset < octets else { return [] }
    let count = min(most, Self.longestRead, octets - offset)
    return try await disk.waiting { () throws(WaitingFault) in
      try FileReading.read(self.file.number, self.path, at: offset, most: count)
    }
  }

  func held(memoryLimit: Int, grant: (any MemoryGrant)?) async throws(WaitingFault) -> HeldMessage {
    try await disk.waiting { () throws(WaitingFault) in try self.heldNow(memoryLimit, grant) }
  }

  private func heldNow(_ memoryLimit: Int, _ grant: (any MemoryGrant)?) throws(WaitingFault) -> HeldMessage {
    var memory: [UInt8] = []
    memory.reserveCapacity(min(octets, memoryLimit))
    var spool: OutgoingSpool?
    var stuffing = Stuffing()
    var position = 0
    while position < octets {
      let most = min(ContentWriting.piece, octets - position)
      let piece = try FileReading.read(file.number, path, at: position, most: most)
      guard piece.count == most else { throw .unavailable("\(path): shorter than it was") }
      position += piece.count
      var wire: [UInt8] = []
      wire.reserveCapacity(piece.count + 64)
      if isBinary { wire = piece } else { stuffing.append(piece, to: &wire) }
      if spool == nil {
        let room = max(0, memoryLimit - memory.count)
        memory.append(contentsOf: wire.prefix(room))
        wire.removeFirst(min(room, wire.count))
      }
      guard !wire.isEmpty else { continue }
      if spool == nil { spool = try OutgoingSpool(in: folder.files, disk: disk) }
      try spool?.append(wire)
    }
    return HeldMessage(
      memory: memory, spool: spool, isBinary: isBinary, octets: UInt64(octets), grant: grant)
  }
}

/// The rest of an outgoing message, in a file without a name. Written by one thread before anybody else has it.
final class OutgoingSpool: SpoolRegion {
  private let file: FileDescriptor
  private let disk: NIOThreadPool

  /// `__O_TMPFILE | O_DIRECTORY` of Linux, which the C headers show only under `_GNU_SOURCE`.
  private static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY

  fileprivate init(in folder: String, disk: NIOThreadPool) throws(WaitingFault) {
    var number = open(folder, Self.unnamed | O_RDWR | O_CLOEXEC, 0o600)
    if number < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT {
      // A file system without O_TMPFILE: a name for a moment.
      var template = Array("\(folder)/.new-out-XXXXXX".utf8CString)
      number = mkstemp(&template)
      if number >= 0 {
        unlink(template)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
      }
    }
    guard number >= 0 else { throw ContentWriting.fault(folder) }
    file = FileDescriptor(adopting: number)
    self.disk = disk
  }

  var descriptor: Int32 { file.number }

  var length: Int {
    var entry = stat()
    return fstat(file.number, &entry) == 0 ? Int(entry.st_size) : 0
  }

  func beginning(most: Int) async -> [UInt8]? {
    let count = min(most, length)
    return try? await disk.waiting { () throws(WaitingFault) in
      try FileReading.read(self.file.number, "spool file", at: 0, most: count)
    }
  }

  func octets(_ range: Range<Int>) -> [UInt8]? {
    let octets = try? FileReading.read(
      file.number, "spool file", at: range.lowerBound, most: range.count)
    return octets?.count == range.count ? octets : nil
  }

  fileprivate func append(_ bytes: [UInt8]) throws(WaitingFault) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file.number, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw ContentWriting.fault("spool file") }
      done += count
    }
  }
}

extension NIOThreadPool {
  /// The answer of blocking work, done on one of the pool's threads.
  func waiting<Value: Sendable>(_ work: @escaping @Sendable () throws(WaitingFault) -> Value)
    async throws(WaitingFault) -> Value
  {
    let result = await withCheckedContinuation { continuation in
      submit { state in
        guard case .active = state else {
          return continuation.resume(returning: Result<Value, WaitingFault>.failure(.closed))
        }
        do throws(WaitingFault) {
          continuation.resume(returning: .success(try work()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}

extension WaitingFault {
  static let closed = WaitingFault.unavailable("the store of mail that waits is closed")
}
