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
      try WaitingGate.printList(
        from: "\(after)", limit: limit, json: json ? { Output(legs: $0, next: $1) } : nil,
        line: { (leg: ShownLeg) in WaitingText.line(leg) },
        page: { next, most in
          let page = try WaitingGate.demand(
            .legs(state: state, after: next.flatMap { Int64($0) } ?? 0, most: most), options.config)
          return (page.legs, page.next)
        })
    }
  }

  /// `weir outbox retry`.
  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send it now: one that waits, or one that is unsure and did not arrive.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "Numbers, as the list shows them.")
    var legs: [Int64]

    func run() throws {
      try WaitingGate.each(legs, "is sent again,", options.config) { .retry($0) }
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
      try WaitingGate.each(legs, "is dropped,", options.config) { .drop($0) }
    }
  }
}
