/// A dialogue between a client and the gateway, written as text: one script runs on the bare machine, on an
/// embedded channel and over a real socket.
///
///     # A comment. Empty lines are skipped.
///     @set limits.message_size = "64KiB"    settings come before the first step
///     S~ 220 mx\.example\.org               a line that begins as this regular expression says
///     C: EHLO client.example                sends the line and CRLF
///     S... 250 HELP                         a whole reply whose last line begins with this
///     S+ 250 PIPELINING SIZE !DSN           a whole reply of this code: lines that begin with these words
///                                           are in it, and none with a word behind an exclamation mark
///     C~ NOOP\nNOOP\r\n                     sends bytes: \r \n \t \0 \\ \xNN, and nothing of its own
///     C* 5000 x                             sends bytes (with the same escapes) so many times over
///     S: 250 2.0.0 Ok                       exactly this line
///     S! silent 200                         nothing is said for so many milliseconds
///     S! closed                             the server has closed, and has said nothing more
///     C! close                              also: half-close, reset, connect (a new connection)
///     B! messages 1                         so many messages have reached the backend in all
///     B~ ^Subject: x                        a line of the last one begins as this regular expression says
///     B!~ smuggled                          no line of any message contains this regular expression
public struct DialogueScript: Sendable, CustomStringConvertible {
  /// One thing that happens.
  public enum Action: Equatable, Sendable {
    /// The client sends these bytes; CRLF is in them where it is meant.
    case send([UInt8])
    /// The server's next line is exactly this.
    case line(String)
    /// The server's next line begins as the regular expression says.
    case pattern(String)
    /// The server's next reply ends with a line that begins with this.
    case replyEnding(String)
    /// The server's next reply has this code, lines whose text begins with each of `words`, and none whose
    /// text begins with one of `without`.
    case replyHolding(code: Int, words: [String], without: [String])
    /// The server says nothing for so many milliseconds, and does not close.
    case silence(Int)
    /// The server closes without another word.
    case closed
    case connect
    case close
    case halfClose
    case reset
    /// The backend has had so many messages in all.
    case messages(Int)
    /// A line of the backend's last message begins as the regular expression says.
    case contains(String)
    /// No line of any message of the backend contains the regular expression.
    case lacks(String)
  }

  /// An action with the line of the script that it stands on, counted from 1.
  public struct Step: Equatable, Sendable {
    public let line: Int
    public let action: Action
  }

  /// The environment that a script asks for.
  public struct Settings: Equatable, Sendable {
    /// `@client ADDRESS`: the address that the client comes from.
    public var client = "127.0.0.1"
    /// `@set KEY = VALUE`: a key of the gateway's configuration with its value as TOML.
    public var configuration: [String: String] = [:]
    /// `@known ADDRESS …`: the recipients that the backend knows.
    public var known: Set<String> = [
      "user@example.org", "second@example.org", "postmaster@example.org", "postmaster",
    ]
    /// `@without KEYWORD …`: EHLO keywords that the backend does not offer.
    public var missing: Set<String> = []
    /// `@login NAME …`: who can log in, by PLAIN or LOGIN, in the clear; the password is `pencil`.
    public var logins: Set<String> = []
    /// `@front`: the client is a server in front, whose XCLIENT and XFORWARD are believed.
    public var isFront = false
    /// `@submission`: the listener takes mail from who has logged in.
    public var isSubmission = false
    /// `@only DEPTH …` of `machine`, `channel`, `socket`: where the script can run; everywhere if empty.
    public var depths: Set<String> = []
  }

  /// What is wrong with a script.
  public struct ScriptError: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let reason: String
    public var description: String { "\(file):\(line): \(reason)" }
  }

  /// The file's name without its extension.
  public let name: String
  public let settings: Settings
  public let steps: [Step]

  public var description: String { name }

  /// Whether the script can run at this depth (`machine`, `channel`, `socket`).
  public func runs(at depth: String) -> Bool {
    settings.depths.isEmpty || settings.depths.contains(depth)
  }

  /// Reads a script; throws at the first line that is not of the form above.
  public init(name: String, text: String) throws(ScriptError) {
    self.name = name
    var settings = Settings()
    var steps: [Step] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      do throws(DialogueFormFault) {
        if line.hasPrefix("@") {
          guard steps.isEmpty else { throw DialogueFormFault("settings come before the first step") }
          try DialogueForm.read(setting: line.dropFirst(), into: &settings)
        } else if let action = try DialogueForm.action(line) {
          steps.append(Step(line: index + 1, action: action))
        }
      } catch {
        throw ScriptError(file: "\(name).smtp", line: index + 1, reason: error.reason)
      }
    }
    self.settings = settings
    self.steps = steps
  }
}

