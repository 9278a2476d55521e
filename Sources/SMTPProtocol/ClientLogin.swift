internal import Bytes

/// What a backend says of a name and a password.
public enum LoginAnswer: Hashable, Sendable {
  /// 235: they belong together.
  case right
  /// 535: they do not.
  case wrong(Reply)
  /// Anything else, in words: it could not tell.
  case unavailable(String)
}

/// One login by PLAIN (RFC 4616) or LOGIN, on a session that is good for nothing else afterwards.
struct ClientLogin: Sendable {
  private enum Position: Sendable {
    /// AUTH PLAIN was said, what it needs comes next.
    case plain
    case name
    case password
    /// All was said.
    case last
    /// It asked for more than there is: `*` was said.
    case cancelled
  }

  private var position: Position
  private let user: String
  private let password: [UInt8]

  /// Bound: a command line that needs no continuation (RFC 4954 §4).
  private static let longestCommand = 512

  /// Writes AUTH; nil where the session offers no mechanism that shows the password.
  init?(
    user: String, password: [UInt8], mechanisms: Set<String>, into output: inout [UInt8]
  ) {
    self.user = user
    self.password = password
    if mechanisms.contains("PLAIN") {
      let text = Base64.encoded(Self.plain(user, password))
      output.append(contentsOf: "AUTH PLAIN".utf8)
      if text.count + 13 <= Self.longestCommand {
        output.append(.space)
        output.append(contentsOf: text)
        position = .last
      } else {
        position = .plain
      }
    } else if mechanisms.contains("LOGIN") {
      output.append(contentsOf: "AUTH LOGIN".utf8)
      position = .name
    } else {
      return nil
    }
    ClientCommands.endLine(&output)
  }

  private static func plain(_ user: String, _ password: [UInt8]) -> [UInt8] {
    [0] + Array(user.utf8) + [0] + password
  }

  /// Takes a reply; the answer once there is one, else what is to be said next stands in `output`.
  mutating func received(_ reply: Reply, into output: inout [UInt8]) -> LoginAnswer? {
    switch reply.code {
    case 334: return challenged(&output)
    case 235: return position == .last ? .right : .unavailable("an answer too soon: \(reply.summary)")
    case 535: return .wrong(reply)
    case 500..<600 where reply.enhanced == Reply.Enhanced(7, 8): return .wrong(reply)
    default: return .unavailable(reply.summary)
    }
  }

  private mutating func challenged(_ output: inout [UInt8]) -> LoginAnswer? {
    switch position {
    case .plain:
      output.append(contentsOf: Base64.encoded(Self.plain(user, password)))
      position = .last
    case .name:
      output.append(contentsOf: Base64.encoded(Array(user.utf8)))
      position = .password
    case .password:
      output.append(contentsOf: Base64.encoded(password))
      position = .last
    case .last:
      output.append(UInt8(ascii: "*"))
      position = .cancelled
    case .cancelled: return .unavailable("it asks on although the login was cancelled")
    }
    ClientCommands.endLine(&output)
    return nil
  }
}

extension ClientSession {
  /// Asks whether a name and a password belong together; the session is ready.
  ///
  /// - Parameters:
  ///   - user: without NUL.
  ///   - password: without NUL.
  /// - Returns: `.wait`, or at once `.loggedIn(.unavailable)` where no mechanism is offered that serves.
  public mutating func logIn(user: String, password: [UInt8]) -> ClientAction {
    guard case .ready = state else { preconditionFailure("a login in a session that is not ready") }
    guard
      let login = ClientLogin(
        user: user, password: password, mechanisms: capabilities.mechanisms, into: &output)
    else { return .loggedIn(.unavailable("it offers neither AUTH PLAIN nor AUTH LOGIN")) }
    state = .loggingIn(login)
    return .wait
  }
}
