import ArgumentParser
import Filtering
import Foundation

/// `weir outbox`: redirects, copies and releases on their way.
struct OutboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outbox", abstract: "The redirects, copies and releases that wait to be sent.",
    discussion:
      "Asks the running gateway. Exits 0 where it was done, 1 where some of it was not, and says why, 2 where no gateway runs.",
    subcommands: [List.self, Retry.self, Drop.self])

  /// `weir outbox list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What waits, oldest first.",
      discussion:
        "A line each: number, state, kind, message, sender and recipient, attempts, the next one, what the last one came to. unsure: a backend may have it; look there, then retry or drop it."
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "waiting, sending, unsure or lost; all of them if not given.")
    var state: String?

    @Option(help: "At most so many.")
    var limit = 100

    @Option(help: "Go on behind this number, which the list before ended with.")
    var after: Int64 = 0

    @Flag(help: "JSON instead of text.")
    var json = false

    func validate() throws {
      guard state.map({ LegState(rawValue: $0) != nil }) ?? true else {
        throw ValidationError("--state takes waiting, sending, unsure or lost")
      }
      guard limit > 0 else { throw ValidationError("--limit takes a number from 1") }
    }

    private struct Output: Encodable {
      let legs: [ShownLeg]
      let next: String?
    }

    func run() throws {
      var legs: [ShownLeg] = []
      var next: String? = "\(after)"
      repeat {
        let page = try WaitingGate.demand(
          .legs(
            state: state, after: next.flatMap { Int64($0) } ?? 0,
            most: min(limit - legs.count, WaitingDesk.longestPage)), options.config)
        legs += page.legs
        next = page.next
        if !json { for leg in page.legs { print(WaitingText.line(leg)) } }
      } while next != nil && legs.count < limit
      if json { return try WaitingGate.printJSON(Output(legs: legs, next: next)) }
      if legs.isEmpty { print("nothing") }
      if let next { print("more: --after \(next)") }
    }
  }

  private static func each(
    _ legs: [Int64], _ verb: String, _ config: String, _ order: (Int64) -> WaitingOrder
  )
    throws
  {
    var isFine = true
    for leg in legs {
      let answer = try WaitingGate.ask(order(leg), config)
      guard answer.isFine, let waiting = answer.waiting else {
        isFine = false
        Complaint.write("\(leg): \(answer.lines.joined(separator: "; "))")
        continue
      }
      print("\(leg) \(verb), for \(WaitingText.addresses(waiting.recipients))")
    }
    if !isFine { throw ExitCode(1) }
  }

  /// `weir outbox retry`.
  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send it now: one that waits, or one that is unsure and did not arrive.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "Numbers, as the list shows them.")
    var legs: [Int64]

    func run() throws {
      try OutboxCommand.each(legs, "is sent again", options.config) { .retry($0) }
    }
  }

  /// `weir outbox drop`.
  struct Drop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give it up: one that is unsure and did arrive, or one that nobody wants any more.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "Numbers, as the list shows them.")
    var legs: [Int64]

    func run() throws {
      try OutboxCommand.each(legs, "is dropped", options.config) { .drop($0) }
    }
  }
}
