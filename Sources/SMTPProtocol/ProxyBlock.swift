internal import Bytes
internal import NetAddress

/// Version 2 of the PROXY protocol: a block of octets (proxy-protocol.txt §2.2).
enum ProxyBlock {
  /// Octets of the fixed part: signature, version and command, family, length.
  static let fixed = 16
  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  /// What the fixed part says, checked octet by octet as they come, so that nobody waits for what cannot be one.
  static func parse(_ bytes: RawSpan) -> ProxyPreamble.Outcome {
    let count = bytes.byteCount
    for index in 0..<min(count, signature.count) where bytes[byte: index] != signature[index] {
      return .malformed("no PROXY preamble")
    }
    guard count > 12 else { return .needMore }
    guard bytes[byte: 12] >> 4 == 2 else { return .malformed("a PROXY version that is not 2") }
    let isLocal = bytes[byte: 12] & 0x0f == 0
    guard bytes[byte: 12] & 0x0f <= 1 else { return .malformed("a PROXY command that is unknown") }
    guard count > 13 else { return .needMore }
    let family = bytes[byte: 13] >> 4
    let proto = bytes[byte: 13] & 0x0f
    // The family of LOCAL is ignored.
    guard isLocal || family <= 3 && proto <= 2 else { return .malformed("a PROXY family that is unknown") }
    guard count >= fixed else { return .needMore }
    let length = Int(bytes[byte: 14]) << 8 | Int(bytes[byte: 15])
    guard length <= ProxyPreamble.longestBlock else {
      return .malformed("a PROXY block of \(length) octets, past \(ProxyPreamble.longestBlock)")
    }
    guard count >= fixed + length else { return .needMore }
    var preamble = ProxyPreamble(version: .two, origin: isLocal ? .local : .unknown)
    if !isLocal, family > 0, proto > 0 {
      let block = (0..<fixed + length).map { bytes[byte: $0] }
      if let fault = read(block, family: family, isStream: proto == 1, into: &preamble) {
        return .malformed(fault)
      }
    }
    return .done(preamble, octets: fixed + length)
  }

  /// Reads addresses and vectors; answers what is wrong with them.
  private static func read(
    _ block: [UInt8], family: UInt8, isStream: Bool, into preamble: inout ProxyPreamble
  ) -> String? {
    let addresses = family == 1 ? 12 : family == 2 ? 36 : 216
    guard block.count >= fixed + addresses else { return "a PROXY block too short for its addresses" }
    if isStream, family != 3 { preamble.origin = .client(endpoints(block, isV6: family == 2)) }
    return vectors(block, from: fixed + addresses, into: &preamble)
  }

  private static func endpoints(_ block: [UInt8], isV6: Bool) -> ProxyPreamble.Endpoints {
    let width = isV6 ? 16 : 4
    let ports = fixed + 2 * width
    return ProxyPreamble.Endpoints(
      source: address(block[fixed..<fixed + width]), sourcePort: UInt16(number(block[ports..<ports + 2])),
      destination: address(block[fixed + width..<ports]),
      destinationPort: UInt16(number(block[ports + 2..<ports + 4])))
  }

  private static func address(_ octets: ArraySlice<UInt8>) -> IPAddress {
    if octets.count == 4 { return IPAddress(v4: UInt32(number(octets))) }
    return IPAddress(high: number(octets.prefix(8)), low: number(octets.dropFirst(8)))
  }

  /// An unsigned number in network order, of at most eight octets.
  private static func number(_ octets: ArraySlice<UInt8>) -> UInt64 {
    octets.reduce(0) { $0 << 8 | UInt64($1) }
  }

  // MARK: Vectors (type, length, value)

  private static func vectors(
    _ block: [UInt8], from start: Int, into preamble: inout ProxyPreamble
  ) -> String? {
    var rest = block[start...]
    var hasChecksum = false
    while !rest.isEmpty {
      guard let (type, value) = next(&rest) else { return "a PROXY vector longer than what is left" }
      switch type {
      case 0x02: preamble.serverName = hostName(value)
      case 0x03:
        guard value.count == 4, !hasChecksum else { return "a PROXY checksum that is none" }
        hasChecksum = true
        guard isChecksum(value, of: block) else { return "a PROXY checksum that is wrong" }
      case 0x20:
        guard value.count >= 5 else { return "a PROXY vector of TLS that is too short" }
        guard readTLS(value, into: &preamble) else {
          return "a PROXY vector of TLS with a part longer than it"
        }
      default: break
      }
    }
    return nil
  }

  private static func next(_ rest: inout ArraySlice<UInt8>) -> (UInt8, ArraySlice<UInt8>)? {
    guard rest.count >= 3, let type = rest.first else { return nil }
    let start = rest.startIndex + 3
    let length = Int(number(rest[rest.startIndex + 1..<start]))
    guard rest.endIndex - start >= length else { return nil }
    let value = rest[start..<start + length]
    rest = rest[(start + length)...]
    return (type, value)
  }

  /// False where its parts do not fit.
  private static func readTLS(_ value: ArraySlice<UInt8>, into preamble: inout ProxyPreamble) -> Bool {
    let start = value.startIndex
    let client = value[start]
    var tls = ProxyPreamble.TLS()
    tls.hasCertificate = client & 0x06 != 0
    tls.isVerified = tls.hasCertificate && number(value[start + 1..<start + 5]) == 0
    var rest = value[(start + 5)...]
    while !rest.isEmpty {
      guard let (type, part) = next(&rest) else { return false }
      switch type {
      case 0x21: tls.version = word(part)
      case 0x22: tls.commonName = text(part)
      case 0x23: tls.cipher = word(part)
      default: break
      }
    }
    preamble.tls = client & 0x01 != 0 ? tls : nil
    return true
  }

  /// A printable word of ASCII that may stand in a header and in the log; empty where it is none.
  private static func word(_ octets: ArraySlice<UInt8>) -> String {
    let isWord =
      octets.count <= 64
      && octets.allSatisfy { $0.isASCIILetterOrDigit || "-_.+/:".utf8.contains($0) }
    return isWord ? String(decoding: octets, as: UTF8.self) : ""
  }

  /// A name of a certificate, without control characters; nil where it is no UTF-8.
  private static func text(_ octets: ArraySlice<UInt8>) -> String? {
    octets.isEmpty ? nil : String(utf8: octets.prefix(256)).map { $0.printable(limit: 256) }
  }

  private static func hostName(_ octets: ArraySlice<UInt8>) -> String? {
    let isName =
      (1...255).contains(octets.count)
      && octets.allSatisfy { $0.isASCIILetterOrDigit || "-_.".utf8.contains($0) }
    return isName ? String(decoding: octets, as: UTF8.self).lowercasedASCII : nil
  }

  /// CRC32C (RFC 4960 Appendix B) of the block, the four octets of the checksum taken as zero.
  private static func isChecksum(_ value: ArraySlice<UInt8>, of block: [UInt8]) -> Bool {
    var register: UInt32 = .max
    for index in block.indices {
      register ^= UInt32(value.indices.contains(index) ? 0 : block[index])
      for _ in 0..<8 { register = register & 1 == 0 ? register >> 1 : register >> 1 ^ 0x82f6_3b78 }
    }
    return UInt64(~register) == number(value)
  }
}
