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

  func run() async throws {
    if keys {
      for key in SettingsReferenceText.lines { print(key) }
      return
    }
    let (configuration, problems) = Configuration.load(options.config)
    for problem in problems { print(problem.description) }
    guard let configuration else { throw ExitCode(1) }
    var faults = SystemCheck.problems(configuration, isAsked: true)
    faults += await AuthenticationCheck.problems(configuration, isOffline: offline)
    if !offline { faults += await BackendCheck.problems(configuration) }
    for fault in faults { print(fault.description) }
    guard !faults.contains(where: \.isError) else { throw ExitCode(1) }
    print(summary(configuration))
  }

  private func summary(_ configuration: Configuration) -> String {
    let settings = configuration.settings
    let lists = configuration.lists
    return
      "\(options.config): sound; \(settings.listeners.count) listener(s), \(settings.backends.count) backend(s), \(lists.count) list entries in \(lists.files.count) file(s), \(configuration.zones.countInUse(settings)) DNS list(s) in use, \(configuration.rules.count) rule(s)"
  }
}
