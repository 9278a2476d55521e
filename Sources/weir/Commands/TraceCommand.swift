import ArgumentParser
import Bytes
import DNS
import Filtering
import Foundation
import Locations
import MailAuthentication
import MailSyntax
import NetAddress
import SMTPServer
import Settings
import TraceAnalysis

/// `weir trace`: the way of a message, hop by hop.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract:
      "Where a message comes from: its Received lines hop by hop, what is forged, and who answers for it.",
    discussion: """
      Takes a message, a mailbox, a header as a mail client shows it (indented, wrapped anew, quoted), or a message \
      with the one in question attached. Times are in UTC. Which hops are one's own is said by --config \
      (relay.networks and trust.networks) or --trust; without either it is guessed, and what is shown says so.

      trust: own, of one's own networks; own user, who logged in; outside, the first stranger, whose address one's own \
      server saw; claimed, what servers of strangers wrote. A line with ! speaks for forgery, one with · is worth \
      knowing.

      Exits 0 where an origin was found, 1 where there is none to be had, 2 where the text could not be read.
      """)

  @Argument(help: "A file, or - for standard input.")
  var file: String

  @Option(help: "The gateway's configuration: one's own networks, [dns], [trace]. None is read unless named.")
  var config: String?

  @Option(help: "A network of one's own; may be given several times.")
  var trust: [String] = []

  @Option(help: "A file of countries in MaxMind's format; checks.country.file of --config if not given.")
  var countries: String?

  @Option(help: "A file of networks (AS numbers) in MaxMind's format; checks.country.asn_file if not given.")
  var networks: String?

  @Option(help: "Which message of a mailbox.")
  var message = 1

  @Flag(help: "The message itself, though one is attached to it.")
  var outer = false

  @Flag(help: "JSON instead of a table.")
  var json = false

  @Flag(help: "Also ask RDAP and whois who answers for the origin (trace.rdap, trace.whois).")
  var online = false

  @Flag(help: "Ask nobody, DNS neither.")
  var offline = false

  @Option(help: "A file of DNS records to ask instead of DNS.")
  var dns: String?

  @Option(help: "The time to count from, as 2026-11-20T12:00:00Z; by default now.")
  var now: String?

  @Flag(help: "Write a complaint in the Abuse Reporting Format (RFC 5965), ready to be sent.")
  var report = false

  @Option(help: "Who complains; postmaster@ the configuration's hostname if not given.")
  var from: String?

  @Option(help: "To whom; who answers for the origin if not given.")
  var to: String?

  @Flag(help: "Enclose the whole message in the report, not its header alone.")
  var whole = false

  func run() async throws {
    guard !(online && offline) else { throw ValidationError("--online or --offline, not both") }
    let context = try TraceContext(self)
    let input = try read()
    var trace = Trace(
      MessageHeader(input.header), in: input.header, trust: TraceTrust(networks: context.networks))
    trace.look(ahead: context.now)
    var responsible = Responsible()
    if let origin = trace.origin, Responsible.isAskedAbout(origin), !offline {
      responsible = await context.responsible(for: origin, online: online)
    }
    let view = TraceView(
      trace: trace, input: input, isConfigured: !context.networks.isEmpty, responsible: responsible,
      locations: context.locations)
    if report {
      try writeReport(view, context)
    } else if json {
      print(try TraceOutput(view).json)
    } else {
      for line in TraceTable(view: view, terminal: .standardOutput).lines() { print(line) }
    }
    if trace.origin == nil { throw ExitCode(1) }
  }

  private func read() throws -> TraceInput {
    let text: [UInt8]
    do {
      let handle =
        file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      text = [UInt8](try handle.read(upToCount: TraceInput.mostOctets) ?? Data())
    } catch {
      Complaint.write("\(file): \(FileFault.words(error))")
      throw ExitCode(2)
    }
    do {
      return try TraceInput.read(text, number: message, isOuter: outer)
    } catch {
      Complaint.write("\(file): \(error)")
      throw ExitCode(2)
    }
  }

  private func writeReport(_ view: TraceView, _ context: TraceContext) throws {
    guard view.trace.origin != nil else {
      Complaint.write("no origin was found: there is nobody to complain to")
      throw ExitCode(1)
    }
    guard let recipient = to.map({ Responsible.mailbox($0) }) ?? view.contact else {
      Complaint.write(
        to == nil
          ? "nobody is known who answers for the origin: --to ADDRESS says whom to write to"
          : "--to: no mail address")
      throw ExitCode(2)
    }
    guard let sender = from.map({ Responsible.mailbox($0) }) ?? context.hostname.map({ "postmaster@\($0)" })
    else {
      Complaint.write(from == nil ? "--from ADDRESS says who complains" : "--from: no mail address")
      throw ExitCode(2)
    }
    let report = AbuseReport(
      view: view, sender: sender, recipient: recipient,
      host: context.hostname ?? ReportingHost.name(of: view.trace), now: context.now, isWhole: whole)
    // Whoever sends it on without a look should have been told.
    if let guess = view.guess { Complaint.write("before you send it: \(guess)") }
    FileHandle.standardOutput.write(Data(report.octets()))
  }
}

