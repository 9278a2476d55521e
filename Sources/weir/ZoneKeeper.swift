import Checks
import DNS
import Filtering
import NetAddress
import SMTPServer
import Settings
import Synchronization

/// Looks after the DNS lists while the gateway runs: probes each list in use, switches off the sick ones and on again
/// those that got well, and asks about the gateway's own addresses.
final class ZoneKeeper: Sendable {
  /// How often it looks what is due.
  private static let tick = Duration.seconds(1)
  /// How soon a list is probed again that is sick or did not answer.
  private static let soon: Int64 = 60_000
  /// One that was never seen to be well, and waits for that.
  private static let sooner: Int64 = 2_000
  /// Within this after it got well, a list that refuses again stays off twice as long.
  private static let relapse: Int64 = 3_600_000
  private static let longestHold: Int64 = 4 * 3_600_000

  /// When a list is looked at, and what was seen before. Times are the monotonic clock's milliseconds.
  private struct Schedule {
    var next: Int64 = 0
    var silences = 0
    /// Since when it is sick by what it answered to mail; a probe may still get an old answer.
    var refusedSince: Int64?
    var hold: Int64 = 0
    var wellSince: Int64?
  }

  private struct Inner {
    var zones = DNSZones.none
    var resolver: (any Resolver)?
    var budget = Duration.seconds(5)
    var schedules: [String: Schedule] = [:]
    var watch = AddressWatch()
  }

  private let events: any EventSink
  private let inner = Mutex(Inner())
  private let running = Mutex<Task<Void, Never>?>(nil)

  init(events: any EventSink) { self.events = events }

  /// Begins, with what `follow` has said.
  func begin() {
    running.withLock {
      guard $0 == nil else { return }
      $0 = Task { [weak self] in
        while !Task.isCancelled {
          guard let keeper = self else { return }
          await keeper.look()
          try? await Task.sleep(for: Self.tick)
        }
      }
    }
  }

  func stop() { running.withLock { $0?.cancel() } }

  /// From now on these lists: what is known of those that stay is kept.
  func follow(_ zones: DNSZones, resolver: (any Resolver)?, budget: Duration, watching: [IPAddress]) {
    let earlier = inner.withLock { inner in
      let earlier = inner.zones
      inner.zones = zones
      inner.resolver = resolver
      inner.budget = budget
      inner.watch.follow(watching)
      let identities = Set(zones.all.map(\.identity))
      inner.schedules = inner.schedules.filter { identities.contains($0.key) }
      return earlier
    }
    for zone in earlier.all { zone.state.observe(nil) }
    zones.follow(earlier)
    for zone in zones.all where zone.isInUse {
      if resolver != nil { zone.state.holdBack() }
      zone.state.observe { [events, label = zone.label] sickness in
        if let sickness {
          events.record(
            .system(
              .error, .dnsListSick, "\(label) is switched off: it \(sickness); mail goes on without it",
              at: Clock.now))
        } else {
          events.record(.system(.info, .dnsListWell, "\(label) is well again and asked", at: Clock.now))
        }
      }
    }
  }

  // MARK: Looking

  /// Probes what is due, and asks about the own addresses where it is time.
  private func look() async {
    let now = Clock.monotonic
    let (zones, resolver, budget) = inner.withLock { ($0.zones, $0.resolver, $0.budget) }
    guard let resolver else { return }
    let due = zones.all.filter { isDue($0, now) }
    if !due.isEmpty {
      let results = await withTaskGroup(of: (Int, DNSZone.Probe).self) { group in
        for (index, zone) in due.enumerated() {
          group.addTask { (index, await zone.probe(Lookups(resolver, until: .now + budget))) }
        }
        var results = [DNSZone.Probe](repeating: .unknown, count: due.count)
        for await (index, probe) in group { results[index] = probe }
        return results
      }
      let silent = results.count { if case .silent = $0 { true } else { false } }
      // Where several lists are silent and none answers, it may be the network, of which the resolver speaks.
      let isNetwork =
        silent > 1 && silent == results.count ? await !answersAtAll(resolver, budget) : false
      if Task.isCancelled { return }
      conclude(Array(zip(due, results)), now, isNetwork: isNetwork)
    }
    await watch(zones, resolver, budget)
  }

