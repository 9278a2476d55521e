internal import Bytes

/// Why a password is guessed sooner than others.
public enum WeakPassword: Hashable, Sendable, CustomStringConvertible {
  case short
  case common
  /// It is the user's name or domain, and little besides.
  case ownName
  case repetition
  /// Keys or characters that lie beside one another.
  case run

  /// Characters.
  public static let least = 10

  public var description: String {
    switch self {
    case .short: "is shorter than \(Self.least) characters"
    case .common: "is one of the common ones, or nearly"
    case .ownName: "is made of the user's own name or domain"
    case .repetition: "repeats itself"
    case .run: "is a run of keys or of the alphabet"
    }
  }

  /// What is weak about `password`, for a user of that name; nil where nothing is.
  public init?(_ password: String, user: String) {
    let characters = Array(password.lowercased())
    let plain = String(characters.map(Self.letterMeant))
    guard characters.count >= Self.least else {
      self = .short
      return
    }
    if Self.isRepetition(characters) {
      self = .repetition
    } else if [String(characters), plain, Self.core(characters)].contains(where: Self.isCommon) {
      self = .common
    } else if Self.isOwn(String(characters), user) || Self.isOwn(plain, user) {
      self = .ownName
    } else if Self.isRun(characters) {
      self = .run
    } else {
      return nil
    }
  }

  /// `p@ssw0rd` is `password`.
  private static func letterMeant(_ character: Character) -> Character {
    switch character {
    case "0": "o"
    case "1", "!", "|": "i"
    case "3": "e"
    case "4", "@": "a"
    case "5", "$": "s"
    case "7": "t"
    default: character
    }
  }

  /// `p@ssw0rd` of `p@ssw0rd2026!`, with the letters that are meant.
  private static func core(_ password: [Character]) -> String {
    let isLetter: (Character) -> Bool = { $0.isLetter }
    guard let first = password.firstIndex(where: isLetter), let last = password.lastIndex(where: isLetter)
    else { return String(password) }
    return String(password[first...last].map(letterMeant))
  }

  /// A common word with figures and signs around it, or common words only.
  private static func isCommon(_ password: String) -> Bool {
    if CommonPasswords.whole.contains(password) { return true }
    var core = Substring(password)
    while let first = core.first, !first.isLetter { core.removeFirst() }
    while let last = core.last, !last.isLetter { core.removeLast() }
    // Figures and signs alone: a date, a telephone number.
    guard !core.isEmpty else { return password.count < 16 && password.contains(where: \.isNumber) }
    guard password.count < 16 else { return CommonPasswords.words.contains(String(core)) }
    var rest = core
    while !rest.isEmpty {
      if let first = rest.first, !first.isLetter {
        rest.removeFirst()
      } else if let word = (3...12).reversed().lazy.map({ rest.prefix($0) })
        .first(where: { CommonPasswords.words.contains(String($0)) })
      {
        rest.removeFirst(word.count)
      } else {
        return false
      }
    }
    return true
  }

  /// Whether fewer than six letters are left where his names, forwards and backwards, are taken out.
  private static func isOwn(_ password: String, _ user: String) -> Bool {
    let user = user.lowercased()
    let at = user.lastIndex(of: "@")
    let local = user[..<(at ?? user.endIndex)]
    let domain = at.map { user[user.index(after: $0)...] } ?? ""
    var parts = [String(local)] + local.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    // The last label is the country's or com's.
    parts += [String(domain)] + domain.split(separator: ".").dropLast().map(String.init)
    var rest = password
    for part in parts.sorted(by: { $0.count > $1.count }) where part.count >= 3 {
      rest = rest.replacing(part, with: "").replacing(String(part.reversed()), with: "")
    }
    return rest != password && rest.count { $0.isLetter } < 6
  }

  /// Fewer than five different characters, or a piece of up to half of it over and over.
  private static func isRepetition(_ password: [Character]) -> Bool {
    if Set(password).count < 5 { return true }
    return (1...(password.count / 2)).contains { period in
      zip(password, password.dropFirst(period)).allSatisfy(==) && period <= 6
    }
  }

  private static let rows = [
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl",
    "zxcvbnm", "yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp", "!@#$%^&*()",
  ].flatMap { [Array($0), Array($0.reversed())] }

  /// Whether fewer than four characters stand outside runs of at least four.
  private static func isRun(_ password: [Character]) -> Bool {
    var outside = 0
    var index = 0
    while index < password.count {
      let longest = rows.map { longestRun(password[index...], $0) }.max() ?? 0
      if longest >= 4 {
        index += longest
      } else {
        outside += 1
        index += 1
      }
    }
    return outside < 4
  }

  /// How many characters from the start stand in `row` one behind another.
  private static func longestRun(_ text: ArraySlice<Character>, _ row: [Character]) -> Int {
    guard let first = text.first else { return 0 }
    return row.indices.filter { row[$0] == first }.map { start in
      zip(text, row[start...]).prefix { $0 == $1 }.count
    }.max() ?? 0
  }
}
