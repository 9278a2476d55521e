import ArgumentParser
import Foundation

/// Where the process begins.
@main
enum Program {
  /// Runs the command on the concurrent threads while the first thread sleeps.
  ///
  /// An asynchronous `main` would end in `dispatch_main`, which parks the first thread where the C library's
  /// `setuid` passes it over: it would stay root for ever, and so would the process in the eyes of `ps`.
  static func main() {
    Task.detached {
      await Weir.main()
      exit(0)
    }
    while true { pause() }
  }
}

/// The command line: one word a task, the same words as in the manual.
struct Weir: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weir",
    abstract: "An anti-spam SMTP gateway in front of any mail server.",
    discussion: """
      To see it work: Scripts/run, then weir demo. To put it in front of a mail server: README.md.

      Exit codes: 0 all is well; 1 something is wrong, and was said; 2 the command could not do its work; \
      64 the command line was not understood.
      """,
    version: Version.text,
    subcommands: [
      Serve.self, Check.self, Reload.self, Status.self, Unblock.self, ListsCommand.self, RulesCommand.self,
      UsersCommand.self, RelayTest.self, TraceCommand.self, ScanCommand.self, TestRulesCommand.self,
      ImportCommand.self, QuarantineCommand.self, OutboxCommand.self,
      Explain.self,
      Demo.self, DemoBackend.self,
    ])
}

/// The options that every command of the running gateway has.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: .long, help: "The configuration file.")
  var config = "/etc/weir/weir.toml"
}
