internal import CIconv

/// One charset of iconv's, from which tables are made. It is opened while a table is made and closed then: no text of a
/// message goes through it, so nothing of a message can leave a state behind in it.
struct IconvConversion: ~Copyable {
  private let handle: iconv_t

  /// - Returns: nil where iconv does not have it: glibc's modules for it (package libc6) are not installed.
  init?(_ name: String) {
    guard let handle = iconv_open("UTF-32LE", name), handle != iconv_t(bitPattern: -1) else { return nil }
    self.handle = handle
  }

  deinit { iconv_close(handle) }

  /// What one character's octets mean: its scalar, or two packed by `MultiByteTable.pack`; 0 where they mean nothing, or
  /// more or less than one character.
  func character(_ octets: some Collection<UInt8>) -> UInt32 {
    _ = iconv(handle, nil, nil, nil, nil)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      for (index, octet) in octets.prefix(8).enumerated() { base[index] = CChar(bitPattern: octet) }
      var source: UnsafeMutablePointer<CChar>? = base
      var target: UnsafeMutablePointer<CChar>? = base + 8
      var left = min(octets.count, 8)
      var room = 32
      guard iconv(handle, &source, &left, &target, &room) != -1, left == 0 else { return 0 }
      // What it held back, to see whether a mark followed.
      _ = iconv(handle, nil, nil, &target, &room)
      let raw = UnsafeRawPointer(base + 8)
      switch 32 - room {
      case 4: return UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self))
      case 8:
        return MultiByteTable.pack(
          UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self)),
          UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
      default: return 0
      }
    }
  }
}
