public import NetAddress

/// The gateway's configuration: read from a TOML text, checked as a whole, never changed afterwards.
///
/// ```swift
/// let reading = Settings.read(text: text, file: "/etc/weir/weir.toml")
/// for problem in reading.problems { print(problem) }
/// guard let settings = reading.settings else { exit(1) }
/// ```
///
/// Everything has a default: a file of three lines (`hostname`, one `[[backend]]`, `relay.domains`) is a sound
/// gateway. An empty text stands for the default, 0 for "none allowed", `"unlimited"` is spelt out. All keys
/// stand in ``reference``.
public struct Settings: Sendable, Hashable {
  /// The file as the operator named it.
  public let file: String
  /// The gateway's name, in small letters.
  public let hostname: String
  /// Whom root becomes after binding.
  public let user: String?
  public let listeners: [ListenerSettings]
  /// At least one.
  public let backends: [BackendSettings]
  public let relay: RelaySettings
  public let limits: LimitSettings
  public let timeouts: TimeoutSettings
  public let recipients: RecipientSettings
  public let smtp: SMTPSettings
  public let delivery: DeliverySettings
  /// Nil without `[tls]`: STARTTLS is not offered.
  public let tls: TLSSettings?
  /// Nil without `[auth]`: nobody can log in.
  public let auth: AuthSettings?
  public let submission: SubmissionSettings
  public let dns: DNSSettings
  /// Hops of our own beyond the relay networks.
  public let trustedNetworks: IPPrefixSet
  public let trace: TraceSettings
  /// The folder of the local lists, as written; see ``isWritten(_:)``.
  public let listsFolder: String
  public let rules: RuleSettings
  public let actions: ActionSettings
  /// In the order of the file.
  public let policies: [PolicySettings]
  public let quarantine: QuarantineSettings
  public let outbox: OutboxSettings
  /// By the check's name; those whose feature is not built yet are not among them.
  public let checks: [String: CheckSettings]
  /// Replaced texts of replies, by reason code.
  public let replies: [String: String]
  public let log: LogSettings
  /// What the gateway keeps between runs, as written.
  public let stateFolder: String
  /// Where the metrics server listens; nil: nowhere.
  public let metrics: Endpoint?

  private let document: SettingsDocument

  /// A path as the operator wrote it, relative to the folder of the configuration file.
  public func resolve(_ path: String) -> String { FileLookup.resolve(path, from: file) }

  /// Where the value of a key path stands: `checks.own_domain.mode`, `backend[0].address`. Of a key that is not
  /// written, where the nearest table around it begins.
  public func position(of path: String) -> SourcePosition { document.place(of: path).value }

  /// Whether a key path stands in the file at all.
  public func isWritten(_ path: String) -> Bool { document.places[path] != nil }

  /// A problem that another part found with the value of a key path.
  public func problem(
    _ path: String, as severity: SettingsProblem.Severity = .error, _ message: String
  ) -> SettingsProblem {
    SettingsProblem(file: file, position: position(of: path), severity: severity, message: message)
  }

  /// An error for each `[checks.NAME]`, and each check of a `[[policy]]`, whose name is none of the checks that there are.
  public func unknownChecks(known: some Collection<String>) -> [SettingsProblem] {
    let named =
      checks.values.map { ($0.name, $0.path) }
      + policies.flatMap { policy in
        policy.modes.keys.map { ($0, SettingPath.child(SettingPath.child(policy.path, "checks"), $0)) }
      }
    return named.filter { !known.contains($0.0) }.map { name, path in
      let clause = Suggestion.clause(for: name, in: known)
      let all = clause.isEmpty ? "; there are \(known.sorted().joined(separator: ", "))" : clause
      return problem(path, "unknown check '\(printable(name))'\(all)")
    }.inFileOrder()
  }

  /// An error for each key of `[replies]` that is none of the reason codes that there are.
  public func unknownReplies(known: some Collection<String>) -> [SettingsProblem] {
    let codes = Set(known)
    return replies.keys.filter { !codes.contains($0) }.map { code in
      let path = SettingPath.child("replies", code)
      return SettingsProblem(
        file: file, position: document.place(of: path).key,
        message:
          "unknown reason code '\(printable(code))' in [replies]\(Suggestion.clause(for: code, in: codes))")
    }.inFileOrder()
  }
}

