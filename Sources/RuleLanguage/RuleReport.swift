/// What the rules said of a message.
public struct RuleReport: Sendable {
  /// What the rules end in; nil where they went on to their end, and the score decides.
  public var verdict: RuleVerdict?
  /// The recipe that gave the verdict.
  public var decidedBy: RuleReference?
  /// In the order in which they came about.
  public var effects: [RuleEffect] = []
  /// The recipes that matched, in order.
  public var hits: [RuleHit] = []
  /// Conditions whose answer nobody knew.
  public var unknowns: [RuleUnknown] = []
  /// Folders that rules named and may not: what is held for it lies in the folder of all.
  public var strayFolders: [StrayFolder] = []
  /// Why the run ended before its end; nil where it did not.
  public var fault: RuleFault?
  /// One entry a recipe that was judged, where the run was told to keep them.
  public var trace: [RuleTrace] = []
  /// What searches took that the run did itself or asked for with octets, one entry a recipe; empty where the
  /// environment has no clock.
  public var costs: [RuleCost] = []

  /// A text that came out as no folder that a rule may name.
  public struct StrayFolder: Sendable, Hashable {
    public let rule: RuleReference
    /// For people.
    public let name: String
  }
}

/// The time that a recipe's searches took.
public struct RuleCost: Sendable, Hashable {
  /// Its index in ``RulePlan/recipes``.
  public let recipe: Int
  public internal(set) var nanoseconds: UInt64
}

/// A recipe, by what logs call it and where it stands.
public struct RuleReference: Sendable, Hashable {
  public let id: String
  public let place: RulePlace

  public init(id: String, place: RulePlace) {
    self.id = id
    self.place = place
  }
}

/// Where a message goes.
public enum RuleVerdict: Sendable, Hashable {
  case reject(RefusalReply)
  case `defer`(RefusalReply)
  case discard
  /// Held, in a folder (parts divided by `/`); nil for the folder of all.
  case quarantine(folder: String?)
  /// Delivered, whatever the score.
  case accept
  case redirect([String])
  /// The rules end, the score decides.
  case stop
}

/// A refusal's reply, texts put in; nil where the rule does not say.
public struct RefusalReply: Sendable, Hashable {
  public let code: Int?
  public let enhanced: String?
  public let text: String?

  public init(code: Int?, enhanced: String?, text: String?) {
    self.code = code
    self.enhanced = enhanced
    self.text = text
  }
}

/// What a rule does while the rules go on.
public struct RuleEffect: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case score(Double, String)
    case tag
    case addHeader(String, String)
    case removeHeader(String)
    case replaceHeader(String, String)
    /// The message goes to others too.
    case copy([String])
    /// A copy is held, while the message goes on.
    case quarantineCopy(folder: String?)
    /// LOG.
    case log([UInt8])
    /// In shadow only: what the rules would have ended in.
    case verdict(RuleVerdict)
  }

  public let kind: Kind
  /// nil for what no recipe does (LOG outside of any).
  public let rule: RuleReference?
  /// Only told, not to be done: the rule is in shadow.
  public let isShadow: Bool
}

/// A recipe that matched.
public struct RuleHit: Sendable, Hashable {
  /// Its index in ``RulePlan/recipes``.
  public let recipe: Int
  public let isShadow: Bool
}

/// A condition whose answer nobody knew, which failed for that.
public struct RuleUnknown: Sendable, Hashable {
  public let rule: RuleReference
  public let place: RulePlace
  public let reason: String
}

public enum RuleFault: String, Error, Sendable, Hashable {
  /// More statements than one run may do.
  case tooManySteps
  /// The deadline has passed.
  case tooLong
  /// Files in files beyond what may be.
  case includedTooDeep
}

/// Why a recipe matched or did not.
public struct RuleTrace: Sendable, Hashable {
  public enum Outcome: Sendable, Hashable {
    case matched
    case failed
    /// The flags A, a, E or e said that it is not its turn.
    case skipped
    /// Its mode is off, by the configuration (``RuleParserOptions/modes``) or by its file.
    case off(byConfiguration: Bool)
    /// The recipient opted out of it.
    case optedOut
    /// No recipe, but SWITCHRC: the rest of its file is passed over, and another takes its place; nil: none does.
    case switched(to: String?)
  }

  public struct Condition: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
      case holds
      case fails
      case unknown(String)
      /// What it added to the score.
      case scored(Double)
    }

    public let place: RulePlace
    public let text: String
    public let outcome: Outcome
    /// What an expression matched, bounded; nil where nothing was searched or found.
    public let matched: [UInt8]?
  }

  public let rule: RuleReference
  public let outcome: Outcome
  public let conditions: [Condition]
  public let score: Double?
  public let isShadow: Bool
}

/// How procmail's callers read an exit status (sysexits.h), as a reply.
public enum ExitStatus {
  /// The reply for a status that is not 0: 4xx where it is not known to be for good.
  public static func reply(_ status: Int) -> (code: Int, enhanced: String) {
    switch status {
    case 64, 69, 70, 72, 73: (550, "5.3.0")
    case 65: (550, "5.6.0")
    case 67: (550, "5.1.1")
    case 68: (550, "5.1.2")
    case 77: (550, "5.7.1")
    default: (451, "4.3.0")
    }
  }
}
