import ArgumentParser
import Foundation
import NetAddress

/// `weir unblock`: the running gateway lifts a timed block.
struct Unblock: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lift the timed block of a client: one that guessed addresses or wrote to a trap.",
    discussion:
      "Exits 0 where the block was lifted, 1 where the address was not blocked, 2 where no gateway runs. A block of an IPv6 client holds for its /64."
  )

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "The client's address, as weir status shows it.")
  var address: String

  func validate() throws {
    guard client != nil else { throw ValidationError("'\(address)' is no address") }
  }

  /// The address; of a network in the form of `weir status` its first.
  private var client: IPAddress? {
    IPAddress(address) ?? (try? IPPrefix.parse(address))?.address
  }

  func run() throws {
    let answer = try Gate.ask(
      ControlRequest(command: .unblock, address: client?.description), options.config)
    for line in answer.lines { print(line) }
    if !answer.isFine { throw ExitCode(1) }
  }
}