/// Why a line of a script cannot be read.
struct DialogueFormFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// The form of one line of a script.
enum DialogueForm {
  static func read(
    setting line: Substring, into settings: inout DialogueScript.Settings
  ) throws(DialogueFormFault) {
    let word = line.prefix { $0 != " " }
    let rest = line.dropFirst(word.count).trimmingSpaces
    let values = rest.split(separator: " ").map(String.init)
    switch word {
    case "client" where values.count == 1: settings.client = values[0]
    case "known": settings.known = Set(values)
    case "without": settings.missing = Set(values)
    case "login" where !values.isEmpty: settings.logins = Set(values)
    case "front" where values.isEmpty: settings.isFront = true
    case "submission" where values.isEmpty: settings.isSubmission = true
    case "only" where !values.isEmpty && Set(values).isSubset(of: ["machine", "channel", "socket"]):
      settings.depths = Set(values)
    case "set":
      let parts = rest.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
      guard parts.count == 2 else { throw DialogueFormFault("the form is @set KEY = VALUE") }
      settings.configuration[String(parts[0])] = String(parts[1])
    default: throw DialogueFormFault("no such setting: @\(line)")
    }
  }

  /// The action of a line; nil where it is empty or a comment.
  static func action(_ line: Substring) throws(DialogueFormFault) -> DialogueScript.Action? {
    if line.hasPrefix("#") || line.allSatisfy({ $0 == " " }) { return nil }
    let mark = line.prefix { $0 != " " }
    // One space parts the mark from what follows; further ones belong to that.
    let rest = line.dropFirst(mark.count).dropFirst()
    switch mark {
    case "C:": return .send(Array(rest.utf8) + [13, 10])
    case "C~": return .send(try unescaped(rest))
    case "C*": return try repeated(rest)
    case "C!": return try clientEvent(rest)
    case "S:": return .line(String(rest))
    case "S~": return .pattern(try pattern(rest))
    case "S...": return .replyEnding(String(rest))
    case "S+": return try holding(rest)
    case "S!": return try serverEvent(rest)
    case "B~": return .contains(try pattern(rest))
    case "B!~": return .lacks(try pattern(rest))
    case "B!":
      let words = rest.split(separator: " ")
      guard words.count == 2, words[0] == "messages", let count = Int(words[1]) else {
        throw DialogueFormFault("the form is B! messages COUNT")
      }
      return .messages(count)
    default: throw DialogueFormFault("a line begins with C: C~ C* C! S: S~ S... S+ S! B~ B! B!~ @ or #")
    }
  }

  private static func repeated(_ rest: Substring) throws(DialogueFormFault) -> DialogueScript.Action {
    let number = rest.prefix { $0 != " " }
    guard let times = Int(number), (1...10_000_000).contains(times) else {
      throw DialogueFormFault("the form is C* TIMES BYTES")
    }
    let bytes = try unescaped(rest.dropFirst(number.count).dropFirst())
    guard bytes.count * times <= 100_000_000 else { throw DialogueFormFault("more than 100 MB") }
    return .send([[UInt8]](repeating: bytes, count: times).flatMap { $0 })
  }

  private static func clientEvent(_ word: Substring) throws(DialogueFormFault) -> DialogueScript.Action {
    switch word {
    case "connect": return .connect
    case "close": return .close
    case "half-close": return .halfClose
    case "reset": return .reset
    default: throw DialogueFormFault("C! connect, close, half-close or reset")
    }
  }

  private static func holding(_ rest: Substring) throws(DialogueFormFault) -> DialogueScript.Action {
    let words = rest.split(separator: " ").map(String.init)
    guard let code = words.first.flatMap({ Int($0) }), words.count > 1 else {
      throw DialogueFormFault("the form is S+ CODE WORD !WORD …")
    }
    let rest = words.dropFirst()
    return .replyHolding(
      code: code, words: rest.filter { !$0.hasPrefix("!") },
      without: rest.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
  }

  private static func serverEvent(_ rest: Substring) throws(DialogueFormFault) -> DialogueScript.Action {
    let words = rest.split(separator: " ")
    if words == ["closed"] { return .closed }
    if words.count == 2, words[0] == "silent", let time = Int(words[1]), (1...60_000).contains(time) {
      return .silence(time)
    }
    throw DialogueFormFault("S! closed, or S! silent MILLISECONDS")
  }

  private static func pattern(_ text: Substring) throws(DialogueFormFault) -> String {
    guard !text.isEmpty, (try? Regex(String(text))) != nil else {
      throw DialogueFormFault("not a regular expression: \(text)")
    }
    return String(text)
  }

  static func unescaped(_ text: Substring) throws(DialogueFormFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "r"): bytes.append(13)
      case UInt8(ascii: "n"): bytes.append(10)
      case UInt8(ascii: "t"): bytes.append(9)
      case UInt8(ascii: "0"): bytes.append(0)
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
        else { throw DialogueFormFault("\\x takes two hexadecimal digits") }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: throw DialogueFormFault("the escapes are \\r \\n \\t \\0 \\\\ \\xNN")
      }
    }
    return bytes
  }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var rest = drop { $0 == " " }
    while rest.last == " " { rest = rest.dropLast() }
    return rest
  }
}
