import ArgumentParser
import Filtering
import Foundation

/// `weir test-rules`: the cases beside the rules.
struct TestRulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test-rules",
    abstract: "Runs the cases (*.case) beside the rules: messages that must match, or must not.",
    discussion: """
      Each message is judged as weir scan judges it, by the rules of the folder, all checks of the configuration and no \
      network. For each case that is not as it should be it tells which conditions held and which failed, by file and \
      line; it names the rules for which there is no case.

      Without --config it is \(ScanContext.standardFile), and where there is none the defaults. Without FOLDER it is that \
      of the configuration ([rules] folder).

      Exits 0 where all cases hold; 1 where one does not; 2 where the configuration, the rules or a file of cases is \
      wrong.
      """)

  @Argument(help: "The folder of rules.")
  var folder: String?

  @Option(help: "The gateway's configuration.")
  var config: String?

  @Option(
    name: .customLong("case"),
    help: "A file of cases to run instead of those in the folder; may be given several times.")
  var cases: [String] = []

  @Flag(help: "JSON.")
  var json = false

  func run() async throws {
    let report = try await report()
    if json {
      print(try report.json())
    } else {
      for line in report.lines() { print(line) }
    }
    if report.failures > 0 { throw ExitCode(1) }
  }

  /// All cases, run.
  func report() async throws -> RuleCaseReport {
    let offline = try configuration(resolves: false)
    let (rules, faults) = RulesFolder.read(offline.settings, at: folderPath)
    if let fault = faults.first {
      Complaint.write("\(fault)")
      throw ExitCode(2)
    }
    let folder = RuleCaseFolder(rules, only: cases, switchedOff: offline.settings.rules.off)
    for problem in folder.problems { Complaint.write("\(problem)") }
    if !folder.problems.isEmpty { throw ExitCode(2) }
    let asks = folder.files.contains { $0.cases.contains { !$0.values(.dns).isEmpty } }
    let runner = RuleCaseRunner(
      folder: folder, offline: offline, resolving: asks ? try configuration(resolves: true) : nil)
    var results: [(file: String, results: [RuleCaseResult])] = []
    for (file, cases) in folder.files {
      var found: [RuleCaseResult] = []
      for one in cases { found.append(await runner.run(one)) }
      results.append((file, found))
    }
    return RuleCaseReport(folder: folder, results: results)
  }

  private var folderPath: String? {
    folder.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
  }

  private func configuration(resolves: Bool) throws -> Configuration {
    let isThere = FileManager.default.fileExists(atPath: ScanContext.standardFile)
    let (configuration, problems) = Configuration.load(
      config ?? ScanContext.standardFile, text: config != nil || isThere ? nil : ScanContext.defaults,
      resolves: resolves, rulesFolder: folderPath)
    guard let configuration else {
      for problem in problems where problem.isError { Complaint.write(problem.description) }
      throw ExitCode(2)
    }
    return configuration
  }
}
