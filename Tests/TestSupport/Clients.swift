import Foundation

/// `swaks`, the Swiss army knife for SMTP.
public enum Swaks {
  /// What a run showed.
  public struct Outcome: Sendable {
    /// swaks's own exit code: 0 where the message was taken (its manual lists the rest: 24 no recipient was
    /// accepted, 26 the message was refused).
    public let code: Int32
    /// Both sides of the dialogue, as swaks prints it.
    public let transcript: String
    /// The lines that the server said, without swaks's marks.
    public var replies: [String] {
      transcript.split(separator: "\n").filter { $0.hasPrefix("<-") || $0.hasPrefix("<*") }
        .map { String($0.drop { $0 != " " }.drop { $0 == " " }) }
    }
  }

  /// Sends one message.
  ///
  /// - Parameter data: the whole message, header and body; swaks's own test message where absent.
  public static func send(
    port: UInt16, from sender: String = "sender@outside.example", to recipients: [String],
    data: String? = nil, arguments: [String] = []
  ) throws -> Outcome {
    var all = [
      "--server", "127.0.0.1", "--port", "\(port)", "--from", sender, "--to",
      recipients.joined(separator: ","),
      "--helo", "client.outside.example", "--timeout", "30",
    ]
    var keep: ScratchFolder?
    if let data {
      let folder = try ScratchFolder("swaks")
      keep = folder
      all += ["--data", "@" + (try folder.write("message", data))]
    }
    defer { withExtendedLifetime(keep) {} }
    let result = try run("swaks", all + arguments, joined: true)
    guard case .exited(let code) = result.ending else { throw HarnessFault("swaks: \(result.ending)") }
    return Outcome(code: code, transcript: result.output)
  }
}

/// `smtp-source`, Postfix's load generator.
public enum SMTPSource {
  /// Sends `messages` over `sessions` parallel sessions; true where every one was taken.
  ///
  /// - Parameters:
  ///   - keepsConnections: sends all of a session's messages over one connection (`-d`).
  ///   - arguments: further arguments, such as `-N` for a new recipient each.
  public static func send(
    port: UInt16, messages: Int, sessions: Int = 10, size: Int = 1024,
    from sender: String = "sender@outside.example", to recipient: String = "user@example.org",
    keepsConnections: Bool = true, arguments: [String] = [], within limit: Duration = .seconds(120)
  ) throws -> CommandResult {
    try run(
      "smtp-source",
      options(messages, sessions, size, sender, recipient, keepsConnections) + arguments
        + ["127.0.0.1:\(port)"], joined: true, within: limit)
  }

  /// The same, left running.
  public static func start(
    port: UInt16, messages: Int, sessions: Int = 10, size: Int = 1024,
    from sender: String = "sender@outside.example", to recipient: String = "user@example.org",
    keepsConnections: Bool = true, arguments: [String] = []
  ) throws -> RunningProcess {
    try RunningProcess(
      "smtp-source",
      options(messages, sessions, size, sender, recipient, keepsConnections) + arguments
        + ["127.0.0.1:\(port)"], joined: true)
  }

  private static func options(
    _ messages: Int, _ sessions: Int, _ size: Int, _ sender: String, _ recipient: String, _ keeps: Bool
  ) -> [String] {
    [
      "-s", "\(sessions)", "-m", "\(messages)", "-l", "\(size)", "-f", sender, "-t", recipient,
      "-M", "client.outside.example",
    ] + (keeps ? ["-d"] : [])
  }
}

/// `smtp-sink`, Postfix's server that takes everything.
public final class SMTPSink: Sendable {
  /// The port it listens on.
  public let port: UInt16
  private let folder: ScratchFolder
  private let process: RunningProcess

  /// Starts it; `arguments` are further ones, such as `-r data` to soft-reject at DATA.
  ///
  /// - Parameter keeps: writes each transaction into a file of its own; without, nothing is kept.
  public init(arguments: [String] = [], keeps: Bool = true) throws {
    folder = try ScratchFolder("sink")
    port = try FreePort.take()
    try folder.folder("mail", mode: 0o777)
    // Root has to name whom smtp-sink becomes.
    let user = geteuid() == 0 ? ["-u", "nobody"] : []
    process = try RunningProcess(
      "smtp-sink", user + (keeps ? ["-d", "m."] : []) + arguments + ["127.0.0.1:\(port)", "1024"],
      workingFolder: folder.file("mail"), joined: true)
    try process.waitForPort(port)
  }

  /// The transactions it has seen, each with smtp-sink's `X-…` lines in front that tell the envelope.
  public var messages: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("mail"))) ?? []
    return names.sorted().compactMap { try? folder.read("mail/\($0)") }.filter { !$0.isEmpty }
  }

  /// Waits until at least `count` transactions were seen.
  @discardableResult
  public func waitForMessages(_ count: Int, within limit: Duration = .seconds(10)) throws -> [String] {
    guard eventually(within: limit, { messages.count >= count }) else {
      throw HarnessFault("\(messages.count) of \(count) messages came to smtp-sink: \(process.output)")
    }
    return messages
  }
}
