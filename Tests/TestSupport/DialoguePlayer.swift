import Foundation

extension DialogueScript {
  /// The scripts of `Tests/Dialogues`, by name.
  public static func all() throws -> [DialogueScript] {
    let folder = Repository.root + "/Tests/Dialogues"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".smtp") }
    return try files.sorted().map { file in
      try DialogueScript(
        name: String(file.dropLast(5)),
        text: String(decoding: readBytes(atPath: "\(folder)/\(file)"), as: UTF8.self))
    }
  }

  /// The backend that the script asks for.
  public var backendBehaviour: BackendBehaviour {
    BackendBehaviour { behaviour in
      behaviour.knownRecipients = settings.known
      behaviour.capabilities.removeAll { settings.missing.contains(String($0.prefix { $0 != " " })) }
    }
  }

  /// The gateway that the script asks for, in front of a backend on `port`.
  public func configuration(backend: ScriptedBackend) throws -> GatewayConfiguration {
    try GatewayConfiguration(before: backend) {
      $0.settings = settings.configuration
      for index in $0.listeners.indices { $0.listeners[index].extra += listenerLines }
    }
  }

  /// The password of who can log in.
  public static let password = "pencil"

  /// The users file of who can log in: the verifier of RFC 7677 §3. nil where nobody can.
  public var usersFile: String? {
    let verifier =
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    let lines = settings.logins.sorted().map { "\($0) \(verifier)\n" }
    return lines.isEmpty ? nil : lines.joined()
  }

  /// The keys of `[auth]` with that file.
  public static func authentication(usersFile path: String) -> [String: String] {
    ["auth.backend": "\"file:\(path)\"", "auth.tarpit": "\"0s\""]
  }

  /// The lines of `[[listener]]` that the script's settings come to.
  public var listenerLines: [String] {
    var lines: [String] = []
    if !settings.logins.isEmpty { lines.append("auth_without_tls = \"plaintext-passwords-in-the-clear\"") }
    if settings.isFront { lines.append("xclient = [\"\(settings.client)\"]") }
    if settings.isSubmission { lines += ["profile = \"submission\"", "tls = \"off\""] }
    return lines
  }
}

/// The client's end of a dialogue, at whatever depth: a socket, an embedded channel, the bare machine.
public protocol DialogueClient {
  /// Sends bytes as they stand; throws where the server is gone.
  func send(_ bytes: [UInt8]) throws
  /// The server's next line without its CRLF; throws where it does not come.
  func nextLine() throws -> String
  /// Whether the server says nothing for that long, and does not close either.
  func isSilent(for time: Duration) -> Bool
  /// What the server says until it closes; throws where it does not close.
  func restUntilClosed() throws -> String
  /// Says that nothing more will come.
  func closeWriting()
  func close()
  func reset()
}

extension RawClient: DialogueClient {
  public func nextLine() throws -> String { try line() }
  public func restUntilClosed() throws -> String { try readUntilClosed() }
}

/// Plays a script against a server.
public struct DialoguePlayer {
  /// How the client's bytes leave.
  public enum Pace: String, CaseIterable, Sendable {
    /// Each step in one piece.
    case whole
    /// Each byte alone, for steps of up to 2000 bytes.
    case dripped
  }

  private let script: DialogueScript
  private let pace: Pace
  private let connect: (_ source: String) throws -> any DialogueClient
  private let received: () -> [ReceivedMessage]
  private var client: (any DialogueClient)?
  private var transcript: [String] = []

  /// A player of one script.
  ///
  /// - Parameters:
  ///   - connect: a new connection to the server, from this address.
  ///   - received: what its backend has.
  public init(
    _ script: DialogueScript, pace: Pace = .whole,
    connect: @escaping (_ source: String) throws -> any DialogueClient,
    received: @escaping () -> [ReceivedMessage] = { [] }
  ) {
    self.script = script
    self.pace = pace
    self.connect = connect
    self.received = received
  }

