/// What users who logged in may send, and what is completed for them (`[submission]`).
public struct SubmissionSettings: Sendable, Hashable {
  /// Which sender addresses a user may use.
  public enum Senders: String, WordEnum {
    /// The address that is the user's name.
    case own
    /// Those that the map names.
    case mapped
    case any
  }

  public let senders: Senders
  /// The map file of ``Senders/mapped``, as written.
  public let sendersMap: String?
  /// What completes bare names: `submission.domain`, else `relay.complete_domain`, else the first relay domain.
  public let domain: String?
  /// Whether the header of relay networks' mail is completed as that of users is.
  public let completesRelayNetworks: Bool
  /// How many times the usual recipients an hour are an alarm.
  public let alarmFactor: Int
  /// Below this many recipients an hour there is none.
  public let alarmLeast: Bound
}

extension SubmissionSettings {
  init(_ section: Section, _ relay: RelaySettings) {
    senders = section.defaultedWord("senders")
    sendersMap = section.text("senders_map")
    domain = section.hostname("domain") ?? relay.completeDomain ?? relay.firstDomain
    completesRelayNetworks = section.flag("complete_relay_networks")
    alarmFactor = section.count("alarm_factor")
    alarmLeast = section.countBound("alarm_least") ?? .unlimited
  }
}