  private func isDue(_ zone: DNSZone, _ now: Int64) -> Bool {
    guard zone.isInUse else { return false }
    let isSick = if case .sick = zone.state.health { true } else { false }
    return inner.withLock { inner in
      var schedule = inner.schedules[zone.identity] ?? Schedule()
      if !isSick {
        schedule.refusedSince = nil
        schedule.hold = 0
      } else if schedule.hold == 0 {
        // It fell sick by what it answered to mail.
        let interval = Self.milliseconds(zone.probeInterval)
        let isRelapse = schedule.wellSince.map { now - $0 < Self.relapse } ?? false
        schedule.hold = isRelapse ? min(interval * 2, Self.longestHold) : interval
        schedule.refusedSince = now
        schedule.next = now + min(interval, Self.soon)
      }
      inner.schedules[zone.identity] = schedule
      return schedule.next <= now
    }
  }

  /// Whether anybody answers about a name that nobody has.
  private func answersAtAll(_ resolver: any Resolver, _ budget: Duration) async -> Bool {
    guard let name = DNSName("weir-\(UInt64.random(in: 0...UInt64.max))") else { return false }
    if case .failed = await Lookups(resolver, until: .now + budget).resolve(name, .a) { return false }
    return true
  }

  /// What the probes of one round come to.
  private func conclude(_ results: [(DNSZone, DNSZone.Probe)], _ now: Int64, isNetwork: Bool) {
    for (zone, probe) in results {
      let interval = Self.milliseconds(zone.probeInterval)
      var schedule = inner.withLock { $0.schedules[zone.identity] } ?? Schedule()
      schedule.next = now + interval
      switch probe {
      case .well:
        schedule.silences = 0
        let isHeld = schedule.refusedSince.map { now - $0 < schedule.hold } ?? false
        if !isHeld {
          if case .sick = zone.state.health { schedule.wellSince = now }
          schedule.hold = 0
          schedule.refusedSince = nil
          zone.state.getWell()
        } else {
          schedule.next = now + min(interval, Self.soon)
        }
      case .sick(let words):
        schedule.silences = 0
        schedule.hold = max(schedule.hold, 1)
        schedule.next = now + min(interval, Self.soon)
        zone.state.fallSick(words)
      case .silent(let words):
        schedule.next = now + min(interval, zone.state.health == .awaited ? Self.sooner : Self.soon / 4)
        if !isNetwork {
          schedule.silences += 1
          if schedule.silences >= 2 {
            schedule.hold = max(schedule.hold, 1)
            zone.state.fallSick("does not answer (\(words))")
          }
        }
      case .unknown:
        schedule.next = now + min(interval, zone.state.health == .awaited ? Self.sooner : Self.soon / 4)
      }
      inner.withLock { $0.schedules[zone.identity] = schedule }
    }
  }

  private func watch(_ zones: DNSZones, _ resolver: any Resolver, _ budget: Duration) async {
    let addresses = inner.withLock { $0.watch.due(at: Clock.now) }
    for address in addresses {
      let found = await zones.listings(of: address, Lookups(resolver, until: .now + budget))
      if Task.isCancelled { return }
      let lines = inner.withLock { $0.watch.found(found, of: address, at: Clock.now) }
      for line in lines { events.record(.system(line.severity, line.code, line.text, at: Clock.now)) }
    }
  }

  private static func milliseconds(_ duration: Duration) -> Int64 {
    duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
  }

  // MARK: For weir status

  var report: [StatusReport.Zone] { inner.withLock { $0.zones }.all.map { StatusReport.Zone($0) } }

  var ownListings: [StatusReport.OwnListing] { inner.withLock { $0.watch.report } }
}
