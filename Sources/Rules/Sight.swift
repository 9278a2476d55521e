internal import Bytes
internal import Filtering
internal import MailAuthentication
internal import MessageViews
internal import NetAddress
internal import Patterns
internal import RuleLanguage
internal import TraceAnalysis

/// What rules see of a session and, at its end, of a message: each value computed once, and shared by all runs.
///
/// It belongs to one judgement, and is used by one run after the other.
final class Sight {
  let mail: MailFacts
  let terms: RuleTerms
  let views: PatternViews
  /// What was found before there was a message.
  let early: [WeighedFinding]
  let message: (facts: MessageFacts, views: MessageViews)?
  /// How long expressions may be looked for.
  let budget: UInt64
  /// How long that took so far.
  private(set) var spent: UInt64 = 0
  /// How long the scans took that answered for all of a view at once.
  private(set) var scanned: UInt64 = 0
  private var values: [GatewayVariable: RuleAnswer<[UInt8]?>] = [:]
  private var areas: [MessageArea: [UInt8]] = [:]
  private var decodedAreas: [MessageArea: [UInt8]] = [:]
  /// By view.
  private var answers: [Looked?]
  private lazy var rawAreas: MailAreas? = message.map { MailAreas($0.views.octets) }

  init(
    mail: MailFacts, terms: RuleTerms, views: PatternViews, early: [WeighedFinding],
    message: (facts: MessageFacts, views: MessageViews)? = nil
  ) {
    self.mail = mail
    self.terms = terms
    self.views = views
    self.early = early
    self.message = message
    answers = Array(repeating: nil, count: views.views.count)
    let budget = terms.nanoseconds(of: message.map { Int(clamping: $0.facts.message.octets) } ?? 0)
    // Until the scans are compiled each expression is looked for by itself, and compiled at its first message.
    self.budget = views.isWarm ? budget : budget > .max / 20 ? .max : 20 * budget
  }

  var messageSize: Int { message.map { Int(clamping: $0.facts.message.octets) } ?? 0 }

  // MARK: - Values and areas

