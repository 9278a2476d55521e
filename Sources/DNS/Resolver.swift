public import NetAddress

/// Whoever answers questions about names. Asked from any thread.
public protocol Resolver: Sendable {
  /// The answer that is known already; nil where somebody would have to be asked. Never waits.
  func remembered(_ question: DNSQuestion) -> DNSAnswer?
  /// Asks, at most until `deadline`, then `.failed(.timeout)`; once the task is cancelled, `.failed(.cancelled)`.
  /// What is remembered is answered without suspending.
  func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer
}

/// A resolver with the time that there is: all questions of a stage share one budget.
public struct Lookups: Sendable {
  public let resolver: any Resolver
  public let deadline: ContinuousClock.Instant

  public init(_ resolver: any Resolver, until deadline: ContinuousClock.Instant) {
    self.resolver = resolver
    self.deadline = deadline
  }

  public func resolve(_ name: DNSName, _ type: RecordType) async -> DNSAnswer {
    let question = DNSQuestion(name, type)
    if let known = resolver.remembered(question) { return known }
    return await resolver.resolve(question, until: deadline)
  }
}

extension DNSName {
  /// `4.3.2.1.in-addr.arpa` or the 32 nibbles under `ip6.arpa` (RFC 1035 §3.5, RFC 3596 §2.5).
  public static func reverse(of address: IPAddress) -> DNSName {
    let zone = address.isV4 ? "in-addr.arpa" : "ip6.arpa"
    return DNSName("\(reversedLabels(of: address)).\(zone)") ?? .root
  }

  /// `4.3.2.1`, or 32 nibbles: what stands in front of a list's zone (RFC 5782 §2.1, §2.4).
  public static func reversedLabels(of address: IPAddress) -> String {
    if let v4 = address.v4 { return "\(v4 & 255).\(v4 >> 8 & 255).\(v4 >> 16 & 255).\(v4 >> 24)" }
    var labels: [String] = []
    labels.reserveCapacity(32)
    for half in [address.low, address.high] {
      for nibble in 0..<16 { labels.append(String(half >> UInt64(4 * nibble) & 15, radix: 16)) }
    }
    return labels.joined(separator: ".")
  }
}
