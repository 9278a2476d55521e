import ArgumentParser
import DNS
import DNSClient
import Foundation
import Settings

/// Who answers a command's questions about names: a resolver of its own, beside that of a running gateway.
enum CommandResolver {
  /// As `[dns]` of the configuration has it; without one, as the defaults have. nil where names are not resolved.
  ///
  /// Nothing is validated, for the keys that takes belong to the gateway, in its state folder.
  static func resolver(_ configuration: Configuration?) -> (any DNS.Resolver)? {
    guard let configuration else {
      var options = ResolverOptions()
      options.outgoing = mostSockets
      return try? UnboundResolver(options)
    }
    guard configuration.settings.dns.isEnabled else { return nil }
    if let fixture = configuration.fixture { return fixture }
    var options = NameResolution.options(configuration.settings.dns)
    options.outgoing = min(options.outgoing, mostSockets)
    return try? UnboundResolver(options)
  }

  /// The records of a file, in place of DNS; what is wrong with them is said, and ends the command.
  static func table(_ path: String) throws -> DNSTable {
    let text: Data
    do {
      text = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      Complaint.write("\(path): \(FileFault.words(error))")
      throw ExitCode(2)
    }
    let (table, problems) = DNSTable.parse([UInt8](text), file: path)
    for problem in problems { Complaint.write("\(problem)") }
    if !problems.isEmpty { throw ExitCode(2) }
    return table
  }

  /// A command asks a few dozen questions.
  private static let mostSockets = 64
}
