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
  private var values: [GatewayVariable: RuleAnswer<[UInt8]?>] = [:]
  private var areas: [MessageArea: [UInt8]] = [:]
  private var decodedAreas: [MessageArea: [UInt8]] = [:]
  private var answers: [Int: ViewAnswers] = [:]
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
    budget = terms.nanoseconds(of: message.map { Int(clamping: $0.facts.message.octets) } ?? 0)
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
    case .area(.header, _): omitted = []
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
  func isFound(_ place: PatternViews.Place, own: ViewAnswers? = nil) -> RuleAnswer<Bool>? {
    let view = views.views[place.view]
    let asked: ViewAnswers
    if let known = own ?? answers[place.view] {
      asked = known
    } else {
      switch octets(in: view.view) {
      case .unknown(let why): return .unknown(why)
      case .known(let octets): asked = ViewAnswers(view.set, octets)
      }
      answers[place.view] = asked
    }
    return answer(asked, place, view)
  }

  private func answer(
    _ asked: ViewAnswers, _ place: PatternViews.Place, _ view: PatternViews.View
  ) -> RuleAnswer<Bool> {
    let answer: PatternAnswer
    if asked.isAtHand(place.index) {
      answer = asked.isFound(place.index)
    } else {
      guard spent <= budget else { return .unknown(Self.overBudget) }
      let start = terms.clock()
      answer = asked.isFound(place.index)
      spent &+= terms.clock() &- start
    }
    switch answer {
    case .found: return .known(true)
    case .unfinished: return .unknown(Self.overBudget)
    case .notFound: return gap(in: view.view).map { .unknown($0) } ?? .known(false)
    }
  }

  private func octets(in view: RulePattern.View) -> RuleAnswer<[UInt8]> {
    switch view {
    case .area(let area, let isDecoded): return octets(of: area, isDecoded: isDecoded)
    case .variable(let variable):
      switch value(of: variable) {
      case .known(let octets): return .known(octets ?? [])
      case .unknown(let why): return .unknown(why)
      }
    }
  }

  /// Why a condition has no answer that took too much work; a run says the same of its own searches.
  static let overBudget = "more work than a message is worth"
}

/// One view's text, and what its expressions say of it.
final class ViewAnswers {
  private var answers: PatternAnswers

  init(_ set: PatternSet, _ octets: [UInt8]) {
    answers = PatternAnswers(set, octets: PerlTranslation.framed(octets))
  }

  func isFound(_ place: Int) -> PatternAnswer { answers.isFound(place) }

  /// Whether the answer costs nothing any more.
  func isAtHand(_ place: Int) -> Bool { answers.isAtHand(place) }
}
