import ArgumentParser
import Foundation

/// `weir rules`.
struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "The rules: which there are, what they did and what they cost.",
    subcommands: [Top.self, List.self])

  /// `weir rules top`.
  struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The rules that cost or match most since the gateway started.",
      discussion:
        "Times are what a rule took beside the scan that answers for all rules at once. Exits 2 where no gateway runs."
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Which stand first: time or hits.")
    var by = RulesReport.Order.time

    @Option(help: "How many.")
    var count = 20

    @Flag(help: "JSON instead of text.")
    var json = false

    func validate() throws {
      guard count > 0 else { throw ValidationError("--count is at least 1") }
    }

    func run() throws {
      let answer = try Gate.ask(ControlRequest(command: .rules), options.config)
      guard let report = answer.rules else {
        for line in answer.lines { Complaint.write(line) }
        throw ExitCode(2)
      }
      let rules = report.top(by: by, most: count)
      if json { return try RulesCommand.printJSON(rules) }
      print("rules        \(report.summary)")
      print("scans        \(RulesReport.time(report.scanned))")
      for rule in rules {
        var text =
          "\(RulesCommand.padded(RulesReport.time(rule.nanoseconds), 12)) \(RulesCommand.padded("\(rule.hits)", 8)) hits  \(rule.id)"
        if rule.id != rule.place { text += " (\(rule.place))" }
        if rule.shadowHits > 0 { text += ", \(rule.shadowHits) in shadow" }
        if rule.unknown > 0 { text += ", \(rule.unknown) without an answer" }
        if rule.unfinished > 0 { text += ", \(rule.unfinished) OVER BUDGET" }
        print(text)
      }
    }
  }

  /// `weir rules list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "All rules in the order in which they run.",
      discussion: "Those of the running gateway; without one what the files say.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "JSON instead of text.")
    var json = false

    func run() throws {
      let report = try running() ?? written()
      if json { return try RulesCommand.printJSON(report.rules) }
      for rule in report.rules {
        let mode = rule.isSwitched ? "\(rule.mode) by [rules]" : rule.mode
        var marks = [rule.mode == "enforce" ? nil : mode, rule.isOptional ? "optional" : nil]
        marks.append(rule.stage == "recipient" ? "at RCPT" : nil)
        let words = marks.compactMap { $0 }
        let place = rule.id == rule.place ? "" : " (\(rule.place))"
        print(
          "\(rule.id)\(place): \(rule.action)\(words.isEmpty ? "" : "  [\(words.joined(separator: ", "))]")")
      }
      if report.rules.isEmpty { print("there are no rules") }
    }

    private func running() throws -> RulesReport? {
      guard let path = try? ControlSocket.path(of: options.config),
        FileManager.default.fileExists(atPath: path)
      else { return nil }
      return try? ControlClient.ask(ControlRequest(command: .rules), socket: path).rules
    }

    private func written() throws -> RulesReport {
      let (configuration, problems) = Configuration.load(options.config, bearsUnknownRules: true)
      guard let configuration else {
        for problem in problems where problem.isError { Complaint.write(problem.description) }
        throw ExitCode(2)
      }
      return RulesReport(configuration.rules)
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func printJSON(_ rules: [RulesReport.Rule]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(rules), as: UTF8.self))
  }
}

extension RulesReport.Order: ExpressibleByArgument {}