/// What `weir trace` works with: the configuration, if one is named, and who is asked.
struct TraceContext {
  let networks: IPPrefixSet
  let hostname: String?
  let now: Timestamp
  let locations: (any LocationSource)?
  private let settings: TraceSettings
  private let resolver: (any DNS.Resolver)?
  private let timeout: Duration

  init(_ command: TraceCommand) throws {
    var prefixes: [IPPrefix] = []
    for text in command.trust {
      guard let prefix = IPPrefix(text) else {
        throw ValidationError("--trust takes a network such as 192.0.2.0/24")
      }
      prefixes.append(prefix)
    }
    if let text = command.now {
      guard let date = MailDate(text) else {
        throw ValidationError("--now takes a time such as 2026-11-20T12:00:00Z")
      }
      now = date.moment
    } else {
      now = Clock.now
    }
    let configuration = try command.config.map { try Self.configuration($0) }
    if let read = configuration?.settings {
      prefixes += read.relay.networks.prefixes + read.trustedNetworks.prefixes
    }
    networks = IPPrefixSet(prefixes)
    hostname = configuration?.settings.hostname
    settings = configuration?.settings.trace ?? .standard
    timeout = configuration?.settings.dns.timeout ?? .seconds(5)
    locations = try Self.locations(command) ?? configuration?.locations
    resolver = command.offline ? nil : try Self.resolver(command, configuration)
  }

  private static func locations(_ command: TraceCommand) throws -> (any LocationSource)? {
    guard command.countries != nil || command.networks != nil else { return nil }
    do {
      return try LocationFiles(countries: command.countries, networks: command.networks)
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(2)
    }
  }

  private static func configuration(_ file: String) throws -> Configuration {
    let (configuration, problems) = Configuration.load(file)
    guard let configuration else {
      for problem in problems where problem.isError { Complaint.write(problem.description) }
      throw ExitCode(2)
    }
    return configuration
  }

  private static func resolver(_ command: TraceCommand, _ configuration: Configuration?) throws -> (
    any DNS.Resolver
  )? {
    try command.dns.map { try CommandResolver.table($0) } ?? CommandResolver.resolver(configuration)
  }

  /// Asks all at once that may be asked.
  func responsible(for origin: IPAddress, online: Bool) async -> Responsible {
    async let registrations = online ? registrations(origin) : []
    var found = Responsible()
    if let resolver {
      let suffixes =
        (try? Data(contentsOf: URL(fileURLWithPath: SuffixFile.standard))).map {
          PublicSuffixes.parse([UInt8]($0))
        }
        ?? PublicSuffixes()
      found = await Responsible.byDNS(
        origin, Lookups(resolver, until: .now + timeout), zone: settings.abuseZone, suffixes: suffixes)
    } else {
      found.gaps.append("DNS is not asked")
    }
    for result in await registrations {
      switch result {
      case .success(let registration): found.add(registration)
      case .failure(let gap): found.gaps.append(gap.text)
      }
    }
    found.settle()
    return found
  }

  private func registrations(_ origin: IPAddress) async -> [Result<Registration, Responsible.Gap>] {
    async let data = settings.rdap.map { RegistrationData(server: $0) }?.ask(origin)
    async let whois = settings.whois.map { Whois(server: $0) }?.ask(origin)
    return await [data, whois].compactMap { $0 }
  }
}
