public import Bytes
public import NetAddress
internal import Synchronization

/// The defence against the guessing of passwords: failures are counted by the client's subnet and by the password
/// that was tried, never by the user's name alone, so that nobody can lock a user out by failing in his name.
///
/// A subnet that fails too often is not heard for a while, save users who logged in from there lately; a password that
/// failed too often, whoever's it was said to be, is tried no more, with the same exception. Only logins are held
/// back, never mail. Times are milliseconds of a monotonic clock, from 0 up. All tables are bounded.
public final class LoginGuard: Sendable {
  public struct Limits: Sendable {
    /// nil: unlimited.
    public var perSubnet: AdmissionLimits.Rate?
    public var perPassword: AdmissionLimits.Rate?
    /// How long no login from a subnet is tried; zero: not at all.
    public var block = Duration.seconds(900)
    /// How long the answer to a first failure waits.
    public var tarpit = Duration.seconds(2)
    /// The prefix lengths of what counts as one subnet.
    public var subnetV4 = 24
    public var subnetV6 = 64
    /// The most subnets, passwords, and users with their subnets, counted each.
    public var tracked = 100_000

    public init() {}
  }

  public enum Verdict: Hashable, Sendable {
    case allow
    /// Nothing is to be verified; why, in words for the operator.
    case blocked(because: String)
  }

  /// A subnet that is not heard for a while.
  public struct Block: Hashable, Sendable {
    public let network: IPPrefix
    public let because: String
    public let remaining: Duration

    /// What the log is told when it begins.
    public func event(client: IPAddress, user: String, at time: Timestamp) -> Event {
      var event = Event(.limit, .warning, at: time)
      event.code = .loginBlocked
      event.client = client
      event.user = user
      event.detail = "no login from \(network) for \(remaining.components.seconds)s: \(because)"
      return event
    }
  }

  /// What a failed login leads to.
  public struct Consequence: Hashable, Sendable {
    /// Milliseconds to wait before the client reads that it failed.
    public let tarpit: Int64
    /// The block that began with it: to be logged.
    public let block: Block?
  }

  private let state: Mutex<LoginTable>

  public init(_ limits: Limits) { state = Mutex(LoginTable(limits)) }

  /// Goes on under new limits; what is counted stays counted.
  public func adopt(_ limits: Limits) { state.withLock { $0.adopt(limits) } }

  /// Whether a login may be tried: asked when AUTH comes, without a user, and before a secret is verified, with all
  /// that is known by then. An attempt that may not be fails as a wrong password does.
  ///
  /// - Parameters:
  ///   - user: nil before it is known: then only a subnet that no user logged in from lately is blocked.
  ///   - secret: the keyed digest of the password; nil where the mechanism shows none.
  public func verdict(for address: IPAddress, user: String?, secret: UInt64?, at now: Int64) -> Verdict {
    state.withLock { $0.verdict(address, user: user, secret: secret, at: now) }
  }

  /// Counts a login that failed. One that was not even tried is not counted, nor the same password of the same user
  /// once more: a forgotten device is no guesser.
  public func failed(_ address: IPAddress, user: String, secret: UInt64?, at now: Int64) -> Consequence {
    state.withLock { $0.failed(address, user: user, secret: secret, at: now) }
  }

  /// Notes that a user logged in.
  public func succeeded(_ address: IPAddress, user: String, at now: Int64) {
    state.withLock { $0.succeeded(address, user: user, at: now) }
  }

  /// Entries of all its tables, three times `tracked` at most.
  public var tracked: Int { state.withLock { $0.count } }

  /// The blocks that last, at most a hundred, the longest to go first; for people.
  public func blocks(at now: Int64) -> [Block] { state.withLock { $0.blocks(at: now) } }

  /// Lifts the block of an address's subnet and forgets its failures; whether there was a block.
  public func unblock(_ address: IPAddress, at now: Int64) -> Bool {
    state.withLock { $0.unblock(address, at: now) }
  }
}
