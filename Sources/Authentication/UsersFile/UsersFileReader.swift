internal import Bytes
internal import SASL
internal import Settings

/// Reads a users file line by line.
struct UsersFileReader {
  /// A word and the column, from 1 in Unicode scalars, where it begins.
  struct Word {
    let text: Substring
    let column: Int
  }

  private let file: String
  private let domain: String?
  private(set) var problems: [SettingsProblem] = []
  private(set) var users: [UsersFile.User] = []
  private(set) var byName: [String: Int] = [:]
  private(set) var decoyKey: [UInt8]?

  // Bound: whoever names a wrong file reads this many problems, not a million.
  private static let mostProblems = 100
  /// The word of the line that is no user's.
  static let decoys = "!decoys"

  init(file: String, domain: String?) {
    self.file = file
    self.domain = domain?.lowercased()
  }

  mutating func read(_ text: String) {
    var number = 0
    for line in text.utf8.split(separator: .lineFeed, omittingEmptySubsequences: false) {
      number += 1
      let words = Self.words(Substring(line))
      guard let first = words.first else { continue }
      if first.text.hasPrefix("!") {
        readDecoys(words, number)
      } else {
        readUser(words, number)
      }
    }
  }

  mutating func report(_ line: Int, _ column: Int, _ message: String) {
    guard problems.count < Self.mostProblems else { return }
    problems.append(
      SettingsProblem(file: file, position: SourcePosition(line: line, column: column), message: message))
  }

  /// The words between white space, up to a `#` that begins one.
  static func words(_ line: Substring) -> [Word] {
    var words: [Word] = []
    var start: String.Index?
    var startColumn = 0
    var column = 0
    for index in line.unicodeScalars.indices {
      column += 1
      let scalar = line.unicodeScalars[index]
      let isSpace = scalar == " " || scalar == "\t" || scalar == "\r"
      if let begun = start, isSpace {
        words.append(Word(text: line[begun..<index], column: startColumn))
        start = nil
      } else if start == nil, !isSpace {
        if scalar == "#" { return words }
        start = index
        startColumn = column
      }
    }
    if let start { words.append(Word(text: line[start...], column: startColumn)) }
    return words
  }

  private mutating func readDecoys(_ words: [Word], _ line: Int) {
    guard words[0].text == Self.decoys, words.count == 2, let key = Base64.decoded(words[1].text),
      key.count == 32
    else {
      return report(
        line, words[0].column,
        "a line with ! is “\(Self.decoys) ” and base64 of 32 octets; weir users writes it")
    }
    guard decoyKey == nil else { return report(line, words[0].column, "\(Self.decoys) stands here twice") }
    decoyKey = key
  }

  private mutating func readUser(_ words: [Word], _ line: Int) {
    let shown = String(words[0].text).printable(limit: 60)
    guard words[0].text.utf8.count <= 320,
      let name = UsersFile.canonical(String(words[0].text), domain: domain, stored: true)
    else {
      return report(
        line, words[0].column, "“\(shown)” is no name: at most 320 octets of what RFC 4013 takes")
    }
    var secrets: [StoredSecret] = []
    var isDisabled = false
    var end: Timestamp?
    for word in words.dropFirst() {
      if word.text == "disabled" {
        isDisabled = true
      } else if word.text.hasPrefix("until=") {
        guard let day = Timestamp(isoDay: String(word.text.dropFirst(6))) else {
          report(
            line, word.column, "“\(String(word.text).printable(limit: 40))” is no day: write until=2026-12-31"
          )
          continue
        }
        // The last day counts to its end.
        end = day + .seconds(86_400)
      } else {
        do throws(StoredSecretFault) {
          let secret = try StoredSecret.read(word.text)
          if secrets.contains(where: { $0.kind == secret.kind }) {
            report(line, word.column, "\(secret.kind) stands here twice for \(shown)")
          }
          secrets.append(secret)
        } catch {
          // What a secret looks like is not repeated: it may be a password, and this line reaches logs.
          report(line, word.column, "this word \(error.reason)")
        }
      }
    }
    if secrets.isEmpty, words.count == 1 {
      report(line, words[0].column, "“\(shown)” has no secret: weir users passwd writes one")
    }
    if let other = byName[name] {
      return report(line, words[0].column, "\(name) stands here twice: first on line \(users[other].line)")
    }
    byName[name] = users.count
    users.append(
      UsersFile.User(name: name, secrets: secrets, isDisabled: isDisabled, end: end, line: line))
  }
}
