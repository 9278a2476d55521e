import NetAddress
import Settings
import Testing

/// A file of three lines is a sound gateway.
@Suite struct DefaultsTests {
  let settings: Settings

  init() throws {
    let reading = read(threeLines)
    #expect(reading.lines == [])
    settings = try #require(reading.settings)
  }

  @Test func whoAndWhere() throws {
    #expect(settings.hostname == "mx.example.org")
    #expect(settings.user == nil)
    let listener = try #require(settings.listeners.first)
    #expect(settings.listeners.count == 1)
    #expect(listener.endpoint.description == "[::]:25")
    #expect(listener.profile == .mx)
    #expect(listener.tls == .optional)
    #expect(listener.proxyProtocol.isEmpty && listener.xclient.isEmpty)
    #expect(!listener.isLoopback)
    #expect(settings.stateFolder == "/var/lib/weir")
    #expect(settings.listsFolder == "Blocklists")
    #expect(settings.rules.folder == "Rules" && settings.rules.time == .milliseconds(50))
    #expect(settings.rules.programs == [] && settings.rules.programTimeout == .seconds(10))
    #expect(settings.rules.programMemory == 512 << 20)
    #expect(settings.tls == nil && settings.auth == nil && settings.metrics == nil)
  }

  @Test func backend() throws {
    let backend = try #require(settings.backends.first)
    #expect(backend.name == "127.0.0.1:10025")
    #expect(backend.wireProtocol == .smtp)
    #expect(backend.identity == .auto)
    #expect(backend.recipients == .probe)
    #expect(backend.domains.isEmpty && backend.serves("anything.example"))
    #expect(backend.probeSessions == 4)
    #expect(backend.connections == 100)
  }

  @Test func relayIsClosed() {
    #expect(settings.relay.domains.written == ["example.org"])
    #expect(settings.relay.networks.isEmpty, "loopback is not trusted by default")
    #expect(settings.relay.senders.isEmpty)
    #expect(!settings.relay.isOpen)
    #expect(settings.relay.completeDomain == nil)
  }

  @Test func limits() throws {
    let limits = settings.limits
    #expect(limits.connections == .atMost(10000))
    #expect(limits.client.connectionsPerAddress == .atMost(20))
    #expect(limits.client.connectionRatePerAddress == .atMost(Rate(count: 120, window: .seconds(60))))
    #expect(limits.client.unknownRecipientsPerAddress == .atMost(Rate(count: 20, window: .seconds(3600))))
    #expect(limits.client.messageSize == .atMost(50 << 20))
    #expect(limits.memory == .atMost(1 << 30))
    #expect(limits.spool == .atMost(10 << 30))
    #expect(limits.hops == 50)
    let address = try #require(IPAddress("192.0.2.77"))
    #expect(limits.subnet(of: address).description == "192.0.2.0/24")
    let v6 = try #require(IPAddress("2001:db8::1:2:3:4"))
    #expect(limits.subnet(of: v6).description == "2001:db8:0:0::/64" || limits.subnet(of: v6).length == 64)
    #expect(limits.limits(for: address) == limits.client)
  }

  @Test func timeoutsFitTheClient() {
    // RFC 5321 §4.5.3.2.7: a server waits at least five minutes for the next command.
    #expect(settings.timeouts.command >= .seconds(300))
    #expect(settings.timeouts.replyBudget < .seconds(600))
  }

  @Test func actions() {
    #expect(settings.actions.tag == 5)
    #expect(settings.actions.defer == nil)
    #expect(settings.actions.quarantine == nil)
    #expect(settings.actions.reject == 12)
    #expect(settings.actions.enforceAt == .recipient)
    #expect(settings.actions.subjectPrefix == nil)
    #expect(settings.smtp.bareLF == .refuse)
    #expect(settings.log.file == nil && settings.log.format == .text && settings.log.level == .info)
  }

