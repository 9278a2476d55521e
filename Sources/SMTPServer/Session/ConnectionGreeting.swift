import Bytes
import Filtering
import NIOCore
import SMTPProtocol

/// The greeting, for which strangers may have to wait, and what a client does before it was its turn.
extension Connection {
  func considerConnection() -> Answer? {
    beginAboutClient()
    guard waitsForGreeting, !facts.manners.spokeEarly, !isRefusedAlready else { return judgeConnection() }
    if !policy.greeting.teaser.isEmpty { tease() }
    // Whoever speaks before it is over is let in at once: nothing more can be learnt of it.
    greetingDelay = loop.assumeIsolated().scheduleTask(
      in: .milliseconds(policy.greeting.delay.milliseconds)
    ) {
      self.assumeIsolated { $0.greet() }
    }
    return nil
  }

  private func judgeConnection() -> Answer? {
    whenCertain(at: .connect) { connection in
      connection.isGreeted = true
      // A reply has one code (RFC 5321 §4.2.1): what began with 220 ends so. What refuses now refuses EHLO as well.
      if connection.hasTeased, connection.wouldRefuse(at: .connect) { return .proceed }
      return connection.refusal(at: .connect, connection.standing).map { Answer.close($0) } ?? .proceed
    }
  }

  /// Whether the client is refused in place of its greeting, whatever is still asked: nobody learns by its waiting.
  private var isRefusedAlready: Bool { isCertain(at: .connect) && wouldRefuse(at: .connect) }

  private func wouldRefuse(at stage: Stage) -> Bool {
    let decision = Decision(
      of: standing.concerning(facts, at: stage), at: stage, thresholds: policy.thresholds)
    return decision.verdict == .reject || decision.verdict == .defer
  }

  /// Whether nothing good is known of the client. Servers in front, users and whoever passed before do not wait.
  private var waitsForGreeting: Bool {
    let terms = policy.greeting
    guard terms.waits, facts.isStranger, told == nil, listener.profile == .mx else { return false }
    if standing.contains(where: { $0.weight.ruling == .allow && $0.mode == .enforce }) { return false }
    return terms.remember == .zero || !facts.isAddressKnown
      || !context.known.isKnown(facts.address, at: Clock.now, within: terms.remember)
  }

  /// The first line of a greeting whose last is still to come (RFC 5321 §4.2: the name comes first).
  private func tease() {
    hasTeased = true
    let text = policy.greeting.teaser
    outbound += "220-".utf8
    if !text.hasPrefix(policy.hostname) { outbound += "\(policy.hostname) ".utf8 }
    outbound += text.utf8
    outbound += [.carriageReturn, .lineFeed]
  }

  /// The wait is over.
  private func greet() {
    guard let delay = greetingDelay else { return }
    delay.cancel()
    greetingDelay = nil
    clock.greeted(Clock.monotonic)
    if let answer = judgeConnection() { resume(answer) }
  }

  /// The client is gone, or will be.
  func abandonGreeting() {
    greetingDelay?.cancel()
    greetingDelay = nil
  }

  /// Octets have come, and the greeting is not out, or has not arrived.
  func spokeFirst() {
    guard !isGreeted else { return noteIfAheadOfGreeting() }
    facts.manners.spokeEarly = true
    greet()
  }

  /// The client closed its side before it was greeted.
  func spokeNothing() { greet() }

  /// Octets that left before the greeting was there: a client that has it acknowledges it with whatever it says.
  private func noteIfAheadOfGreeting() {
    guard policy.greeting.mode != .off, facts.isStranger, told == nil, !isUnixSocket,
      let options = channel as? any SocketOptionProvider
    else { return }
    options.getTCPInfo().whenSuccess { info in
      if info.tcpi_unacked > 0 { self.assumeIsolated { $0.facts.manners.spokeEarly = true } }
    }
  }

  // MARK: Turns

  /// A command line was taken, and more stood behind it, or came before its reply.
  func noteTurn(behind line: [UInt8]) {
    guard told == nil, !isTrustedClient, mayNotBeFollowed(line) else { return }
    facts.manners.spokeOutOfTurn = true
  }

  /// Whether a command has to be the last of a group (RFC 2920 §3.1), or cannot be in one, since the client said HELO.
  /// What stands behind QUIT is nobody's business any more, what stands behind STARTTLS ends the session.
  func mayNotBeFollowed(_ line: [UInt8]) -> Bool {
    let verb = String(decoding: line.prefix { $0 != .space }.prefix(8), as: UTF8.self).uppercased()
    switch verb {
    case "EHLO", "HELO", "DATA", "VRFY", "EXPN", "NOOP", "TURN": return true
    case "QUIT", "STARTTLS", "BDAT": return false
    default: return session.hello.map { !$0.isExtended } ?? true
    }
  }
}
