public import DNS

/// What SPF found (RFC 7208 §2.6).
public enum SPFResult: String, Hashable, Sendable {
  case none, neutral, pass, fail, softfail, temperror, permerror
}

/// The result of one `check_host()`, with what it rests on.
public struct SPFOutcome: Hashable, Sendable {
  public enum Identity: String, Hashable, Sendable {
    case mailFrom = "smtp.mailfrom"
    case helo = "smtp.helo"
  }

  public var result: SPFResult
  public var identity: Identity
  /// The domain whose record was asked for; nil where there was none to ask (a null sender behind a bare address).
  public var domain: DNSName?
  /// The mechanism that matched, as it stands in the record: `ip4:192.0.2.0/24`, `-all`; empty where none did.
  public var mechanism: String
  /// What the domain says to who is refused (`exp=`), printable ASCII; empty where it says nothing.
  public var explanation: String
  /// Why the result is `temperror` or `permerror`, in words for the operator; else empty.
  public var problem: String

  public init(
    _ result: SPFResult, identity: Identity, domain: DNSName? = nil, mechanism: String = "",
    explanation: String = "", problem: String = ""
  ) {
    self.result = result
    self.identity = identity
    self.domain = domain
    self.mechanism = mechanism
    self.explanation = explanation
    self.problem = problem
  }
}

/// What became of one DKIM signature (RFC 8601 §2.7.1).
public enum DKIMStatus: String, Hashable, Sendable {
  case none, pass, fail, policy, neutral, temperror, permerror
}

/// One DKIM signature and what verifying it found.
public struct DKIMVerification: Hashable, Sendable {
  public var status: DKIMStatus
  /// `d=`; nil where it cannot be read.
  public var domain: DNSName?
  /// `s=`.
  public var selector: String
  /// `i=`, or what it stands for where it is absent: `@d`.
  public var identity: String
  /// `rsa-sha256`, as the signature writes it.
  public var algorithm: String
  /// The first eight characters of `b=`, by which RFC 6008 tells signatures apart.
  public var signaturePrefix: String
  /// Bits of an RSA key; 0 where no key was seen.
  public var keyBits: Int
  /// `t=y`: the domain tests DKIM, and its signature says nothing (RFC 6376 §3.6.1).
  public var isTesting: Bool
  /// `l=` leaves a part of the body out.
  public var signsPartOfBody: Bool
  /// Why it did not pass, or passes with reserve, in words for the operator.
  public var reason: String

  /// Whether it proves that its domain answers for this message: it passes, is no test (RFC 6376 §3.6.1), and covers the
  /// whole body (§8.2).
  public var isProof: Bool { status == .pass && !isTesting && !signsPartOfBody }

  public init(
    _ status: DKIMStatus, domain: DNSName? = nil, selector: String = "", identity: String = "",
    algorithm: String = "", signaturePrefix: String = "", keyBits: Int = 0, isTesting: Bool = false,
    signsPartOfBody: Bool = false, reason: String = ""
  ) {
    self.status = status
    self.domain = domain
    self.selector = selector
    self.identity = identity
    self.algorithm = algorithm
    self.signaturePrefix = signaturePrefix
    self.keyBits = keyBits
    self.isTesting = isTesting
    self.signsPartOfBody = signsPartOfBody
    self.reason = reason
  }
}

/// What a domain asks to be done with mail that fails DMARC (RFC 7489 §6.3).
public enum DMARCPolicy: String, Hashable, Sendable {
  case none, quarantine, reject
}

/// The result of DMARC for one message (RFC 7489 §6.6.2, RFC 8601 §2.7.1 for the words).
public struct DMARCOutcome: Hashable, Sendable {
  public enum Result: String, Hashable, Sendable {
    case none, pass, fail, temperror, permerror
  }

  public var result: Result
  /// The domain of From; where it has several, the one that decides (§6.6.1); nil where it has none.
  public var fromDomain: DNSName?
  /// Where the record was found.
  public var policyDomain: DNSName?
  /// What the record asks for here (`p`, `sp`, `np`, after `pct`); nil without a record.
  public var policy: DMARCPolicy?
  /// The same before `pct` and `t`, by which a domain asks for less.
  public var requested: DMARCPolicy?
  /// `spf`, `dkim`: what was aligned.
  public var aligned: [String]
  /// Why, in words for the operator.
  public var reason: String

  public init(
    _ result: Result, fromDomain: DNSName? = nil, policyDomain: DNSName? = nil, policy: DMARCPolicy? = nil,
    aligned: [String] = [], reason: String = ""
  ) {
    self.result = result
    self.fromDomain = fromDomain
    self.policyDomain = policyDomain
    self.policy = policy
    self.aligned = aligned
    self.reason = reason
  }
}

/// The state of an Authenticated Received Chain (RFC 8617 §5.2).
public struct ARCOutcome: Hashable, Sendable {
  public enum Status: String, Hashable, Sendable {
    case none, pass, fail
  }

  public var status: Status
  /// `d=` of each seal, the newest first.
  public var sealers: [DNSName]
  /// The ARC-Authentication-Results of each instance, the newest first: what that sealer says it saw.
  public var results: [String]
  /// `.failed` questions on the way: unknown, not broken; the status is `none` then.
  public var isUnavailable: Bool
  /// The lowest instance from which on every ARC-Message-Signature still holds, 0 where all do (RFC 8617 §5.2); nil
  /// unless the chain passes.
  public var oldestPass: Int?
  /// Why the chain fails, in words for the operator.
  public var reason: String

  public init(
    _ status: Status, sealers: [DNSName] = [], results: [String] = [], isUnavailable: Bool = false,
    oldestPass: Int? = nil, reason: String = ""
  ) {
    self.oldestPass = oldestPass
    self.status = status
    self.sealers = sealers
    self.results = results
    self.isUnavailable = isUnavailable
    self.reason = reason
  }
}
