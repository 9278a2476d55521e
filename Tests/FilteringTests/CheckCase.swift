import Bytes
import Checks
import ContentInspection
import DNS
import Filtering
import Foundation
import MailSyntax
import NetAddress
import Patterns
import SMTPProtocol
import Settings
import TestSupport

/// One golden case of a check: an environment, and what is found and done in it.
///
///     # What the case shows.
///     client: 203.0.113.66
///     list block.cidr: 203.0.113.0/24 open proxies
///
///     connect: CLIENT_LISTED(block.cidr:1 203.0.113.0/24;reject)
///     u@example.org: reject CLIENT_LISTED 554 5.7.1 Client host 203.0.113.66 is refused: open proxies
///
/// Above the empty line: `client`, `front` (in place of it: a server that does not know its client), `helo`, `from`, `to` (several, between spaces), `now`, `networks`
/// (relay.networks), `ptr` (the name that a server in front told), `manners` (`early`, `out-of-turn`), `location`
/// (country, number and name of the network), `config` (a key of the configuration, dotted, and its value),
/// `list FILE` (a line of a list), `pattern` (a line of dynamic.patterns), `dns` (a record, as `DNSTable.parse` reads
/// it), `header` (a line of the message's header), `body` (a line of its body), `zones` (a line of zones.toml); the last seven may be repeated. `content`: octets of the message that checks look at, less than it has. With a
/// `dns` line there is a resolver, which knows nothing else, and the other checks are off unless a `config` line
/// speaks of them. Below the empty line: what each stage found, and what becomes of the session, of each recipient,
/// and of the message, by it. What is not given has the values of `init`.
struct CheckCase: CustomStringConvertible, Sendable {
  let name: String
  var client = "192.0.2.7"
  var isClientKnown = true
  var helo = "client.outside.example"
  var from = "sender@outside.example"
  var to = ["u@example.org"]
  var now = Timestamp(year: 2026, month: 11, day: 20)
  var networks: [String] = []
  var configuration: [String] = []
  var lists: [(file: String, lines: [String])] = []
  var told: String?
  var manners = ClientManners()
  var location: Location?
  /// Empty: nobody is asked.
  var names: [String] = []
  var patterns: [String] = []
  var header: [String] = []
  var body: [String] = []
  /// Octets of the message that checks look at; nil: all.
  var content: Int?
  /// Lines of zones.toml.
  var zones: [String] = []
  let expected: [String]

  var description: String { name }

  /// The check whose folder it lies in.
  var check: String { String(name.prefix { $0 != "/" }) }

  /// The cases of all checks, by folder.
  static func all() throws -> [String: [CheckCase]] {
    let folder = Repository.root + "/Tests/Cases"
    var all: [String: [CheckCase]] = [:]
    for check in try FileManager.default.contentsOfDirectory(atPath: folder) {
      for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(check)").sorted() {
        let text = try String(contentsOfFile: "\(folder)/\(check)/\(file)", encoding: .utf8)
        all[check, default: []].append(try CheckCase(name: "\(check)/\(file)", text: text))
      }
    }
    return all
  }

  /// Whether a check is on where only those are that the case is about.
  func concerns(_ check: String) -> Bool {
    name.hasPrefix("\(check)/") || configuration.contains { $0.hasPrefix("checks.\(check).") }
  }

  init(name: String, text: String) throws {
    self.name = name
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let empty = lines.firstIndex(of: "") else { throw HarnessFault("\(name): no empty line") }
    expected = lines[(empty + 1)...].filter { !$0.isEmpty }
    for (index, line) in lines[..<empty].enumerated() where !line.hasPrefix("#") {
      guard let colon = line.range(of: ":"), read(String(line[..<colon.lowerBound]), Self.value(line, colon))
      else {
        throw HarnessFault("\(name):\(index + 1): cannot read “\(line)”")
      }
    }
  }

  private static func value(_ line: String, _ colon: Range<String.Index>) -> String {
    String(line[colon.upperBound...].drop { $0 == " " })
  }

  private mutating func read(_ key: String, _ value: String) -> Bool {
    let words = value.split(separator: " ").map(String.init)
    switch key {
    case "client": client = value
    case "front":
      client = value
      isClientKnown = false
    case "helo": helo = value
    case "from": from = value
    case "to": to = words
    case "networks": networks = words
    case "config": configuration.append(value)
    case "ptr": told = value
    case "manners":
      manners.spokeEarly = words.contains("early")
      manners.spokeOutOfTurn = words.contains("out-of-turn")
    case "location":
      location = Location(
        country: words.first == "-" ? nil : words.first, network: words.count > 1 ? UInt32(words[1]) : nil,
        networkName: words.count > 2 ? words[2...].joined(separator: " ") : nil)
    case "dns": names.append(value)
    case "pattern": patterns.append(value)
    case "header": header.append(value)
    case "body": body.append(value)
    case "content": content = Int(value)
    case "zones": zones.append(value)
    case "now":
      guard let day = Timestamp(isoDay: value) else { return false }
      now = day
    default:
      guard key.hasPrefix("list ") else { return false }
      let file = String(key.dropFirst(5))
      if let index = lists.firstIndex(where: { $0.file == file }) {
        lists[index].lines.append(value)
      } else {
        lists.append((file, [value]))
      }
    }
    return true
  }
}