  /// Plays it to the end; throws at the first step that does not come out, with what was said until then.
  public mutating func play() throws {
    client = try connect(script.settings.client)
    for step in script.steps {
      do {
        try play(step.action)
      } catch {
        throw HarnessFault(
          "\(script.name).smtp:\(step.line) (\(pace.rawValue)): \(error)\n"
            + transcript.joined(separator: "\n"))
      }
    }
    client?.close()
  }

  private mutating func play(_ action: DialogueScript.Action) throws {
    switch action {
    case .connect:
      client = try connect(script.settings.client)
      transcript.append("-- a new connection")
    case .close: client?.close()
    case .halfClose: client?.closeWriting()
    case .reset: client?.reset()
    case .messages(let count): try expectMessages(count)
    case .contains(let pattern): try expectLine(pattern)
    case .lacks(let pattern): try expectNoLine(pattern)
    default:
      guard let client else { throw HarnessFault("no connection") }
      try play(action, client)
    }
  }

  private mutating func play(_ action: DialogueScript.Action, _ client: any DialogueClient) throws {
    switch action {
    case .send(let bytes):
      transcript.append("C \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)")
      do {
        if pace == .dripped && bytes.count <= 2000 {
          for byte in bytes { try client.send([byte]) }
        } else {
          try client.send(bytes)
        }
      } catch {
        // Whether it may have closed by now, the next step knows.
        transcript.append("-- the server did not take it: \(error)")
      }
    case .line(let expected):
      let line = try next(client)
      guard line == expected else { throw HarnessFault("expected “\(expected)”, got “\(line)”") }
    case .pattern(let pattern):
      let line = try next(client)
      guard try line.prefixMatch(of: Regex(pattern)) != nil else {
        throw HarnessFault("expected a line like “\(pattern)”, got “\(line)”")
      }
    case .replyEnding(let expected):
      var line = try next(client)
      while line.dropFirst(3).first == "-" { line = try next(client) }
      guard line.hasPrefix(expected) else {
        throw HarnessFault("expected a reply that ends “\(expected)…”, got “\(line)”")
      }
    case .replyHolding(let code, let words, let without):
      var texts: [String] = []
      var line = ""
      repeat {
        line = try next(client)
        texts.append(String(line.dropFirst(4)))
      } while line.dropFirst(3).first == "-"
      func holds(_ word: String) -> Bool { texts.contains { $0 == word || $0.hasPrefix(word + " ") } }
      guard line.hasPrefix("\(code)") else { throw HarnessFault("expected \(code), got “\(line)”") }
      for word in words where !holds(word) { throw HarnessFault("“\(word)” is not in the reply") }
      for word in without where holds(word) { throw HarnessFault("“\(word)” is in the reply") }
    case .silence(let time):
      guard client.isSilent(for: .milliseconds(time)) else { throw HarnessFault("not silent for \(time) ms") }
    case .closed:
      let rest = try client.restUntilClosed()
      guard rest.isEmpty else { throw HarnessFault("expected the end, got “\(rest)”") }
    default: preconditionFailure("handled before")
    }
  }

  private mutating func next(_ client: any DialogueClient) throws -> String {
    let line = try client.nextLine()
    transcript.append("S \(line)")
    return line
  }

  private func expectMessages(_ count: Int) throws {
    eventually(within: .seconds(5)) { received().count >= count }
    let messages = received()
    guard messages.count == count else {
      throw HarnessFault("the backend has \(messages.count) messages, not \(count)")
    }
  }

  private func lines(_ message: ReceivedMessage) -> [String] {
    message.text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
  }

  private func expectLine(_ pattern: String) throws {
    guard let last = received().last else { throw HarnessFault("the backend has no message") }
    let expression = try Regex(pattern)
    guard try lines(last).contains(where: { try expression.prefixMatch(in: $0) != nil }) else {
      throw HarnessFault("no line like “\(pattern)” in:\n\(last.text)")
    }
  }

  private func expectNoLine(_ pattern: String) throws {
    let expression = try Regex(pattern)
    for message in received() {
      for line in lines(message) where try expression.firstMatch(in: line) != nil {
        throw HarnessFault("“\(pattern)” is in “\(line)”")
      }
    }
  }
}
