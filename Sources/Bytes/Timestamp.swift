/// A moment of the civil clock: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX).
///
/// Below the drivers time is always an argument; nothing in the pure modules asks a clock.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Midnight UTC of a day of the proleptic Gregorian calendar; nil where there is no such day.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= Self.daysInMonth(year: year, month: month)
    else { return nil }
    self.milliseconds = Int64(Self.dayNumber(year: year, month: month, day: day)) * 86_400_000
  }

  /// A day written `YYYY-MM-DD`, as midnight UTC at its beginning; nil for anything else.
  public init?(isoDay text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
      parts.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }),
      let year = Int(String(parts[0]) ?? ""), let month = Int(String(parts[1]) ?? ""),
      let day = Int(String(parts[2]) ?? "")
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + duration.milliseconds)
  }

  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .milliseconds(later.milliseconds - earlier.milliseconds)
  }
}

extension Timestamp {
  /// Year, month, day, hour, minute, second, millisecond and weekday (0 = Sunday), all in UTC.
  public var civil: CivilTime {
    let days = Self.floorDivide(milliseconds, 86_400_000)
    let rest = Int(milliseconds - days * 86_400_000)
    // Days to civil date: the era-based arithmetic of the proleptic Gregorian calendar.
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthShifted = (5 * dayOfYear + 2) / 153
    let month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9
    let weekday = ((Int(days) + 4) % 7 + 7) % 7
    return CivilTime(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthShifted + 2) / 5 + 1,
      hour: rest / 3_600_000, minute: rest / 60_000 % 60, second: rest / 1000 % 60,
      millisecond: rest % 1000, weekday: weekday)
  }

  /// `2026-11-20T12:00:01.123Z`, the form of the log (RFC 3339).
  public var rfc3339: String {
    let time = civil
    return
      "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))T\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2)).\(padded(time.millisecond, 3))Z"
  }

  /// `Fri, 20 Nov 2026 12:00:01 +0000`, the form of a message header (RFC 5322 §3.3).
  public var rfc5322: String {
    let time = civil
    let days: StaticString = "SunMonTueWedThuFriSat"
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    var text: [UInt8] = []
    text.reserveCapacity(32)
    func put(_ name: Int, of names: StaticString) {
      names.withUTF8Buffer { text.append(contentsOf: $0[(3 * name)..<(3 * name + 3)]) }
    }
    func put(_ value: Int, width: Int, then end: UInt8) {
      var scale = width > 3 ? 1000 : width > 1 ? 10 : value >= 10 ? 10 : 1
      while scale > 0 {
        text.append(0x30 + UInt8(truncatingIfNeeded: value / scale % 10))
        scale /= 10
      }
      text.append(end)
    }
    put(time.weekday, of: days)
    text.append(contentsOf: ", ".utf8)
    put(time.day, width: 1, then: UInt8(ascii: " "))
    put(time.month - 1, of: months)
    text.append(.space)
    put(time.year, width: 4, then: UInt8(ascii: " "))
    put(time.hour, width: 2, then: UInt8(ascii: ":"))
    put(time.minute, width: 2, then: UInt8(ascii: ":"))
    put(time.second, width: 2, then: UInt8(ascii: " "))
    text.append(contentsOf: "+0000".utf8)
    return String(decoding: text, as: UTF8.self)
  }

  /// `YYYY-MM-DD` in UTC.
  public var isoDay: String {
    let time = civil
    return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }

  private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func daysInMonth(year: Int, month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// The parts of a `Timestamp` in UTC.
public struct CivilTime: Hashable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int
  public var millisecond: Int
  /// 0 is Sunday.
  public var weekday: Int
}

extension Duration {
  /// Whole milliseconds, rounded towards zero.
  public var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}

private func padded(_ value: Int, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