extension CheckPlan {
  /// Those that speak of nearly every sender and message, and say so where nothing is found; and those of the content,
  /// for which the messages of cases are too short to be flawless.
  private static let everywhere: Set<String> = [
    "spf", "dkim", "arc", "dmarc", "header_shape", "encoding", "hidden_text", "link_mismatch",
    "lookalike_domain", "own_from", "image_only", "bulk", "language",
  ]

  /// For the cases of a check: of these it is alone; in the cases of others they are silent.
  fileprivate func concerning(_ check: String) -> CheckPlan {
    func concerns(_ name: String) -> Bool {
      Self.everywhere.contains(check) ? name == check : !Self.everywhere.contains(name)
    }
    var plan = self
    plan.connect.removeAll { !concerns($0.check) }
    plan.hello.removeAll { !concerns($0.check) }
    plan.mail.removeAll { !concerns($0.check) }
    plan.recipient.removeAll { !concerns($0.check) }
    plan.message.removeAll { !concerns($0.check) }
    return plan
  }
}

/// What a case says of its client's place.
private struct OneLocation: LocationSource {
  let place: Location

  func location(of address: IPAddress) -> Location { place }
}

/// A case as it comes out.
struct CheckCaseRun {
  private let rehearsal: Rehearsal
  private let one: CheckCase
  private(set) var lines: [String] = []
  private var taken = 0

