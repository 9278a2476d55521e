internal import Bytes
internal import MailSyntax
internal import RuleLanguage

extension RuleFile {
  /// Addresses to redirect and to copy to that stand in the file and are none; what comes of values is looked at when it
  /// has come.
  func strayAddresses() -> [RuleProblem] {
    var problems: [RuleProblem] = []
    func look(_ statements: [RuleStatement]) {
      for case .recipe(let recipe) in statements {
        if case .block(let inner) = recipe.action { look(inner) }
        for word in recipe.action.addresses?.constantWords ?? [] where !Self.isAddress(word) {
          let text = String(decoding: word, as: UTF8.self).printable(limit: 80)
          problems.append(
            problem(
              .error, "'\(text)' is no address",
              cure: text.contains("@") || text.hasPrefix("-")
                ? "write addresses alone, blanks between: redirect ada@example.org"
                : "write it with its domain: \(text)@example.org", at: recipe.actionPlace))
        }
      }
    }
    look(statements)
    return problems
  }

  private static func isAddress(_ word: [UInt8]) -> Bool {
    guard let text = String(validating: word, as: UTF8.self) else { return false }
    return PathParser.parse(address: text) != nil
  }
}

extension RuleAction {
  /// To whom it sends; nil where it sends to nobody.
  fileprivate var addresses: Template? {
    switch self {
    case .forward(let template), .weir(.redirect(let template)), .weir(.copy(let template)): template
    case .mailbox, .program, .block, .weir: nil
    }
  }
}
