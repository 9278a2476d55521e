import DNS
import DNSClient
import Foundation
import NetAddress
import TestSupport
import Testing

/// A resolver under test, and what is asked most.
struct Asking {
  let resolver: UnboundResolver
  let patience: Duration

  /// - Parameter change: what differs from: everything within 5 s, nothing validated.
  init(
    patience: Duration = .seconds(5), news: @escaping @Sendable (ResolverNews) -> Void = { _ in },
    _ change: (inout ResolverOptions) throws -> Void
  ) throws {
    var options = ResolverOptions()
    options.health.beginsWithProbe = false
    options.cache = 4 << 20
    try change(&options)
    resolver = try UnboundResolver(options, news: news)
    self.patience = patience
  }

  func callAsFunction(_ name: String, _ type: RecordType = .a) async throws -> DNSAnswer {
    let question = DNSQuestion(try #require(DNSName(name)), type)
    return await resolver.resolve(question, until: .now + patience)
  }

  func remembered(_ name: String, _ type: RecordType = .a) throws -> DNSAnswer? {
    resolver.remembered(DNSQuestion(try #require(DNSName(name)), type))
  }
}

extension ResolverOptions.Server {
  /// `127.0.0.1@5353`.
  static func at(port: UInt16) -> Self { Self(IPAddress(v4: 0x7f00_0001), port: port) }
}

extension ResolverOptions {
  mutating func stub(_ zone: String, port: UInt16) throws {
    stubs.append(Stub(zone: try #require(DNSName(zone)), server: .at(port: port)))
  }
}

/// Whether something comes true in time, asked without holding a thread.
func eventuallyAsync(within limit: Duration, _ isTrue: () async -> Bool) async -> Bool {
  let end = ContinuousClock.now + limit
  while ContinuousClock.now < end {
    if await isTrue() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return await isTrue()
}

/// How many descriptors this process has open.
func openDescriptors() -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
}
