internal import Bytes
internal import NetAddress

/// Everything that `LoginGuard` keeps under its lock.
struct LoginTable {
  fileprivate struct Subnet {
    var failures = SlidingWindow()
    var blockedUntil = Int64.min
    /// When somebody last logged in from there.
    var succeeded = Int64.min
    /// The last few guesses, told apart by what was tried for whom; 0 for none.
    var guesses = InlineArray<8, UInt64>(repeating: 0)
    var nextGuess = 0
  }

  private struct Pair: Hashable {
    let user: String
    let subnet: IPPrefix
  }

  /// A user who logged in from a subnet.
  private struct Known {
    var succeeded: Int64
    var failures = SlidingWindow()
  }

  /// How long a user who logged in from a subnet is known there.
  private static let acquaintance: Int64 = 7 * 86_400_000
  /// How many times the failures of a stranger a known user has.
  private static let patience = 10
  /// Longest name that is told apart.
  private static let longestUser = 320

  private var limits: LoginGuard.Limits
  private var perSubnet: ClientTerms.Rate
  private var perPassword: ClientTerms.Rate
  private var subnets: SampledTable<IPPrefix, Subnet>
  private var passwords: SampledTable<UInt64, SlidingWindow>
  private var known: SampledTable<Pair, Known>

  init(_ limits: LoginGuard.Limits) {
    self.limits = limits
    perSubnet = ClientTerms.Rate(limits.perSubnet)
    perPassword = ClientTerms.Rate(limits.perPassword)
    subnets = SampledTable(bound: limits.tracked)
    passwords = SampledTable(bound: limits.tracked)
    known = SampledTable(bound: limits.tracked)
  }

  mutating func adopt(_ limits: LoginGuard.Limits) {
    self.limits = limits
    perSubnet = ClientTerms.Rate(limits.perSubnet)
    perPassword = ClientTerms.Rate(limits.perPassword)
    subnets.bound = limits.tracked
    passwords.bound = limits.tracked
    known.bound = limits.tracked
  }

  var count: Int { subnets.count + passwords.count + known.count }

  func verdict(_ address: IPAddress, user: String?, secret: UInt64?, at now: Int64) -> LoginGuard.Verdict {
    let subnet = subnet(of: address)
    if let user, isKnown(pair(user, subnet), at: now) { return .allow }
    if let entry = subnets.find(subnet), entry.blockedUntil > now {
      // Whoever is asked for next may be known there.
      guard user == nil, isRecent(entry.succeeded, now) else {
        return .blocked(because: "too many failed logins from \(subnet)")
      }
    }
    if let secret, perPassword.isLimited, var failures = passwords.find(secret) {
      let count = failures.count(at: now, width: perPassword.width)
      if count > 0, count >= perPassword.count {
        return .blocked(because: "too many failed logins with that password")
      }
    }
    return .allow
  }

  mutating func failed(
    _ address: IPAddress, user: String, secret: UInt64?, at now: Int64
  ) -> LoginGuard.Consequence {
    let subnet = subnet(of: address)
    if case .blocked = verdict(address, user: user, secret: secret, at: now) {
      return LoginGuard.Consequence(tarpit: tarpit(.max), block: nil)
    }
    let pair = pair(user, subnet)
    let guess = secret.map { Self.guess(pair.user, $0) }
    let width = perSubnet.isLimited ? perSubnet.width : 3_600_000 / 8
    let (count, isNew) = subnets.update(subnet, used: now, makingIt: { Subnet() }) { entry in
      let isNew = entry.isNew(guess)
      if isNew { entry.failures.add(at: now, width: width) }
      return (entry.failures.count(at: now, width: width), isNew)
    }
    guard isNew else { return LoginGuard.Consequence(tarpit: tarpit(count), block: nil) }
    if let secret, perPassword.isLimited {
      passwords.update(secret, used: now, makingIt: { SlidingWindow() }) {
        $0.add(at: now, width: perPassword.width)
      }
    }
    if let known = known.find(pair), isRecent(known.succeeded, now) {
      self.known.update(pair, used: now, makingIt: { known }) { $0.failures.add(at: now, width: width) }
    }
    let block = perSubnet.isLimited && count >= perSubnet.count ? begin(subnet, count, at: now) : nil
    return LoginGuard.Consequence(tarpit: tarpit(count), block: block)
  }

