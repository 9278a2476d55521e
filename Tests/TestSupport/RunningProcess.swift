import Foundation
import Synchronization

/// How a process ended.
public enum ProcessEnding: Equatable, Sendable {
  case exited(Int32)
  case signalled(Int32)
}

/// A child process of the test with its output in files; killed with all its own children at the latest
/// when the last reference to it goes.
public final class RunningProcess: Sendable {
  /// The process id, which is also the id of the process group made for it.
  public let id: Int32
  /// The command, for messages.
  public let name: String
  /// The file that standard output goes to.
  public let outputPath: String
  /// The file that standard error goes to; the same as `outputPath` where they were asked to be joined.
  public let errorPath: String

  private let folder: ScratchFolder
  private let ended = Mutex<ProcessEnding?>(nil)

  /// Starts `command` (a path, or a name looked for in `PATH` and the `sbin` folders).
  ///
  /// - Parameters:
  ///   - environment: laid over the test's own environment.
  ///   - input: what standard input gives; nothing where absent.
  ///   - joined: standard error goes where standard output goes.
  public init(
    _ command: String, _ arguments: [String] = [], environment: [String: String] = [:],
    workingFolder: String? = nil, input: [UInt8]? = nil, joined: Bool = false
  ) throws {
    guard let executable = Executable.path(of: command) else {
      throw HarnessFault("no such command: \(command)")
    }
    name = ([command] + arguments).joined(separator: " ")
    let folder = try ScratchFolder("process")
    self.folder = folder
    outputPath = folder.file("stdout")
    errorPath = joined ? outputPath : folder.file("stderr")
    let inputPath = try input.map { try folder.write("stdin", bytes: $0) } ?? "/dev/null"

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    if joined {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    } else {
      posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    }
    let fullEnvironment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let workingFolder {
      id = try Self.spawn(
        "/usr/bin/env", ["env", "-C", workingFolder, executable] + arguments, fullEnvironment, &actions)
    } else {
      id = try Self.spawn(executable, [command] + arguments, fullEnvironment, &actions)
    }
  }

  deinit {
    if ending() == nil { send(SIGKILL) }
    Glibc.kill(-id, SIGKILL)
    _ = waitForEnd(within: .seconds(5))
  }

  private static func spawn(
    _ executable: String, _ arguments: [String], _ environment: [String: String],
    _ actions: inout posix_spawn_file_actions_t
  ) throws -> Int32 {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that a whole family can be ended; and the signals a test runner may have
    // blocked or ignored as they were at the beginning of the world.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer {
      for pointer in argv + envp { free(pointer) }
    }
    var id: pid_t = 0
    var code: Int32 = 0
    // A file that a test has just written can be held open for a moment by a neighbour's child.
    for _ in 0..<100 {
      code = TCPSocket.whileNoneIsHalfMade.withLock { _ in
        posix_spawn(&id, executable, &actions, &attributes, &argv, &envp)
      }
      guard code == ETXTBSY else { break }
      block(for: .milliseconds(20))
    }
    guard code == 0 else { throw HarnessFault.system("start \(executable)", code) }
    return id
  }

  // MARK: Watching

  /// How the process ended, or nil while it runs.
  public func ending() -> ProcessEnding? {
    ended.withLock { ended in
      if let ended { return ended }
      var status: Int32 = 0
      guard waitpid(id, &status, WNOHANG) == id else { return nil }
      let signal = status & 0x7f
      ended = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
      return ended
    }
  }

  /// Whether the process still runs.
  public var isRunning: Bool { ending() == nil }

  /// Waits for the end; nil where it still runs when the time is over.
  public func waitForEnd(within limit: Duration) -> ProcessEnding? {
    eventually(within: limit, every: .milliseconds(5)) { ending() != nil }
    return ending()
  }

  /// Waits until the process accepts connections at `host`:`port`; throws, with what it wrote, where it
  /// ends before or does not come up in time.
  public func waitForPort(
    _ port: UInt16, host: String = "127.0.0.1", within limit: Duration = .seconds(20)
  ) throws {
    let isUp = try eventually(within: limit, every: .milliseconds(20)) {
      if FreePort.answers(host, port) { return true }
      if let ending = ending() {
        throw HarnessFault("\(name) ended (\(ending)) before it listened on \(port):\n\(output)\(errors)")
      }
      return false
    }
    guard isUp else {
      throw HarnessFault(
        "\(name) does not listen on \(host) port \(port) after \(limit):\n\(output)\(errors)")
    }
  }

  /// What the process has written to standard output.
  public var output: String { text(at: outputPath) }

  /// What the process has written to standard error; empty where it was joined to standard output.
  public var errors: String { errorPath == outputPath ? "" : text(at: errorPath) }

  private func text(at path: String) -> String {
    String(decoding: (try? readBytes(atPath: path)) ?? [], as: UTF8.self)
  }

  // MARK: Ending

  /// Sends a signal to the process alone.
  public func send(_ signal: Int32) {
    ended.withLock { ended in
      // Not to an id that may by now be another's.
      if ended == nil { _ = Glibc.kill(id, signal) }
    }
  }

  /// Asks the process to end (SIGTERM) and kills it where it does not in time.
  @discardableResult
  public func terminate(within limit: Duration = .seconds(10)) -> ProcessEnding? {
    send(SIGTERM)
    if let ending = waitForEnd(within: limit) { return ending }
    return kill()
  }

  /// Ends the process and its group at once (SIGKILL).
  @discardableResult
  public func kill() -> ProcessEnding? {
    send(SIGKILL)
    Glibc.kill(-id, SIGKILL)
    return waitForEnd(within: .seconds(5))
  }
}

/// What a command that ran to its end left behind.
public struct CommandResult: Sendable {
  public let ending: ProcessEnding
  public let output: String
  public let errors: String

  /// Whether the command said that all went well.
  public var succeeded: Bool { ending == .exited(0) }
}

/// Runs a command to its end; throws where it does not end in time.
public func run(
  _ command: String, _ arguments: [String] = [], environment: [String: String] = [:],
  workingFolder: String? = nil, input: [UInt8]? = nil, joined: Bool = false,
  within limit: Duration = .seconds(60)
) throws -> CommandResult {
  let process = try RunningProcess(
    command, arguments, environment: environment, workingFolder: workingFolder, input: input, joined: joined)
  guard let ending = process.waitForEnd(within: limit) else {
    process.kill()
    throw HarnessFault("\(process.name) did not end within \(limit):\n\(process.output)\(process.errors)")
  }
  return CommandResult(ending: ending, output: process.output, errors: process.errors)
}

/// Where commands are found.
public enum Executable {
  /// The path of a command: itself where it holds a slash, else the first of that name in `PATH`, in the
  /// `sbin` folders, which an ordinary user's `PATH` lacks.
  public static func path(of command: String) -> String? {
    let manager = FileManager.default
    if command.contains("/") { return manager.isExecutableFile(atPath: command) ? command : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/local/sbin"] {
      let candidate = "\(folder)/\(command)"
      if manager.isExecutableFile(atPath: candidate) { return candidate }
    }
    return nil
  }
}
