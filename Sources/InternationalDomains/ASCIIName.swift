internal import CICU

/// Internationalized domain names as DNS knows them (RFC 5891, by UTS #46 without transitional processing).
public enum ASCIIName {
  /// `bücher.example` as `xn--bcher-kva.example`.
  ///
  /// - Returns: nil where `name` is no name that IDNA allows.
  public static func of(_ name: String) -> String? {
    guard name.utf8.count <= longest else { return nil }
    // An error is more than 0, a warning less.
    var status: CInt = 0
    guard let idna = weir_idna_open(&status), status <= 0 else { return nil }
    defer { weir_idna_close(idna) }
    var faults: UInt32 = 0
    var count: Int32 = 0
    let text = Array(name.utf8)
    let result = [UInt8](unsafeUninitializedCapacity: longest) { buffer, filled in
      text.withUnsafeBytes { source in
        buffer.withMemoryRebound(to: CChar.self) { target in
          count = weir_idna_to_ascii(
            idna, source.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(source.count),
            target.baseAddress, Int32(target.count), &faults, &status)
        }
      }
      filled = min(max(0, Int(count)), longest)
    }
    guard status <= 0, faults == 0, count > 0, Int(count) <= 253 else { return nil }
    return String(decoding: result, as: UTF8.self)
  }

  /// Bound: octets of a name, before and after.
  private static let longest = 1024
}