  mutating func succeeded(_ address: IPAddress, user: String, at now: Int64) {
    let subnet = subnet(of: address)
    // Failures stay counted: whoever has an account of his own must not wash his guesses off with it.
    subnets.update(subnet, used: now, makingIt: { Subnet() }) { $0.succeeded = now }
    known.update(pair(user, subnet), used: now, makingIt: { Known(succeeded: now) }) { $0.succeeded = now }
  }

  func blocks(at now: Int64) -> [LoginGuard.Block] {
    let all = subnets.all.filter { $0.value.blockedUntil > now }
    return all.sorted {
      ($1.value.blockedUntil, $0.key.address) < ($0.value.blockedUntil, $1.key.address)
    }.prefix(100).map { block($0.key, until: $0.value.blockedUntil, at: now) }
  }

  mutating func unblock(_ address: IPAddress, at now: Int64) -> Bool {
    let subnet = subnet(of: address)
    guard let entry = subnets.find(subnet) else { return false }
    subnets.update(subnet, used: now, makingIt: { entry }) {
      $0.blockedUntil = .min
      $0.failures = SlidingWindow()
    }
    return entry.blockedUntil > now
  }

  /// Begins a block; nil where one lasts already, or blocks are off.
  private mutating func begin(_ subnet: IPPrefix, _ count: Int, at now: Int64) -> LoginGuard.Block? {
    let span = limits.block.milliseconds
    guard span > 0 else { return nil }
    let (sum, overflows) = now.addingReportingOverflow(span)
    let until = overflows ? Int64.max : sum
    // In use until the block ends: others are forgotten before it.
    let began = subnets.update(subnet, used: until, makingIt: { Subnet() }) { entry in
      defer { entry.blockedUntil = until }
      return entry.blockedUntil <= now
    }
    return began ? block(subnet, until: until, at: now) : nil
  }

  private func block(_ subnet: IPPrefix, until: Int64, at now: Int64) -> LoginGuard.Block {
    LoginGuard.Block(
      network: subnet, because: "too many failed logins", remaining: .milliseconds(until - now))
  }

  private func isKnown(_ pair: Pair, at now: Int64) -> Bool {
    guard var known = known.find(pair), isRecent(known.succeeded, now) else { return false }
    guard perSubnet.isLimited else { return true }
    let (bound, overflows) = max(1, perSubnet.count).multipliedReportingOverflow(by: Self.patience)
    return known.failures.count(at: now, width: perSubnet.width) < (overflows ? Int.max : bound)
  }

  private func isRecent(_ time: Int64, _ now: Int64) -> Bool {
    time != .min && now - time < Self.acquaintance
  }

  /// Twice as long with each failure of the subnet, up to eight times.
  private func tarpit(_ failures: Int) -> Int64 {
    limits.tarpit.milliseconds << Int64(min(max(failures - 1, 0), 3))
  }

  private func subnet(of address: IPAddress) -> IPPrefix {
    address.prefix(address.isV4 ? max(0, min(limits.subnetV4, 32)) : max(0, min(limits.subnetV6, 128)))
  }

  private func pair(_ user: String, _ subnet: IPPrefix) -> Pair {
    Pair(
      user: String(decoding: user.lowercasedASCII.utf8.prefix(Self.longestUser), as: UTF8.self),
      subnet: subnet)
  }

  /// One number for a user and a password; the password's is a keyed digest already.
  private static func guess(_ user: String, _ secret: UInt64) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(user)
    hasher.combine(secret)
    return UInt64(bitPattern: Int64(hasher.finalize())) | 1
  }
}

extension LoginTable.Subnet {
  /// Whether a guess is none of the last few; nil, where the password was not shown, is always new.
  fileprivate mutating func isNew(_ guess: UInt64?) -> Bool {
    guard let guess else { return true }
    for place in 0..<8 where guesses[place] == guess { return false }
    guesses[nextGuess & 7] = guess
    nextGuess = (nextGuess + 1) & 7
    return true
  }
}
