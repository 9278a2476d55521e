import Bytes
import Checks
import DNS
import Filtering
import MailSyntax
import NIOPosix
import NetAddress
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings
import TransportSecurity

/// The composition root: which settings become which parts. Nowhere else is an implementation chosen.
enum Wiring {
  /// The policy of a configuration.
  ///
  /// - Parameters:
  ///   - authenticator: who knows the users; nil where nobody can log in.
  ///   - names: who answers questions about names where no fixture does; nil: nobody.
  ///   - resolver: in place of all that the configuration says of it.
  static func policy(
    _ configuration: Configuration, backends: any Relay, generation: Int,
    authenticator: (any Authenticator)? = nil, names: NameResolution? = nil,
    resolver: (any DNS.Resolver)? = nil
  ) -> Policy {
    let settings = configuration.settings
    return Policy(
      generation: generation, hostname: settings.hostname, catalogue: configuration.catalogue,
      terms: terms(settings), plan: configuration.plan, scores: configuration.scores,
      relay: configuration.relay, backends: backends, routes: routes(configuration),
      bounds: bounds(settings),
      timeouts: timeouts(settings.timeouts),
      normalizesBareLineFeed: settings.smtp.bareLF == .normalise,
      loopDelay: Int(settings.limits.loopDelay.milliseconds), listeners: listeners(settings),
      authenticator: authenticator,
      completion: HeaderCompletion.Terms(
        domain: settings.submission.domain,
        includesRelayNetworks: settings.submission.completesRelayNetworks),
      resolver: resolver ?? self.resolver(configuration, names), lookupBudget: settings.dns.timeout,
      greeting: EarlyTalkerCheck.terms(settings),
      recipients: recipients(settings), rules: configuration.rules,
      waiting: WaitingTerms(
        quarantineLifetime: settings.quarantine.lifetime, outboxLifetime: settings.outbox.lifetime))
  }

  /// Who goes by which thresholds, modes and marks.
  static func recipients(_ settings: Settings) -> RecipientPolicies {
    func policy(_ id: Int, _ name: String, _ actions: ActionSettings, _ own: PolicySettings?)
      -> RecipientPolicy
    {
      RecipientPolicy(
        id: id, name: name,
        thresholds: Thresholds(
          tag: actions.tag, deferral: actions.defer, quarantine: actions.quarantine, reject: actions.reject,
          enforceAt: Stage(actions.enforceAt.rawValue) ?? .recipient),
        modes: (own?.modes ?? [:]).mapValues { CheckMode(rawValue: $0.rawValue) ?? .enforce },
        tagging: Tagging(subjectPrefix: actions.subjectPrefix ?? "", addsHeaders: actions.addsTagHeaders),
        messageSize: own?.messageSize?.count.map(UInt64.init),
        rates: own.map {
          UserRates.Overrides(
            messages: $0.messageRatePerUser.map(\.rate), recipients: $0.recipientRatePerUser.map(\.rate))
        },
        arrivals: own?.messageRatePerAddress?.rate, followsRules: own?.followsRules ?? true)
    }
    var recipients: [String: RecipientPolicy] = [:]
    var logins: [String: RecipientPolicy] = [:]
    for (place, own) in settings.policies.enumerated() {
      let policy = policy(place + 1, own.name, own.actions, own)
      for name in own.recipients { recipients[name] = policy }
      for name in own.logins { logins[name] = policy }
    }
    return RecipientPolicies(
      standard: policy(0, "", settings.actions, nil), recipients: recipients, logins: logins)
  }

  static func bounds(_ settings: Settings) -> MessageBounds {
    MessageBounds(
      header: settings.limits.headerSize, hops: settings.limits.hops,
      memory: settings.limits.memoryPerMessage,
      line: settings.limits.lineLength, content: settings.limits.contentSize)
  }

