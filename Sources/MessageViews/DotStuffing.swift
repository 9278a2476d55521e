internal import Bytes

/// The dots that SMTP adds to lines that begin with one (RFC 5321 §4.5.2).
enum DotStuffing {
  /// The octets without them; the same ones where there are none.
  static func undone(_ octets: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var copied = 0
    var line = 0
    while line < octets.count {
      if octets[line] == .dot {
        if copied == 0 { result.reserveCapacity(octets.count) }
        result.append(contentsOf: octets[copied..<line])
        copied = line + 1
      }
      guard let end = octets.span.bytes.firstLineFeed(from: line) else { break }
      line = end + 1
    }
    guard copied > 0 else { return octets }
    result.append(contentsOf: octets[copied...])
    return result
  }
}
