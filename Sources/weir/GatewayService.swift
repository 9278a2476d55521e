import Bytes
import Charsets
import Filtering
import Foundation
import NIOCore
import NIOPosix
import NetAddress
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings
import Storage
import Telemetry
import TransportSecurity

/// The running gateway: what `weir serve` starts, reloads and stops.
actor GatewayService {
  private let file: String
  var configuration: Configuration
  private let group: MultiThreadedEventLoopGroup
  let log: LogWriter
  let counters: Counters
  let admission: Admission
  let gateway: Gateway
  private let memory: StateMemory
  /// The state folder is ours as long as this is.
  private let claim: StateClaim
  var relay: BackendRelay
  private let parts: LoginParts
  /// nil without `[auth]`.
  private var users: Users?
  let metrics: MetricsServer
  let names: NameResolution
  let room: WaitingRoom
  /// Relays that were replaced: alive as long as a session keeps a policy that refers to one.
  private var retired: [RetiredRelay] = []
  private var control: (any Channel)?
  private var watch: Task<Void, Never>?
  private var habits: HabitKeeper?
  private var clients: KnownClientKeeper?
  var zones: ZoneKeeper?
  let scans: RuleScans
  var generation = 1
  let started = Clock.now
  let startedMonotonic = Clock.monotonic

  private init(
    file: String, configuration: Configuration, group: MultiThreadedEventLoopGroup, log: LogWriter,
    counters: Counters, admission: Admission, gateway: Gateway, memory: StateMemory, claim: StateClaim,
    relay: BackendRelay, parts: LoginParts, users: Users?, metrics: MetricsServer,
    names: NameResolution, room: WaitingRoom, scans: RuleScans
  ) {
    self.file = file
    self.room = room
    self.scans = scans
    self.configuration = configuration
    self.group = group
    self.log = log
    self.counters = counters
    self.admission = admission
    self.gateway = gateway
    self.memory = memory
    self.claim = claim
    self.relay = relay
    self.parts = parts
    self.users = users
    self.metrics = metrics
    self.names = names
  }

  // MARK: Start

  /// Opens everything, listens, becomes the configured user, and only then speaks to anybody.
  static func start(_ configuration: Configuration, file: String) async throws -> GatewayService {
    let settings = configuration.settings
    for problem in SystemCheck.problems(configuration) {
      Complaint.write(problem.description)
      if problem.isError { throw StartFault(description: "not started; see above") }
    }
    async let tables: Void = prepareTables()
    let user = try Identity.user(of: settings)
    let state = StateFolder(settings.resolve(settings.stateFolder))
    let claim: StateClaim
    let log: LogWriter
    do {
      claim = try state.claim(for: user)
      try state.prepare(owner: user)
      log = try LogWriter(
        LogWiring.destination(settings), format: LogWiring.format(settings),
        level: LogWiring.level(settings))
      if let user { try log.handOver(user: user.uid, group: user.gid) }
    } catch {
      throw StartFault(description: "\(error)")
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let counters = Counters()
    let events = FanOut([log, counters])
    let memory = StateMemory(state)
    let relay = Wiring.makeRelay(configuration, group: group, events: events, memory: memory)
    let admission = Admission(Wiring.admission(settings.limits))
    let policy = Wiring.policy(configuration, backends: relay, generation: 1)
    let certificates: CertificateStore?
    do {
      certificates = try Wiring.tls(settings).map { try CertificateStore($0) }
    } catch {
      throw StartFault(description: "\(error)")
    }
    let context = GatewayContext(
      policy: policy, events: events, admission: admission,
      intake: IntakeStore(folder: state.spool, admission: admission),
      descriptors: SystemCheck.descriptors(settings), certificates: certificates,
      logins: LoginGuard(Wiring.loginGuard(settings)), users: UserRates(Wiring.userRates(settings)),
      retries: Wiring.retries(settings))
    let gateway = Gateway(context: context, group: group)
    await gateway.start()
    let metrics = MetricsServer(group: group)
    let served: MetricsServer.Outcome?
    do {
      for listener in settings.listeners { try await listen(gateway, listener.endpoint) }
      served = await metrics.follow(settings.metrics)
      if let user { try Privileges.drop(to: user) }
    } catch {
      throw StartFault(description: "\(error)")
    }
    // As the user, as every later connection to who knows the users will be.
    let parts = LoginParts(group: group, admission: admission)
    let users: Users?
    do throws(UsersFault) {
      users = try AuthenticationWiring.users(
        configuration, parts, report: AuthenticationWiring.report(to: events))
    } catch {
      throw StartFault(description: error.lines.joined(separator: "\n"))
    }
    let room = try await WaitingRoom.open(in: state, settings, context)
    let names = NameResolution(events: events)
    context.adopt(
      Wiring.policy(
        configuration, backends: relay, generation: 1, authenticator: users?.authenticator, names: names))
    let service = GatewayService(
      file: file, configuration: configuration, group: group, log: log, counters: counters,
      admission: admission,
      gateway: gateway, memory: memory, claim: claim, relay: relay, parts: parts, users: users,
      metrics: metrics, names: names, room: room, scans: RuleScans(ScanFolder(state.rules)))
    service.scans.follow(configuration.rules)
    // Whatever the world says is read as the user, never as root.
    await relay.learn()
    try await service.openControl(state)
    await service.keepHabits(state)
    await service.keepZones()
    await service.announce()
    await service.watchCertificates()
    _ = await service.note(served)
    await metrics.begin { [weak service] in
      guard let service else { return "" }
      return MetricsText.text(await service.status())
    }
    await tables
    do {
      try await gateway.beginAccepting()
    } catch {
      throw StartFault(description: "cannot accept connections: \(error)")
    }
    await room.begin()
    Task(priority: .background) { await prepareCharsets() }
    return service
  }

  private func openControl(_ state: StateFolder) async throws {
    do {
      control = try await ControlServer.open(path: state.path + "/" + ControlSocket.name, group: group) {
        [weak self] request in
        await self?.answer(request) ?? ControlAnswer(isFine: false, lines: ["the gateway is stopping"])
      }
    } catch {
      throw StartFault(description: "\(state.path)/\(ControlSocket.name): cannot be opened: \(error)")
    }
  }

  private func keepHabits(_ state: StateFolder) {
    habits = HabitKeeper(gateway.context.users, in: state, on: group.next())
    clients = KnownClientKeeper(gateway.context.known, in: state, on: group.next())
  }

  private func keepZones() {
    let keeper = ZoneKeeper(events: gateway.context.events)
    zones = keeper
    followZones()
    keeper.begin()
  }

  private func followZones() {
    zones?.follow(
      configuration.zones, resolver: gateway.context.policy.resolver,
      budget: configuration.settings.dns.timeout, watching: configuration.settings.dns.watch)
  }

  private func announce() {
    for warning in configuration.warnings {
      note(.warning, .configurationWarning, Self.firstLine(warning))
    }
    let endpoints = gateway.endpoints.keys.map(\.description).sorted().joined(separator: ", ")
    note(
      .info, .started,
      "weir \(Version.number) pid \(getpid()) listening on \(endpoints), generation \(generation)")
  }

  /// What a log line has room for, of what a person reads with the place and the cure beneath.
  private static func firstLine(_ text: String) -> String { String(text.prefix { $0 != "\n" }) }

  private func note(_ severity: Event.Severity, _ code: ReasonCode, _ detail: String) {
    gateway.context.events.record(.system(severity, code, detail, at: Clock.now))
  }

  /// What came of the metrics' address: never a reason to hold mail up.
  ///
  /// - Returns: the line of a warning, or none.
  private func note(_ outcome: MetricsServer.Outcome?) -> [String] {
    switch outcome {
    case .serves(let text), .ended(let text): note(.info, .listening, text)
    case .cannot(let text):
      note(.warning, .metricsUnavailable, text)
      return ["warning: " + text]
    case nil: break
    }
    return []
  }

  // MARK: Reload

  /// SIGHUP: reload, and a new log file.
  func hangup() async {
    log.reopen()
    _ = await reload()
  }

  /// Reads everything again; where anything is wrong, nothing changes.
  func reload() async -> ControlAnswer {
    let (read, problems) = Configuration.load(
      file, replacing: configuration.rules, runsPrograms: true)
    guard let new = read else { return refuse(problems.filter(\.isError).map(\.description)) }
    let old = configuration.settings
    let faults =
      SystemCheck.problems(new).filter(\.isError).map(\.description)
      + Identity.unchangeable(from: old, to: new.settings)
    guard faults.isEmpty else { return refuse(faults) }
    let wanted = Set(new.settings.listeners.map(\.endpoint))
    let known = Set(old.listeners.map(\.endpoint))
    var opened: [Endpoint] = []
    for endpoint in wanted.subtracting(known) {
      do {
        try await Self.listen(gateway, endpoint)
        opened.append(endpoint)
      } catch {
        for endpoint in opened { await gateway.close(endpoint) }
        return refuse(["\(error)", "a reload cannot do what needs root; restart the gateway"])
      }
    }
    let certificates: CertificateStore?
    let newUsers: Users?
    do {
      certificates = try Wiring.tls(new.settings).map { try CertificateStore($0) }
      newUsers = try AuthenticationWiring.users(
        new, parts, replacing: users, report: AuthenticationWiring.report(to: gateway.context.events))
    } catch {
      for endpoint in opened { await gateway.close(endpoint) }
      return refuse((error as? UsersFault)?.lines ?? ["\(error)"])
    }
    users = newUsers
    scans.follow(new.rules)
    await adopt(new, certificates)
    for endpoint in known.subtracting(wanted) { await gateway.close(endpoint) }
    let text =
      "generation \(generation): \(new.lists.count) list entries in \(new.lists.files.count) files, \(new.zones.countInUse(new.settings)) DNS list(s) in use, \(new.rules.count) rule(s), \(new.settings.listeners.count) listener(s), \(new.settings.backends.count) backend(s)"
    note(.info, .reloaded, text)
    let warnings = new.warnings + note(await metrics.follow(new.settings.metrics))
    return ControlAnswer(isFine: true, lines: warnings + ["reloaded, \(text)"])
  }

  private func refuse(_ lines: [String]) -> ControlAnswer {
    for line in lines { note(.error, .reloadRefused, Self.firstLine(line)) }
    return ControlAnswer(isFine: false, lines: lines + ["not reloaded: the old configuration stays in force"])
  }

  private func adopt(_ new: Configuration, _ certificates: CertificateStore?) async {
    generation += 1
    if Wiring.relayKey(new.settings) != Wiring.relayKey(configuration.settings)
      || new.recipients != configuration.recipients || new.authorities != configuration.authorities
    {
      let fresh = Wiring.makeRelay(
        new, group: group, replacing: relay, events: gateway.context.events, memory: memory)
      await fresh.learn()
      retire(relay)
      relay = fresh
    }
    admission.adopt(Wiring.admission(new.settings.limits))
    gateway.context.logins.adopt(Wiring.loginGuard(new.settings))
    gateway.context.users.adopt(Wiring.userRates(new.settings))
    gateway.context.adopt(certificates)
    gateway.context.adopt(Wiring.retries(new.settings))
    await room.adopt(new.settings)
    log.adopt(format: LogWiring.format(new.settings), level: LogWiring.level(new.settings))
    gateway.context.adopt(
      Wiring.policy(
        new, backends: relay, generation: generation, authenticator: users?.authenticator, names: names))
    configuration = new
    followZones()
  }

  /// Leaves a relay to the sessions that keep the policy they began with: a client may go on with one for as
  /// long as it likes, and it ends with the last of them.
  private func retire(_ old: BackendRelay) {
    old.retire()
    retired.removeAll { $0.relay == nil }
    retired.append(RetiredRelay(relay: old))
  }

  // MARK: Certificates

  private func watchCertificates() {
    watch = Task { [weak self] in
      var keeping = CertificateKeeping()
      while !Task.isCancelled {
        guard let self else { return }
        for line in keeping.look(at: self.certificates, now: Clock.now) {
          await self.note(line.severity, line.code, line.text)
        }
        try? await Task.sleep(for: CertificateKeeping.interval)
      }
    }
  }

  private nonisolated var certificates: CertificateStore? { gateway.context.certificates }

  // MARK: Stop

  /// Drains and ends.
  func stop() async {
    note(.info, .stopping, "no new connections; sessions in the middle of a message may finish")
    watch?.cancel()
    try? await control?.close()
    room.beginStopping()
    let began = Clock.monotonic
    let limit = configuration.settings.timeouts.drain
    await gateway.drain(within: limit)
    _ = await room.drain(within: max(.zero, limit - .milliseconds(Clock.monotonic - began)))
    habits?.stop()
    clients?.stop()
    zones?.stop()
    scans.stop()
    await metrics.close()
    await relay.close()
    for old in retired { await old.relay?.close() }
    // With the sessions gone all that was being sent has its ending; a leg whose ending the disk refuses is unsure.
    _ = await room.drain(within: .seconds(10))
    await room.store.close()
    await parts.introspection.shutdown()
    log.close()
  }

  // MARK: Control

  private func answer(_ request: ControlRequest) async -> ControlAnswer {
    switch request.command {
    case .reload: return await reload()
    case .status: return ControlAnswer(isFine: true, status: await status())
    case .rules:
      return ControlAnswer(
        isFine: true, rules: RulesReport(configuration.rules, scans.status(of: configuration.rules)))
    case .trusted:
      guard let address = request.address.flatMap({ IPAddress($0) }) else { return Self.misunderstood }
      return ControlAnswer(isFine: true, isTrusted: configuration.relay.isRelayNetwork(address))
    case .impersonate:
      guard let address = request.address.flatMap({ IPAddress($0) }), let port = request.port,
        let peer = request.peer.flatMap({ IPAddress($0) })
      else { return Self.misunderstood }
      gateway.context.impersonations.order(.init(address: peer, port: port), as: address)
      return ControlAnswer(isFine: true)
    case .waiting:
      guard let order = request.waiting else { return Self.misunderstood }
      return await WaitingDesk(
        room: room, hostname: configuration.settings.hostname, context: gateway.context
      )
      .answer(order, outboxLifetime: configuration.settings.outbox.lifetime)
    case .unblock:
      guard let address = request.address.flatMap({ IPAddress($0) }) else { return Self.misunderstood }
      let couldNotLogIn = gateway.context.logins.unblock(address, at: Clock.monotonic)
      let wasBlocked = admission.unblock(address) || couldNotLogIn
      return ControlAnswer(
        isFine: wasBlocked,
        lines: [wasBlocked ? "\(address) is no longer blocked" : "\(address) was not blocked"])
    }
  }

  private static let misunderstood = ControlAnswer(
    isFine: false, lines: ["an address is missing or malformed"])
}

private struct RetiredRelay {
  weak var relay: BackendRelay?
}