  private static func resolver(_ configuration: Configuration, _ names: NameResolution?) -> (
    any DNS.Resolver
  )? {
    guard configuration.settings.dns.isEnabled, configuration.fixture == nil else {
      names?.forget()
      return configuration.settings.dns.isEnabled ? configuration.fixture : nil
    }
    return names?.resolver(for: configuration.settings)
  }

  /// What holds on each listener, by its address as the gateway names it.
  static func listeners(_ settings: Settings) -> [String: ListenerTerms] {
    let terms = settings.listeners.map { listener in
      let tls: ListenerTerms.TLS =
        if listener.isImplicitTLS {
          .implicit
        } else if listener.requiresTLS {
          .required
        } else {
          listener.tls == .off || settings.tls == nil ? .off : .optional
        }
      return (
        listener.endpoint.description,
        ListenerTerms(
          profile: listener.isSubmission ? .submission : .mx, tls: tls, proxies: listener.proxyProtocol,
          trustedClients: listener.xclient,
          authenticates: listener.authenticates && settings.auth != nil,
          allowsPlaintext: listener.allowsPlaintext, offersLegacyAuthLine: listener.offersLegacyAuthLine)
      )
    }
    return Dictionary(terms, uniquingKeysWith: { first, _ in first })
  }

  private static func terms(_ settings: Settings) -> [NetworkTerms] {
    func terms(_ network: IPPrefix?, _ limits: ClientLimits) -> NetworkTerms {
      NetworkTerms(
        network: network,
        session: ServerSession.Terms(
          mostErrors: limits.errors.count, mostCommands: limits.commands.count,
          mostTransactions: limits.transactions.count, mostRecipients: limits.recipients.count,
          completingDomain: settings.relay.completeDomain, verifies: settings.recipients.answersVRFY),
        messageSize: limits.messageSize.count.map(UInt64.init))
    }
    let networks = settings.limits.networks.sorted { $0.network.length > $1.network.length }
    return networks.map { terms($0.network, $0.limits) } + [terms(nil, settings.limits.client)]
  }

  private static func routes(_ configuration: Configuration) -> RouteTable {
    RouteTable(
      backends: configuration.settings.backends.map { ($0.name, $0.domains) },
      entries: configuration.routes.map { entry in
        RouteTable.Entry(
          key: entry.key, backend: entry.backend,
          rewritten: entry.rewritten.flatMap { PathParser.parse(whole: $0) })
      },
      ownDomain: ownDomain(configuration.settings.relay))
  }

  /// The domain of a bare postmaster: the one that completes local parts, else the first of `relay.domains`.
  private static func ownDomain(_ relay: RelaySettings) -> PathDomain? {
    (relay.completeDomain ?? relay.firstDomain).flatMap {
      PathParser.parse(whole: "postmaster@\($0)")?.domain
    }
  }

  private static func timeouts(_ settings: TimeoutSettings) -> SessionTimeouts {
    SessionTimeouts(
      greeting: settings.greeting, command: settings.command, data: settings.data, message: settings.message,
      verdict: settings.replyBudget, judging: settings.verdict, leastDataRate: settings.minDataRate,
      dataRateGrace: settings.minDataGrace)
  }

  static func userRates(_ settings: Settings) -> UserRates.Limits {
    var limits = UserRates.Limits()
    limits.messages = settings.limits.messageRatePerUser.rate
    limits.recipients = settings.limits.recipientRatePerUser.rate
    limits.alarmFactor = settings.submission.alarmFactor
    limits.alarmLeast = settings.submission.alarmLeast.count
    return limits
  }

  static func loginGuard(_ settings: Settings) -> LoginGuard.Limits {
    var limits = LoginGuard.Limits()
    limits.perSubnet = settings.limits.loginFailuresPerSubnet.rate
    limits.perPassword = settings.limits.loginFailuresPerPassword.rate
    limits.block = settings.limits.loginBlock
    limits.tarpit = settings.auth?.tarpit ?? .zero
    limits.subnetV4 = settings.limits.subnetV4
    limits.subnetV6 = settings.limits.subnetV6
    limits.tracked = settings.limits.trackedAddresses
    return limits
  }

