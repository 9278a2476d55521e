import Filtering
import Settings

/// A message, and what rules are to make of it: one case of a `*.case` file.
struct RuleCase: Sendable, Hashable {
  enum Expectation: Sendable, Hashable {
    /// Each of these rules matches.
    case matches([Name])
    /// None of these rules matches; nil: none of all.
    case spares([Name]?)
    /// What becomes of the message.
    case verdict(Verdict)
    /// It goes to these others instead of to its recipient, or, where it is a copy, as well; to anybody where none is named.
    case sends(isCopy: Bool, [String])
  }

  /// A rule as a case names it.
  struct Name: Sendable, Hashable {
    let text: String
    let position: SourcePosition
  }

  /// What is known of client and envelope: a line each.
  struct Option: Sendable, Hashable {
    enum Word: String, Sendable, Hashable, CaseIterable {
      case client, ptr, helo, from, to, user, now, dns
    }

    let word: Word
    let value: String
    /// Where the value stands.
    let position: SourcePosition
  }

  /// As the operator names it.
  let file: String
  /// That of its head, from 1.
  let line: Int
  let expectation: Expectation
  /// For people; perhaps empty.
  let title: String
  let options: [Option]
  /// As it stands in the file, its lines ending as they do there.
  let message: [UInt8]

  func values(_ word: Option.Word) -> [Option] { options.filter { $0.word == word } }

  /// The rules that it names.
  var names: [Name] {
    switch expectation {
    case .matches(let names): names
    case .spares(let names): names ?? []
    case .verdict, .sends: []
    }
  }

  /// `matches A, B`, for people.
  var text: String {
    switch expectation {
    case .matches(let names): "matches " + names.map(\.text).joined(separator: ", ")
    case .spares(let names): "spares " + (names?.map(\.text).joined(separator: ", ") ?? "*")
    case .verdict(let verdict): "verdict \(verdict.rawValue)"
    case .sends(let isCopy, let addresses):
      (["verdict", isCopy ? "copy" : "redirect"] + addresses).joined(separator: " ")
    }
  }
}
