import ArgumentParser
import Foundation

/// `weir reload`: the running gateway reads its configuration and lists again.
struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have the running gateway read its configuration and lists again (as SIGHUP does).",
    discussion:
      "A broken edit is reported and the old configuration stays: exit code 1. No session is dropped.")

  @OptionGroup var options: ConfigurationOptions

  func run() throws {
    // The socket is found by the old state folder; a broken file must not keep its own report back.
    let answer = try Gate.ask(ControlRequest(command: .reload), options.config)
    for line in answer.lines { print(line) }
    if !answer.isFine { throw ExitCode(1) }
  }
}

/// `weir status`: what the running gateway is doing.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "What the running gateway is doing.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "JSON instead of text.")
  var json = false

  func run() throws {
    let answer = try Gate.ask(ControlRequest(command: .status), options.config)
    guard let status = answer.status else { throw ExitCode(2) }
    guard json else { return print(status.text) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(status), as: UTF8.self))
  }
}

/// The way of the commands to the gateway, with the faults in words.
enum Gate {
  static func ask(_ request: ControlRequest, _ config: String) throws -> ControlAnswer {
    do {
      return try ControlClient.ask(request, socket: ControlSocket.path(of: config))
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(2)
    }
  }
}

/// Standard error, a line at a time.
enum Complaint {
  static func write(_ text: String) {
    FileHandle.standardError.write(Data("weir: \(text)\n".utf8))
  }
}
