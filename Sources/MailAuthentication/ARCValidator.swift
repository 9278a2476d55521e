internal import Bytes
public import DNS
public import MailSyntax

/// Validates an Authenticated Received Chain (RFC 8617 §5.2).
public enum ARCValidator {
  /// RFC 8617 §4.2.1.
  public static let mostInstances = 50

  // Bounds on what one message may cost: names asked at a time, signatures that are verified. A stranger writes the
  // chain, and its keys may be in domains of his that never answer.
  static let mostNames = 8
  static let mostProofs = 60

  /// - Parameters:
  ///   - octets: what the header was read from, in the held form.
  ///   - isBinary: whether it is held without dot-stuffing.
  ///   - bodyDigests: of the same message, by `BodyHasher`.
  ///   - leastBits: RSA keys of fewer prove nothing (RFC 8301 §3.2).
  public static func validate(
    header: MessageHeader, in octets: [UInt8], isBinary: Bool = false, bodyDigests: BodyDigests,
    _ lookups: Lookups, leastBits: Int = 1024
  ) async -> ARCOutcome {
    let chain: ARCChain
    do throws(ARCFault) {
      guard let found = try ARCChain(header, of: octets) else { return ARCOutcome(.none) }
      chain = found
    } catch {
      return ARCOutcome(.fail, reason: error.reason)
    }
    let canonical = CanonicalHeader(header, of: octets, isBinary: isBinary)
    var examination = Examination(
      chain: chain, header: canonical, body: bodyDigests, lookups: lookups, leastBits: leastBits)
    return await examination.outcome()
  }

  /// `i=`: 1 to 50, without zeros in front.
  static func instance(_ digits: String) -> Int? {
    guard digits.utf8.count <= 2, digits.utf8.allSatisfy(\.isASCIIDigit), digits.utf8.first != 0x30,
      let number = Int(digits), (1...mostInstances).contains(number)
    else { return nil }
    return number
  }

  /// A chain with all that is needed to judge it.
  private struct Examination {
    let chain: ARCChain
    let header: CanonicalHeader
    let body: BodyDigests
    let lookups: Lookups
    let leastBits: Int
    private var answers: [DNSName: DNSAnswer] = [:]
    private var proofs = 0

    init(chain: ARCChain, header: CanonicalHeader, body: BodyDigests, lookups: Lookups, leastBits: Int) {
      self.chain = chain
      self.header = header
      self.body = body
      self.lookups = lookups
      self.leastBits = leastBits
    }

    /// The answer about a name; asked with it, side by side, the next names that will be needed.
    private mutating func answer(_ name: DNSName, then next: some Sequence<DNSName>) async -> DNSAnswer {
      if let known = answers[name] { return known }
      var names = [name]
      for other in next where answers[other] == nil && !names.contains(other) {
        guard names.count < ARCValidator.mostNames else { break }
        names.append(other)
      }
      answers.merge(await lookups.texts(of: names)) { first, _ in first }
      return answers[name] ?? .failed(.unavailable)
    }

    mutating func outcome() async -> ARCOutcome {
      var outcome = ARCOutcome(
        .fail, sealers: chain.sets.reversed().map(\.seal.domain),
        results: chain.sets.reversed().map(\.results))
      guard let newest = chain.sets.last else { return ARCOutcome(.none) }
      var proof = await message(newest, then: [newest.seal.keyName])
      var name = "ARC-Message-Signature"
      var instance = chain.sets.count
      // Once the newest signature holds, the seals from the newest down (RFC 8617 §5.2 steps 4 and 6).
      while proof.status == .pass, instance > 0 {
        proof = await seal(instance)
        name = "ARC-Seal"
        if proof.status == .pass { instance -= 1 }
      }
      switch proof.status {
      case .pass:
        outcome.status = .pass
        outcome.oldestPass = await oldestPass()
      case .temperror:
        outcome.status = .none
        outcome.isUnavailable = true
        outcome.reason = "\(name) \(instance): \(proof.reason)"
      default: outcome.reason = "\(name) \(instance): \(proof.reason)"
      }
      return outcome
    }

    private static let tooMany = DKIMProof(
      status: .permerror, reason: "more than \(ARCValidator.mostProofs) signatures in the chain")

    /// Nobody is asked about a signature of another body.
    private mutating func message(_ set: ARCChain.Instance, then next: [DNSName] = []) async -> DKIMProof {
      let signature: DKIMSignature
      switch set.signature {
      case .failure(let fault): return DKIMProof(status: fault.status, reason: fault.reason)
      case .success(let read): signature = read
      }
      if let fault = body.fault(signature.bodyKey, wanted: signature.bodyHash) {
        return DKIMProof(status: fault.status, reason: fault.reason)
      }
      guard proofs < ARCValidator.mostProofs else { return Self.tooMany }
      proofs += 1
      let key = await answer(signature.keyName, then: next)
      return DKIMProof.of(
        signature.algorithm, signature.signature,
        digest: header.digest(signature, at: set.signatureIndex, without: set.signaturePlace), key: key,
        identity: (signature.identityDomain, signature.domain), leastBits: leastBits)
    }

    /// RFC 8617 §5.1.1: the sets up to this one, oldest first, relaxed, the seal itself without its `b=`.
    private mutating func seal(_ instance: Int) async -> DKIMProof {
      guard proofs < ARCValidator.mostProofs else { return Self.tooMany }
      proofs += 1
      var text: [UInt8] = []
      for set in chain.sets[..<instance] {
        header.append(field: set.resultsIndex, .relaxed, to: &text)
        header.append(field: set.signatureIndex, .relaxed, to: &text)
        if set.instance < instance {
          header.append(field: set.sealIndex, .relaxed, to: &text)
        } else {
          header.append(signature: set.sealIndex, without: set.seal.place, .relaxed, to: &text)
        }
      }
      let seal = chain.sets[instance - 1].seal
      let below = chain.sets[..<(instance - 1)].reversed().lazy.map(\.seal.keyName)
      let key = await answer(seal.keyName, then: below)
      return DKIMProof.of(
        seal.algorithm, seal.signature, digest: CanonicalHeader.digest(text, seal.algorithm), key: key,
        leastBits: leastBits)
    }

    /// RFC 8617 §5.2 step 5.
    private mutating func oldestPass() async -> Int {
      for set in chain.sets.dropLast().reversed() {
        if await message(set).status != .pass { return set.instance + 1 }
      }
      return 0
    }
  }
}
