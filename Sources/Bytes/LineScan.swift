/// The search that every framing of mail begins with: where is the next byte that can end or spoil a line?
extension RawSpan {
  /// The offset of the first CR, LF or NUL at or after `start`; nil where there is none.
  ///
  /// Sixteen bytes a step: message data passes here once, and it is most of what the gateway reads.
  @inlinable
  public func firstLineByte(from start: Int) -> Int? {
    withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      let count = bytes.count
      var offset = start
      let lineFeed = SIMD16<UInt8>(repeating: 0x0a)
      let carriageReturn = SIMD16<UInt8>(repeating: 0x0d)
      let zero = SIMD16<UInt8>(repeating: 0)
      while offset &+ 16 <= count {
        let block = base.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
        let hit = (block .== lineFeed) .| (block .== carriageReturn) .| (block .== zero)
        if let place = Self.firstByte(hit) { return offset &+ place }
        offset &+= 16
      }
      while offset < count {
        let byte = bytes[offset]
        if byte == 0x0a || byte == 0x0d || byte == 0 { return offset }
        offset &+= 1
      }
      return nil
    }
  }

  /// The offset of the first LF at or after `start`; nil where there is none.
  @inlinable
  public func firstLineFeed(from start: Int) -> Int? {
    withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      let count = bytes.count
      var offset = start
      let lineFeed = SIMD16<UInt8>(repeating: 0x0a)
      while offset &+ 16 <= count {
        let block = base.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
        if let place = Self.firstByte(block .== lineFeed) { return offset &+ place }
        offset &+= 16
      }
      while offset < count {
        if bytes[offset] == 0x0a { return offset }
        offset &+= 1
      }
      return nil
    }
  }

  /// Whether the first `count` octets are all ASCII.
  @inlinable
  public func isASCII(upTo count: Int) -> Bool {
    withUnsafeBytes { bytes -> Bool in
      guard let base = bytes.baseAddress else { return true }
      var offset = 0
      while offset &+ 8 <= count {
        if base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
          return false
        }
        offset &+= 8
      }
      while offset < count {
        if bytes[offset] >= 0x80 { return false }
        offset &+= 1
      }
      return true
    }
  }

  /// The place of the first true one of a mask; nil where all are false.
  @inlinable
  static func firstByte(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
    // A true lane is eight ones: the first of them counts the lanes before it.
    let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    let (low, high) = (UInt64(littleEndian: halves[0]), UInt64(littleEndian: halves[1]))
    if low != 0 { return low.trailingZeroBitCount &>> 3 }
    return high != 0 ? 8 &+ high.trailingZeroBitCount &>> 3 : nil
  }

  @inlinable
  public subscript(byte offset: Int) -> UInt8 {
    withUnsafeBytes { $0[offset] }
  }
}
