import Bytes
import DNS
import Dispatch
import MailAuthentication
import MailSyntax
import NetAddress
import Synchronization

/// Signed messages and the keys behind them. Up to the first NUL stands a key record, behind it a message: the digests
/// are the same in any pieces, the results within their bounds, and nobody's words break out of our header.
let fuzzDKIM: @Sendable ([UInt8]) -> Void = { bytes in
  guard let size = bytes.first else { return }
  let parts = bytes.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  guard let message = parts.last else { return }
  let decoded = Decoded(chunks: [message], normalizes: true)
  guard decoded.fault == nil else { return }
  let held = decoded.held
  let header = MessageHeader(held)
  let digests = BodyDigests.of(held, header: header)
  promise(digests.digests.count <= BodyHasher.mostDigests, "more digests than the bound")
  promise(inPieces(held, header, max(1, Int(size))) == digests, "the cuts change the digests")
  let lookups = Lookups(OneRecord(text: Array(parts[0])), until: .now + .seconds(5))
  let results = awaited {
    await DKIMVerifier.verify(
      header: header, in: held, bodyDigests: digests, lookups, now: Timestamp(milliseconds: 1_795_132_800_000)
    )
  }
  promise(results.count <= DKIMVerifier.Limits.standard.signatures + 1, "more results than the bound")
  let arc = awaited {
    await ARCValidator.validate(header: header, in: held, bodyDigests: digests, lookups)
  }
  promise(arc.sealers.count <= ARCValidator.mostInstances, "more instances than the bound")
  promise(arc.status != .pass || arc.oldestPass != nil, "a chain that passes from nowhere on")
  for sealed in arc.results { read(Array(sealed.utf8)) }
  checkHeader(
    AuthenticationResults.header(servid: "mx.example", dkim: results, arc: arc), results.count,
    saysARC: !arc.isUnavailable)
}

/// Authentication-Results of whoever: read within bounds, and what a peer says goes into ours as a value and no more.
let fuzzAuthenticationResults: @Sendable ([UInt8]) -> Void = { bytes in
  read(bytes)
  let text = String(decoding: bytes, as: UTF8.self)
  let header = AuthenticationResults.header(
    servid: "mx.example", spf: SPFOutcome(.fail, identity: .mailFrom, problem: text), sender: text,
    dkim: [DKIMVerification(.fail, selector: text, identity: text, algorithm: text, reason: text)], user: text
  )
  checkHeader(header, 3, saysARC: false)
  _ = AuthenticationResults.isOurs(bytes[...], servid: "mx.example")
}

private func read(_ body: [UInt8]) {
  for isSealed in [false, true] {
    guard let results = AuthenticationResults(body[...], isSealed: isSealed) else { continue }
    promise(results.results.count <= AuthenticationResults.most, "more results than the bound")
    promise(results.results.allSatisfy { $0.properties.count <= AuthenticationResults.most }, "properties")
    promise((results.instance != nil) == isSealed, "an instance or none")
    if !isSealed {
      promise(AuthenticationResults.isOurs(body[...], servid: results.servid), "read, and not known again")
    }
  }
}

private func checkHeader(_ header: [UInt8], _ results: Int, saysARC: Bool) {
  promise(header.allSatisfy { $0 < 0x7f && ($0 >= 0x20 || $0 == 9 || $0 == 10 || $0 == 13) }, "not plain")
  let fields = MessageHeader(header)
  promise(fields.fields.count == 1 && fields.end == header.count, "more than one field")
  guard let field = fields.fields.first, let read = AuthenticationResults(header[field.body]) else {
    fatalError("our own header is not read: \(String(decoding: header, as: UTF8.self))")
  }
  promise(
    read.results.count == max(results, 1) + (saysARC ? 1 : 0) || results == 0, "another number of results")
  promise(AuthenticationResults.isOurs(header[field.body], servid: "MX.example"), "our own is not known")
}

private func inPieces(_ held: [UInt8], _ header: MessageHeader, _ size: Int) -> BodyDigests {
  guard var hasher = BodyHasher(header: header, of: held) else { return BodyDigests() }
  var position = min(BodyHasher.bodyStart(of: header), held.count)
  while position < held.count {
    let end = min(position + size, held.count)
    hasher.update(held.span.bytes.extracting(position..<end))
    position = end
  }
  return hasher.finish()
}

/// The same record at every name.
private struct OneRecord: Resolver {
  let text: [UInt8]

  func remembered(_ question: DNSQuestion) -> DNSAnswer? { .records([.text(text)]) }

  func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    .records([.text(text)])
  }
}

/// Waits for what never has to wait.
private func awaited<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) -> Value {
  let end = DispatchSemaphore(value: 0)
  let result = Mutex<Value?>(nil)
  Task {
    let value = await work()
    result.withLock { $0 = value }
    end.signal()
  }
  end.wait()
  guard let value = result.withLock({ $0 }) else { fatalError("no result") }
  return value
}
