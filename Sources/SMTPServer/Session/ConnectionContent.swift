import Bytes
import Filtering
import NIOCore
import SMTPProtocol
import Storage

/// Message content: from the socket through the decoder into memory or spool.
extension Connection {
  func beginContent(binary: Bool, isChunked: Bool) {
    guard let transaction else { return }
    transaction.decoder = ContentDecoder(
      framing: binary ? .binary : isChunked ? .counted : .dotTerminated,
      normalizesBareLineFeed: policy.normalizesBareLineFeed, longestLine: policy.bounds.line)
    transaction.intake = context.intake.begin(memoryLimit: policy.bounds.memory, isBinary: binary)
    if policy.wantsBody(of: facts.trust) {
      transaction.bodyWatch = BodyWatch(memoryLimit: policy.bounds.memory, isBinary: binary)
    }
    transaction.contentBegan = Clock.monotonic
  }

  /// Feeds DATA's content; false where more has to come first.
  func takeData() -> Bool {
    guard inbound.readableBytes > 0, let transaction else { return false }
    let (taken, isComplete) = decode(inbound, transaction)
    inbound.moveReaderIndex(forwardBy: taken)
    guard isComplete else {
      _ = settle(transaction) && abandonsEndlessData(transaction)
      return false
    }
    if let response = transaction.refusal {
      logRefusal(response, stage: .message, detail: "\(transaction.octets) octets")
      perform(session.refusedData(response), isLogged: true)
    } else {
      perform(session.receivedData(), isLogged: true)
    }
    return true
  }

  /// Feeds a chunk's content; false where more has to come first.
  func takeChunk() -> Bool {
    guard let transaction else { return false }
    if transaction.chunkLeft > 0 {
      guard inbound.readableBytes > 0 else { return false }
      let count = Int(min(UInt64(inbound.readableBytes), transaction.chunkLeft))
      guard let slice = inbound.readSlice(length: count) else { return false }
      transaction.chunkLeft -= UInt64(count)
      _ = decode(slice, transaction)
      // Also at the end of a chunk: many small ones make a large message.
      guard settle(transaction), transaction.chunkLeft == 0 else { return false }
    }
    if let response = transaction.refusal {
      logRefusal(response, stage: .message, detail: "\(transaction.octets) octets")
      perform(session.refusedChunk(response), isLogged: true)
      return true
    }
    perform(session.receivedChunk(), isLogged: true)
    return true
  }

  func drainChunk() -> Bool {
    let count = Int(min(UInt64(inbound.readableBytes), clock.draining))
    inbound.moveReaderIndex(forwardBy: count)
    clock.draining -= UInt64(count)
    clock.drained += UInt64(count)
    guard clock.draining == 0 else { return false }
    perform(session.drainedChunk(), isLogged: false)
    return true
  }

  private func decode(_ buffer: ByteBuffer, _ transaction: Transaction) -> (taken: Int, isComplete: Bool) {
    guard var decoder = transaction.decoder, let intake = transaction.intake else { return (0, false) }
    transaction.decoder = nil
    decoder.isDiscarding = transaction.refusal != nil
    let before = intake.buffer.count
    let result = decoder.decode(buffer.readableBytesSpan, into: &intake.buffer)
    if transaction.refusal == nil { transaction.bodyWatch?.saw(intake.buffer, from: before) }
    if transaction.refusal == nil {
      if let fault = decoder.fault {
        transaction.refusal = Response(
          fault.reason, because: fault == .lineTooLong ? "\(policy.bounds.line ?? 0)" : "")
      } else if let limit = sizeLimit(of: transaction), decoder.octets > limit {
        transaction.refusal = Response(.messageTooLarge, because: "\(limit)")
      }
      if transaction.refusal != nil { intake.abandon() }
    }
    transaction.decoder = decoder
    return result
  }

  private func sizeLimit(of transaction: Transaction) -> UInt64? {
    guard let own = transaction.sizeLimit else { return session.sizeLimit }
    return min(own, session.sizeLimit ?? own)
  }

  /// Lets the intake put away what it holds; false where the disk has to be waited for.
  private func settle(_ transaction: Transaction) -> Bool {
    guard transaction.refusal == nil, let intake = transaction.intake else { return true }
    switch intake.settle(on: loop) {
    case .more: return true
    case .full(let reason):
      transaction.refusal = Response(reason)
      intake.abandon()
      return true
    case .wait(let future):
      phase = .waiting
      isDiskBusy = true
      adjustReading()
      future.whenComplete { _ in self.assumeIsolated { $0.spoolTookIt() } }
      return false
    }
  }

  private func spoolTookIt() {
    isDiskBusy = false
    guard case .waiting = phase else { return }
    phase = .open
    pump()
  }

  /// Bound: a refused message is drained to its end, but not for ever.
  private func abandonsEndlessData(_ transaction: Transaction) -> Bool {
    guard let response = transaction.refusal else { return false }
    let patience = max((session.sizeLimit ?? 0) &* 2, 256 << 20)
    guard transaction.octets > patience else { return false }
    logRefusal(response, stage: .message, detail: "cut after \(transaction.octets) octets")
    say(response)
    close(lingering: true)
    return false
  }
}
