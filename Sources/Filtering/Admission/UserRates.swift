public import Bytes
public import NetAddress
public import SMTPProtocol
internal import Synchronization

/// How much each user who logged in sends: bounds on messages and recipients, and an alarm when an account suddenly
/// sends far more than its habit.
///
/// `now` is milliseconds of a monotonic clock, `time` the time of day: habits outlive the process. At most so many
/// users are counted; past it who has been silent longest of some is forgotten.
public final class UserRates: Sendable {
  public struct Limits: Sendable {
    /// nil: unlimited.
    public var messages: AdmissionLimits.Rate?
    public var recipients: AdmissionLimits.Rate?
    /// How many times the usual recipients an hour are an alarm.
    public var alarmFactor = 10
    /// No alarm below this many an hour; nil: none at all.
    public var alarmLeast: Int? = 100
    /// The most users counted.
    public var tracked = 100_000

    public init() {}
  }

  /// Bounds in place of everybody's.
  public struct Overrides: Sendable {
    /// nil: as for everybody; `.some(nil)`: unlimited. The next alike.
    public var messages: AdmissionLimits.Rate??
    public var recipients: AdmissionLimits.Rate??

    public init(messages: AdmissionLimits.Rate?? = nil, recipients: AdmissionLimits.Rate?? = nil) {
      self.messages = messages
      self.recipients = recipients
    }
  }

  /// What counting one recipient came to.
  public struct Outcome: Sendable {
    /// Why it may not be; nil where it may, and is counted.
    public let refusal: ReasonCode?
    /// To be recorded: the account sends far more than its habit. Once an hour and user.
    public let alarm: Event?
  }

  private let state: Mutex<UserTable>

  public init(_ limits: Limits) { state = Mutex(UserTable(limits)) }

  /// Goes on under new limits; what is counted stays counted.
  public func adopt(_ limits: Limits) { state.withLock { $0.adopt(limits) } }

  /// Counts a message that a user begins (asked at MAIL).
  ///
  /// - Returns: nil where he may; else why not, and it is not counted.
  public func message(_ user: String, at now: Int64, under overrides: Overrides? = nil) -> ReasonCode? {
    state.withLock { $0.message(user, at: now, under: overrides) } ? nil : .limitUserMessages
  }

  /// Counts a recipient that a user's message takes (asked at RCPT, before it is taken).
  public func recipient(
    _ user: String, from client: IPAddress, at now: Int64, time: Timestamp, under overrides: Overrides? = nil
  ) -> Outcome {
    let counted = state.withLock { table -> (isTaken: Bool, alarm: String?) in
      table.recipient(user, client, at: now, hour: time.milliseconds / 3_600_000, under: overrides)
    }
    return Outcome(
      refusal: counted.isTaken ? nil : .limitUserRecipients,
      alarm: counted.alarm.map { detail in
        var event = Event.system(.warning, .accountAlarm, detail, at: time)
        event.user = user
        return event
      })
  }

  /// How many users are counted.
  public var count: Int { state.withLock { $0.count } }

  /// The habits as lines, to be kept over a restart: `user average hours hour`, the user's name percent-encoded.
  public func habits() -> [String] { state.withLock { $0.habits() } }

  /// Takes up habits that were kept; lines that are none are passed over. Users who are counted already keep theirs.
  ///
  /// - Returns: how many lines were of use.
  public func adopt(habits lines: [Substring]) -> Int {
    state.withLock { $0.adopt(habits: lines) }
  }
}
