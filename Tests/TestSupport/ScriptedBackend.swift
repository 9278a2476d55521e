import Foundation
import Synchronization

/// An SMTP or LMTP server that does exactly what a test wants, and keeps what it was told byte for byte.
///
/// One thread accepts, one more serves each session; nothing runs on Swift's own executor, so that a test
/// may block in the meantime.
public final class ScriptedBackend: Sendable {
  /// The address it listens on.
  public let host: String
  /// The port it listens on.
  public let port: UInt16

  private let listener: TCPSocket
  let state: Mutex<State>

  struct State {
    var behaviour: BackendBehaviour
    var isStopped = false
    var sockets: [Int: TCPSocket] = [:]
    var sessions = 0
    var taken: [ReceivedMessage] = []
    var refused: [ReceivedMessage] = []
    var dialogue: [DialogueLine] = []
    var input: [Int: [UInt8]] = [:]
    var reached: [BackendStep: Int] = [:]
    /// Where each list of replies and actions stands; a new behaviour begins its lists anew.
    var turns: [BackendStep: Int] = [:]
    var recipientsAsked: [String: Int] = [:]
    var finalsAsked: [String: Int] = [:]
    var offences: [String] = []

    mutating func beginAnew(_ next: BackendBehaviour) {
      behaviour = next
      turns = [:]
      recipientsAsked = [:]
      finalsAsked = [:]
    }
  }

  /// Starts it on a free port, or on `port`.
  public init(
    _ behaviour: BackendBehaviour = BackendBehaviour(), host: String = "127.0.0.1", port: UInt16? = nil
  ) throws {
    self.host = host
    (listener, self.port) = try Self.listen(host, port)
    state = Mutex(State(behaviour: behaviour))
    let accept = Thread { [weak self, listener] in
      while let wait = self?.isAccepting, wait {
        guard let socket = listener.accepted(within: .milliseconds(200)) else { continue }
        self?.serve(socket)
      }
      listener.close()
    }
    accept.stackSize = 512 * 1024
    accept.start()
  }

  /// A port that was free a moment ago may be another process's by now: then another one.
  private static func listen(_ host: String, _ port: UInt16?) throws -> (TCPSocket, UInt16) {
    if let port { return (try TCPSocket.listening(on: host, port: port), port) }
    for _ in 0..<20 {
      let port = try FreePort.take()
      if let socket = try? TCPSocket.listening(on: host, port: port) { return (socket, port) }
    }
    let port = try FreePort.take()
    return (try TCPSocket.listening(on: host, port: port), port)
  }

  deinit { stop() }

  private var isAccepting: Bool { state.withLock { !$0.isStopped } }

  private func serve(_ socket: TCPSocket) {
    let number = state.withLock { state -> Int? in
      guard !state.isStopped else { return nil }
      state.sessions += 1
      state.sockets[state.sessions] = socket
      return state.sessions
    }
    guard let number else { return socket.close() }
    let thread = Thread { [weak self] in
      guard let self else { return socket.close() }
      var session = ScriptedSession(number: number, socket: socket, backend: self)
      session.run()
      socket.close()
      self.state.withLock { _ = $0.sockets.removeValue(forKey: number) }
    }
    thread.stackSize = 512 * 1024
    thread.start()
  }

  // MARK: Steering

  /// How it behaves; a change holds from the next step of each session on, and begins every list of actions
  /// and replies anew.
  public var behaviour: BackendBehaviour {
    get { state.withLock { $0.behaviour } }
    set { state.withLock { $0.beginAnew(newValue) } }
  }

  /// Changes the behaviour in one go.
  public func change(_ body: (inout BackendBehaviour) -> Void) {
    state.withLock { state in
      var next = state.behaviour
      body(&next)
      state.beginAnew(next)
    }
  }

  /// Closes every session without a word; the listener stays.
  public func dropSessions() {
    for socket in state.withLock({ Array($0.sockets.values) }) { socket.interrupt() }
  }

  /// Refuses new connections and closes every session; what was received stays readable.
  public func stop() {
    let sockets = state.withLock { state in
      state.isStopped = true
      return Array(state.sockets.values)
    }
    listener.interrupt()
    for socket in sockets { socket.interrupt() }
  }

  // MARK: What it received

  /// The messages that it took: those answered 2xx, and those whose answer it kept to itself.
  public var messages: [ReceivedMessage] { state.withLock { $0.taken } }
  /// The messages that came whole and were answered 4xx or 5xx (by LMTP: for every recipient).
  public var refusedMessages: [ReceivedMessage] { state.withLock { $0.refused } }
  /// What was said, in the order it was said.
  public var dialogue: [DialogueLine] { state.withLock { $0.dialogue } }
  /// The command lines of all sessions.
  public var commands: [String] { dialogue.filter { $0.speaker == .client }.map(\.text) }
  /// How many sessions there were.
  public var sessionCount: Int { state.withLock { $0.sessions } }
  /// How many sessions are open now.
  public var openSessionCount: Int { state.withLock { $0.sockets.count } }
  /// What a client did that it must not: pipelining unasked, bare line ends in commands.
  public var offences: [String] { state.withLock { $0.offences } }
  /// How often each step was reached.
  public func timesReached(_ step: BackendStep) -> Int { state.withLock { $0.reached[step] ?? 0 } }
  /// Every byte that came in a session, counted from 1.
  public func input(ofSession number: Int) -> [UInt8] { state.withLock { $0.input[number] ?? [] } }

  /// Waits until at least `count` messages are taken; throws, with the dialogue, where they do not come.
  @discardableResult
  public func waitForMessages(_ count: Int, within limit: Duration = .seconds(10)) throws -> [ReceivedMessage]
  {
    let came = eventually(within: limit) { state.withLock { $0.taken.count } >= count }
    guard came else {
      throw HarnessFault(
        "\(messages.count) of \(count) messages came:\n"
          + dialogue.suffix(60).map(\.description).joined(separator: "\n"))
    }
    return messages
  }
}
