import Bytes
import Filtering
import MailSyntax
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Synchronization

/// One message's turn: it is read once and sent to each of the recipients whose leg is due, in a transaction of its own,
/// so that one backend's answer is one leg's ending.
struct OutboxAttempt: Sendable {
  /// Of one message.
  let legs: [OutboxLeg]
  let store: any Outbox
  let context: GatewayContext
  let terms: OutboxKeeper.Terms
  let isStopping: StopFlag

  func run() async {
    guard let first = legs.first else { return }
    let policy = context.policy
    switch await message(first, policy) {
    case .failure(let ending):
      for leg in legs { await finish(leg, Result(ending: ending)) }
    case .success(let message):
      let header = MessageHeader(message.memory)
      // A header whose end is not in memory may be anything.
      let isASCII = header.isASCII && header.isComplete
      for leg in legs {
        guard !isStopping.isSet else {
          await finish(leg, Result(ending: .untried))
          continue
        }
        await finish(leg, await send(leg, message, isASCII: isASCII, policy))
      }
    }
  }

  /// What came of one leg.
  private struct Result {
    var ending: LegEnding
    var backend: String?
    var reply: Reply?
    var took: Duration?
  }

  private enum Content {
    case success(HeldMessage)
    case failure(LegEnding)
  }

  /// The content, once there is room for it.
  private func message(_ leg: OutboxLeg, _ policy: Policy) async -> Content {
    do throws(WaitingFault) {
      let content = try await store.content(of: leg.message)
      let share = ContentShare(context.admission)
      while !share.reserve(content.octets, memoryLimit: policy.bounds.memory) {
        guard !isStopping.isSet else { return .failure(.untried) }
        try? await Task.sleep(for: .milliseconds(500))
      }
      return .success(try await content.held(memoryLimit: policy.bounds.memory, grant: share))
    } catch {
      let words = error == .missing ? "its file is gone from the disk" : error.detail
      return .failure(.deferred("it cannot be read: \(words)"))
    }
  }

  private func send(_ leg: OutboxLeg, _ message: HeldMessage, isASCII: Bool, _ policy: Policy) async -> Result
  {
    let recipient = leg.order.recipient
    guard
      let routed = policy.routes.route(recipient)
        ?? policy.routes.outward.map({ RoutedRecipient(recipient, route: $0) })
    else { return Result(ending: .deferred("no backend takes mail for <\(recipient.path.text)>")) }
    let note = SendingNote(leg.id, in: store)
    let delivery = Delivery(
      id: leg.message, sender: leg.order.sender, parameters: leg.parameters, recipients: [routed],
      client: leg.client, message: message, header: leg.order.header, bodyStart: 0,
      isHeaderASCII: isASCII && !leg.order.sender.isInternationalized && !recipient.path.isInternationalized,
      // What was sent before is known here, leg by leg; the same message released again is to arrive again.
      isIdentifiable: false, budget: terms.budget, beforeContent: { note.ask($0) })
    let began = Clock.monotonic
    let outcome = await policy.backends.deliver(delivery, at: Clock.now)
    var result = Result(ending: note.ending(of: outcome), took: .milliseconds(Clock.monotonic - began))
    switch outcome {
    case .delivered(let reply, let backend, _), .refused(let reply, let backend):
      (result.reply, result.backend) = (reply, backend)
    case .unavailable(let code, _, let backend):
      result.backend = backend
      guard code == .recipientChanged else { break }
      let query = RecipientQuery(
        recipient: routed, sender: leg.order.sender, parameters: leg.parameters, client: leg.client,
        isOutside: true)
      if case .refused(let reply, _)? = policy.backends.remembered(query, at: Clock.now), reply.isPermanent {
        result.reply = reply
        result.ending = .refused("\(backend.map { "\($0): " } ?? "")\(reply.summary)")
      }
    }
    return result
  }

  // MARK: The ending

  /// Tells the index and the log. The index is told until it has it; only then is the leg somebody else's.
  private func finish(_ leg: OutboxLeg, _ result: Result) async {
    var failures = 0
    while true {
      let now = Clock.now
      do throws(WaitingFault) {
        try await store.finish([leg.id: result.ending], at: now, terms.outbox)
        return tell(leg, result, at: now)
      } catch {
        failures += 1
        if failures == 1 {
          context.events.record(
            .system(
              .error, .waitingMailUnavailable,
              "what became of leg \(leg.id) cannot be written down: \(error.detail)", at: now))
        }
        // Bound: who is told to stop does not wait for a disk.
        if isStopping.isSet, failures > 3 { return }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func tell(_ leg: OutboxLeg, _ result: Result, at now: Timestamp) {
    let (severity, code, detail): (Event.Severity, ReasonCode, String)
    switch result.ending {
    case .untried: return
    case .delivered: (severity, code, detail) = (.info, .outboxDelivered, "")
    case .deferred(let words) where now >= leg.order.expires:
      (severity, code, detail) = (.warning, .outboxExpired, words)
    case .deferred(let words): (severity, code, detail) = (.info, .outboxDeferred, words)
    case .refused(let words): (severity, code, detail) = (.warning, .outboxRefused, words)
    case .unsure(let words): (severity, code, detail) = (.warning, .outboxUnsure, words)
    }
    var event = Event(.system, severity, at: now)
    event.code = code
    event.id = leg.message
    event.sender = leg.order.sender.text
    event.recipients = [leg.order.recipient.path.text]
    event.octets = leg.octets
    event.backend = result.backend
    event.reply = result.reply
    event.took = result.took
    let words = result.reply == nil && !detail.isEmpty ? ": \(detail)" : ""
    event.detail = "\(leg.order.kind.rawValue), leg \(leg.id), attempt \(leg.attempts + 1)\(words)"
    context.events.record(event)
  }
}

/// Whether it is time to stop; set once.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
