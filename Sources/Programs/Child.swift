internal import CSpawn
internal import Filtering
internal import Glibc
internal import Synchronization

/// One program from its start to its end. It holds up its thread.
final class Child: Sendable {
  private let path: String
  private let arguments: [[UInt8]]
  private let limits: ProgramLimits
  private let deadline: ContinuousClock.Instant
  private let isAbandoned = Atomic(false)

  init(path: String, arguments: [[UInt8]], limits: ProgramLimits, deadline: ContinuousClock.Instant) {
    self.path = path
    self.arguments = arguments
    self.limits = limits
    self.deadline = deadline
  }

  /// Nobody wants the answer any more: it is killed soon.
  func abandon() { isAbandoned.store(true, ordering: .relaxed) }

  /// What sets the limits and then becomes the program (util-linux).
  private static let limiter = "/usr/bin/prlimit"

  /// Runs it. Whatever comes of it, it and all of its session's group are gone afterwards.
  func run(_ input: [UInt8]) -> ProgramResult {
    for program in [Self.limiter, path] where access(program, X_OK) != 0 {
      return ProgramResult(.notStarted("\(program): \(Self.words(errno))"))
    }
    guard var incoming = Pipe(), var outgoing = Pipe() else {
      return ProgramResult(.notStarted("a pipe: \(Self.words(errno))"))
    }
    defer {
      incoming.close()
      outgoing.close()
    }
    let id: pid_t
    switch spawn(reading: incoming.reader, writing: outgoing.writer) {
    case .success(let started): id = started
    case .failure(let fault): return ProgramResult(.notStarted("\(path): \(Self.words(fault.code))"))
    }
    incoming.closeReader()
    outgoing.closeWriter()
    var signals = BrokenPipes()
    let ending = attend(id, &incoming, &outgoing, input)
    signals.restore()
    // What it left running ends with it.
    kill(-id, SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 {
      guard errno == EINTR else { return ProgramResult(.notStarted("nobody says how it ended")) }
    }
    switch ending {
    case .fault(let fault): return ProgramResult(fault)
    case .ended(let output):
      let signal = Int(status & 0x7f)
      return signal == 0
        ? ProgramResult(status: Int(status >> 8 & 0xff), output: output) : ProgramResult(.signalled(signal))
    }
  }

  private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }

  // MARK: - Start

  private struct SystemFault: Error {
    let code: Int32
  }

  private func spawn(reading input: Int32, writing output: Int32) -> Result<pid_t, SystemFault> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    posix_spawn_file_actions_addchdir_np(&actions, "/")
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    // A session of its own is a process group of its own too, and has no terminal.
    posix_spawnattr_setflags(
      &attributes, weir_spawn_setsid | Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let seconds = max(1, Int(limits.time.components.seconds) + 1)
    let words =
      [
        Self.limiter, "--as=\(limits.memory)", "--cpu=\(seconds)", "--core=0", "--fsize=\(limits.memory)",
        "--", path,
      ].map { Array($0.utf8) } + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map(Self.text) + [nil]
    var environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"].map { Self.text(Array($0.utf8)) } + [nil]
    defer { for text in argv + environment { free(text) } }
    var id: pid_t = 0
    let code = posix_spawn(&id, Self.limiter, &actions, &attributes, &argv, &environment)
    return code == 0 ? .success(id) : .failure(SystemFault(code: code))
  }

  private static func text(_ octets: [UInt8]) -> UnsafeMutablePointer<CChar>? {
    strndup(octets.map { CChar(bitPattern: $0) }, octets.count)
  }

  // MARK: - Attendance

  private enum Ending {
    case ended([UInt8])
    case fault(ProgramResult.Fault)
  }

  /// Feeds it and listens to it until it has ended.
  private func attend(
    _ id: pid_t, _ incoming: inout Pipe, _ outgoing: inout Pipe, _ input: [UInt8]
  ) -> Ending {
    var fed = 0
    var output: [UInt8] = []
    // How long to look away, in milliseconds: it may end without closing what it prints to, or the other way round.
    var pause: Int32 = 1
    while true {
      if isAbandoned.load(ordering: .relaxed) || ContinuousClock.now >= deadline { return .fault(.tooLong) }
      if !incoming.isWriterClosed { feed(input, from: &fed, &incoming) }
      let before = output.count
      let isOpen = listen(to: outgoing, &output)
      if output.count > limits.output { return .fault(.tooMuchOutput) }
      if hasEnded(id) {
        // What it printed last, and no more of what its children print.
        if isOpen { _ = listen(to: outgoing, &output) }
        return output.count > limits.output ? .fault(.tooMuchOutput) : .ended(output)
      }
      pause = output.count > before ? 1 : min(20, pause * 2)
      wait(pause, isOpen ? outgoing.reader : -1, incoming.isWriterClosed ? -1 : incoming.writer)
    }
  }

  private func feed(_ input: [UInt8], from fed: inout Int, _ pipe: inout Pipe) {
    while fed < input.count {
      let count = input.span.extracting(fed...).withUnsafeBufferPointer {
        write(pipe.writer, $0.baseAddress, $0.count)
      }
      if count > 0 {
        fed += count
        continue
      }
      if count < 0, errno == EAGAIN { return }
      // It reads no more; that is its own affair.
      if count < 0, errno == EINTR { continue }
      break
    }
    pipe.closeWriter()
  }

  /// Takes what is there; false where nothing more will come.
  private func listen(to pipe: Pipe, _ output: inout [UInt8]) -> Bool {
    while output.count <= limits.output {
      let start = output.count
      var count = 0
      output.append(addingCapacity: 65_536) { span in
        span.withUnsafeMutableBufferPointer { buffer, initialized in
          count = read(pipe.reader, buffer.baseAddress, buffer.count)
          initialized = max(0, count)
        }
      }
      if count > 0 { continue }
      assert(output.count == start)
      if count < 0, errno == EINTR { continue }
      return count < 0 && errno == EAGAIN
    }
    return true
  }

  private func hasEnded(_ id: pid_t) -> Bool {
    var information = siginfo_t()
    let result = waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT)
    // Where nobody knows it any more, there is nothing to wait for.
    return result != 0 ? errno != EINTR : information.si_signo != 0
  }

  private func wait(_ milliseconds: Int32, _ reader: Int32, _ writer: Int32) {
    var polled: [pollfd] = []
    if reader >= 0 { polled.append(pollfd(fd: reader, events: Int16(POLLIN), revents: 0)) }
    if writer >= 0 { polled.append(pollfd(fd: writer, events: Int16(POLLOUT), revents: 0)) }
    poll(&polled, nfds_t(polled.count), milliseconds)
  }
}
