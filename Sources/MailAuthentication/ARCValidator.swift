internal import Bytes
public import DNS
public import MailSyntax

/// Validates an Authenticated Received Chain (RFC 8617 §5.2).
public enum ARCValidator {
  /// RFC 8617 §4.2.1.
  public static let mostInstances = 50

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
    let answers = await lookups.texts(of: chain.keyNames)
    let canonical = CanonicalHeader(header, of: octets, isBinary: isBinary)
    var examination = Examination(
      chain: chain, header: canonical, body: bodyDigests, answers: answers, leastBits: leastBits)
    return examination.outcome()
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
    let answers: [DNSName: DNSAnswer]
    let leastBits: Int

    mutating func outcome() -> ARCOutcome {
      var outcome = ARCOutcome(
        .fail, sealers: chain.sets.reversed().map(\.seal.domain),
        results: chain.sets.reversed().map(\.results))
      guard let newest = chain.sets.last else { return ARCOutcome(.none) }
      var proof = message(newest)
      var name = "ARC-Message-Signature"
      var instance = chain.sets.count
      // Once the newest signature holds, the seals from the newest down (RFC 8617 §5.2 steps 4 and 6).
      while proof.status == .pass, instance > 0 {
        proof = seal(instance)
        name = "ARC-Seal"
        if proof.status == .pass { instance -= 1 }
      }
      switch proof.status {
      case .pass:
        outcome.status = .pass
        outcome.oldestPass = oldestPass()
      case .temperror:
        outcome.status = .none
        outcome.isUnavailable = true
        outcome.reason = "\(name) \(instance): \(proof.reason)"
      default: outcome.reason = "\(name) \(instance): \(proof.reason)"
      }
      return outcome
    }

    private func message(_ set: ARCChain.Instance) -> DKIMProof {
      let signature: DKIMSignature
      switch set.signature {
      case .failure(let fault): return DKIMProof(status: fault.status, reason: fault.reason)
      case .success(let read): signature = read
      }
      if let fault = body.fault(signature.bodyKey, wanted: signature.bodyHash) {
        return DKIMProof(status: fault.status, reason: fault.reason)
      }
      return DKIMProof.of(
        signature.algorithm, signature.signature,
        digest: header.digest(signature, at: set.signatureIndex, without: set.signaturePlace),
        key: answers[signature.keyName] ?? .failed(.unavailable),
        identity: (signature.identityDomain, signature.domain), leastBits: leastBits)
    }

    /// RFC 8617 §5.1.1: the sets up to this one, oldest first, relaxed, the seal itself without its `b=`.
    private func seal(_ instance: Int) -> DKIMProof {
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
      return DKIMProof.of(
        seal.algorithm, seal.signature, digest: CanonicalHeader.digest(text, seal.algorithm),
        key: answers[seal.keyName] ?? .failed(.unavailable), leastBits: leastBits)
    }

    /// RFC 8617 §5.2 step 5.
    private func oldestPass() -> Int {
      for set in chain.sets.dropLast().reversed() where message(set).status != .pass {
        return set.instance + 1
      }
      return 0
    }
  }
}
