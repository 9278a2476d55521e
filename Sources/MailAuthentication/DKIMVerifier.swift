public import Bytes
internal import Cryptography
public import DNS
public import MailSyntax

/// Verifies a message's DKIM signatures (RFC 6376 §6; RFC 8301, RFC 8463, RFC 8616).
public enum DKIMVerifier {
  /// What is verified, and what is accepted.
  public struct Limits: Hashable, Sendable {
    /// Bound: so many signatures from the top are verified; the rest is reported as ignored.
    public var signatures = 10
    /// RSA keys of fewer bits prove nothing (RFC 8301 §3.2).
    public var leastBits = 1024
    /// Seconds by which a signer's clock may be ahead of ours.
    public var clockSkew: Int64 = 300

    public init() {}

    public static let standard = Limits()
  }

  /// Bound: octets of one signature field.
  static let mostOctets = 32 * 1024

  /// - Parameters:
  ///   - octets: what the header was read from, in the held form.
  ///   - isBinary: whether it is held without dot-stuffing.
  ///   - bodyDigests: of the same message, by `BodyHasher`.
  ///   - now: for `t=` and `x=`.
  /// - Returns: one result for each signature, in the order of the header; empty where there is none.
  public static func verify(
    header: MessageHeader, in octets: [UInt8], isBinary: Bool = false, bodyDigests: BodyDigests,
    _ lookups: Lookups, now: Timestamp, limits: Limits = .standard
  ) async -> [DKIMVerification] {
    var attempts: [Attempt] = []
    var ignored = 0
    for (index, field) in header.fields.enumerated() where field.isNamed("DKIM-Signature") {
      if attempts.count < limits.signatures {
        attempts.append(Attempt(index, octets[field.body]))
      } else {
        ignored += 1
      }
    }
    if attempts.isEmpty { return [] }
    let answers = await lookups.texts(of: attempts.compactMap { $0.signature?.keyName })
    let canonical = CanonicalHeader(header, of: octets, isBinary: isBinary)
    var results = attempts.map { attempt in
      attempt.result(canonical, bodyDigests, answers, now: now, limits)
    }
    if ignored > 0 {
      results.append(DKIMVerification(.neutral, reason: "\(ignored) more signatures ignored"))
    }
    return results
  }

  /// One signature on its way to its result.
  private struct Attempt {
    let index: Int
    var list: DKIMTagList?
    var signature: DKIMSignature?
    var verification: DKIMVerification

    init(_ index: Int, _ body: ArraySlice<UInt8>) {
      self.index = index
      verification = DKIMVerification(.neutral)
      do throws(DKIMFault) {
        guard body.count <= DKIMVerifier.mostOctets else {
          throw DKIMFault(.neutral, "signature is longer than \(DKIMVerifier.mostOctets) octets")
        }
        let list = try DKIMTagList(Array(body))
        self.list = list
        verification.describe(list)
        guard list["v"] != nil else { throw DKIMFault(.permerror, "v= is missing") }
        signature = try DKIMSignature(list)
      } catch {
        verification.status = error.status
        verification.reason = error.reason
      }
    }

    func result(
      _ header: CanonicalHeader, _ body: BodyDigests, _ answers: [DNSName: DNSAnswer], now: Timestamp,
      _ limits: Limits
    ) -> DKIMVerification {
      guard let list, let signature, let place = list["b"]?.place else { return verification }
      var verification = verification
      let proof = DKIMProof.of(
        signature.algorithm, signature.signature,
        digest: header.digest(signature, at: index, without: place),
        key: answers[signature.keyName] ?? .failed(.unavailable),
        identity: (signature.identityDomain, signature.domain), leastBits: limits.leastBits)
      verification.status = proof.status
      verification.reason = proof.reason
      verification.keyBits = proof.keyBits
      verification.isTesting = proof.isTesting
      verification.signsPartOfBody = body.isLonger(than: signature.bodyKey)
      guard proof.status == .pass || proof.status == .policy else { return verification }
      if let fault = body.fault(signature.bodyKey, wanted: signature.bodyHash)
        ?? signature.fault(at: now, skew: limits.clockSkew)
      {
        verification.status = fault.status
        verification.reason = fault.reason
      }
      return verification
    }
  }
}

extension DKIMVerification {
  /// What a signature says of itself, as far as it can be read.
  fileprivate mutating func describe(_ list: DKIMTagList) {
    domain = list.value("d").flatMap { DKIMSignature.name($0) }
    selector = list.word("s").map { $0.printable(limit: 253) } ?? ""
    algorithm = list.word("a").map { $0.printable(limit: 40) } ?? ""
    if let text = list.value("i") {
      identity = String(decoding: DKIMSignature.quotedPrintable(text), as: UTF8.self).printable(limit: 320)
    } else if let domain {
      identity = "@" + domain.text
    }
    let digits = list.value("b").map { DKIMTagList.withoutSpace($0) } ?? []
    signaturePrefix = String(decoding: digits.prefix(8), as: UTF8.self).printable()
  }
}

extension DKIMSignature {
  /// RFC 6376 §3.5: what is over, or not yet begun, may be regarded as no signature.
  fileprivate func fault(at now: Timestamp, skew: Int64) -> DKIMFault? {
    let seconds = now.milliseconds / 1000
    if let expires, expires < seconds { return DKIMFault(.policy, "signature has expired") }
    if let signedAt, signedAt > seconds, signedAt - seconds > skew {
      return DKIMFault(.policy, "signed in the future")
    }
    return nil
  }
}

extension CanonicalHeader {
  /// The digest that a signature is made over (RFC 6376 §3.7).
  func digest(_ signature: DKIMSignature, at index: Int, without place: Range<Int>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(4096)
    append(signature.names, except: index, signature.headerForm, to: &text)
    append(signature: index, without: place, signature.headerForm, to: &text)
    return Self.digest(text, signature.algorithm)
  }

  static func digest(_ text: [UInt8], _ algorithm: DKIMAlgorithm) -> [UInt8] {
    let hash = algorithm.isSHA1 ? HashFunction.sha1 : .sha256
    return hash.isAvailable ? hash.digest(text) : []
  }
}

extension BodyDigests {
  /// Whether a signature leaves a part of this body out.
  func isLonger(than key: BodyDigestKey) -> Bool {
    guard let length = key.length, let own = lengths[key.canonicalization] else { return false }
    return own > length
  }

  /// Why a body is not the one that was signed; nil where it is.
  func fault(_ key: BodyDigestKey, wanted: [UInt8]) -> DKIMFault? {
    guard let digest = digests[key], let own = lengths[key.canonicalization] else {
      return DKIMFault(.neutral, "digest of the body was not computed")
    }
    if let length = key.length, own < length { return DKIMFault(.fail, "body is shorter than l=") }
    return digest == wanted ? nil : DKIMFault(.fail, "body hash does not match")
  }
}
