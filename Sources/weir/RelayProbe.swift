import Foundation
import Glibc
import NetAddress
import Settings

/// The gateway that `weir relay-test` asks.
struct RelayTarget {
  let hostname: String
  let endpoint: Endpoint
  let address: IPAddress
  let port: UInt16
  /// The address that the probes leave from.
  let localAddress: IPAddress
  let ownDomain: String

  init(_ config: String, server: String?) throws {
    let (configuration, problems) = Configuration.load(config)
    guard let settings = configuration?.settings else {
      throw ControlClient.Fault(
        description: problems.filter(\.isError).map(\.description).joined(separator: "\n"))
    }
    guard
      let endpoint = server.flatMap({ Endpoint($0) })
        ?? settings.listeners.first(where: { !$0.isImplicitTLS })?.endpoint,
      case .ip(let given, let port) = endpoint
    else {
      throw ControlClient.Fault(description: "--server takes an address and a port, such as 127.0.0.1:25")
    }
    self.hostname = settings.hostname
    self.endpoint = endpoint
    self.port = port
    // A wildcard listener is reached over loopback.
    let isWildcard = given == IPAddress("0.0.0.0") || given == IPAddress("::")
    let loopback = given.isV4 ? IPAddress("127.0.0.1") : IPAddress("::1")
    self.address = isWildcard ? loopback ?? given : given
    self.localAddress = self.address
    self.ownDomain = settings.relay.domains.names.sorted().first ?? settings.hostname
  }
}

/// One MAIL and one RCPT that an open relay would take (the families of the classic tests).
struct RelayProbe {
  let sender: String
  let recipient: String
  let what: String
  /// Said in front of it: RSET after a first transaction, as some servers forget their caution with it.
  var preamble: [String] = []

  struct Result: Encodable {
    let sender: String
    let recipient: String
    let what: String
    let reply: String
    let fault: String
    let isOpen: Bool
  }

  static func all(_ target: RelayTarget, outside: String) -> [RelayProbe] {
    let from = "spamtest@\(outside)"
    let literal = target.address.isV4 ? "[\(target.address)]" : "[IPv6:\(target.address)]"
    let own = target.ownDomain
    let victim = "relaytest"
    let forms: [(String, String, String)] = [
      (from, "\(victim)@\(outside)", "plain"),
      ("", "\(victim)@\(outside)", "null sender"),
      ("spamtest", "\(victim)@\(outside)", "bare sender"),
      ("spamtest@localhost", "\(victim)@\(outside)", "sender at localhost"),
      ("spamtest@\(target.hostname)", "\(victim)@\(outside)", "sender at the gateway's name"),
      ("spamtest@\(own)", "\(victim)@\(outside)", "sender in the gateway's domain"),
      ("spamtest@\(literal)", "\(victim)@\(outside)", "sender at the gateway's address"),
      (from, "\(victim)%\(outside)@\(own)", "percent hack"),
      (from, "\(victim)%\(outside)@\(target.hostname)", "percent hack at the gateway's name"),
      (from, "\(victim)%\(outside)@\(literal)", "percent hack at the gateway's address"),
      (from, "\(victim)%\(outside)", "percent hack without a domain"),
      (from, "\"\(victim)@\(outside)\"", "quoted address"),
      (from, "\"\(victim)%\(outside)\"", "quoted percent hack"),
      (from, "\"\(victim)@\(outside)\"@\(own)", "quoted address at the gateway's domain"),
      (from, "\(victim)@\(outside)@\(own)", "two domains"),
      (from, "\(victim)@\(outside)@\(literal)", "two domains, the second an address"),
      (from, "@\(own):\(victim)@\(outside)", "source route through the gateway"),
      (from, "@\(literal):\(victim)@\(outside)", "source route through the gateway's address"),
      (from, "@\(outside):\(victim)@\(own)", "source route through the stranger"),
      (from, "\(outside)!\(victim)", "bang path"),
      (from, "\(outside)!\(victim)@\(own)", "bang path at the gateway's domain"),
      (from, "\(outside)!\(victim)@\(literal)", "bang path at the gateway's address"),
      (from, "\(outside)!\(victim)%\(outside)@\(own)", "bang path and percent hack"),
      (from, "\(victim)@\(outside).", "trailing dot"),
      (from, "\(victim)@\(outside),\(victim)@\(own)", "two addresses in one RCPT"),
      (from, "\(victim)@[192.0.2.25]", "address literal of a stranger"),
    ]
    let plain = forms.map { RelayProbe(sender: $0.0, recipient: $0.1, what: $0.2) }
    let afterReset = RelayProbe(
      sender: from, recipient: "\(victim)@\(outside)", what: "plain, after RSET",
      preamble: ["MAIL FROM:<\(from)>", "RCPT TO:<\(victim)@\(outside)>", "RSET"])
    return plain + [afterReset]
  }

