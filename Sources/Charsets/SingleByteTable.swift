internal import Synchronization

/// What each octet of a one-octet charset means; made from iconv once, then only read.
struct SingleByteTable: Sendable {
  /// 256 scalars; 0xffff_ffff where an octet is nothing.
  let scalars: [UInt32]
  /// Whether octets below 128 are ASCII: of EBCDIC they are not.
  let holdsASCII: Bool

  private static let known = Mutex<[String: SingleByteTable]>([:])

  /// By iconv's name. Bound: as many as the register has rows.
  ///
  /// What was made while iconv could not be opened, because the process had no descriptor or memory left, is not kept.
  static func named(_ name: String, opening open: (String) -> IconvConversion? = { IconvConversion($0) })
    -> SingleByteTable
  {
    if let table = known.withLock({ $0[name] }) { return table }
    guard let conversion = open(name) else {
      return SingleByteTable(making: name) { $0 < 0x80 ? UInt32($0) : 0 }
    }
    let table = SingleByteTable(making: name) { conversion.character([$0]) }
    known.withLock { $0[name] = table }
    return table
  }

  /// - Parameter character: what an octet means; 0 where it means nothing.
  private init(making name: String, _ character: (UInt8) -> UInt32) {
    let fixed = WHATWGDifferences.singles[name] ?? [:]
    // Windows' code pages let the octets that they leave free be C1 controls.
    let isWindows = name.hasPrefix("CP125") || name == "CP874"
    var scalars = [UInt32](repeating: 0xffff_ffff, count: 256)
    for octet in UInt8.min...0xff {
      let scalar = character(octet)
      if let other = fixed[octet] {
        scalars[Int(octet)] = other
      } else if scalar != 0 || octet == 0 {
        scalars[Int(octet)] = scalar
      } else if isWindows, octet >= 0x80, octet < 0xa0 {
        scalars[Int(octet)] = UInt32(octet)
      }
    }
    self.scalars = scalars
    holdsASCII = (0..<0x80).allSatisfy { scalars[$0] == UInt32($0) }
  }

  func decode(_ octets: UnsafeBufferPointer<UInt8>, into sink: inout TextSink) {
    for octet in octets { sink.append(scalars[Int(octet)]) }
  }
}
