internal import Bytes
public import MailSyntax
internal import RuleLanguage
public import SMTPProtocol

/// What was decided for one recipient of a message.
public struct RecipientVerdict: Sendable {
  public let decision: Decision
  /// What the rules said; nil where they were not asked.
  public let outcome: RuleOutcome?
  public let policy: RecipientPolicy
  /// What it was decided on.
  public let findings: [WeighedFinding]

  public init(
    decision: Decision, outcome: RuleOutcome?, policy: RecipientPolicy, findings: [WeighedFinding]
  ) {
    self.decision = decision
    self.outcome = outcome
    self.policy = policy
    self.findings = findings
  }

  /// Whether the message is refused, for now or for good.
  public var isRefusal: Bool { decision.isRefusal }
}

/// What is to be done with a message, for all its recipients together: what differs between them is honoured without
/// loss, and without a bounce to anybody.
///
/// One reply has to do for all, unless the client asked for one each (PRDR). A refusal for some, where others take the
/// message, could not be told then: for those it is held.
public struct Disposition: Sendable {
  /// Recipients, by their places, who get the message in the same form.
  public struct Share: Sendable {
    public var recipients: [Int]
    /// Any of theirs: marks and changes of the header are the same.
    public let verdict: RecipientVerdict
  }

  /// Recipients for whom it is held in a folder.
  public struct Hold: Sendable {
    public let folder: QuarantineFolder
    public var recipients: [Int]
    public let verdict: RecipientVerdict
    /// Whether it is a copy: the message goes on besides.
    public let isCopy: Bool
    /// Whether it is held only because its refusal cannot be said.
    public let isUnsaidRefusal: Bool

    public var code: ReasonCode {
      if isUnsaidRefusal { return .refusalHeld }
      return isCopy ? .ruleQuarantine : verdict.decision.reason
    }
  }

  /// Others to whom it goes.
  public struct Leg: Sendable {
    public let kind: LegKind
    public let address: String
    /// nil where a rule's text came out as no address: nobody here has mailboxes, so that one without a domain leads
    /// nowhere.
    public let path: Path?
    /// For whom it goes there, by place: the first of them.
    public let recipient: Int
  }

  /// Who gets it from a backend: the first share before the client is answered, the others by the outbox.
  public private(set) var shares: [Share] = []
  public private(set) var holds: [Hold] = []
  public private(set) var legs: [Leg] = []
  /// For whom it is thrown away.
  public private(set) var discarded: [Int] = []
  /// For whom it is refused, in so many words.
  public private(set) var refused: [Int] = []
  /// Whose decision all are told, where nobody takes it; nil where somebody does.
  public private(set) var refusal: Int?

  /// - Parameters:
  ///   - verdicts: one for each recipient, in their order; at least one.
  ///   - addresses: the recipients', in the same order: who gets the message anyway is not sent it again.
  ///   - answersEach: whether each recipient has a reply of its own.
  public init(_ verdicts: [RecipientVerdict], addresses: [String] = [], answersEach: Bool = false) {
    let places = verdicts.indices
    if verdicts.allSatisfy(\.isRefusal) {
      refused = Array(places)
      // To come again is right for some of them.
      refusal = places.first { verdicts[$0].decision.verdict == .defer } ?? places.first
      return
    }
    for place in places { add(place, verdicts[place], answersEach: answersEach) }
    if !legs.isEmpty, addresses.count == verdicts.count {
      let reached = Set(shares.flatMap(\.recipients).map { addresses[$0].lowercasedASCII })
      legs.removeAll { reached.contains($0.address.lowercasedASCII) }
    }
    // The most of them are answered for by the backend itself.
    if let largest = shares.indices.max(by: {
      (shares[$0].recipients.count, $1) < (shares[$1].recipients.count, $0)
    }) {
      shares.swapAt(0, largest)
    }
  }

  private mutating func add(_ place: Int, _ verdict: RecipientVerdict, answersEach: Bool) {
    if verdict.isRefusal, answersEach {
      refused.append(place)
      return
    }
    for address in verdict.outcome?.copies ?? [] { addLeg(.copy, address, place) }
    for folder in verdict.outcome?.heldCopies ?? [] {
      hold(place, verdict, in: QuarantineFolder.of(folder), isCopy: true)
    }
    switch verdict.decision.verdict {
    case .reject, .defer: hold(place, verdict, in: .refused, isUnsaidRefusal: true)
    case .quarantine:
      if case .quarantine(let folder)? = verdict.decision.ruling {
        hold(place, verdict, in: QuarantineFolder.of(folder))
      } else {
        hold(place, verdict, in: .spam)
      }
    case .discard: discarded.append(place)
    case .accept, .tag:
      guard let addresses = verdict.decision.redirect else { return share(place, verdict) }
      for address in addresses { addLeg(.redirect, address, place) }
    }
  }

  private mutating func addLeg(_ kind: LegKind, _ address: String, _ place: Int) {
    // Two recipients' rules may send it to the same third.
    if legs.contains(where: { $0.address.equalsIgnoringASCIICase(address) }) { return }
    let path = PathParser.parse(address: address)
    legs.append(Leg(kind: kind, address: address, path: path, recipient: place))
  }

  private mutating func hold(
    _ place: Int, _ verdict: RecipientVerdict, in folder: QuarantineFolder, isCopy: Bool = false,
    isUnsaidRefusal: Bool = false
  ) {
    let known = holds.firstIndex {
      $0.folder == folder && $0.isCopy == isCopy && $0.isUnsaidRefusal == isUnsaidRefusal
        && $0.verdict.decision == verdict.decision
    }
    if let known {
      if !holds[known].recipients.contains(place) { holds[known].recipients.append(place) }
    } else {
      holds.append(
        Hold(
          folder: folder, recipients: [place], verdict: verdict, isCopy: isCopy,
          isUnsaidRefusal: isUnsaidRefusal))
    }
  }

  private mutating func share(_ place: Int, _ verdict: RecipientVerdict) {
    if let known = shares.firstIndex(where: { $0.verdict.looksLike(verdict) }) {
      shares[known].recipients.append(place)
    } else {
      shares.append(Share(recipients: [place], verdict: verdict))
    }
  }
}

extension RecipientVerdict {
  /// Whether the message goes out in the same form.
  fileprivate func looksLike(_ other: RecipientVerdict) -> Bool {
    guard decision.verdict == other.decision.verdict,
      (outcome?.headers ?? []) == (other.outcome?.headers ?? [])
    else { return false }
    guard decision.verdict == .tag else { return true }
    return decision.score == other.decision.score && policy === other.policy && findings == other.findings
  }
}

extension QuarantineFolder {
  /// Where a score has messages held.
  public static let spam = QuarantineFolder(known: FolderName.spam)
  /// Where rules have messages held that name no folder.
  public static let rules = QuarantineFolder(known: FolderName.rules)
  /// Where a refusal is held that could not be said.
  public static let refused = QuarantineFolder(known: FolderName.refused)

  static func of(_ name: String?) -> QuarantineFolder { name.flatMap { QuarantineFolder($0) } ?? .rules }
}
