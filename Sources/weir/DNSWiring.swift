import Bytes
import DNS
import DNSClient
import Filtering
import Foundation
import Settings
import Synchronization

/// Who answers questions about names, for one generation of the configuration after the other.
final class NameResolution: Sendable {
  private let events: any EventSink

  init(events: any EventSink) {
    self.events = events
  }

  /// The resolver of a configuration. As long as `[dns]` says the same it is the same one, with all that it
  /// remembers; an old one lives as long as a session keeps it.
  func resolver(for settings: Settings) -> (any DNS.Resolver)? { nil }
}

/// The table of `dns.fixture`.
enum NameFixture {
  /// - Returns: nil where none is named, or it cannot be read, which is a problem of its own.
  static func read(_ settings: Settings) -> (table: DNSTable?, problems: [Configuration.Problem]) {
    guard let written = settings.dns.fixture else { return (nil, []) }
    let path = settings.resolve(written)
    do {
      let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let (table, found) = DNSTable.parse(text, file: path)
      let problems = found.map { Configuration.Problem(isError: true, description: "\($0)") }
      return (table, problems + warnings(settings))
    } catch {
      let text = settings.problem("dns.fixture", "\(path): cannot be read: \(FileFault.words(error))")
      return (nil, [.init(isError: true, description: "\(text)")])
    }
  }

  private static func warnings(_ settings: Settings) -> [Configuration.Problem] {
    guard settings.dns.isEnabled else { return [] }
    let text = settings.problem(
      "dns.fixture", as: .warning, "names come from this file alone, nobody is asked: only for trials")
    return [.init(isError: false, description: "\(text)")]
  }
}
