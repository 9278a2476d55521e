/// What a recipe does when it matches.
public indirect enum RuleAction: Sendable {
  /// Into a mailbox, which is a folder of the quarantine here; `/dev/null` is none.
  case mailbox(Template)
  /// `! address…`
  case forward(Template)
  /// `| program`, or `VAR=| program`.
  case program(RuleCommand, into: String?)
  case block([RuleStatement])
  case weir(WeirAction)
}

/// What only a gateway can do.
public enum WeirAction: Sendable {
  case reject(Refusal)
  case `defer`(Refusal)
  case discard
  case quarantine(Template?)
  case accept
  case tag
  case score(Double, String)
  case addHeader(String, Template)
  case removeHeader(String)
  case replaceHeader(String, Template)
  case redirect(Template)
  case copy(Template)
  case stop

  /// The words that begin them.
  public static let words = [
    "reject", "defer", "discard", "quarantine", "accept", "tag", "score", "header", "redirect", "copy",
    "stop",
  ]

  /// Whether the rules end there.
  public var isFinal: Bool {
    switch self {
    case .reject, .defer, .discard, .quarantine, .accept, .redirect, .stop: true
    case .tag, .score, .addHeader, .removeHeader, .replaceHeader, .copy: false
    }
  }

  /// The texts in it that are put in when it is done.
  public var templates: [Template] {
    switch self {
    case .reject(let refusal), .defer(let refusal): refusal.text.map { [$0] } ?? []
    case .quarantine(let folder): folder.map { [$0] } ?? []
    case .addHeader(_, let value), .replaceHeader(_, let value): [value]
    case .redirect(let addresses), .copy(let addresses): [addresses]
    case .discard, .accept, .tag, .score, .removeHeader, .stop: []
    }
  }
}

/// The reply of a refusal, as far as the rule says it.
public struct Refusal: Sendable, Hashable {
  /// 550 or 451 and the like; nil where the rule says none.
  public let code: Int?
  /// `5.7.1` and the like.
  public let enhanced: String?
  public let text: Template?
}
