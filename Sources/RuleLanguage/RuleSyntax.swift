/// A rule file as it was read: its statements in order, and what is wrong with it.
public struct RuleFile: Sendable {
  /// The file as the operator names it.
  public let name: String
  /// `# weir: decoded` on the first line: conditions on H and B see decoded text.
  public internal(set) var isDecoded = false
  public internal(set) var statements: [RuleStatement] = []
  /// In the order of the file.
  public internal(set) var problems: [RuleProblem] = []
  let source: RuleSource

  init(source: RuleSource) {
    name = source.name
    self.source = source
  }

  /// Whether it may go live.
  public var isSound: Bool { !problems.hasErrors }
}

public indirect enum RuleStatement: Sendable {
  case assignment(Assignment)
  case recipe(Recipe)

  public var place: RulePlace {
    switch self {
    case .assignment(let assignment): assignment.place
    case .recipe(let recipe): recipe.place
    }
  }
}

/// `NAME=value`, or `NAME` alone, which unsets it.
public struct Assignment: Sendable {
  public let place: RulePlace
  public let name: String
  /// nil unsets.
  public let value: Template?
  /// It is a bare name, and other assignments stand on its line: perhaps the rest of a value.
  var sharesLine = false
  /// As it was written.
  var text = ""
}

/// Whether a rule counts.
public enum RuleMode: String, Sendable, Hashable, CaseIterable, Comparable {
  /// As though it did not stand there: it never matches.
  case off
  /// Its conditions are judged and a match is reported; its action is not done, and the rules go on.
  case shadow
  case enforce

  /// That which lets a rule do less.
  public static func < (left: RuleMode, right: RuleMode) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .off: 0
    case .shadow: 1
    case .enforce: 2
    }
  }
}

/// When a rule is decided.
public enum RuleStage: String, Sendable, Hashable, CaseIterable, Comparable {
  /// At RCPT, before any data.
  case recipient
  /// At the end of the message.
  case message

  public static func < (left: RuleStage, right: RuleStage) -> Bool { left == .recipient && right == .message }
}

public struct Recipe: Sendable {
  /// Its head, `:0 flags`.
  public let place: RulePlace
  /// The line of its head as it stands in the file.
  var line = ""
  /// `# weir: name NAME`.
  public internal(set) var name: String?
  public internal(set) var mode = RuleMode.enforce
  /// Whether it is off for what the configuration says, whatever its file says.
  public internal(set) var isSwitchedOff = false
  /// `# weir: on message`, `# weir: on recipient`.
  public internal(set) var stage: RuleStage?
  /// `# weir: optional`: a recipient may opt out of it, and of all that stands in its block.
  public internal(set) var isOptional = false
  public internal(set) var flags: RecipeFlags
  /// `:0 flags:[file]`; has no meaning here.
  public internal(set) var lockFile: String?
  public internal(set) var conditions: [RuleCondition] = []
  public internal(set) var action: RuleAction
  public internal(set) var actionPlace: RulePlace
  /// The action as it stands in the file, on one line; of a block its brace.
  public internal(set) var actionText = ""

  /// What it is called in logs: its name, else file:line.
  public var id: String { name ?? place.fileAndLine }
}

/// The flags of a recipe, letter by letter.
public struct RecipeFlags: OptionSet, Sendable, Hashable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let header = RecipeFlags(rawValue: 1 << 0)
  public static let body = RecipeFlags(rawValue: 1 << 1)
  public static let distinguishCase = RecipeFlags(rawValue: 1 << 2)
  public static let also = RecipeFlags(rawValue: 1 << 3)
  public static let alsoIfSucceeded = RecipeFlags(rawValue: 1 << 4)
  public static let passHeader = RecipeFlags(rawValue: 1 << 5)
  public static let passBody = RecipeFlags(rawValue: 1 << 6)
  public static let filter = RecipeFlags(rawValue: 1 << 7)
  public static let copy = RecipeFlags(rawValue: 1 << 8)
  public static let wait = RecipeFlags(rawValue: 1 << 9)
  public static let waitQuietly = RecipeFlags(rawValue: 1 << 10)
  public static let ignoreWriteErrors = RecipeFlags(rawValue: 1 << 11)
  public static let otherwise = RecipeFlags(rawValue: 1 << 12)
  public static let onError = RecipeFlags(rawValue: 1 << 13)
  public static let raw = RecipeFlags(rawValue: 1 << 14)

  /// The letters in procmail's order.
  public static let letters = Array("HBDAahbfcwWiEer".utf8)
  /// `A a E e`: the recipe hangs on one before it.
  public static let chain: RecipeFlags = [.also, .alsoIfSucceeded, .otherwise, .onError]

  init?(letter: UInt8) {
    guard let index = Self.letters.firstIndex(of: letter) else { return nil }
    self.init(rawValue: 1 << index)
  }

  /// The letters of those that are set.
  public var text: String {
    String(
      decoding: Self.letters.indices.filter { rawValue & 1 << $0 != 0 }.map { Self.letters[$0] },
      as: UTF8.self)
  }
}

/// The part of a message that a condition looks at.
public enum MessageArea: String, Sendable, Hashable, CaseIterable {
  case header = "H"
  case body = "B"
  case whole = "HB"
}

/// One condition as it is written.
public struct RuleCondition: Sendable {
  public let place: RulePlace
  /// Without the star, continued lines joined.
  public let text: String
  public let body: ConditionBody
}

/// What a condition asks: its prefixes, and the test behind them.
public struct ConditionBody: Sendable {
  public var isNegated = false
  public var weight: Weight?
  /// nil: what the recipe's flags say.
  public var subject: ConditionSubject?
  public var test: ConditionTest

  /// `w^x`.
  public struct Weight: Sendable, Hashable {
    public let weight: Double
    public let exponent: Double
  }
}

public enum ConditionSubject: Sendable, Hashable {
  case area(MessageArea)
  case variable(String)
}

public indirect enum ConditionTest: Sendable {
  /// An expression of procmail's, macros not yet put in.
  case expression(ExpressionText)
  /// `PCRE ??`: an expression of PCRE2.
  case perl(PerlExpression)
  case smaller(Template)
  case greater(Template)
  case program(RuleCommand)
  /// `IN(list) ?? what`.
  case list(String, ListOperand)
  /// `$`: what is behind it is put in and read again, with the prefixes that were read already.
  case expanded(Template)
}

/// Whose membership of a list is asked.
public enum ListOperand: Sendable, Hashable {
  case variable(String)
  case template(Template)
}

/// The octets of an expression.
public struct ExpressionText: Sendable, Hashable {
  public let octets: [UInt8]
  /// Whether a backslash before the first octet was taken away (it keeps a macro from being one).
  public let isQuoted: Bool

  public init(_ octets: [UInt8], isQuoted: Bool = false) {
    self.octets = octets
    self.isQuoted = isQuoted
  }
}
