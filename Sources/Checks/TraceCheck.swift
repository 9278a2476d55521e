internal import Bytes
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

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    trusted = materials.trusted
    mostHops = keys.count("hops", in: 1...Trace.mostHops, default: Trace.usualHops)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message,
        work: .immediate { [trusted, mostHops] facts in
          Self.findings(Self.trace(facts, trusted: trusted), mostHops: mostHops)
        }))
  }

  /// The way of a message, the client of the session being its newest hop; read once a message.
  public static func trace(_ facts: MessageFacts, trusted: IPPrefixSet) -> Trace {
    facts.evidence.trace.value {
      let connect = facts.mail.connect
      let client = ReceivedLine.pending(
        from: connect.address, helo: facts.mail.hello.name,
        reverseName: connect.toldName ?? connect.evidence.reverseName.known?.confirmedName,
        isLoggedIn: connect.user != nil, at: facts.mail.time)
      return Trace(
        facts.header, in: facts.message.memory, client: client,
        trust: TraceTrust(isOwn: { trusted.contains($0) }))
    }
  }

  /// One finding for each kind of fault in the lines that a stranger's server wrote, in the order of the codes.
  static func findings(_ trace: Trace, mostHops: Int) -> [Finding] {
    var found: [ReasonCode: (first: String, count: Int)] = [:]
    func note(_ fault: TraceFault, _ place: String) {
      guard let code = code(of: fault) else { return }
      found[code, default: ("\(place)\(fault)", 0)].count += 1
    }
    let boundary = trace.boundary ?? trace.hops.count
    for (index, hop) in trace.hops.enumerated() where index >= boundary {
      // The boundary's own line is a trusted server's: only where it does not meet the one below counts.
      for fault in hop.faults where index > boundary || fault.isBetweenHops { note(fault, "hop \(index): ") }
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
