import Filtering
import TestSupport
import Testing

@testable import Authentication

/// A real HTTP server that introspects tokens.
@Suite(needs(.python3), .apart) struct IntrospectionTests {
  private static let answers = [
    "anna-token": IntrospectionPeer.standard, "a+b/c==": IntrospectionPeer.standard,
    "old": #"{"active": true, "username": "anna@example.org", "exp": 1000}"#,
    "early": #"{"active": true, "username": "anna@example.org", "nbf": 4102444800}"#,
    "bare":
      #"{"active": true, "sub": "1234", "username": "anna", "email": "a@x.example", "email_verified": false}"#,
    "mail": #"{"active": true, "sub": "1234", "email": "Anna@example.org"}"#,
    "nameless": #"{"active": true}"#, "yes": #"{"active": "true", "username": "anna@example.org"}"#,
    "none": #"{"username": "anna@example.org"}"#, "list": "[true]", "empty": "", "down": "503", "gone": "404",
    "hang": "hang", "redirect": "redirect", "flood": "flood",
  ]

  /// Runs with a client that is shut down after.
  private func with(
    _ peer: IntrospectionPeer, secret: String = IntrospectionPeer.secret, authorities: String? = nil,
    domain: String? = nil, scopes: [String] = [], timeout: Duration = .seconds(20),
    _ body: (TokenIntrospection) async throws -> Void
  ) async throws {
    let client = IntrospectionClient(group: loops)
    let server = IntrospectionServer(
      url: peer.url, client: IntrospectionPeer.client, secret: secret, authorities: authorities,
      domain: domain, scopes: scopes, timeout: timeout)
    let tokens = try TokenIntrospection(server, client: client, group: loops)
    try await body(tokens)
    await client.shutdown()
    let after = await tokens.verify(token: "anna-token", user: "", for: request(.xoauth2))
    #expect(after == .unavailable("token introspection: the gateway is stopping"))
  }

  @Test func tokens() async throws {
    let peer = try IntrospectionPeer(Self.answers)
    let anna = PasswordVerdict.accepted(name: "anna@example.org")
    try await with(peer) { tokens in
      func ask(_ token: String, _ user: String = "anna@example.org") async -> PasswordVerdict {
        await tokens.verify(token: token, user: user, for: request(.oauthBearer))
      }
      #expect(await tokens.obstacle() == nil)
      #expect(await ask("anna-token") == anna)
      #expect(await ask("a+b/c==") == anna)
      #expect(await ask("anna-token", "") == anna)
      #expect(await ask("anna-token", "ANNA@example.org") == anna)
      #expect(await ask("mail", "") == anna)
      #expect(await ask("anna-token", "bert@example.org").isRefused)
      for token in ["unknown", "old", "early", "", "white space", "new\nline", "a&token=anna-token"] {
        #expect(await ask(token).isRefused, "\(token)")
      }
      #expect(await ask(String(repeating: "a", count: 9000)).isRefused)
      // Nobody vouches for that address.
      #expect(await ask("bare", "a@x.example").isRefused)
      #expect(await ask("bare", "") == .accepted(name: "anna"))
      for token in ["nameless", "yes", "none", "list", "empty", "down", "gone", "redirect", "flood"] {
        #expect(await ask(token).isUnavailable, "\(token)")
      }
      peer.stop()
      #expect(await ask("anna-token").isUnavailable)
      #expect(await tokens.obstacle() != nil)
    }
  }

  @Test(.timeLimit(.minutes(5))) func aServerThatHangsIsUnavailableInTime() async throws {
    let peer = try IntrospectionPeer(Self.answers)
    try await with(peer, timeout: .milliseconds(500)) { tokens in
      #expect(await tokens.verify(token: "hang", user: "", for: request(.xoauth2)).isUnavailable)
    }
  }

  @Test func theGatewaysOwnSecretAndTheScopes() async throws {
    let peer = try IntrospectionPeer(Self.answers)
    try await with(peer, secret: "wrong") { tokens in
      #expect(await tokens.verify(token: "anna-token", user: "", for: request(.xoauth2)).isUnavailable)
      #expect(await tokens.obstacle() == "the server answers 401")
    }
    try await with(peer, scopes: ["mail"]) { tokens in
      #expect(
        await tokens.verify(token: "anna-token", user: "", for: request())
          == .accepted(name: "anna@example.org"))
      #expect(await tokens.verify(token: "mail", user: "", for: request()).isRefused)
    }
    try await with(peer, domain: "example.org") { tokens in
      #expect(
        await tokens.verify(token: "bare", user: "anna", for: request())
          == .accepted(name: "anna@example.org"))
    }
  }

  @Test func overTLS() async throws {
    let peer = try IntrospectionPeer(Self.answers, withTLS: true)
    try await with(peer, authorities: peer.authority) { tokens in
      #expect(
        await tokens.verify(token: "anna-token", user: "", for: request())
          == .accepted(name: "anna@example.org"))
    }
    try await with(peer) { tokens in
      #expect(await tokens.verify(token: "anna-token", user: "", for: request()).isUnavailable)
    }
    let stranger = try ScratchFolder("authority")
    try PeerCertificate.make(in: stranger)
    try await with(peer, authorities: stranger.file("authority.pem")) { tokens in
      #expect(await tokens.verify(token: "anna-token", user: "", for: request()).isUnavailable)
    }
  }
}
