import NIOCore

/// How much is read from a client at a time: 2 KiB while it says commands and sends small messages, 16 and
/// 64 KiB where it fills them, and back where it does not.
///
/// Bound: the channel keeps two buffers of the largest size it used, for as long as the session lasts.
struct ReadSizes: RecvByteBufferAllocator {
  private static let sizes: InlineArray<3, Int> = [2048, 16_384, 65_536]

  private var step = 0
  /// Reads in a row that would have gone into the next smaller size.
  private var small = 0

  private var size: Int { Self.sizes[step] }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

  func nextBufferSize() -> Int? { size }

  mutating func record(actualReadBytes count: Int) -> Bool {
    if count >= size, step < Self.sizes.count - 1 {
      step += 1
      small = 0
      return true
    }
    guard step > 0, count <= Self.sizes[step - 1] else {
      small = 0
      return false
    }
    small += 1
    if small > 1 {
      step -= 1
      small = 0
    }
    return false
  }
}
