internal import Filtering
internal import Glibc

/// Writes a message's file. Blocks.
struct ContentWriting {
  let folder: StoreFolder
  let observer: StepObserver?
  /// Bound: what of a message is in memory once more while it is written.
  static let piece = 256 * 1024

  /// At most so many octets come of a message.
  static func most(_ message: WaitingMessage) -> Int {
    message.header.count + message.content.memory.count - message.bodyStart
      + (message.content.spool?.length ?? 0)
  }

  /// Writes, flushes and names it. The folder is flushed by whoever writes the entry.
  ///
  /// - Returns: its octets.
  /// - Throws: `.full` where the disk is; nothing is left behind then.
  func write(_ message: WaitingMessage) throws(WaitingFault) -> Int {
    let first = folder.unfinishedFile(of: message.id)
    let last = folder.file(of: message.id)
    // Ids are not given twice; should one be all the same, what lies there stays.
    guard access(last, F_OK) != 0 else { throw .unavailable("\(last): exists") }
    do throws(WaitingFault) {
      let file = try create(first)
      observer?(.contentBegun)
      let octets = try fill(file, with: message)
      observer?(.contentWritten)
      guard fsync(file.number) == 0 else { throw Self.fault(first) }
      observer?(.contentFlushed)
      guard rename(first, last) == 0 else { throw Self.fault(last) }
      observer?(.contentNamed)
      return octets
    } catch {
      unlink(first)
      throw error
    }
  }

  private func create(_ path: String) throws(WaitingFault) -> FileDescriptor {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw Self.fault(path) }
    return FileDescriptor(adopting: number)
  }

  private func fill(_ file: FileDescriptor, with message: WaitingMessage) throws(WaitingFault) -> Int {
    var output = Output(file: file, path: folder.unfinishedFile(of: message.id))
    output.pending.reserveCapacity(min(Self.most(message), 2 * Self.piece))
    let content = message.content
    var unstuffing = content.isBinary ? nil : Unstuffing()
    try output.take(message.header, 0, &unstuffing)
    try output.take(content.memory, message.bodyStart, &unstuffing)
    if let spool = content.spool {
      var position = 0
      while position < spool.length {
        let piece = try Self.read(spool, at: position, most: min(Self.piece, spool.length - position))
        try output.take(piece, 0, &unstuffing)
        position += piece.count
      }
    }
    try output.flush()
    return output.octets
  }

  /// What has come and is not written yet.
  private struct Output {
    let file: FileDescriptor
    let path: String
    var pending: [UInt8] = []
    var octets = 0

    mutating func take(_ bytes: [UInt8], _ start: Int, _ unstuffing: inout Unstuffing?) throws(WaitingFault) {
      var position = start
      // Large arrays go piece by piece as well, so that no second copy of them is made.
      while position < bytes.count {
        let end = min(position + ContentWriting.piece, bytes.count)
        let piece = position == 0 && end == bytes.count ? bytes : Array(bytes[position..<end])
        if unstuffing == nil {
          pending += piece
        } else {
          unstuffing?.append(piece, to: &pending)
        }
        position = end
        if pending.count >= ContentWriting.piece { try flush() }
      }
    }

    mutating func flush() throws(WaitingFault) {
      var done = 0
      while done < pending.count {
        let count = pending.withUnsafeBytes {
          Glibc.write(file.number, $0.baseAddress.map { $0 + done }, $0.count - done)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw ContentWriting.fault(path) }
        done += count
      }
      octets += pending.count
      pending.removeAll(keepingCapacity: true)
    }
  }

  private static func read(_ spool: any SpoolRegion, at position: Int, most: Int) throws(WaitingFault)
    -> [UInt8]
  {
    let piece = try FileReading.read(spool.descriptor, "spool file", at: position, most: most)
    guard piece.count == most else { throw .unavailable("spool file: shorter than it was") }
    return piece
  }

  /// By `errno`.
  static func fault(_ path: String) -> WaitingFault {
    let code = errno
    let detail = "\(path): \(String(cString: strerror(code)))"
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? .full(detail) : .unavailable(detail)
  }
}

enum FileReading {
  /// Blocks.
  ///
  /// - Returns: fewer octets than `most` at the end alone.
  static func read(_ descriptor: Int32, _ name: String, at position: Int, most: Int) throws(WaitingFault)
    -> [UInt8]
  {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
      while filled < most {
        let got = pread(
          descriptor, buffer.baseAddress.map { $0 + filled }, most - filled, off_t(position + filled))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { break }
        filled += got
      }
    }
    guard failure == 0 else { throw .unavailable("\(name): \(String(cString: strerror(failure)))") }
    return bytes
  }
}
