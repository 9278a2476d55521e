import ArgumentParser
import Foundation
import Settings

/// `weir lists zones`.
struct ZonesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zones", abstract: "The DNS lists of zones.toml, and how each of them is.",
    discussion:
      "With a running gateway the state of each list and what it was asked; without one what zones.toml says. Exits 1 where a list is sick or an own address listed."
  )

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "JSON instead of text.")
  var json = false

  private struct Output: Encodable {
    let zones: [StatusReport.Zone]
    let ownListings: [StatusReport.OwnListing]
  }

  func run() throws {
    let output = try running() ?? written()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(output), as: UTF8.self))
    } else {
      for zone in output.zones { print("\(zone.text); \(zone.kind): \(zone.asks.joined(separator: ", "))") }
      if output.zones.isEmpty { print("zones.toml names no DNS list") }
      for own in output.ownListings {
        let removal = own.removal.isEmpty ? "" : "; to get off: \(own.removal)"
        print("OWN ADDRESS \(own.address) is listed by \(own.list) as \(own.codes)\(removal)")
      }
    }
    if output.zones.contains(where: { $0.state == "sick" }) || !output.ownListings.isEmpty {
      throw ExitCode(1)
    }
  }

  /// What the running gateway says; nil where none runs.
  private func running() throws -> Output? {
    guard let path = try? ControlSocket.path(of: options.config),
      FileManager.default.fileExists(atPath: path),
      let status = try? ControlClient.ask(ControlRequest(command: .status), socket: path).status
    else { return nil }
    return Output(zones: status.zones, ownListings: status.ownListings)
  }

  private func written() throws -> Output {
    let (configuration, problems) = Configuration.load(options.config)
    guard let configuration else {
      for problem in problems where problem.isError { Complaint.write(problem.description) }
      throw ExitCode(2)
    }
    return Output(zones: configuration.zones.all.map { StatusReport.Zone($0) }, ownListings: [])
  }
}