  @Test func mailThatWaits() {
    #expect(settings.quarantine.lifetime == .seconds(30 * 86_400))
    #expect(settings.quarantine.size == .atMost(10 << 30) && settings.quarantine.messages == .atMost(100_000))
    #expect(settings.quarantine.free == 256 << 20)
    #expect(settings.outbox.retry.map(\.components.seconds) == [60, 300, 900, 1800, 3600, 7200])
    #expect(settings.outbox.lifetime == .seconds(5 * 86_400))
    #expect(settings.outbox.size == .atMost(1 << 30) && settings.outbox.messages == .atMost(10_000))
    #expect(settings.outbox.hops == 30 && settings.outbox.sessions == 4)
  }

  @Test func anEmptyTextIsTheDefault() {
    let blank = readWith(
      """
      user = ""
      limits.connections = ""
      limits.memory = ""
      timeouts.command = ""
      actions.reject = ""
      log.level = ""
      smtp.bare_lf = ""
      """)
    #expect(blank.lines == [])
    #expect(blank.settings?.limits == settings.limits)
    #expect(blank.settings?.timeouts == settings.timeouts)
    #expect(blank.settings?.actions == settings.actions)
    #expect(blank.settings?.user == nil)
  }

  @Test func zeroIsNoneAndUnlimitedIsSpeltOut() throws {
    let reading = readWith(
      """
      [limits]
      connections_per_address = 0
      connections_per_subnet = "unlimited"
      message_rate_per_address = 0
      message_rate_per_subnet = "0/1h"
      connection_rate_per_address = "unlimited"
      recipients = "unlimited"
      [actions]
      tag = "unlimited"
      reject = "unlimited"
      """)
    #expect(reading.lines == [])
    let settings = try #require(reading.settings)
    #expect(settings.limits.client.connectionsPerAddress == .atMost(0))
    #expect(!settings.limits.client.connectionsPerAddress.allows(1))
    #expect(settings.limits.client.connectionsPerSubnet == .unlimited)
    #expect(settings.limits.client.connectionsPerSubnet.allows(Int.max))
    guard case .atMost(let rate) = settings.limits.client.messageRatePerAddress else {
      Issue.record("0 is a bound")
      return
    }
    #expect(rate.count == 0)
    #expect(settings.limits.client.messageRatePerSubnet == .atMost(Rate(count: 0, window: .seconds(3600))))
    #expect(settings.limits.client.connectionRatePerAddress == .unlimited)
    #expect(settings.actions.tag == nil && settings.actions.reject == nil)
  }

  /// One who writes one number is not told off because of a default.
  @Test func defaultsGiveWayToWhatIsWritten() throws {
    let low = try #require(readWith("actions.reject = 3").settings)
    #expect(low.actions.tag == 3 && low.actions.reject == 3)
    let high = try #require(readWith("actions.tag = 20").settings)
    #expect(high.actions.tag == 20 && high.actions.reject == 20)
    let deferring = try #require(readWith("actions.defer = 15").settings)
    #expect(deferring.actions.tag == 5 && deferring.actions.defer == 15 && deferring.actions.reject == 15)
    let never = try #require(readWith("actions.reject = \"unlimited\"").settings)
    #expect(never.actions.tag == 5 && never.actions.reject == nil)
    let small = try #require(readWith("limits.memory = \"100KiB\"\nlimits.message_size = 20000").settings)
    #expect(small.limits.memoryPerMessage == 100 << 10)
    #expect(small.limits.client.messageSize == .atMost(20000))
  }

  @Test func pathsAreRelativeToTheFile() {
    let reading = Settings.read(text: threeLines, file: "/etc/weir/weir.toml")
    #expect(reading.settings?.resolve("Blocklists") == "/etc/weir/Blocklists")
    #expect(reading.settings?.resolve("/srv/lists") == "/srv/lists")
    #expect(settings.resolve("Blocklists") == "Blocklists")
  }
}
