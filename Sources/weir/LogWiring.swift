import Filtering
import Settings
import Telemetry

/// What `[log]` says, in the words of the log's writer.
enum LogWiring {
  static func destination(_ settings: Settings) -> LogDestination {
    settings.log.file.map { .file(settings.resolve($0)) } ?? .standardOutput
  }

  static func format(_ settings: Settings) -> LogFormat {
    settings.log.format == .json ? .json : .text
  }

  static func level(_ settings: Settings) -> Event.Severity {
    switch settings.log.level {
    case .error: .error
    case .warning: .warning
    case .info: .info
    case .debug: .debug
    }
  }
}
