import ArgumentParser
import Foundation

/// `weir serve`: runs the gateway in the foreground.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the gateway, in the foreground.",
    discussion: """
      SIGHUP reads the configuration and lists again and reopens the log; SIGTERM and SIGINT stop: no new \
      connections, sessions in the middle of a message may finish.

      Exits 0 after a stop, 1 where the configuration is wrong, 2 where it could not start.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let (configuration, problems) = Configuration.load(
      options.config, runsPrograms: true, bearsUnknownRules: true)
    for problem in problems { Complaint.write(problem.description) }
    guard let configuration else { throw ExitCode(1) }
    // Before anything is listened on: a SIGHUP that comes early must not end the process.
    let signals = Signals()
    do {
      let service = try await GatewayService.start(configuration, file: options.config)
      await signals.run(service)
    } catch let fault as StartFault {
      Complaint.write(fault.description)
      throw ExitCode(2)
    }
  }
}

/// Why the gateway could not start, in words.
struct StartFault: Error, CustomStringConvertible {
  let description: String
}

/// The signals of `weir serve`; those that come before `run` wait for it.
struct Signals {
  private enum Signal: Sendable {
    case reload
    case stop
  }

  private let stream: AsyncStream<Signal>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
    self.stream = stream
    sources = [(SIGHUP, Signal.reload), (SIGTERM, .stop), (SIGINT, .stop)].map { number, meaning in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield(meaning) }
      source.resume()
      return source
    }
  }

  /// Serves until told to stop.
  func run(_ service: GatewayService) async {
    defer { for source in sources { source.cancel() } }
    for await signal in stream {
      switch signal {
      case .reload: await service.hangup()
      case .stop:
        await service.stop()
        return
      }
    }
  }
}
