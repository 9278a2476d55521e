import ArgumentParser
import Foundation
import NetAddress
import Settings

/// `weir relay-test`: the classic open-relay probes against one's own gateway.
struct RelayTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the classic open-relay tests against one's own gateway, and print a table.",
    discussion: """
      Each probe is a MAIL and a RCPT that would make an open relay pass mail to a stranger; no message is sent. \
      The gateway is asked first whether it trusts the address that the probes come from: if it does, they would \
      prove nothing. With --as it judges them as that stranger.

      Exits 0 where every probe was refused, 1 where one was taken, 2 where nothing could be proved.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    name: .customLong("as"), help: "Have the gateway judge the probes as if they came from this address.")
  var stranger: String?

  @Option(help: "Address and port of the gateway; by default its first listener.")
  var server: String?

  @Option(help: "A domain that is not the gateway's.")
  var outside = "relay-test.example"

  @Flag(help: "JSON instead of a table.")
  var json = false

  func run() throws {
    let target = try target()
    var address = target.localAddress
    if let stranger {
      guard let parsed = IPAddress(stranger) else { throw ValidationError("--as takes an address") }
      address = parsed
    }
    let trust = try Gate.ask(ControlRequest(command: .trusted, address: address.description), options.config)
    guard trust.isTrusted == false else {
      Complaint.write(
        "\(address) stands in relay.networks: probes from there would prove nothing; --as 192.0.2.1 has the gateway judge them as that stranger"
      )
      throw ExitCode(2)
    }
    var results: [RelayProbe.Result] = []
    for probe in RelayProbe.all(target, outside: outside) {
      results.append(
        try probe.run(against: target, as: stranger == nil ? nil : address, config: options.config))
    }
    try show(results, target)
    if results.contains(where: \.isOpen) { throw ExitCode(1) }
    if results.contains(where: { $0.reply.isEmpty }) { throw ExitCode(2) }
  }

  private func target() throws -> RelayTarget {
    do {
      return try RelayTarget(options.config, server: server)
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(2)
    }
  }

  private func show(_ results: [RelayProbe.Result], _ target: RelayTarget) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return print(String(decoding: try encoder.encode(results), as: UTF8.self))
    }
    print(
      "relay test of \(target.hostname) at \(target.endpoint), judged as \(stranger ?? target.localAddress.description)\n"
    )
    for result in results {
      let verdict = result.isOpen ? "OPEN  " : result.reply.isEmpty ? "?     " : "closed"
      print("\(verdict)  MAIL FROM:<\(result.sender)> RCPT TO:<\(result.recipient)>")
      print("        \(result.what): \(result.reply.isEmpty ? result.fault : result.reply)")
    }
    let open = results.count(where: \.isOpen)
    print(
      "\n\(results.count) probes, \(open) passed\(open == 0 ? ": this gateway relays for no stranger" : ": THIS IS AN OPEN RELAY")"
    )
  }
}
