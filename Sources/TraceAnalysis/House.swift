internal import Bytes
internal import NetAddress

/// Whose names one's own servers bear, as far as the lines tell that are believed: what a guess has to go by.
///
/// A line below is believed where it bears the house's own name, or the name that the server above looked up itself.
/// Where the house is guessed, what a client chose to say counts for nothing: behind an address translator every stranger
/// comes from a private address, with the greeting and the lines that it likes.
struct House {
  /// Whether a client's greeting tells its name: for those whose address is known to be one's own.
  private let isGreetingBelieved: Bool
  private var domains: Set<String> = []

  init(isGreetingBelieved: Bool) { self.isGreetingBelieved = isGreetingBelieved }

  /// Takes in who wrote a line that is believed.
  mutating func admit(_ line: ReceivedLine) {
    if let domain = Self.domain(of: line.by) { domains.insert(domain) }
  }

  /// Whether the lines below one that is believed may be its client's own, being of the house too; admits the client
  /// where its own name says so.
  mutating func leadsOn(_ line: ReceivedLine, to older: ArraySlice<Hop>) -> Bool {
    // Whose mailbox it was fetched from is one's own server, whatever it is called.
    if line.kind == .fetched { return true }
    guard let below = Self.written(older) else { return true }
    if let address = line.address, address == below.byAddress { return true }
    if let writer = Self.domain(of: below.by) {
      if domains.contains(writer) { return true }
      if names(line).contains(where: { Self.domain(of: $0) == writer }) {
        domains.insert(writer)
        return true
      }
    }
    let isHostItself = line.kind == .local || line.address.map(\.isLoopback) ?? true
    if isHostItself, domains.isEmpty { return true }
    // `by localhost`, `by mail`: a host speaking to itself does not always know its name.
    let names = names(line)
    guard isHostItself || !names.isEmpty else { return false }
    guard let writer = below.by else { return below.byAddress.map { !$0.isPublic } ?? false }
    return Self.isNameless(writer) || names.contains { $0.equalsIgnoringASCIICase(writer) }
  }

  /// What the client is called: the name that the server above looked up, writing the greeting apart, and did not doubt.
  private func names(_ line: ReceivedLine) -> [String] {
    let greeting = isGreetingBelieved ? [line.helo, line.from].compactMap { $0 } : []
    // `_gateway` is what Linux calls whatever stands at its default route.
    guard line.doubt == nil, line.helo != nil || line.kind != .handover, let name = line.reverseName,
      name != "_gateway"
    else { return greeting }
    return greeting + [name]
  }

  /// The next line that a server signed with its name; a step within a server may go without. nil where none is left.
  private static func written(_ older: ArraySlice<Hop>) -> ReceivedLine? {
    older.prefix(10).first { $0.line.byText != nil || $0.line.kind == .handover }?.line
  }

  private static func domain(of name: String?) -> String? {
    guard let name, let domain = Organisation.of(name) else { return nil }
    guard HostText.isHomely(name), case let labels = name.pieces(by: .dot), labels.count <= 2 else {
      return domain
    }
    return labels.last.map { $0.lowercasedASCII }
  }

  private static func isNameless(_ name: String) -> Bool {
    let small = name.lowercasedASCII
    return small == "localhost" || small.hasPrefix("localhost.") || !HostText.isFullName(small)
  }
}
