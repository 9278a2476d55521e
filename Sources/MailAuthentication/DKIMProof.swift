internal import Bytes
internal import Cryptography
internal import DNS

/// Whether a domain's published key made a signature over a digest.
struct DKIMProof {
  var status: DKIMStatus
  var reason = ""
  var keyBits = 0
  var isTesting = false

  /// Bound: records at one name that are tried (RFC 6376 §6.1.2 leaves it to us).
  static let mostRecords = 4

  /// - Parameter identity: the domain of `i=`, and that of `d=`, where the key may insist that they are the same.
  static func of(
    _ algorithm: DKIMAlgorithm, _ signature: [UInt8], digest: [UInt8], key answer: DNSAnswer,
    identity: (DNSName, DNSName)? = nil, leastBits: Int
  ) -> DKIMProof {
    switch answer {
    case .failed(let failure): return DKIMProof(status: .temperror, reason: "key: \(words(failure))")
    case .noName, .noData: return DKIMProof(status: .permerror, reason: "no key record")
    case .records: break
    }
    var best: DKIMProof?
    // The order of records means nothing: ours is always the same.
    let texts =
      answer.texts.count > 1 ? answer.texts.sorted { $0.lexicographicallyPrecedes($1) } : answer.texts
    for text in texts.prefix(mostRecords) {
      let proof = of(algorithm, signature, digest, record: text, identity, leastBits)
      if proof.status == .pass { return proof }
      if best.map({ proof.rank > $0.rank }) ?? true { best = proof }
    }
    return best ?? DKIMProof(status: .permerror, reason: "no key record")
  }

  private static func of(
    _ algorithm: DKIMAlgorithm, _ signature: [UInt8], _ digest: [UInt8], record: [UInt8],
    _ identity: (DNSName, DNSName)?, _ leastBits: Int
  ) -> DKIMProof {
    let record: Result<DKIMKeyRecord, DKIMFault> = Result { () throws(DKIMFault) in
      let record = try DKIMKeyRecord(record)
      try record.check(algorithm)
      return record
    }
    switch record {
    case .failure(let fault): return DKIMProof(status: fault.status, reason: fault.reason)
    case .success(let record):
      var proof = DKIMProof(status: .pass, isTesting: record.isTesting)
      proof.keyBits = algorithm == .ed25519SHA256 ? 0 : record.key.bits
      if record.isStrict, let (i, d) = identity, i != d {
        proof.status = .permerror
        proof.reason = "the key forbids that i= is a sub-domain of d="
      } else if !record.key.verifies(signature, ofDigest: digest, by: algorithm.isSHA1 ? .sha1 : .sha256) {
        proof.status = .fail
        proof.reason = "signature does not match"
      } else if algorithm.isSHA1 {
        // RFC 8301 §3.1: it has failed, whatever it says. That it would have matched is worth knowing.
        proof.status = .policy
        proof.reason = "rsa-sha1 is not acceptable (RFC 8301)"
      } else if algorithm == .rsaSHA256, record.key.bits < leastBits {
        proof.status = .policy
        proof.reason = "key of \(record.key.bits) bits is not acceptable (RFC 8301)"
      }
      return proof
    }
  }

  /// How near it comes to passing, where several records are there.
  private var rank: Int {
    switch status {
    case .pass: 3
    case .policy: 2
    case .fail: 1
    default: 0
    }
  }

  static func words(_ failure: DNSFailure) -> String {
    switch failure {
    case .server(let code): "name server answers with error \(code)"
    case .bogus: "answer fails DNSSEC"
    case .timeout: "no answer in time"
    case .unavailable: "nobody to ask"
    case .cancelled: "not asked to the end"
    }
  }
}

extension Lookups {
  /// The TXT records of several names, asked side by side; what is remembered costs no suspension.
  func texts(of names: [DNSName]) async -> [DNSName: DNSAnswer] {
    var answers: [DNSName: DNSAnswer] = [:]
    var missing: [DNSName] = []
    for name in names where answers[name] == nil && !missing.contains(name) {
      if let known = resolver.remembered(DNSQuestion(name, .txt)) {
        answers[name] = known
      } else {
        missing.append(name)
      }
    }
    guard missing.count > 1 else {
      if let name = missing.first { answers[name] = await resolve(name, .txt) }
      return answers
    }
    await withTaskGroup(of: (DNSName, DNSAnswer).self) { group in
      for name in missing { group.addTask { (name, await resolve(name, .txt)) } }
      for await (name, answer) in group { answers[name] = answer }
    }
    return answers
  }
}
