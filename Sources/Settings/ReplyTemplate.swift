/// The variables of a replaced reply text.
public enum ReplyTemplate {
  /// What can stand between braces.
  public static let variables = [
    "client", "sender", "recipient", "id", "code", "reason", "list", "subject", "hostname",
  ]

  /// What is wrong with a text; nil if nothing is.
  static func fault(in text: String) -> String? {
    // Bound: a reply line is at most 512 bytes with its code and CRLF (RFC 5321 §4.5.3.1.5).
    guard text.utf8.count <= 400 else { return "longer than 400 bytes: a reply is one line" }
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return "a reply is plain ASCII (RFC 5321 section 4.2)"
    }
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else { return "a { without its }" }
      let name = String(rest[rest.index(after: open)..<close])
      guard variables.contains(name) else {
        let clause = Suggestion.clause(for: name, in: variables)
        let known = variables.map { "{\($0)}" }.joined(separator: " ")
        return "unknown variable {\(name)}\(clause.isEmpty ? "; there are \(known)" : clause)"
      }
      rest = rest[rest.index(after: close)...]
    }
    return nil
  }
}
