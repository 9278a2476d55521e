internal import Bytes
public import DNS
public import Filtering
internal import MailSyntax
public import NetAddress
internal import SMTPProtocol
internal import Settings
public import TraceAnalysis

/// What does not fit in the Received lines that a stranger's message came with. Each observation weighs little: honest
/// servers with a wrong clock or an odd name write such lines too.
public struct TraceCheck: Check {
  static let name = "trace"
  static let defaultMode = CheckMode.enforce

  private let trusted: IPPrefixSet
  private let mostHops: Int
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    trusted = materials.trusted
    resolves = materials.resolves
    mostHops = keys.count("hops", in: 1...Trace.mostHops, default: Trace.usualHops)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message,
        work: resolves
          ? .awaited { [trusted, mostHops] facts, lookups in
            let trace = await Self.trace(facts, trusted: trusted, lookups)
            return Self.findings(trace, mostHops: mostHops, isNamed: await Self.isNamed(facts, lookups))
          }
          : .immediate { [trusted, mostHops] facts in
            Self.findings(Self.trace(facts, trusted: trusted, name: nil), mostHops: mostHops)
          }))
  }

  /// The way of a message, the client of the session being its newest hop; read once a message.
  ///
  /// The client's name belongs to that hop, and is waited for: the same message has the same faults, however late the
  /// name comes.
  public static func trace(_ facts: MessageFacts, trusted: IPPrefixSet, _ lookups: Lookups) async -> Trace {
    let connect = facts.mail.connect
    guard connect.isNameSought else { return trace(facts, trusted: trusted, name: nil) }
    return trace(facts, trusted: trusted, name: await connect.clientName(lookups).confirmedName)
  }

  /// Whether it is known under which name the client is in DNS, or that it has none.
  private static func isNamed(_ facts: MessageFacts, _ lookups: Lookups) async -> Bool {
    let connect = facts.mail.connect
    guard connect.isNameSought else { return true }
    if case .unknown = await connect.clientName(lookups) { return false }
    return true
  }

  private static func trace(_ facts: MessageFacts, trusted: IPPrefixSet, name: String?) -> Trace {
    facts.evidence.trace.value {
      let connect = facts.mail.connect
      let client = ReceivedLine.pending(
        from: connect.knownAddress, helo: facts.mail.hello.name, reverseName: connect.toldName ?? name,
        isLoggedIn: connect.user != nil, at: facts.mail.time)
      return Trace(
        facts.header, in: facts.message.memory, client: client,
        trust: TraceTrust(isOwn: { trusted.contains($0) }))
    }
  }

  /// One finding for each kind of fault in the lines that a stranger's server wrote, in the order of the codes.
  ///
  /// - Parameter isNamed: false where the client's name could not be found out: then nobody can say that the line below
  ///   its own is another's.
  static func findings(_ trace: Trace, mostHops: Int, isNamed: Bool = true) -> [Finding] {
    var found: [ReasonCode: (first: String, count: Int)] = [:]
    func note(_ fault: TraceFault, _ place: String) {
      guard let code = code(of: fault) else { return }
      found[code, default: ("\(place)\(fault)", 0)].count += 1
    }
    let boundary = trace.boundary ?? trace.hops.count
    for (index, hop) in trace.hops.enumerated() where index >= boundary {
      // The boundary's own line is a trusted server's: only where it does not meet the one below counts.
      for fault in hop.faults where index > boundary || fault.isBetweenHops {
        if case .gap = fault, hop.line.isPending, !isNamed { continue }
        note(fault, "hop \(index): ")
      }
    }
    let steps = trace.hops.count { $0.line.kind == .handover && !$0.line.isPending }
    if steps > mostHops { note(.tooManyHops(steps), "") }
    return TraceReasons.codes.compactMap { code in
      found[code].map {
        let more = $0.count > 1 ? " (\($0.count) times)" : ""
        return Finding(code, evidence: ($0.first + more).printable(limit: 160))
      }
    }
  }

  /// nil where the fault is only worth knowing: `weir trace` shows it.
  static func code(of fault: TraceFault) -> ReasonCode? {
    switch fault {
    case .heloOtherAddress: .traceHeloForged
    case .gap: .traceGap
    case .timeBackwards(let seconds): seconds < 86_400 ? .traceTimeBackwards : .traceTimeImpossible
    case .impossibleZone, .zoneNameDiffers: .traceZoneForged
    case .wrongWeekday, .dateImpossible, .dateMalformed: .traceDateForged
    case .privateAddress: .tracePrivateAddress
    case .impossibleAddress: .traceAddressForged
    case .inventedProtocol, .inventedID: .traceLineInvented
    case .idTimeDiffers: .traceIDTime
    case .ambiguous: .traceAmbiguous
    case .tooManyHops: .traceHopsTooMany
    // The session's own hop says already that time ran backwards.
    case .inFuture, .heloNotReverse, .nameDoubted, .delayed, .dateMissing, .dateUnreadable, .unread,
      .noServer, .noHops,
      .cut:
      nil
    }
  }
}
