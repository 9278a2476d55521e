public import NetAddress

/// The record types that Weir asks for (RFC 1035 §3.2.2, RFC 3596).
public enum RecordType: UInt16, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case a = 1
  case ns = 2
  case soa = 6
  case ptr = 12
  case mx = 15
  case txt = 16
  case aaaa = 28

  public var description: String {
    switch self {
    case .a: "A"
    case .ns: "NS"
    case .soa: "SOA"
    case .ptr: "PTR"
    case .mx: "MX"
    case .txt: "TXT"
    case .aaaa: "AAAA"
    }
  }
}

public struct DNSQuestion: Hashable, Sendable, CustomStringConvertible {
  public let name: DNSName
  public let type: RecordType

  public init(_ name: DNSName, _ type: RecordType) {
    self.name = name
    self.type = type
  }

  public var description: String { "\(name) \(type)" }
}

/// What one record says.
public enum RecordData: Hashable, Sendable {
  /// A or AAAA.
  case address(IPAddress)
  /// PTR or NS.
  case name(DNSName)
  /// MX; a root exchange is the null MX of RFC 7505.
  case exchange(preference: UInt16, DNSName)
  /// TXT: its character strings joined without a space (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
  case text([UInt8])
  /// SOA: the mailbox of who is responsible, its first label the local part (RFC 1035 §3.3.13).
  case authority(primary: DNSName, mailbox: DNSName)
}

/// Why there is no answer. None of these says that something is not there.
public enum DNSFailure: Hashable, Sendable {
  /// SERVFAIL, REFUSED, FORMERR or the like, by its RFC 1035 §4.1.1 code.
  case server(code: Int)
  /// DNSSEC says that somebody changed it (RFC 4035 §5.5).
  case bogus
  case timeout
  /// Too many questions waited already, or the resolver is known to be cut off from the network.
  case unavailable
  /// Whoever asked does not want to know any more.
  case cancelled
}

public enum DNSAnswer: Hashable, Sendable {
  /// All of the type that was asked for, aliases followed; never empty, in no order of meaning.
  case records([RecordData])
  /// NOERROR without a record of that type (RFC 2308 §2.2).
  case noData
  /// NXDOMAIN: there is no such name (RFC 2308 §2.1).
  case noName
  case failed(DNSFailure)

  /// Empty for all but `records`.
  public var records: [RecordData] { if case .records(let records) = self { records } else { [] } }

  public var isFailure: Bool { if case .failed = self { true } else { false } }

  /// NXDOMAIN or no data: a void look-up (RFC 7208 §4.6.4).
  public var isVoid: Bool { self == .noData || self == .noName }

  public var addresses: [IPAddress] {
    records.compactMap { if case .address(let address) = $0 { address } else { nil } }
  }

  public var names: [DNSName] {
    records.compactMap { if case .name(let name) = $0 { name } else { nil } }
  }

  /// The texts of TXT records, as octets.
  public var texts: [[UInt8]] {
    records.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  /// Sorted by preference, then by name.
  public var exchanges: [(preference: UInt16, name: DNSName)] {
    records.compactMap {
      if case .exchange(let preference, let name) = $0 { (preference, name) } else { nil }
    }.sorted { ($0.preference, $0.name.text) < ($1.preference, $1.name.text) }
  }
}
