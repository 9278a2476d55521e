import Bytes

/// The few calls of formail that edit the header and are an action of rules.
enum Formail {
  /// Whether it is asked if the message came before (`-D`): then it takes only those that did.
  static func tellsRepeats(_ command: Substring) -> Bool {
    let words = command.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "|" })
    guard let name = words.first, name == "formail" || name.hasSuffix("/formail") else { return false }
    return words.dropFirst().contains { $0.hasPrefix("-D") }
  }

  /// `formail -A "X: y"`, `-a`, `-I`, `-i` with one header; nil for any other call.
  static func action(_ command: Substring) -> String? {
    let (program, rest) = command.firstWord
    guard program == "formail" || program.hasSuffix("/formail") else { return nil }
    let text = rest.prefix { $0 != "#" }.trimmed
    guard text.hasPrefix("-"), let option = text.dropFirst().first, "AaIi".contains(option) else {
      return nil
    }
    var argument = text.dropFirst(2).trimmed
    guard let quote = argument.first, quote == "\"" || quote == "'" else { return nil }
    argument = argument.dropFirst()
    guard argument.last == quote else { return nil }
    argument = argument.dropLast()
    guard !argument.contains(quote), !argument.contains("`"), !argument.contains("\\"),
      let header = RuleWords.header(argument)
    else { return nil }
    // In single quotes nothing is put in.
    let value = quote == "'" ? RuleWords.escaped(header.value) : header.value
    if option == "I" || option == "i" {
      return header.value.isEmpty ? "header remove \(header.name)" : "header replace \(header.name): \(value)"
    }
    return "header add \(header.name): \(value)"
  }
}
