/// A bound on a count or on a number of bytes. 0 means "none allowed"; no bound is spelt out in the file
/// (`"unlimited"`), never meant by a 0.
public enum Bound: Sendable, Hashable, CustomStringConvertible {
  case atMost(Int)
  case unlimited

  /// Whether that many are allowed.
  public func allows(_ count: Int) -> Bool {
    switch self {
    case .atMost(let most): count <= most
    case .unlimited: true
    }
  }

  /// The bound as a number, `Int.max` for none.
  public var orMax: Int {
    switch self {
    case .atMost(let most): most
    case .unlimited: Int.max
    }
  }

  public var description: String {
    switch self {
    case .atMost(let most): "\(most)"
    case .unlimited: "unlimited"
    }
  }
}

/// So many in each stretch of time: `"120/1m"`. A count of 0 means "none allowed".
public struct Rate: Sendable, Hashable, CustomStringConvertible {
  public let count: Int
  /// The length of the sliding window, at least a second.
  public let window: Duration

  public init(count: Int, window: Duration) {
    self.count = count
    self.window = window
  }

  public var description: String { "\(count)/\(Quantity.text(of: window))" }
}

/// A bound on a rate; no bound is spelt out in the file (`"unlimited"`).
public enum RateBound: Sendable, Hashable {
  case atMost(Rate)
  case unlimited
}

/// The written forms of durations, sizes and rates.
public enum Quantity {
  /// The duration that `"500ms"`, `"90s"`, `"5m"`, `"2h"` or `"7d"` stands for; nil for any other text and
  /// for more than 36,500 days.
  public static func duration(_ text: String) -> Duration? {
    guard let (count, unit) = split(text) else { return nil }
    let milliseconds: Int
    switch unit {
    case "ms": milliseconds = 1
    case "s": milliseconds = 1000
    case "m": milliseconds = 60_000
    case "h": milliseconds = 3_600_000
    case "d": milliseconds = 86_400_000
    default: return nil
    }
    let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
    guard !overflow, total <= 36_500 * 86_400_000 else { return nil }
    return .milliseconds(total)
  }

  /// The bytes that `"64KiB"`, `"50MiB"`, `"1GiB"` or `"2TiB"` stands for; nil for any other text.
  public static func size(_ text: String) -> Int? {
    guard let (count, unit) = split(text) else { return nil }
    let factor: Int
    switch unit {
    case "KiB": factor = 1 << 10
    case "MiB": factor = 1 << 20
    case "GiB": factor = 1 << 30
    case "TiB": factor = 1 << 40
    default: return nil
    }
    let (total, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : total
  }

  /// The rate that `"120/1m"` stands for; nil for any other text and for a window outside 1 s to 31 days.
  public static func rate(_ text: String) -> Rate? {
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")),
      let (count, unit) = split(String(text[..<slash])), unit.isEmpty,
      let window = duration(String(text[text.utf8.index(after: slash)...])),
      window >= .seconds(1), window <= .seconds(31 * 86_400)
    else { return nil }
    return Rate(count: count, window: window)
  }

  /// The shortest written form of a duration, exact to the millisecond.
  public static func text(of duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    if milliseconds != 0 { return "\(seconds * 1000 + milliseconds)ms" }
    if seconds == 0 { return "0s" }
    if seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
    if seconds % 3600 == 0 { return "\(seconds / 3600)h" }
    if seconds % 60 == 0 { return "\(seconds / 60)m" }
    return "\(seconds)s"
  }

  /// The shortest exact written form of a number of bytes.
  public static func text(ofBytes bytes: Int) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    for (factor, unit) in units where bytes != 0 && bytes % factor == 0 {
      return "\(bytes / factor)\(unit)"
    }
    return "\(bytes)"
  }

  /// Leading digits (at least one, at most 15: no overflow) and what follows them.
  private static func split(_ text: String) -> (count: Int, unit: String)? {
    let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard (1...15).contains(digits.count), let count = Int(String(digits) ?? "") else { return nil }
    return (count, String(text.utf8.dropFirst(digits.count)) ?? "")
  }
}