  /// Speaks one dialogue on a connection of its own.
  func run(against target: RelayTarget, as stranger: IPAddress?, config: String) throws -> Result {
    func result(_ reply: String, fault: String = "", isOpen: Bool = false) -> Result {
      Result(sender: sender, recipient: recipient, what: what, reply: reply, fault: fault, isOpen: isOpen)
    }
    guard let line = LineSocket(to: target.address, port: target.port) else {
      return result("", fault: "cannot connect to \(target.endpoint)")
    }
    defer { line.close() }
    if let stranger {
      guard let port = line.bind() else { return result("", fault: "no local port") }
      _ = try Gate.ask(
        ControlRequest(
          command: .impersonate, address: stranger.description, port: port,
          peer: target.localAddress.description),
        config)
    }
    guard line.connect(), let banner = line.reply(), banner.hasPrefix("2") else {
      return result("", fault: "no greeting from \(target.endpoint)")
    }
    for command in ["EHLO relay-test.invalid"] + preamble {
      guard line.say(command), line.reply() != nil else {
        return result("", fault: "the session ended early")
      }
    }
    guard line.say("MAIL FROM:<\(sender)>"), let answer = line.reply() else {
      return result("", fault: "the session ended at MAIL")
    }
    guard answer.hasPrefix("2") else { return result(answer) }
    guard line.say("RCPT TO:<\(recipient)>"), let last = line.reply() else {
      return result("", fault: "the session ended at RCPT")
    }
    _ = line.say("QUIT")
    return result(last, isOpen: last.hasPrefix("2"))
  }
}

/// A plain blocking SMTP dialogue, line by line, with a bound on every wait.
final class LineSocket {
  private let descriptor: Int32
  private let address: IPAddress
  private let port: UInt16
  private var buffered: [UInt8] = []

  init?(to address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
    descriptor = socket(address.isV4 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  func close() { _ = Glibc.close(descriptor) }

  /// Takes a local port before connecting; answers it.
  func bind() -> UInt16? {
    guard withSocketAddress(address, 0, { Glibc.bind(descriptor, $0, $1) }) == 0 else { return nil }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isNamed = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard isNamed == 0 else { return nil }
    // The port stands at the same place for both families.
    return withUnsafeBytes(of: storage) {
      UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }

  func connect() -> Bool { withSocketAddress(address, port) { Glibc.connect(descriptor, $0, $1) } == 0 }

  func say(_ line: String) -> Bool { send(Array(line.utf8) + [13, 10]) }

  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// One reply, its lines joined with ` / `; nil where the peer is gone or silent.
  func reply() -> String? {
    var lines: [String] = []
    while let line = readLine() {
      lines.append(lines.isEmpty ? line : String(line.dropFirst(4)))
      if line.utf8.count < 4 || Array(line.utf8)[3] != UInt8(ascii: "-") {
        return lines.joined(separator: " / ")
      }
    }
    return nil
  }

  private func readLine() -> String? {
    while true {
      if let end = buffered.firstIndex(of: 10) {
        let line = String(decoding: buffered[..<end], as: UTF8.self)
        buffered.removeFirst(end + 1)
        return line.trimmingCharacters(in: .newlines).printable(limit: 500)
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0, buffered.count < 1 << 20 else { return nil }
      buffered += chunk[..<count]
    }
  }
}

/// Calls `body` with the system's form of an address.
private func withSocketAddress(
  _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
)
  -> Int32
{
  if let v4 = address.v4 {
    var socket = sockaddr_in()
    socket.sin_family = sa_family_t(AF_INET)
    socket.sin_port = port.bigEndian
    socket.sin_addr.s_addr = v4.bigEndian
    return withUnsafePointer(to: &socket) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
  var socket = sockaddr_in6()
  socket.sin6_family = sa_family_t(AF_INET6)
  socket.sin6_port = port.bigEndian
  withUnsafeMutableBytes(of: &socket.sin6_addr) {
    $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
    $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
  }
  return withUnsafePointer(to: &socket) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
    }
  }
}
