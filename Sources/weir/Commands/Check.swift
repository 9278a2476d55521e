import ArgumentParser
import Foundation

/// `weir check`: everything the configuration names, with file, line and column.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the configuration and everything it names: file:line:column of each fault.",
    discussion: "Exits 0 where all is well (warnings allowed), 1 where something is wrong.")

  @OptionGroup var options: ConfigurationOptions

  @Flag(name: .long, help: "Do not connect to the backends, nor to who knows the users.")
  var offline = false

  @Flag(name: .long, help: "List every key of the configuration with its type, default and meaning.")
  var keys = false

  @Option(
    name: .long,
    help: "Tell by which policy and rules an address or a login goes; may be given several times.")
  var who: [String] = []

  @Flag(name: .long, help: "List the policies and whom they name.")
  var policies = false

  func run() async throws {
    if keys {
      for key in SettingsReferenceText.lines { print(key) }
      return
    }
    let (configuration, problems) = Configuration.load(options.config)
    for problem in problems { print(problem.description) }
    guard let configuration else { throw ExitCode(1) }
    if policies || !who.isEmpty { return try tell(configuration) }
    var faults = SystemCheck.problems(configuration, isAsked: true)
    faults += await AuthenticationCheck.problems(configuration, isOffline: offline)
    if !offline { faults += await BackendCheck.problems(configuration) }
    for fault in faults { print(fault.description) }
    guard !faults.contains(where: \.isError) else { throw ExitCode(1) }
    print(summary(configuration))
  }

  private func tell(_ configuration: Configuration) throws {
    let report = PolicyReport(configuration)
    if policies { for line in report.all() { print(line) } }
    for (place, name) in who.enumerated() {
      if place > 0 || policies { print("") }
      do throws(PolicyQuestionFault) {
        for line in try report.lines(for: name) { print(line) }
      } catch {
        throw ValidationError(error.description)
      }
    }
  }

  private func summary(_ configuration: Configuration) -> String {
    let settings = configuration.settings
    let lists = configuration.lists
    return
      "\(options.config): sound; \(settings.listeners.count) listener(s), \(settings.backends.count) backend(s), \(lists.count) list entries in \(lists.files.count) file(s), \(configuration.zones.countInUse(settings)) DNS list(s) in use, \(configuration.rules.count) rule(s)"
  }
}
