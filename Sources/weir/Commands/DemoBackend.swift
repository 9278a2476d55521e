import ArgumentParser
import Foundation
import MaildirServer
import NIOCore
import NIOPosix
import NetAddress

/// `weir demo-backend`: the small mail server that stands behind the gateway in the demo.
struct DemoBackend: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-backend",
    abstract: "A small mail server that keeps a Maildir, to stand behind the gateway in the demo.",
    discussion: """
      It takes mail for user, info and postmaster at any domain, and refuses every other mailbox. Each message is \
      one file in DIR/new, written and flushed before it is accepted. It is no mail server for real use.

      Runs in the foreground until SIGTERM or SIGINT; exits 0 then, 2 where it cannot start.
      """)

  @Option(help: "The Maildir; made if missing.")
  var maildir: String

  @Option(help: "Address and port to listen on.")
  var listen = "127.0.0.1:10025"

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    guard case .ip(let address, let port) = Endpoint(listen) else {
      throw ValidationError("--listen takes an address and a port, such as 127.0.0.1:10025")
    }
    let stop = StopSignal()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let server = try await MaildirServer.start(
        Maildir(maildir), host: address.description, port: Int(port), group: group)
      print("demo-backend: listening on \(listen), mail goes to \(maildir)/new")
      fflush(nil)
      await stop.wait()
      await server.stop()
    } catch let error as IOError {
      Complaint.write(
        "demo-backend: cannot listen on \(listen): \(String(cString: strerror(error.errnoCode)))")
      throw ExitCode(2)
    } catch let fault as Maildir.Fault {
      Complaint.write("demo-backend: \(fault)")
      throw ExitCode(2)
    }
    try? await group.shutdownGracefully()
  }
}

/// SIGTERM and SIGINT, waited for.
private struct StopSignal {
  private let stream: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    self.stream = stream
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in stream { break }
    for source in sources { source.cancel() }
  }
}
