/// How long the gateway waits (`[timeouts]`; RFC 5321 §4.5.3.2).
public struct TimeoutSettings: Sendable, Hashable {
  /// For the client's first command.
  public let greeting: Duration
  /// For each further command.
  public let command: Duration
  /// For the next bytes of a message.
  public let data: Duration
  /// For a whole transaction.
  public let message: Duration
  /// For the checks' verdict.
  public let verdict: Duration
  /// An unused session to a backend is closed after this.
  public let idle: Duration
  /// For a backend's connection and greeting.
  public let backendConnect: Duration
  /// For each reply of a backend.
  public let backendReply: Duration
  /// Bytes a second, on average since the message began; 0 for any.
  public let minDataRate: Int
  /// How long a message may come more slowly at first.
  public let minDataGrace: Duration
  /// For sessions in the middle of a message when the gateway stops.
  public let drain: Duration

  /// What verdict and backend together may take of the ten minutes that a client waits for the reply to the
  /// end of its data (RFC 5321 §4.5.3.2.6).
  public var replyBudget: Duration { verdict + backendReply }
}

extension TimeoutSettings {
  init(_ section: Section) {
    greeting = section.duration("greeting")
    command = section.duration("command")
    data = section.duration("data")
    message = section.duration("message")
    verdict = section.duration("verdict")
    idle = section.duration("idle")
    backendConnect = section.duration("backend_connect")
    backendReply = section.duration("backend_reply")
    minDataRate = section.size("min_data_rate")
    minDataGrace = section.duration("min_data_grace")
    drain = section.duration("drain")
  }
}

/// How answers about recipients are asked for and kept (`[recipients]`).
public struct RecipientSettings: Sendable, Hashable {
  /// How long a known recipient is taken without asking again.
  public let knownLifetime: Duration
  /// How long an unknown recipient is refused without asking again.
  public let unknownLifetime: Duration
  /// How long a recipient refused only at delivery is remembered as refused.
  public let refusedLifetime: Duration
  /// Most answers kept.
  public let cacheEntries: Int
  /// Most probe sessions to one backend, unless the backend says otherwise.
  public let probesPerBackend: Int
  /// Most recipients that one backend is being asked for at once, those that wait for a session included.
  public let probesWaiting: Int
  /// A probe session is closed after that many refusals.
  public let probeSessionRefusals: Int
  /// A probe session is closed after that many probes.
  public let probeSessionProbes: Int
  /// Whether VRFY answers relay networks.
  public let answersVRFY: Bool
}

extension RecipientSettings {
  init(_ section: Section) {
    knownLifetime = section.duration("known_lifetime")
    unknownLifetime = section.duration("unknown_lifetime")
    refusedLifetime = section.duration("refused_lifetime")
    cacheEntries = section.count("cache_entries")
    probesPerBackend = section.count("probes_per_backend")
    probesWaiting = section.count("probes_waiting")
    probeSessionRefusals = section.count("probe_session_refusals")
    probeSessionProbes = section.count("probe_session_probes")
    answersVRFY = section.flag("vrfy")
  }
}
