internal import DNS
public import Filtering
internal import Bytes
internal import Settings

/// What a DNS list can be asked about.
public enum ZoneSubject: String, Hashable, Sendable, CaseIterable {
  /// The client's address.
  case client
  /// The address from which the message came to the first trusted server, by its Received lines.
  case trace
  /// The name in HELO or EHLO.
  case helo
  /// The client's confirmed name.
  case clientName = "client_name"
  /// The domain of the envelope sender.
  case sender
  /// The domains of From and of Reply-To.
  case from
  case replyTo = "reply_to"
  /// Hosts of links in the message.
  case urls
  /// Links whose host is an address.
  case urlAddresses = "url_addresses"
  /// Hashes of mail addresses: the envelope sender, From, Reply-To.
  case addressHash = "address_hash"

  /// As evidence calls it.
  var shown: String { self == .urls ? "url" : rawValue }

  /// What nobody can forge, so that a listing may speak for the client as well.
  static let provable: Set<ZoneSubject> = [.client, .trace, .clientName]

  /// Whether it is an address, asked in its reversed form.
  var isAddress: Bool { self == .client || self == .trace || self == .urlAddresses }
}

/// Which name a list of domains is asked about.
enum ZoneNameForm: String, CaseIterable {
  /// The name as it is: for lists that answer for names below a listed one, too.
  case host
  /// What its owner registered (`example.co.uk` of `www.example.co.uk`).
  case registrable
  /// Both.
  case both
}

/// One DNS list (RFC 5782), as `zones.toml` describes it.
public struct DNSZone: Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case block, allow
  }

  /// What is asked; a key in it is nobody's business: everywhere else the list goes by its label.
  let name: DNSName
  /// What is shown in logs, replies, metrics and status.
  public let label: String
  public let asks: Set<ZoneSubject>
  public let kind: Kind
  public let mode: CheckMode
  /// What a listing weighs whose code has no weight of its own; nil: as the check's table says.
  let weight: Double?
  let answers: ZoneAnswers
  /// The heaviest of the weights that stand in its table and count; nil where the check's counts alone.
  let heaviest: PlacedWeight?
  /// Whether it gives reasons as TXT records.
  let givesReasons: Bool
  /// Whether it is asked about private and loopback addresses as well.
  let isPrivate: Bool
  let takesV4: Bool
  let takesV6: Bool
  let nameForm: ZoneNameForm
  let hashing: AddressHashing
  /// What must be listed; nil where the list has no such point.
  let listedPoint: DNSName?
  /// What must not be listed.
  let unlistedPoint: DNSName?
  /// Where a listing is contested; empty where nobody said.
  public let removal: String
  public let probeInterval: Duration
  /// What stands in for the zone's name in a text of the list's own.
  let secrets: [String]
  public let state: ZoneState

  /// What its definition comes to: two with the same are one list in two generations of the configuration.
  public var identity: String {
    "\(label) \(name) \(asks.map(\.rawValue).sorted()) \(listedPoint?.text ?? "-") \(unlistedPoint?.text ?? "-")"
  }

  /// What its listings can weigh.
  ///
  /// - Parameter standard: what an answer weighs that has no weight of its own.
  func weights(standard: Double) -> [Double] {
    answers.rows.isEmpty ? [standard] : answers.rows.map { $0.weight ?? standard }
  }

  /// Whether it is asked in mail at all.
  public var isInUse: Bool { mode != .off }

  /// A text of the list's, or of a fault, fit to be shown: printable, bounded, its key taken out.
  func shown(_ text: String, limit: Int = 200) -> String {
    var text = text
    // The whole of it, before anything is cut off: half a key is one too many.
    for secret in secrets where !secret.isEmpty { text = Self.without(secret, text) }
    return text.printable(limit: limit)
  }

  /// The text with each occurrence of `secret`, whatever the case of its letters, left out.
  private static func without(_ secret: String, _ text: String) -> String {
    let hidden = Array(secret.utf8)
    let bytes = Array(text.utf8)
    guard bytes.count >= hidden.count else { return text }
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if index + hidden.count <= bytes.count,
        hidden.indices.allSatisfy({ bytes[index + $0].lowercasedASCII == hidden[$0].lowercasedASCII })
      {
        result += Array("***".utf8)
        index += hidden.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// A weight that stands in `zones.toml`, and the warning, without its words, that points there.
struct PlacedWeight: Hashable, Sendable {
  let weight: Double
  let place: SettingsProblem
}

/// All DNS lists of a configuration, in the order of the file.
public struct DNSZones: Sendable {
  public let all: [DNSZone]
  /// Hosts that forward to an address that stands in the link itself.
  public var redirectors = HostList()
  /// Hosts whose links tell nothing of where they lead.
  public var shorteners = HostList()

  public static let none = DNSZones([])

  public init(_ all: [DNSZone]) { self.all = all }

  /// Those in use that are asked about one of these.
  func asking(_ subjects: Set<ZoneSubject>) -> [DNSZone] {
    all.filter { $0.isInUse && !$0.asks.isDisjoint(with: subjects) }
  }

  /// Takes over what an earlier generation knows of the same lists.
  public func follow(_ earlier: DNSZones) {
    let states = Dictionary(
      earlier.all.map { ($0.identity, $0.state) }, uniquingKeysWith: { first, _ in first })
    for zone in all { if let state = states[zone.identity] { zone.state.follow(state) } }
  }
}
