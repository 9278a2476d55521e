import Foundation
import NetAddress
import SMTPServer
import Settings

/// The running gateway as the demo finds it: where it listens, logs and answers to its operator.
struct DemoStage {
  let config: String
  let target: RelayTarget
  let socket: String
  let log: DemoLog
  /// Where the mail server behind keeps its mail; nil where no such folder is there.
  let maildir: DemoMaildir?

  /// Throws, in words, where the demo cannot be given.
  init(_ config: String, maildir named: String?) throws {
    self.config = config
    let (configuration, problems) = Configuration.load(config)
    guard let settings = configuration?.settings else {
      let errors = problems.filter(\.isError).map(\.description)
      throw ControlClient.Fault(description: errors.joined(separator: "\n"))
    }
    guard let file = settings.log.file else {
      throw ControlClient.Fault(
        description:
          "\(config): the log goes to standard output, where the demo cannot read it; name a [log] file")
    }
    target = try RelayTarget(config, server: nil)
    socket = try ControlSocket.path(of: config)
    let answer = try ControlClient.ask(ControlRequest(command: .status), socket: socket)
    guard answer.status != nil else {
      throw ControlClient.Fault(description: "\(socket): no status in the answer")
    }
    log = DemoLog(path: settings.resolve(file))
    let beside = URL(fileURLWithPath: settings.resolve(settings.stateFolder))
      .deletingLastPathComponent().appendingPathComponent("Maildir").path
    maildir = DemoMaildir(named ?? beside)
  }

  /// What EHLO says of the size of a message; nil where it names no limit.
  func sizeLimit() throws -> Int? {
    let line = try connect(as: nil)
    defer { line.close() }
    guard line.say("EHLO demo.invalid"), let reply = line.reply() else { throw gone }
    _ = line.say("QUIT")
    let word = reply.components(separatedBy: " / ").first { $0.hasPrefix("SIZE ") }
    return word.flatMap { Int($0.dropFirst(5)) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// A connection whose greeting has been read, judged as if it came from `client`.
  func connect(as client: String?) throws -> LineSocket {
    guard let line = LineSocket(to: target.address, port: target.port) else { throw gone }
    if let client {
      guard let port = line.bind() else { throw gone }
      let order = ControlRequest(
        command: .impersonate, address: client, port: port, peer: target.localAddress.description)
      let answer = try ControlClient.ask(order, socket: socket)
      guard answer.isFine else {
        throw ControlClient.Fault(description: answer.lines.joined(separator: "\n"))
      }
    }
    guard line.connect(), let greeting = line.reply() else { throw gone }
    guard greeting.hasPrefix("2") else {
      throw ControlClient.Fault(description: "the gateway at \(target.endpoint) greets with: \(greeting)")
    }
    return line
  }

  var gone: ControlClient.Fault {
    ControlClient.Fault(description: "the gateway at \(target.endpoint) does not answer")
  }

  /// Gives one scenario and says what came of it.
  func play(_ scenario: DemoScenario, token: String) throws -> DemoOutcome {
    let position = log.end
    let before = maildir?.names ?? []
    let line = try connect(as: scenario.client)
    defer { line.close() }
    guard line.say("EHLO \(scenario.helo)"), line.reply() != nil else { throw gone }
    var reply = ""
    for step in scenario.steps {
      let isSent =
        switch step {
        case .say(let text): line.say(text)
        case .content(let bytes): line.send(bytes)
        }
      guard isSent, let answer = line.reply() else { throw gone }
      reply = answer
      guard reply.hasPrefix("2") || reply.hasPrefix("3") else { break }
    }
    // A message smuggled in would be answered here, in front of the farewell.
    guard line.say("QUIT"), let farewell = line.reply() else { throw gone }
    let explained = log.line(after: position, client: scenario.client, code: scenario.expectation.code)
    let arrived = (maildir?.names ?? []).subtracting(before).filter { maildir?.holds(token, in: $0) ?? false }
    return DemoOutcome(
      scenario: scenario, reply: reply, surplusReply: farewell.hasPrefix("221") ? nil : farewell,
      log: explained,
      arrived: arrived.sorted(), maildir: maildir?.path)
  }
}

/// The Maildir of the mail server behind the gateway.
struct DemoMaildir {
  let path: String

  init?(_ path: String) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path + "/new", isDirectory: &isFolder), isFolder.boolValue
    else {
      return nil
    }
    self.path = path
  }

  var names: Set<String> { Set((try? FileManager.default.contentsOfDirectory(atPath: path + "/new")) ?? []) }

  func holds(_ token: String, in name: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: "\(path)/new/\(name)") else { return false }
    return data.range(of: Data(token.utf8)) != nil
  }
}

/// The log file of the gateway, read while it is written.
struct DemoLog {
  let path: String

  /// Octets in it now.
  var end: UInt64 {
    guard let file = FileHandle(forReadingAtPath: path) else { return 0 }
    defer { try? file.close() }
    return (try? file.seekToEnd()) ?? 0
  }

  /// The line about `client` with `code` that was written behind `position`; where none comes within three
  /// seconds, the last line about the client.
  func line(after position: UInt64, client: String, code: String) -> String? {
    var last: String?
    for _ in 0..<60 {
      let lines = lines(after: position).filter { Self.says("client", client, in: $0) }
      if let found = lines.last(where: { Self.says("code", code, in: $0) }) { return found }
      last = lines.last
      Thread.sleep(forTimeInterval: 0.05)
    }
    return last
  }

  private func lines(after position: UInt64) -> [String] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    guard (try? file.seek(toOffset: position)) != nil, let data = try? file.readToEnd() else { return [] }
    let text = String(decoding: data, as: UTF8.self)
    // What has no end yet is still being written.
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// Whether a line of either form has this key with this value.
  static func says(_ key: String, _ value: String, in line: String) -> Bool {
    line.contains(" \(key)=\(value) ") || line.contains("\"\(key)\":\"\(value)\"")
  }
}

enum DemoClock {
  static var rfc5322: String { Clock.now.rfc5322 }
}