  static func admission(_ settings: LimitSettings) -> AdmissionLimits {
    var limits = AdmissionLimits()
    limits.connections = settings.connections.count
    limits.connectionsPerAddress = settings.client.connectionsPerAddress.count
    limits.connectionsPerSubnet = settings.client.connectionsPerSubnet.count
    limits.subnetV4 = settings.subnetV4
    limits.subnetV6 = settings.subnetV6
    limits.connectionRatePerAddress = settings.client.connectionRatePerAddress.rate
    limits.connectionRatePerSubnet = settings.client.connectionRatePerSubnet.rate
    limits.messageRatePerAddress = settings.client.messageRatePerAddress.rate
    limits.messageRatePerSubnet = settings.client.messageRatePerSubnet.rate
    limits.unknownRecipientsPerAddress = settings.client.unknownRecipientsPerAddress.rate
    limits.unknownRecipientsPerSubnet = settings.client.unknownRecipientsPerSubnet.rate
    limits.tracked = settings.trackedAddresses
    limits.memory = settings.memory.count
    limits.spool = settings.spool.count
    limits.harvestBlock = settings.harvestBlock
    limits.trapBlock = settings.trapBlock
    limits.overrides = settings.networks.map { network in
      var overrides = AdmissionLimits.Overrides()
      overrides.connections = network.connections?.count
      overrides.connectionsPerAddress = .init(network.limits.connectionsPerAddress.count)
      overrides.connectionsPerSubnet = .init(network.limits.connectionsPerSubnet.count)
      overrides.connectionRatePerAddress = .init(network.limits.connectionRatePerAddress.rate)
      overrides.connectionRatePerSubnet = .init(network.limits.connectionRatePerSubnet.rate)
      overrides.messageRatePerAddress = .init(network.limits.messageRatePerAddress.rate)
      overrides.messageRatePerSubnet = .init(network.limits.messageRatePerSubnet.rate)
      overrides.unknownRecipientsPerAddress = .init(network.limits.unknownRecipientsPerAddress.rate)
      overrides.unknownRecipientsPerSubnet = .init(network.limits.unknownRecipientsPerSubnet.rate)
      return (network: network.network, overrides: overrides)
    }
    return limits
  }
}

extension Wiring {
  /// How clients are spoken TLS with; nil without `[tls]`.
  static func tls(_ settings: Settings) -> ServerTLSConfiguration? {
    guard let tls = settings.tls else { return nil }
    var result = ServerTLSConfiguration(
      standard: .init(certificate: settings.resolve(tls.certificate), key: settings.resolve(tls.key)),
      others: tls.others.map {
        .init(names: $0.names, certificate: settings.resolve($0.certificate), key: settings.resolve($0.key))
      },
      minimumVersion: TLSProtocolVersion(rawValue: tls.minimumVersion.rawValue) ?? .v1_2,
      clientCertificates: tls.clientCertificates == .ask ? .ask : .off,
      clientAuthorities: tls.clientAuthorities.map(settings.resolve))
    // A list that cannot be read is an error of the configuration, which gets no further than its check.
    if let ciphers = tls.ciphers, let (suites, _) = try? CipherSuite.list(ciphers) { result.ciphers = suites }
    return result
  }
}

extension Bound {
  /// The number; nil for no limit.
  var count: Int? {
    switch self {
    case .atMost(let most): most
    case .unlimited: nil
    }
  }
}

extension RateBound {
  var rate: AdmissionLimits.Rate? {
    switch self {
    case .atMost(let rate): AdmissionLimits.Rate(rate.count, per: rate.window)
    case .unlimited: nil
    }
  }
}

extension Wiring {
  /// How much is remembered of messages whose clients may send them again.
  static func retries(_ settings: Settings) -> RetryBounds {
    RetryBounds(entries: settings.delivery.digestEntries, lifetime: settings.delivery.digestLifetime)
  }

