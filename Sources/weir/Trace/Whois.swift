import Bytes
import Foundation
import NIOCore
import NIOPosix
import NetAddress

/// Asks whois servers (RFC 3912) about an address, each leading on to the next.
struct Whois {
  /// Bounds of an answer, and of the way from server to server.
  static let mostOctets = 256 << 10
  static let mostServers = 4
  static let time = TimeAmount.seconds(15)

  /// `NAME` or `NAME:PORT`.
  let server: String

  func ask(_ address: IPAddress) async -> Result<Registration, Responsible.Gap> {
    var next: String? = server
    var asked = Set<String>()
    var last: Registration?
    while let server = next, asked.count < Self.mostServers, asked.insert(server.lowercasedASCII).inserted {
      switch await answer(from: server, to: "\(address)") {
      case .success(let text):
        let (registration, referral) = Self.read(text, server)
        // The first server often knows no more than who knows.
        if last == nil || !registration.abuse.isEmpty || registration.name != nil { last = registration }
        next = referral
      case .failure(let gap):
        return last.map { .success($0) } ?? .failure(gap)
      }
    }
    return last.map { .success($0) } ?? .failure(.init(text: "\(server) said nothing"))
  }

  private func answer(from server: String, to question: String) async -> Result<String, Responsible.Gap> {
    let (host, port) = Self.place(of: server)
    do {
      let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(.seconds(5))
        .connect(host: host, port: port) { channel in
          channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
          }
        }
      let deadline = channel.channel.eventLoop.scheduleTask(in: Self.time) {
        channel.channel.close(promise: nil)
      }
      defer { deadline.cancel() }
      let octets = try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: "\(question)\r\n"))
        var octets: [UInt8] = []
        for try await part in inbound {
          octets += part.readableBytesView
          if octets.count > Self.mostOctets { break }
        }
        return octets
      }
      return .success(String(decoding: octets.prefix(Self.mostOctets), as: UTF8.self))
    } catch {
      return .failure(.init(text: "\(server) did not answer: \("\(error)".printable(limit: 80))"))
    }
  }

  /// `name`, `name:port`, `[address]:port`.
  private static func place(of server: String) -> (host: String, port: Int) {
    if server.hasPrefix("["), let end = server.firstIndex(of: "]") {
      let host = String(server[server.index(after: server.startIndex)..<end])
      return (host, Int(server[server.index(after: end)...].dropFirst()) ?? 43)
    }
    let parts = server.split(separator: ":")
    guard parts.count == 2, let port = Int(parts[1]) else { return (server, 43) }
    return (String(parts[0]), port)
  }

  /// What an answer says, and which server it leads on to.
  static func read(_ text: String, _ server: String) -> (Registration, referral: String?) {
    var registration = Registration(source: "whois \(server)")
    var referral: String?
    for line in text.split(whereSeparator: \.isNewline).prefix(5000) {
      if let note = line.range(of: "Abuse contact for ") {
        // RIPE: `% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'`.
        let quoted = line[note.upperBound...].split(separator: "'")
        if let address = quoted.last(where: { $0.contains("@") }).flatMap({ Responsible.mailbox(String($0)) })
        {
          registration.abuse.insert(address, at: 0)
        }
        continue
      }
      guard let colon = line.firstIndex(of: ":") else { continue }
      let key = String(line[..<colon]).trimmingCharacters(in: .whitespaces).lowercasedASCII
      let value = String(line[line.index(after: colon)...]).trimmingCharacters(in: .whitespaces)
      switch key {
      case "netname", "network-name": registration.name = registration.name ?? value
      case "inetnum", "inet6num", "netrange", "ip-network": registration.range = registration.range ?? value
      case "country", "country-code": registration.country = registration.country ?? value
      case "abuse-mailbox", "orgabuseemail", "rabuseemail", "abuse-contact", "abuse-e-mail":
        if let address = Responsible.mailbox(value) { registration.abuse.append(address) }
      case "refer", "whois": if isHost(value) { referral = value }
      case "referralserver":
        let host = value.replacingOccurrences(of: "whois://", with: "").replacingOccurrences(
          of: "rwhois://", with: "")
        if isHost(host) { referral = host }
      default: break
      }
    }
    registration.abuse = Array(registration.abuse.prefix(5))
    return (registration, referral)
  }

  private static func isHost(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count)
      && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || ".-:[]".utf8.contains($0) }
  }
}
