public import Bytes

/// A moment as a mail header writes it, with what it says about its zone.
///
/// Reads RFC 5322 §3.3 and §4.3 (two-digit years, zone names), `asctime` and ISO 8601 forms.
public struct MailDate: Hashable, Sendable {
  public let moment: Timestamp
  /// Minutes east of UTC; nil where the zone is not told (`-0000`, none, or a name that nobody defined).
  public let zone: Int?
  /// What is odd about it, though it can be read.
  public let oddities: [Oddity]

  /// What no clock and no server writes by itself.
  public enum Oddity: Hashable, Sendable {
    /// An offset that no place has: `+2500`, `-0731`.
    case impossibleZone(String)
    /// A name of the zone that is not this offset: `-0400 (JST)`.
    case zoneNameDiffers(String)
    /// The weekday is not that date's.
    case wrongWeekday
    /// A form that no server writes, as `Aug, 22 2002 6:50:51 AM +1200`.
    case malformed(String)
  }

  /// Why there is no date.
  public enum Fault: Hashable, Sendable {
    case missing
    /// The text is no date, as far as it was looked at.
    case unreadable(String)
    /// The form of a date, but no day or time that ever was: `31 Feb`, `25:00`.
    case impossible(String)
  }

  /// Reads the date at the beginning of `text`, of which 120 octets are looked at.
  ///
  /// - Returns: also how many octets of the text it takes.
  public static func read(_ text: ArraySlice<UInt8>) -> (Result<MailDate, Fault>, length: Int) {
    var reader = MailDateReader(text.prefix(120))
    let result = reader.date()
    return (result, reader.consumed)
  }

  /// Reads a text that is nothing but a date and comments.
  public init?(_ text: String) {
    guard case .success(let date) = Self.read(Array(text.utf8)[...]).0 else { return nil }
    self = date
  }

  init(moment: Timestamp, zone: Int?, oddities: [Oddity]) {
    self.moment = moment
    self.zone = zone
    self.oddities = oddities
  }

  /// `2003-03-06 20:02:35 +0000` in its own zone, for people.
  public var text: String {
    let local = (moment + .seconds((zone ?? 0) * 60)).civil
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = abs(zone ?? 0)
    let offset = zone.map { "\($0 < 0 ? "-" : "+")\(two(minutes / 60))\(two(minutes % 60))" } ?? "-0000"
    return
      "\(local.year)-\(two(local.month))-\(two(local.day)) \(two(local.hour)):\(two(local.minute)):\(two(local.second)) \(offset)"
  }
}

extension MailDate.Fault: Error {}
