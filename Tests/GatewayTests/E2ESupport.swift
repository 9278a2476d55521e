import Foundation
import Synchronization
import TestSupport
import Testing

/// A gateway in front of a scripted backend: what most tests from outside need.
struct Front: Sendable {
  let backend: ScriptedBackend
  let gateway: Gateway

  /// Starts both.
  ///
  /// - Parameters:
  ///   - settings: further keys, the values as TOML.
  ///   - files: beside the configuration, such as `Blocklists/block.cidr`.
  init(
    _ settings: [String: String] = [:], behaviour: BackendBehaviour = BackendBehaviour(),
    networks: [String] = [], tail: String = "", files: [String: String] = [:],
    backendExtra: [String] = []
  ) throws {
    backend = try ScriptedBackend(behaviour)
    gateway = try Gateway(
      GatewayConfiguration(before: backend, extra: backendExtra) {
        $0.settings.merge(settings) { $1 }
        $0.networks = networks
        $0.tail = tail
      }, files: files)
    // It listens a moment before it can be asked.
    let socket = gateway.folder.file("state/control.sock")
    eventually { FileManager.default.fileExists(atPath: socket) }
  }

  /// What is started already.
  init(backend: ScriptedBackend, gateway: Gateway) {
    self.backend = backend
    self.gateway = gateway
  }

  /// A session that has said EHLO.
  func session(from source: String? = nil, patience: Duration = .seconds(15)) throws -> RawClient {
    let client = try gateway.connect(from: source, patience: patience)
    try client.open()
    return client
  }

  /// A session whose MAIL and RCPT were taken.
  func transaction(
    from source: String? = nil, sender: String = "a@outside.example",
    to recipient: String = "user@example.org"
  ) throws -> RawClient {
    let client = try session(from: source)
    for line in ["MAIL FROM:<\(sender)>", "RCPT TO:<\(recipient)>"] {
      let answer = try client.command(line)
      guard answer.code == 250 else { throw HarnessFault("\(line): \(answer)") }
    }
    return client
  }

  /// What `weir status --json` says.
  func status() throws -> [String: Any] {
    let result = try gateway.weir(["status", "--json"])
    guard result.succeeded,
      let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    else { throw HarnessFault("status: \(result.ending) \(result.output)\(result.errors)") }
    return report
  }

  /// A number of the status report.
  func status(_ key: String) throws -> Int {
    guard let number = try status()[key] as? Int else { throw HarnessFault("status has no number \(key)") }
    return number
  }

  /// Writes the configuration anew, with these keys instead of those it has, and reloads; the answer's lines.
  @discardableResult
  func reload(
    _ settings: [String: String] = [:], networks: [String] = [], tail: String = "",
    _ change: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws -> CommandResult {
    var configuration = try GatewayConfiguration(before: backend)
    configuration.listeners = [.init(port: gateway.port)]
    configuration.settings.merge(settings) { $1 }
    configuration.networks = networks
    configuration.tail = tail
    change(&configuration)
    try gateway.rewrite(configuration)
    return try gateway.weir(["reload"])
  }
}

extension RawClient {
  /// Whether the peer has closed, or closes in time; what it still says is passed over.
  func isClosed(within limit: Duration = .seconds(10)) -> Bool {
    (try? readUntilClosed(within: limit)) != nil
  }

  /// Sends MAIL, RCPT and DATA and reads their replies; throws where the content is not asked for.
  func beginData(from sender: String = "a@outside.example", to recipients: [String] = ["user@example.org"])
    throws
  {
    for line in ["MAIL FROM:<\(sender)>"] + recipients.map({ "RCPT TO:<\($0)>" }) + ["DATA"] {
      let answer = try command(line)
      guard answer.code < 400 else { throw HarnessFault("\(line): \(answer)") }
    }
  }
}

/// Runs `body` on `count` threads at once and waits for all of them; the first fault is thrown.
func together(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let faults = Mutex<[any Error]>([])
  let done = DispatchGroup()
  for index in 0..<count {
    done.enter()
    let thread = Thread {
      do { try body(index) } catch { faults.withLock { $0.append(error) } }
      done.leave()
    }
    thread.stackSize = 1 << 20
    thread.start()
  }
  done.wait()
  if let first = faults.withLock({ $0.first }) { throw first }
}