/// What came of reading a configuration.
public struct SettingsReading: Sendable {
  /// Nil if there is an error among the problems.
  public let settings: Settings?
  /// The settings as far as they could be read, errors or none: to look for more problems, never to run on.
  public let draft: Settings?
  /// Everything that is wrong, in the order of the file.
  public let problems: [SettingsProblem]
  /// The reference paths that the reader asked for.
  let keysRead: Set<String>

  public var errors: [SettingsProblem] { problems.filter(\.isError) }
  public var warnings: [SettingsProblem] { problems.filter { !$0.isError } }
}

extension Settings {
  /// Reads a configuration and reports everything that is wrong with it in one pass.
  ///
  /// - Parameters:
  ///   - text: the TOML text, at most 1 MiB.
  ///   - file: the file as the operator named it, for problems and relative paths.
  ///   - fileExists: whether there is a file at a path, given resolved; by default all are.
  public static func read(
    text: String, file: String, fileExists: (String) -> Bool = { _ in true }
  ) -> SettingsReading {
    switch SettingsDocument.read(text: text, file: file) {
    case .failure(let problem):
      return SettingsReading(settings: nil, draft: nil, problems: [problem], keysRead: [])
    case .success(let document):
      return withoutActuallyEscaping(fileExists) { exists in
        let reading = Reading(document)
        UnknownKeys.report(reading)
        NotBuiltYet.report(reading)
        let settings = Settings(reading.root, FileLookup(settingsFile: file, exists: exists))
        let problems = reading.problems
        return SettingsReading(
          settings: problems.contains(where: \.isError) ? nil : settings, draft: settings,
          problems: problems, keysRead: reading.keysRead)
      }
    }
  }

  /// Nil where there is nothing to go on with; every problem is in the reading.
  private init?(_ root: Section, _ files: FileLookup) {
    document = root.reading.document
    file = document.file
    user = root.text("user")
    recipients = RecipientSettings(root.section("recipients"))
    listeners = ListenerSettings.all(root)
    backends = BackendSettings.all(root, files, probeSessions: recipients.probesPerBackend)
    relay = RelaySettings(root.section("relay"))
    limits = LimitSettings(root.section("limits"))
    timeouts = TimeoutSettings(root.section("timeouts"))
    smtp = SMTPSettings(root.section("smtp"))
    delivery = DeliverySettings(root.section("delivery"))
    tls = TLSSettings(root.section("tls"), files)
    auth = AuthSettings(root.section("auth"))
    submission = SubmissionSettings(root.section("submission"), relay)
    dns = DNSSettings(root.section("dns"))
    trustedNetworks = IPPrefixSet(root.section("trust").networks("networks"))
    trace = TraceSettings(root.section("trace"))
    listsFolder = root.section("lists").defaultedText("folder")
    rules = RuleSettings(root.section("rules"))
    actions = ActionSettings(root.section("actions"))
    policies = PolicySettings.all(root, actions)
    quarantine = QuarantineSettings(root.section("quarantine"))
    outbox = OutboxSettings(root.section("outbox"))
    checks = Self.checks(root)
    replies = Self.replies(root.section("replies"))
    log = LogSettings(root.section("log"))
    stateFolder = root.section("state").defaultedText("folder")
    metrics = Self.metrics(root.section("metrics"))
    let hostname = root.hostname("hostname")
    if !root.has("hostname") {
      root.requireKey(
        "hostname", "write hostname = \"mx.example.org\", the name that this machine's address resolves to")
    }
    self.hostname = hostname ?? "localhost"
    SoundnessChecks(settings: self, root: root, files: files).report()
  }

  private static func checks(_ root: Section) -> [String: CheckSettings] {
    var checks: [String: CheckSettings] = [:]
    for (name, section) in root.namedSections("checks") {
      let check = CheckSettings(name, section)
      if !NotBuiltYet.checks.contains(name) { checks[name] = check }
    }
    return checks
  }

  private static func replies(_ section: Section) -> [String: String] {
    var replies: [String: String] = [:]
    for code in section.values.keys.sorted() {
      ReasonCode.check(code, in: section)
      guard let text = section.text(code) else { continue }
      if let fault = ReplyTemplate.fault(in: text) {
        section.report(code, "replies.\(printable(code)): \(fault)")
      }
      replies[code] = text
    }
    return replies
  }

  private static func metrics(_ section: Section) -> Endpoint? {
    let endpoint = section.endpoint("address")
    if case .name? = endpoint {
      section.report("address", "metrics.address: write the address to listen on, such as \"127.0.0.1:9145\"")
    }
    return endpoint
  }
}
