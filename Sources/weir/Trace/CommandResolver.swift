import DNS
import Filtering
import Settings

/// Who answers a command's questions about names.
enum CommandResolver {
  /// The resolver of a configuration; without one, that of the defaults. nil where names are not resolved.
  static func resolver(_ settings: Settings?) -> (any DNS.Resolver)? {
    let text =
      "hostname = \"localhost\"\nrelay.domains = [\"localhost\"]\n[[backend]]\naddress = \"127.0.0.1:25\"\n"
    guard let settings = settings ?? Settings.read(text: text, file: "-").settings else { return nil }
    return NameResolution(events: Unheard()).resolver(for: settings)
  }

  private struct Unheard: EventSink {
    func record(_ event: Event) {}
  }
}
