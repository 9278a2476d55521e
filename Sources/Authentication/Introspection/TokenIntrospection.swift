internal import AsyncHTTPClient
internal import Bytes
public import Filtering
internal import Foundation
public import NIOCore
internal import NIOSSL

/// An authorization server that is asked what a token stands for (RFC 7662).
public struct IntrospectionServer: Hashable, Sendable {
  public var url: String
  /// The gateway's own name and secret there; nil where it asks for none.
  public var client: String?
  public var secret: String?
  /// A PEM file of the authorities of its certificate; nil for the system's.
  public var authorities: String?
  /// Completes the name of a user that has none.
  public var domain: String?
  /// The scopes that a token must have, all of them.
  public var scopes: [String]
  /// For a whole answer.
  public var timeout: Duration

  public init(
    url: String, client: String? = nil, secret: String? = nil, authorities: String? = nil,
    domain: String? = nil, scopes: [String] = [], timeout: Duration = .seconds(10)
  ) {
    self.url = url
    self.client = client
    self.secret = secret
    self.authorities = authorities
    self.domain = domain
    self.scopes = scopes
    self.timeout = timeout
  }
}

/// The tokens of OAUTHBEARER and XOAUTH2, by introspection.
///
/// Any answer but a sound one (another status than 200, a redirection, no JSON, too long, too late) is "unavailable".
public final class TokenIntrospection: TokenSource, ReachableBackend {
  /// Bound: octets of an answer.
  static let longestAnswer = 64 * 1024
  /// Bound: octets of a token.
  static let longestToken = 8 * 1024

  private let server: IntrospectionServer
  private let client: IntrospectionClient
  private let loops: any EventLoopGroup
  private let tls: TLSConfiguration?
  private let turnstile = Turnstile(room: 32, waitingRoom: 512)

  /// - Parameters:
  ///   - client: the one of the gateway.
  /// - Throws: where the authorities cannot be read.
  public init(_ server: IntrospectionServer, client: IntrospectionClient, group: any EventLoopGroup) throws {
    self.server = server
    self.client = client
    loops = group
    guard let file = server.authorities else {
      tls = nil
      return
    }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
    self.tls = tls
  }

  public func verify(token: String, user: String, for request: AuthenticationRequest) async
    -> PasswordVerdict
  {
    guard user.isEmpty || UserName.fault(user) == nil else { return .refused("no such user name") }
    guard Self.isToken(token) else { return .refused("not a token") }
    switch await ask(token) {
    case .failure(let fault): return .unavailable("token introspection: \(fault.words)")
    case .success(let answer):
      let verdict = answer.user(
        claimed: user, domain: server.domain, scopes: server.scopes, now: Date().timeIntervalSince1970)
      return switch verdict {
      case .accepted(let name): .accepted(name: name)
      case .refused(let why): .refused(why)
      case .unavailable(let why): .unavailable("token introspection: \(why)")
      }
    }
  }

  public func obstacle() async -> String? {
    if case .failure(let fault) = await ask("weir-check") { fault.words } else { nil }
  }

  /// RFC 6750 §2.1: `b64token`.
  private static func isToken(_ token: String) -> Bool {
    (1...longestToken).contains(token.utf8.count)
      && token.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-._~+/=".utf8.contains($0) }
  }

  private struct Fault: Error {
    let words: String
  }

  private func ask(_ token: String) async -> Result<IntrospectionAnswer, Fault> {
    guard await turnstile.enter(within: server.timeout, on: loops.next()) else {
      return .failure(Fault(words: "too many logins wait for it"))
    }
    defer { turnstile.leave() }
    guard let http = client.http else { return .failure(Fault(words: "the gateway is stopping")) }
    let request = request(token)
    let limit = server.timeout
    return await withTaskGroup(of: Result<IntrospectionAnswer, Fault>?.self) { group in
      group.addTask { await Self.answer(request, http, within: limit) }
      group.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first ?? .failure(Fault(words: "no answer in \(limit)"))
    }
  }

  private static func answer(_ request: HTTPClientRequest, _ http: HTTPClient, within limit: Duration) async
    -> Result<IntrospectionAnswer, Fault>
  {
    do {
      let response = try await http.execute(request, timeout: TimeAmount(limit))
      guard response.status == .ok else {
        return .failure(Fault(words: "the server answers \(response.status.code)"))
      }
      let body = try await response.body.collect(upTo: longestAnswer)
      guard let answer = IntrospectionAnswer.parse(Array(body.readableBytesView)) else {
        return .failure(Fault(words: "the answer is not that of RFC 7662"))
      }
      return .success(answer)
    } catch is NIOTooManyBytesError {
      return .failure(Fault(words: "an answer of more than \(longestAnswer) octets"))
    } catch {
      return .failure(Fault(words: SocketWords.of(error)))
    }
  }

  private func request(_ token: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: server.url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
    request.headers.add(name: "Accept", value: "application/json")
    if let client = server.client {
      // RFC 6749 §2.3.1: each part in the encoding of forms, then as in RFC 7617.
      let pair = "\(Self.encoded(client)):\(Self.encoded(server.secret ?? ""))"
      let text = String(decoding: Base64.encoded(Array(pair.utf8)), as: UTF8.self)
      request.headers.add(name: "Authorization", value: "Basic \(text)")
    }
    request.body = .bytes(ByteBuffer(string: "token=\(Self.encoded(token))&token_type_hint=access_token"))
    request.tlsConfiguration = tls
    return request
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      if byte.isASCIILetterOrDigit || "-._~".utf8.contains(byte) {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