  init(_ one: CheckCase) async throws {
    var gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    gateway.networks = one.networks
    gateway.settings["checks.header_shape.mode"] = "\"enforce\""
    for line in one.configuration {
      guard let equals = line.range(of: " = ") else { throw HarnessFault("the form is KEY = VALUE: \(line)") }
      gateway.settings[String(line[..<equals.lowerBound])] = String(line[equals.upperBound...])
    }
    if !one.names.isEmpty {
      for check in Catalogue.names where !one.concerns(check) {
        gateway.settings["checks.\(check).mode"] = "\"off\""
      }
    }
    let reading = Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml")
    guard let settings = reading.settings else { throw HarnessFault("\(reading.problems)") }
    guard let now = one.now else { throw HarnessFault("no such day") }
    let lists = ListSnapshot.parse(
      one.lists.map {
        ListSource(file: $0.file, text: Array(($0.lines.joined(separator: "\n") + "\n").utf8))
      }, at: now)
    if lists.hasErrors { throw HarnessFault("\(lists.problems)") }
    let relay = RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks, restrictions: settings.relay.senders
    )
    var materials = CheckMaterials(lists: lists.snapshot, relay: relay, settings: settings)
    materials.resolves = !one.names.isEmpty
    materials.trusted = IPPrefixSet(settings.relay.networks.prefixes + settings.trustedNetworks.prefixes)
    materials.dynamicPatterns = PatternFile(
      name: "dynamic.patterns", Array(one.patterns.joined(separator: "\n").utf8))
    materials.locations = one.location.map(OneLocation.init)
    materials.files = MagicArchiveInspector(Catalogue.inspectionLimits(settings))
    let zones = DNSZones.read(text: one.zones.joined(separator: "\n"), file: "zones.toml")
    if !zones.problems.isEmpty { throw HarnessFault("\(zones.problems)") }
    materials.zones = zones.zones
    let (table, faults) = DNSTable.parse(Array(one.names.joined(separator: "\n").utf8), file: one.name)
    if !faults.isEmpty { throw HarnessFault("\(faults)") }
    let (whole, scores, problems) = Catalogue.plan(materials)
    if !problems.isEmpty { throw HarnessFault("\(problems)") }
    let thresholds = Thresholds(
      tag: settings.actions.tag, deferral: settings.actions.defer, reject: settings.actions.reject,
      enforceAt: Stage(settings.actions.enforceAt.rawValue) ?? .recipient)
    let catalogue = ReasonCatalogue(
      ProtocolReasons.all + FilteringReasons.all + Catalogue.reasons, replacing: settings.replies,
      hostname: "mx")
    self.one = one
    rehearsal = Rehearsal(
      plan: whole.concerning(one.check), scores: scores,
      recipients: RecipientPolicies(standard: RecipientPolicy(thresholds: thresholds)), catalogue: catalogue,
      bounds: one.content.map { MessageBounds(header: 1 << 20, hops: 1000, memory: 1 << 20, content: $0) },
      lookups: { Lookups(table, until: .now + .seconds(60)) })
    try await run(relay, now)
  }

  private mutating func run(_ relay: RelayControl, _ now: Timestamp) async throws {
    guard let address = IPAddress(one.client), let sender = PathParser.parse(whole: one.from, limits: .sender)
    else {
      throw HarnessFault("\(one.name): no client or no sender")
    }
    var connect = ConnectFacts(
      address: address, port: 1, listener: "x", isRelayNetwork: relay.isRelayNetwork(address), time: now)
    connect.isAddressKnown = one.isClientKnown
    connect.toldName = one.told
    connect.manners = one.manners
    let mail = MailFacts(
      connect: connect, hello: Hello(name: one.helo, isExtended: true), sender: sender, parameters: .none,
      time: now)
    let recipients = try one.to.map { text in
      guard let path = PathParser.parse(whole: text) else { throw HarnessFault("\(one.name): no recipient") }
      return path
    }
    for step in await rehearsal.judge(mail, recipients: recipients, message: message).steps {
      // Of what comes behind the end of the session a case says nothing.
      if !show(step) { return }
    }
  }

  /// nil where the case has none.
  private var message: HeldMessage? {
    guard !one.header.isEmpty || !one.body.isEmpty else { return nil }
    let text = one.header.joined(separator: "\r\n") + "\r\n\r\n" + one.body.map { $0 + "\r\n" }.joined()
    return HeldMessage(memory: Array(text.utf8))
  }

  /// The lines of a step; false where the session ends there.
  private mutating func show(_ step: Rehearsal.Step) -> Bool {
    if step.stage == .message, taken == 0 { return false }
    let place = step.recipient?.text ?? step.stage.description
    lines += step.found.map { "\(place): \($0.logForm)" }
    if step.recipient != nil || step.stage == .message || step.isRefusal {
      lines.append("\(place): \(words(step))")
    }
    if step.recipient != nil {
      if !step.isRefusal { taken += 1 }
      return true
    }
    return !step.isRefusal
  }

  private func words(_ step: Rehearsal.Step) -> String {
    guard let reason = step.reason, let reply = step.reply else {
      return "\(step.decision.verdict) \(Score.text(step.decision.score))"
    }
    return "\(step.decision.verdict) \(reason) \(reply.summary)"
  }
}
