public import MailSyntax
public import NetAddress

/// The way of a message by its Received lines, the newest hop first.
public struct Trace: Hashable, Sendable {
  /// Bound: lines that are looked at.
  public static let mostHops = 200
  /// More hops than this are a fault (RFC 5321 §6.3 lets a loop end at 100).
  public static let usualHops = 50

  public internal(set) var hops: [Hop] = []
  /// Which hop is the boundary: a trusted server wrote it, and its client is none. nil where all are trusted.
  public internal(set) var boundary: Int?
  /// Who handed the message to the last server that is trusted: an address that cannot be forged; nil without any.
  public internal(set) var origin: IPAddress?
  /// The origin's name by DNS, where the server that saw it wrote one.
  public internal(set) var originName: String?
  /// The first hop of one's own under which stands a line with another's name: there a guessed house ends, and one whose
  /// networks are known goes on only if that is a server of it. nil for none.
  public internal(set) var houseEnd: Int?
  /// Addresses that other fields tell, such as X-Originating-IP: worth a look, never proof.
  public internal(set) var hints: [OriginHint] = []
  /// What is wrong with the chain as a whole.
  public internal(set) var faults: [TraceFault] = []

  public init() {}
}

/// One hop: a line and what is thought of it.
public struct Hop: Hashable, Sendable {
  public enum Trust: Hashable, Sendable {
    /// The client is of one's own networks, or the step was within a server of them.
    case own
    /// The client logged in at a trusted server.
    case login
    /// A trusted server wrote the line, and its client is a stranger.
    case boundary
    /// A stranger's server wrote the line, or whoever forged it.
    case claimed
  }

  public let line: ReceivedLine
  public internal(set) var trust: Trust
  /// From the next older line with a date to this one; negative where time ran backwards.
  public internal(set) var delay: Duration?
  public internal(set) var faults: [TraceFault] = []

  /// Whether whom it came from is trusted.
  public var isTrusted: Bool { trust == .own || trust == .login }
  /// Whether who wrote the line is.
  public var isBelieved: Bool { trust != .claimed }
}

/// What another field says of the origin.
public struct OriginHint: Hashable, Sendable {
  public let field: String
  public let address: IPAddress
  /// Whether the field can be one's own web mailer's, for the chain never left one's own networks.
  public let isBelieved: Bool
}

/// Whose lines are believed.
public struct TraceTrust: Sendable {
  let isOwn: (@Sendable (IPAddress) -> Bool)?
  let isSubmission: @Sendable (IPAddress) -> Bool

  /// The networks of one's own servers; loopback is always among them. Where none are given the boundary is guessed:
  /// `inferred`.
  public init(networks: IPPrefixSet) {
    if networks.isEmpty {
      self.init(isOwn: nil)
    } else {
      self.init(isOwn: { networks.contains($0) })
    }
  }

  /// - Parameters:
  ///   - isOwn: nil to guess.
  ///   - isSubmission: servers that only take mail from users who logged in: all that came to them is trusted.
  public init(
    isOwn: (@Sendable (IPAddress) -> Bool)?,
    isSubmission: @escaping @Sendable (IPAddress) -> Bool = { _ in false }
  ) {
    self.isOwn = isOwn
    self.isSubmission = isSubmission
  }

  /// Nothing is known: the newest line is believed, and those below it as long as the client is private, or by its name
  /// in DNS of the same house as the server, and the line below bears that house's name.
  public static let inferred = TraceTrust(isOwn: nil)
}

extension Trace {
  /// Reads the Received fields of a header.
  ///
  /// - Parameters:
  ///   - octets: those that the header was read from.
  ///   - client: the hop that no line tells of yet: who is handing the message over now.
  public init(
    _ header: MessageHeader, in octets: [UInt8], client: ReceivedLine? = nil, trust: TraceTrust
  ) {
    var lines = client.map { [$0] } ?? []
    var isCut = header.isCut
    var hints: [(String, IPAddress)] = []
    for field in header.fields {
      if field.isNamed("Received") {
        guard lines.count < Self.mostHops else {
          isCut = true
          continue
        }
        lines.append(ReceivedLine(octets[field.body]))
      } else if hints.count < 8, let address = OriginHint.address(field, octets) {
        hints.append((field.name, address))
      }
    }
    self.init(lines: lines, hints: hints, trust: trust)
    if isCut { faults.append(.cut) }
  }

  /// - Parameter lines: the newest first; those past `mostHops` are not looked at.
  public init(lines: [ReceivedLine], hints: [(String, IPAddress)] = [], trust: TraceTrust) {
    self.init()
    hops = lines.prefix(Self.mostHops).map { Hop(line: $0, trust: .claimed) }
    if lines.count > Self.mostHops { faults.append(.cut) }
    let isInside = settleTrust(trust)
    self.hints = hints.map { field, address in
      OriginHint(
        field: field, address: address,
        isBelieved: isInside.open && (isInside.all || trust.isOwn?(address) ?? address.isPrivate))
    }
    settleOrigin(isInside.open)
    for index in hops.indices { examine(index) }
    if hops.isEmpty { faults.append(.noHops) }
    let steps = hops.count { $0.line.kind == .handover }
    if steps > Self.usualHops { faults.append(.tooManyHops(steps)) }
  }
}
