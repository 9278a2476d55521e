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
    let (configuration, problems) = Configuration.load(options.config)
    for problem in problems { Complaint.write(problem.description) }
    guard let configuration else { throw ExitCode(1) }
    do {
      let service = try await GatewayService.start(configuration, file: options.config)
      await Signals.run(service)
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

/// The signals of `weir serve`.
enum Signals {
  private enum Signal: Sendable {
    case reload
    case stop
  }

  /// Serves until told to stop.
  static func run(_ service: GatewayService) async {
    let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
    let sources = [(SIGHUP, Signal.reload), (SIGTERM, .stop), (SIGINT, .stop)].map { number, meaning in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield(meaning) }
      source.resume()
      return source
    }
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
