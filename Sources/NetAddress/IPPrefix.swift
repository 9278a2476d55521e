import Bytes

/// A network: an address and the number of its leading bits that count, all others zero.
///
/// Prefixes of the two families are apart: `::/0` holds no IPv4 address, mapped or not.
public struct IPPrefix: Hashable, Sendable {
  /// The first address of the network.
  public let address: IPAddress
  private let bits: UInt8

  /// The number of leading bits that count, within the family: 0…32 or 0…128.
  public var length: Int { Int(bits) }

  /// True for a network of IPv4 addresses.
  public var isV4: Bool { address.isV4 }

  /// The network of `length` bits (clamped to the family's) that `address` lies in.
  public init(containing address: IPAddress, length: Int) {
    let kept = max(0, min(length, address.bitWidth))
    self.address = address.masked(to: kept)
    bits = UInt8(kept)
  }

  /// True when `other` lies in this network.
  public func contains(_ other: IPAddress) -> Bool {
    other.isV4 == address.isV4 && other.masked(to: length) == address
  }

  /// True when every address of `other` lies in this network.
  public func contains(_ other: IPPrefix) -> Bool {
    other.bits >= bits && contains(other.address)
  }

  /// The last address of the network.
  public var lastAddress: IPAddress {
    let kept = length + 128 - address.bitWidth
    return IPAddress(
      high: address.high | ~IPAddress.upperMask(kept), low: address.low | ~IPAddress.upperMask(kept - 64))
  }
}

extension IPPrefix: CustomStringConvertible {
  /// `192.0.2.0/24`; a single address without its length.
  public var description: String {
    length == address.bitWidth ? address.description : "\(address)/\(length)"
  }
}

/// Why a text is not a network, in words for the one who wrote it.
public enum IPPrefixError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What stands before the slash is no IPv4 or IPv6 address.
  case notAnAddress
  /// What stands behind the slash is no number of 0…`limit`.
  case lengthOutOfRange(limit: Int)
  /// The address has bits set below the prefix length; `meant` is the network without them.
  case hostBitsSet(length: Int, meant: String)

  public var description: String {
    switch self {
    case .notAnAddress:
      "not an address"
    case .lengthOutOfRange(let limit):
      "prefix length out of range: 0 to \(limit)"
    case .hostBitsSet(let length, let meant):
      "host bits set below the /\(length): write \(meant)"
    }
  }
}

extension IPPrefix {
  /// Reads `192.0.2.0/24`, `2001:db8::/32` or a bare address; nil for anything else.
  public init?(_ text: String) {
    guard let prefix = try? IPPrefix.parse(text) else { return nil }
    self = prefix
  }

  /// Reads the same and tells why it could not.
  public static func parse(_ text: String) throws(IPPrefixError) -> IPPrefix {
    try parse(ascii: text.utf8.span)
  }

  /// Reads the same from bytes.
  public static func parse(ascii text: Span<UInt8>) throws(IPPrefixError) -> IPPrefix {
    // Bound: the longest form, an address of 45 bytes with "/128".
    guard text.count <= 49 else { throw .notAnAddress }
    var slash = 0
    while slash < text.count, text[slash] != UInt8(ascii: "/") { slash += 1 }
    guard let address = IPAddress(ascii: text.extracting(..<slash)) else { throw .notAnAddress }
    if slash == text.count { return IPPrefix(containing: address, length: address.bitWidth) }
    // A mapped address may be written with a length of the form it was written in.
    var isV6Text = false
    for index in 0..<slash where text[index] == UInt8(ascii: ":") { isV6Text = true }
    let limit = isV6Text ? 128 : 32
    guard let written = number(text.extracting((slash + 1)...)), written <= limit else {
      throw .lengthOutOfRange(limit: limit)
    }
    let kept = written + 128 - limit
    let network = IPAddress(
      high: address.high & IPAddress.upperMask(kept), low: address.low & IPAddress.upperMask(kept - 64))
    guard network == address else {
      throw .hostBitsSet(length: written, meant: "\(network)/\(written)")
    }
    return IPPrefix(containing: address, length: written - (limit - address.bitWidth))
  }

  /// One to three digits, without a leading zero.
  private static func number(_ digits: Span<UInt8>) -> Int? {
    guard digits.count >= 1, digits.count <= 3 else { return nil }
    var value = 0
    for index in 0..<digits.count {
      let byte = digits[index]
      guard byte.isASCIIDigit, index > 0 || digits.count == 1 || byte != UInt8(ascii: "0") else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }
}
