import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing

@testable import TransportSecurity

@Suite(needs(.openssl), .apart) struct ServerHelloTests {
  /// All that a server said in a handshake made in memory.
  private func capture(
    _ change: (_ client: inout TLSConfiguration, _ server: inout TLSConfiguration) -> Void = { _, _ in }
  ) throws -> [UInt8] {
    let made = try TestCertificates()
    let pair = try made.make("mx", names: ["mx.example"])
    var server = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(pair.certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: pair.key, format: .pem)))
    var client = TLSConfiguration.makeClientConfiguration()
    client.certificateVerification = .none
    change(&client, &server)
    let left = EmbeddedChannel(
      handler: try NIOSSLClientHandler(context: try NIOSSLContext(configuration: client), serverHostname: nil)
    )
    let right = EmbeddedChannel(
      handler: NIOSSLServerHandler(context: try NIOSSLContext(configuration: server)))
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 25)
    try left.connect(to: address).wait()
    try right.connect(to: address).wait()
    var said: [UInt8] = []
    for _ in 0..<8 {
      while let buffer = try left.readOutbound(as: ByteBuffer.self) { try right.writeInbound(buffer) }
      while let buffer = try right.readOutbound(as: ByteBuffer.self) {
        said += buffer.readableBytesView
        try left.writeInbound(buffer)
      }
    }
    for channel in [left, right] {
      channel.close(promise: nil)
      channel.embeddedEventLoop.advanceTime(by: .seconds(10))
    }
    return said
  }

  private func read(_ octets: [UInt8], by step: Int? = nil) -> ServerHelloReader.Outcome {
    var reader = ServerHelloReader()
    for start in stride(from: 0, to: octets.count, by: step ?? max(1, octets.count)) {
      _ = reader.read(octets[start..<min(octets.count, start + (step ?? octets.count))])
    }
    return reader.outcome
  }

  /// The same handshake octets in records of another size.
  private func fragmented(_ octets: [UInt8], into size: Int) -> [UInt8] {
    let length = Int(octets[3]) << 8 | Int(octets[4])
    var result: [UInt8] = []
    for start in stride(from: 5, to: 5 + length, by: size) {
      let piece = octets[start..<min(5 + length, start + size)]
      result += [22, 3, 3, UInt8(piece.count >> 8), UInt8(piece.count & 255)] + piece
    }
    return result + octets[(5 + length)...]
  }

  @Test func versionsAndCiphersAreFound() throws {
    let modern = read(try capture())
    guard case .found(let hello) = modern else { return #expect(Bool(false), "\(modern)") }
    #expect(hello.version == 0x0304)
    #expect([0x1301, 0x1302, 0x1303].contains(hello.cipher))
    let older = try capture { client, server in
      server.maximumTLSVersion = .tlsv12
      server.cipherSuites = "ECDHE-ECDSA-AES256-GCM-SHA384"
    }
    #expect(read(older) == .found(ServerHello(version: 0x0303, cipher: 0xC02C)))
    let ancient = try capture { client, server in
      server.maximumTLSVersion = .tlsv1
      server.cipherSuites = "ECDHE-ECDSA-AES128-SHA"
    }
    #expect(read(ancient) == .found(ServerHello(version: 0x0301, cipher: 0xC009)))
  }

  @Test func aRequestToTryAgainIsNotTheAnswer() throws {
    let said = try capture { client, server in
      client.curves = [.x25519, .secp384r1]
      server.curves = [.secp384r1]
    }
    // The record's first message is the request itself.
    #expect(Array(said[11..<13]) == [0xCF, 0x21])
    let first = 5 + Int(said[3]) << 8 | Int(said[4])
    #expect(read(Array(said.prefix(first))) == .reading)
    guard case .found(let hello) = read(said) else { return #expect(Bool(false), "\(read(said))") }
    #expect(hello.version == 0x0304)
    // Twice is once too often (RFC 8446 §4.1.4).
    let request = Array(said.prefix(5 + Int(said[4])))
    #expect(read(request + request) == .absent)
  }

  @Test func piecesAndRecordsOfAnySizeMakeNoDifference() throws {
    let said = try capture()
    let whole = read(said)
    #expect(whole != .reading && whole != .absent)
    for step in [1, 2, 3, 7, 64] {
      #expect(read(said, by: step) == whole, "pieces of \(step)")
      #expect(read(fragmented(said, into: step), by: 1) == whole, "records of \(step)")
    }
  }

  @Test func everythingElseIsAbsentAndBounded() throws {
    let said = try capture()
    for octets: [UInt8] in [
      Array("220 mx.example ESMTP\r\n".utf8), [21, 3, 3, 0, 2, 2, 40], [23, 3, 3, 0, 1, 0], [22, 2, 0, 0, 1],
      [22, 3, 3, 0, 0], [22, 3, 3, 0x40, 1], [22, 3, 3, 0, 4, 11, 0, 0, 1], [22, 3, 3, 0, 4, 2, 0, 0x20, 1],
      [22, 3, 3, 0, 4, 2, 0, 0, 0], [20, 3, 3, 0, 2],
    ] {
      #expect(read(octets) == .absent, "\(octets)")
    }
    // What ends early waits; what is changed never traps, and never waits for more than the bound.
    let message = 5 + (Int(said[3]) << 8 | Int(said[4]))
    for count in 0..<message { #expect(read(Array(said.prefix(count))) == .reading) }
    for index in 0..<message {
      for bit in [0x01, 0x80] as [UInt8] {
        var changed = said
        changed[index] ^= bit
        _ = read(changed + [UInt8](repeating: 22, count: 2 * ServerHelloReader.longestMessage))
      }
    }
    var reader = ServerHelloReader()
    _ = reader.read([22, 3, 3, 0x20, 0x04, 2, 0, 0x20, 0] + [UInt8](repeating: 0, count: 8192))
    #expect(reader.outcome == .absent)
  }
}