  func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    if let known = values[variable] { return known }
    let value = found(variable)
    values[variable] = value
    return value
  }

  private func found(_ variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    switch variable.stage {
    case .recipient: return SessionValues(mail: mail, terms: terms, findings: early).value(of: variable)
    case .message:
      guard let message else { return .unknown("the message is not there at RCPT") }
      return MessageValues(facts: message.facts, views: message.views, terms: terms).value(of: variable)
    }
  }

  func octets(of area: MessageArea, isDecoded: Bool) -> RuleAnswer<[UInt8]> {
    guard let message else { return .unknown("the message is not there at RCPT") }
    if let known = isDecoded ? decodedAreas[area] : areas[area] { return .known(known) }
    let octets: [UInt8]
    if isDecoded {
      octets = DecodedAreas.octets(of: area, message.views)
      decodedAreas[area] = octets
    } else {
      octets = rawAreas?.octets(of: area) ?? []
      areas[area] = octets
    }
    return .known(octets)
  }

  /// What keeps a view from showing all; nil where it shows all there is.
  func gap(in view: RulePattern.View) -> String? {
    guard let message else { return nil }
    let omitted: Omissions
    switch view {
    case .own, .area(.header, _): omitted = []
    case .area(_, decoded: false): omitted = message.views.isWhole ? [] : .octets
    case .area(_, decoded: true), .variable(.text), .variable(.htmlText), .variable(.folded):
      omitted = message.views.omittedText
    case .variable(.urls), .variable(.hosts): omitted = message.views.omitted
    case .variable(.attachments), .variable(.attachmentTypes): omitted = message.views.omittedParts
    case .variable: omitted = []
    }
    return omitted.isEmpty ? nil : "the message is larger than what is looked at (\(omitted))"
  }

  // MARK: - Expressions

  /// Whether an expression is found in its view; nil where the run is to look for itself.
  func isFound(_ place: PatternViews.Place) -> (answer: RuleAnswer<Bool>?, took: UInt64) {
    switch answers[place.view] ?? prepared(place.view) {
    case .own: (nil, 0)
    case .unknown(let why): (.unknown(why), 0)
    case .seen(let view): isFound(place, in: view)
    }
  }

  /// Whether it is known for certain that an expression is not found; false in a view of one recipient.
  func isMissing(_ place: PatternViews.Place) -> Bool {
    switch answers[place.view] {
    case .seen(let view): return view.isMissing(place.index)
    case .own, .unknown: return false
    case nil:
      guard !views.views[place.view].key.view.isOfRecipient else { return false }
      if case .seen(let view) = prepared(place.view) { return view.isMissing(place.index) }
      return false
    }
  }

  /// The same in a view that is of one recipient alone.
  func isFound(_ place: PatternViews.Place, in view: ViewAnswers) -> (answer: RuleAnswer<Bool>?, took: UInt64)
  {
    var took: UInt64 = 0
    var answer = view.known(place.index)
    if answer == nil, spent <= budget {
      let start = terms.clock()
      answer = view.isFound(place.index)
      took = terms.clock() &- start
      spent &+= took
    }
    switch answer {
    case .notFound: return (view.missing, took)
    case .found: return (.known(true), took)
    case .unfinished, nil: return (.unknown(Self.overBudget), took)
    }
  }

  /// A view as far as it can be looked at before a rule asks.
  private enum Looked {
    /// Of what rules set themselves.
    case own
    case unknown(String)
    case seen(ViewAnswers)
  }

  private func prepared(_ index: Int) -> Looked {
    let view = views.views[index]
    let looked: Looked
    if !view.key.isKnownBefore {
      looked = .own
    } else {
      switch octets(in: view.key.view) {
      case .unknown(let why): looked = .unknown(why)
      case .known(let octets):
        let start = terms.clock()
        looked = .seen(ViewAnswers(view, octets, gap: gap(in: view.key.view)))
        scanned &+= terms.clock() &- start
      }
    }
    answers[index] = looked
    return looked
  }

  private func octets(in view: RulePattern.View) -> RuleAnswer<[UInt8]> {
    switch view {
    case .own: return .unknown("a variable of the rules' own")
    case .area(let area, let isDecoded): return octets(of: area, isDecoded: isDecoded)
    case .variable(let variable):
      switch value(of: variable) {
      case .known(let octets): return .known(octets ?? [])
      case .unknown(let why): return .unknown(why)
      }
    }
  }

  /// The first match of an expression of PCRE2 in some octets.
  func captures(
    _ names: [String], of place: PatternViews.Place, in octets: [UInt8]
  ) -> RuleAnswer<RuleCaptures?> {
    guard spent <= budget, let pattern = views.views[place.view].set.pattern(place.index) else {
      return .unknown(Self.overBudget)
    }
    let start = terms.clock()
    let found = pattern.captures(names, in: octets.span)
    spent &+= terms.clock() &- start
    return switch found {
    case .found(let range, let groups): .known(RuleCaptures(range: range, groups: groups))
    case .notFound: .known(nil)
    case .unfinished: .unknown(Self.overBudget)
    }
  }

  /// Why a condition has no answer that took too much work; a run says the same of its own searches.
  static let overBudget = "more work than a message is worth"
}

/// One view's text, and what its expressions say of it: scanned where there is something to scan with.
final class ViewAnswers {
  private var answers: PatternAnswers
  /// What is said of an expression that is not found.
  let missing: RuleAnswer<Bool>
  private let isWhole: Bool

  /// - Parameter gap: what keeps the view from showing all; nil where it does.
  init(_ view: PatternViews.View, _ octets: [UInt8], gap: String?) {
    let seen = view.key.isFramed ? PerlTranslation.framed(octets) : octets
    answers =
      view.key.isText
      ? PatternAnswers(view.set, validText: seen) : PatternAnswers(view.set, octets: seen)
    missing = gap.map { .unknown($0) } ?? .known(false)
    isWhole = gap == nil
    answers.prepare()
  }

  /// Whether all of the view was looked at, and the expression is not in it.
  func isMissing(_ place: Int) -> Bool { isWhole && answers.known(place) == .notFound }

  /// What costs nothing any more.
  func known(_ place: Int) -> PatternAnswer? { answers.known(place) }

  func isFound(_ place: Int) -> PatternAnswer { answers.isFound(place) }
}
