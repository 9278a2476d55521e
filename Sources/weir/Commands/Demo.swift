import ArgumentParser
import Foundation

/// `weir demo`: a handful of messages to the running gateway, each with the reply and the log line.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send a handful of messages to the demo's gateway; show each reply and its log line.",
    discussion: """
      Good mail, a relay attempt, a listed client, a listed sender, an unknown recipient, a smuggled message and \
      two messages past the size limit. Scripts/run starts the gateway and the mail server that this is for; the \
      clients are documentation addresses, as which the gateway is told over its control socket to judge these \
      connections.

      Exits 0 where each was answered as intended and the good one arrived, 1 where not, 2 where no gateway is \
      there.
      """)

  @Option(help: "The configuration of the running gateway; by default Scripts/demo.toml of the source tree.")
  var config: String?

  @Option(help: "The Maildir of the mail server behind; by default the one beside the state folder.")
  var maildir: String?

  @Flag(help: "JSON instead of text.")
  var json = false

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let token = String(UInt64.random(in: .min ... .max), radix: 36)
    var outcomes: [DemoOutcome] = []
    do {
      let stage = try DemoStage(config ?? Self.demoConfiguration, maildir: maildir)
      let cast = DemoCast(
        domain: stage.target.ownDomain, sizeLimit: try stage.sizeLimit(), token: token,
        host: Int.random(in: 1...254))
      let page = DemoPage.ofTerminal
      if !json { print(Self.introduction(stage, page)) }
      for (index, scenario) in cast.scenarios.enumerated() {
        let outcome = try stage.play(scenario, token: token)
        outcomes.append(outcome)
        if !json { print("\n" + page.text(outcome, number: index + 1)) }
      }
    } catch {
      Complaint.write("demo: \(error)")
      Complaint.write("demo: start the gateway with Scripts/run, in another terminal, and try again")
      throw ExitCode(2)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(outcomes.map(DemoRow.init)), as: UTF8.self))
    } else {
      print("\n" + Self.conclusion(outcomes))
    }
    if outcomes.contains(where: { !$0.isAsIntended }) { throw ExitCode(1) }
  }

  private static func introduction(_ stage: DemoStage, _ page: DemoPage) -> String {
    let text = """
      \(stage.target.hostname) at \(stage.target.endpoint), log \(DemoPage.short(stage.log.path)). The clients \
      are documentation addresses: the gateway was told over its control socket to judge these connections as \
      if they came from there.
      """
    return page.wrapped(text, to: page.width).joined(separator: "\n")
  }

  private static func conclusion(_ outcomes: [DemoOutcome]) -> String {
    let failed = outcomes.count { !$0.isAsIntended }
    guard failed == 0 else { return "\(failed) of \(outcomes.count) were not as intended." }
    return """
      All \(outcomes.count) as intended. What a code means and what to do: weir explain SENDER_LISTED
      Which list entry it was: weir lists check spammer@spam.example --config Scripts/demo.toml
      """
  }

  /// `Scripts/demo.toml` of the source tree that this was built in or is started from.
  private static var demoConfiguration: String {
    let here = FileManager.default.currentDirectoryPath
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? here
    for start in [here, (program as NSString).deletingLastPathComponent] {
      var folder = URL(fileURLWithPath: start).standardizedFileURL
      while folder.path != "/" {
        let candidate = folder.appendingPathComponent("Scripts/demo.toml").path
        if FileManager.default.fileExists(atPath: candidate) { return DemoPage.short(candidate) }
        folder.deleteLastPathComponent()
      }
    }
    return "Scripts/demo.toml"
  }
}
