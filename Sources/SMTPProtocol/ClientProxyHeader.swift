public import NetAddress

/// The first octets of a connection to a backend that is told its client by the PROXY protocol, version 2 (HAProxy's
/// proxy-protocol.txt §2.2).
public enum ClientProxyHeader {
  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  /// A connection of the gateway's own: command LOCAL, no addresses.
  public static let local = signature + [0x20, 0x00, 0x00, 0x00]

  /// A connection for a client that nobody knows: command PROXY, unspecified family, no addresses.
  static let unknown = signature + [0x21, 0x00, 0x00, 0x00]

  /// A connection for `client`: command PROXY, stream, both addresses of one family; none where the client's is not
  /// known.
  ///
  /// - Parameter destination: where the connection goes; nil (a local socket) is told as nowhere, port 0, and so is
  ///   an IPv6 one of an IPv4 client; an IPv4 one of an IPv6 client is told in its mapped form.
  public static func octets(
    of client: ClientIdentity, destination: (address: IPAddress, port: UInt16)?
  ) -> [UInt8] {
    guard client.isAddressKnown else { return unknown }
    let isV4 = client.address.isV4
    let nowhere = isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
    let target = destination.flatMap { isV4 && !$0.address.isV4 ? nil : $0.address } ?? nowhere
    var header = signature + [0x21, isV4 ? 0x11 : 0x21, 0, isV4 ? 12 : 36]
    append(client.address, isV4, to: &header)
    append(target, isV4, to: &header)
    for port in [client.port, destination?.port ?? 0] {
      header += [UInt8(port >> 8), UInt8(port & 0xff)]
    }
    return header
  }

  private static func append(_ address: IPAddress, _ isV4: Bool, to header: inout [UInt8]) {
    if !isV4 {
      for shift in stride(from: 56, through: 0, by: -8) {
        header.append(UInt8(truncatingIfNeeded: address.high >> UInt64(shift)))
      }
    }
    for shift in stride(from: isV4 ? 24 : 56, through: 0, by: -8) {
      header.append(UInt8(truncatingIfNeeded: address.low >> UInt64(shift)))
    }
  }
}
