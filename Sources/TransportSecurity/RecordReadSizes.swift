internal import NIOCore

/// How much is read from a client that speaks TLS at a time: 2 KiB, and a record's worth while it fills them.
///
/// Bound: the TLS library keeps a buffer as large as the largest piece it ever decrypted in one go, for as long as
/// the session lasts, and the channel one of the size it reads.
struct RecordReadSizes: RecvByteBufferAllocator {
  private var isLarge = false

  private var size: Int { isLarge ? 16_384 : 2048 }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

  func nextBufferSize() -> Int? { size }

  mutating func record(actualReadBytes count: Int) -> Bool {
    let wasLarge = isLarge
    isLarge = count >= 2048
    return isLarge && !wasLarge
  }
}
