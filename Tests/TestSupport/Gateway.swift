import Foundation
import Synchronization

/// The built product, run as its users run it: `weir serve --config FILE`, spoken to from outside.
public final class Gateway: Sendable {
  /// Where its configuration, state and lists lie.
  public let folder: ScratchFolder
  /// The path of its configuration file.
  public let configPath: String
  /// The first listener's port.
  public let port: UInt16

  private let ports: [(host: String, port: UInt16)]
  private let current: Mutex<RunningProcess>
  private let earlierLog = Mutex("")

  /// Writes the configuration and starts the gateway; returns when every listener accepts.
  ///
  /// - Parameter files: further files by their path beside the configuration (`Blocklists/block.cidr`).
  public convenience init(
    _ configuration: GatewayConfiguration, files: [String: String] = [:], environment: [String: String] = [:]
  ) throws {
    let folder = try ScratchFolder("gateway")
    try self.init(
      toml: configuration.toml(folder: folder.path), in: folder, files: files,
      ports: configuration.listeners.map { ($0.host, $0.port) }, environment: environment)
  }

  /// Starts the gateway with a configuration given as text; `ports` are the ones to wait for.
  public init(
    toml: String, in folder: ScratchFolder, files: [String: String] = [:],
    ports: [(host: String, port: UInt16)], environment: [String: String] = [:]
  ) throws {
    guard let first = ports.first else { throw HarnessFault("a gateway without a port to wait for") }
    self.folder = folder
    self.ports = ports
    port = first.port
    for (path, text) in files { try folder.write(path, text) }
    configPath = try folder.write("weir.toml", toml)
    current = Mutex(try Self.start(configPath, environment))
    try waitUntilListening()
  }

  private static func start(_ path: String, _ environment: [String: String]) throws -> RunningProcess {
    try RunningProcess(binary(), ["serve", "--config", path], environment: environment)
  }

  private func waitUntilListening() throws {
    for (host, port) in ports {
      let host = ["0.0.0.0", "::", "[::]"].contains(host) ? "127.0.0.1" : host
      try process.waitForPort(port, host: host)
    }
    // It listens a moment before it can be asked.
    let socket = folder.file("state/control.sock")
    eventually(within: .seconds(10)) { FileManager.default.fileExists(atPath: socket) }
  }

  /// The built product: what `WEIR_BINARY` names, else the `weir` that was built beside the test bundle.
  public static func binary() throws -> String {
    if let named = ProcessInfo.processInfo.environment["WEIR_BINARY"], !named.isEmpty { return named }
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = (bundle as NSString).deletingLastPathComponent + "/weir"
    guard FileManager.default.isExecutableFile(atPath: beside) else {
      throw HarnessFault("no weir beside \(bundle); WEIR_BINARY can name one")
    }
    return beside
  }

  /// Runs another command of the product with this gateway's configuration: `weir ARGUMENTS --config FILE`.
  public func weir(
    _ arguments: [String], input: [UInt8]? = nil, within limit: Duration = .seconds(60)
  ) throws -> CommandResult {
    try run(Self.binary(), arguments + ["--config", configPath], input: input, within: limit)
  }

  // MARK: Talking to it

  /// A new connection to the first listener.
  public func connect(from source: String? = nil, patience: Duration = .seconds(10)) throws -> RawClient {
    let host = ports.first.map { ["0.0.0.0", "::", "[::]"].contains($0.host) ? "127.0.0.1" : $0.host }
    return try RawClient(host ?? "127.0.0.1", port: port, from: source, patience: patience)
  }

  // MARK: Signals

  /// The process that runs now.
  public var process: RunningProcess { current.withLock { $0 } }

  /// SIGHUP: reload.
  public func hangUp() { process.send(SIGHUP) }

  /// SIGTERM: drain, and wait for the end.
  @discardableResult
  public func terminate(within limit: Duration = .seconds(30)) -> ProcessEnding? {
    process.terminate(within: limit)
  }

  /// SIGKILL.
  @discardableResult
  public func kill() -> ProcessEnding? { process.kill() }

  /// Starts it again with the configuration as it stands now; the one before must have ended.
  public func restart(environment: [String: String] = [:]) throws {
    guard !process.isRunning else { throw HarnessFault("the gateway still runs") }
    let before = process.output
    earlierLog.withLock { $0 += before }
    let next = try Self.start(configPath, environment)
    current.withLock { $0 = next }
    try waitUntilListening()
  }

  /// Puts another configuration in the place of this one; it lives from the next reload or restart on.
  public func rewrite(_ configuration: GatewayConfiguration) throws {
    try folder.write("weir.toml", configuration.toml(folder: folder.path))
  }

  // MARK: What it says

  /// The log lines of standard output so far, or of the file at `path`; what is not a log line is left out.
  public func log(at path: String? = nil) -> [LogLine] {
    let text: String
    if let path {
      text = String(decoding: (try? readBytes(atPath: path)) ?? [], as: UTF8.self)
    } else {
      text = earlierLog.withLock { $0 } + process.output
    }
    return text.split(separator: "\n").compactMap { LogLine(String($0)) }
  }

  /// Waits for a log line that fits and gives the first; throws, with the whole log, where none comes.
  @discardableResult
  public func waitForLog(
    within limit: Duration = .seconds(5), at path: String? = nil, _ fits: (LogLine) -> Bool
  ) throws -> LogLine {
    var found: LogLine?
    eventually(within: limit, every: .milliseconds(20)) {
      found = log(at: path).first(where: fits)
      return found != nil
    }
    guard let found else {
      throw HarnessFault("no such log line in:\n\(process.output)\n--- standard error:\n\(process.errors)")
    }
    return found
  }

  // MARK: What it costs

  /// Octets of memory that are its own: what it shares with other gateways, of its program, becomes more of each as the
  /// others end.
  public func memory() throws -> Int {
    let rollup = String(decoding: try readBytes(atPath: "/proc/\(process.id)/smaps_rollup"), as: UTF8.self)
    for line in rollup.split(separator: "\n") where line.hasPrefix("Anonymous:") {
      if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
        return kilobytes * 1024
      }
    }
    throw HarnessFault("no Anonymous in smaps_rollup")
  }

  /// How many file descriptors it holds.
  public func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.id)/fd").count
  }
}