  /// The relay's settings: what holds for all backends, and each of them.
  static func relay(_ configuration: Configuration) -> (RelayConfiguration, [BackendConfiguration]) {
    let settings = configuration.settings
    var relay = RelayConfiguration(hostname: settings.hostname)
    relay.knownLifetime = settings.recipients.knownLifetime
    relay.unknownLifetime = settings.recipients.unknownLifetime
    relay.refusedLifetime = settings.recipients.refusedLifetime
    relay.cacheEntries = settings.recipients.cacheEntries
    relay.digestLifetime = settings.delivery.digestLifetime
    relay.digestEntries = settings.delivery.digestEntries
    relay.probeBudget = min(settings.timeouts.verdict, settings.timeouts.backendReply)
    relay.mostProbes = settings.recipients.probesWaiting
    return (relay, settings.backends.map { backend($0, configuration) })
  }

  /// What is wrong with the files that a backend's TLS goes by; nil where nothing is.
  static func encryptionProblem(_ backend: BackendSettings, _ settings: Settings) -> String? {
    var configuration = BackendConfiguration(name: backend.name, endpoint: backend.endpoint)
    configuration.encryption = encryption(backend, settings)
    return configuration.encryptionProblem
  }

  private static func backend(_ backend: BackendSettings, _ configuration: Configuration)
    -> BackendConfiguration
  {
    let settings = configuration.settings
    var result = BackendConfiguration(name: backend.name, endpoint: backend.endpoint)
    result.isLMTP = backend.wireProtocol == .lmtp
    switch backend.identity {
    case .header: result.identity = .header
    case .xforward: result.identity = .xforward
    case .auto: result.identity = .auto
    case .xclient: result.identity = .xclient
    case .proxyV2: result.identity = .proxy
    }
    result.encryption = encryption(backend, settings)
    switch backend.recipients {
    case .probe: result.recipients = .probe
    case .any: result.recipients = .any
    case .file:
      let file = configuration.recipients[backend.name]
      result.recipients = .file { local, domain in file?.contains(localPart: local, domain: domain) ?? false }
    }
    result.probeDomain =
      (backend.domains.isEmpty ? settings.relay.domains : backend.domains).names.sorted().first
    result.connections = backend.connections
    result.probeSessions = backend.probeSessions
    result.sessionAge = backend.sessionAge
    result.sessionIdle = settings.timeouts.idle
    result.sessionMessages = backend.sessionMessages
    result.probeSessionRefusals = settings.recipients.probeSessionRefusals
    result.probeSessionProbes = settings.recipients.probeSessionProbes
    result.connectTimeout = settings.timeouts.backendConnect
    result.replyTimeout = settings.timeouts.backendReply
    result.longestPause = backend.healthInterval
    return result
  }

  private static func encryption(_ backend: BackendSettings, _ settings: Settings) -> BackendEncryption {
    let mode: BackendEncryption.Mode =
      switch backend.tls {
      case .off: .off
      case .optional: .optional
      case .required: .required
      case .verify: .verify
      }
    return BackendEncryption(
      mode, name: backend.tlsName, authorities: backend.tlsAuthorities.map(settings.resolve),
      pins: backend.tlsPins)
  }

  static func makeRelay(
    _ configuration: Configuration, group: MultiThreadedEventLoopGroup, replacing old: BackendRelay? = nil,
    events: any EventSink, memory: StateMemory
  ) -> BackendRelay {
    let (relay, backends) = relay(configuration)
    return BackendRelay(
      relay, backends: backends, group: group, replacing: old, memory: memory, events: events)
  }

  /// What a reload of the backends depends on: the same text, the same relay.
  static func relayKey(_ settings: Settings) -> String {
    "\(settings.hostname) \(settings.backends) \(settings.recipients) \(settings.delivery) \(settings.timeouts) \(settings.relay.domains.written)"
  }
}
