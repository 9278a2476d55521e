/// An expression and where it is looked for.
public struct RulePattern: Sendable, Identifiable {
  public enum View: Sendable, Hashable {
    case area(MessageArea, decoded: Bool)
    case variable(GatewayVariable)
    /// A variable that rules set: nobody can look beforehand, and it is only asked for with its octets
    /// (``RuleEnvironment/captures(of:in:)``). Of expressions of PCRE2 alone.
    case own
  }

  /// How it is written, and by that what it is matched with.
  public enum Syntax: Sendable, Hashable {
    /// Procmail's: its ``RulePattern/perl`` is looked for in the *framed* view (``PerlTranslation/framed(_:)``).
    case procmail
    /// PCRE2's: its ``RulePattern/text`` is looked for in the view as it is, without a frame. No options but caseless
    /// (``RulePattern/isCaseless``) and characters (``RulePattern/isText``); the expression may set its own.
    case perl
  }

  /// Its index in ``RulePlan/patterns``.
  public let id: Int
  public let view: View
  private let content: Content

  private enum Written: Sendable {
    case procmail(Expression, Automaton)
    case perl(PerlExpression, line: String)
  }

  /// What is shared by all copies: a run makes many of them.
  private final class Content: Sendable {
    let written: Written
    let text: String
    let isCaseless: Bool
    let isText: Bool

    init(_ written: Written, _ text: String, isCaseless: Bool, isText: Bool) {
      (self.written, self.text, self.isCaseless, self.isText) = (written, text, isCaseless, isText)
    }
  }

  init(id: Int, view: View, expression: Expression, automaton: Automaton, text: String, isText: Bool) {
    self.id = id
    self.view = view
    content = Content(
      .procmail(expression, automaton), text, isCaseless: expression.isCaseless, isText: isText)
  }

  /// - Parameter line: the line of the file in which it begins.
  init(id: Int, view: View, perl: PerlExpression, line: String, isCaseless: Bool, isText: Bool) {
    self.id = id
    self.view = view
    content = Content(.perl(perl, line: line), perl.text, isCaseless: isCaseless, isText: isText)
  }

  public var syntax: Syntax { if case .perl = content.written { .perl } else { .procmail } }
  /// As it stands in a file.
  public var text: String { content.text }
  /// A–Z and a–z are the same: no flag D.
  public var isCaseless: Bool { content.isCaseless }
  /// Whether what is looked at is UTF-8, and one character is one to the expression: a variable of the gateway, or a
  /// file that sees decoded text. A translation of procmail's dialect knows it already.
  public var isText: Bool { content.isText }

  /// Of procmail's dialect.
  public var expression: Expression? {
    if case .procmail(let expression, _) = content.written { expression } else { nil }
  }
  /// Searches by itself, where nobody else does; of procmail's dialect.
  public var automaton: Automaton? {
    if case .procmail(_, let automaton) = content.written { automaton } else { nil }
  }
  /// For engines of Perl's kind, with a framed view; of procmail's dialect.
  public var perl: PerlTranslation? { expression.map(PerlTranslation.init) }

  /// The groups whose text is asked for, by name (``RuleEnvironment/captures(of:in:)``); of PCRE2's syntax.
  public var groups: [String] {
    if case .perl(let expression, _) = content.written { expression.variables } else { [] }
  }

  /// What PCRE2 has to say against it, as a problem of the file; of PCRE2's syntax.
  ///
  /// - Parameter octet: which octet of ``text`` it is about.
  public func problem(_ message: String, atOctet octet: Int) -> RuleProblem? {
    guard case .perl(let expression, let line) = content.written else { return nil }
    return RuleProblem(
      .error, "PCRE2 does not take this: \(message)",
      cure: "mend it, or write it without PCRE ?? in the rules' own syntax",
      at: expression.place(ofOctet: octet), in: line)
  }
}
