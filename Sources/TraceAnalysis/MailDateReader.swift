internal import Bytes

/// Reads one date, word by word.
struct MailDateReader {
  private let words: [MailDateWord]
  private let start: Int
  private let limit: Int
  private var next = 0
  private(set) var consumed = 0

  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  init(_ octets: ArraySlice<UInt8>) {
    start = octets.startIndex
    limit = octets.endIndex
    words = MailDateWord.split(octets)
  }

  /// Whether a word begins a date: a weekday, or a number that a month's name follows.
  static func mayBegin(_ word: String, before following: String?) -> Bool {
    if weekday(word[...]) != nil { return true }
    guard (1...2).contains(word.utf8.count), word.utf8.allSatisfy(\.isASCIIDigit), let following else {
      return false
    }
    return month(following[...]) != nil
  }

  mutating func date() -> Result<MailDate, MailDate.Fault> {
    guard words.contains(where: { !$0.isComment }) else { return .failure(.missing) }
    var parts = Parts()
    parts.weekday = take(Self.weekday)
    let isRead = dayFirst(&parts) || monthFirst(&parts) || isoForm(&parts)
    guard isRead, let year = parts.year, let month = parts.month, let day = parts.day else {
      consumed = limit - start
      return .failure(.unreadable(words.map(\.text).joined(separator: " ").printable(limit: 60)))
    }
    consumed = next > 0 ? words[next - 1].end - start : 0
    // No mail is older than its clocks.
    guard year >= 1970, var moment = Timestamp(year: year, month: month, day: day), parts.hour < 24,
      parts.minute < 60,
      parts.second <= 60
    else {
      return .failure(.impossible(words.prefix(next).map(\.text).joined(separator: " ").printable(limit: 60)))
    }
    let weekday = moment.civil.weekday
    moment = moment + .seconds(parts.hour * 3600 + parts.minute * 60 + parts.second - (parts.zone ?? 0) * 60)
    if let told = parts.weekday, told != weekday { parts.oddities.append(.wrongWeekday) }
    if parts.isMalformed {
      let text = words.prefix(next).map { $0.text + ($0.hasComma ? "," : "") }.joined(separator: " ")
      parts.oddities.append(.malformed(text.printable(limit: 60)))
    }
    return .success(MailDate(moment: moment, zone: parts.zone, oddities: parts.oddities))
  }

  private struct Parts {
    var weekday: Int?
    var year: Int?
    var month: Int?
    var day: Int?
    var hour = 0
    var minute = 0
    var second = 0
    var zone: Int?
    var oddities: [MailDate.Oddity] = []
    var isMalformed = false
  }

  // `6 Mar 2003 12:02:35 -0800 (PST)`, `02-Sep-2023 04:24:06 +0200`.
  private mutating func dayFirst(_ parts: inout Parts) -> Bool {
    let mark = next
    if let word = peek, case let pieces = word.text.pieces(by: UInt8(ascii: "-")), pieces.count == 3,
      let day = Self.number(pieces[0], 1...2), let month = Self.month(pieces[1]),
      let year = Self.year(pieces[2])
    {
      (parts.day, parts.month, parts.year) = (day, month, year)
      next += 1
    } else if let day = take({ Self.number($0, 1...2) }), let month = take(Self.month),
      let year = take(Self.year)
    {
      (parts.day, parts.month, parts.year) = (day, month, year)
    } else {
      next = mark
      return false
    }
    guard time(&parts) else { return fail(mark) }
    zone(&parts)
    return true
  }

  // `Mar 6 12:02:35 [PST] 2003 [-0800]`: asctime.
  private mutating func monthFirst(_ parts: inout Parts) -> Bool {
    let mark = next
    let isParted = peek?.hasComma == true
    guard let month = take(Self.month), let day = take({ Self.number($0, 1...2) }) else { return fail(mark) }
    (parts.month, parts.day) = (month, day)
    if let year = take({ $0.utf8.count == 4 ? Self.year($0) : nil }) { parts.year = year }
    // `Aug, 22 2002`: people part the day from the year, and asctime nothing.
    parts.isMalformed = isParted
    guard time(&parts) else { return fail(mark) }
    if parts.year == nil {
      if let year = take({ $0.utf8.count == 4 ? Self.year($0) : nil }) {
        parts.year = year
      } else {
        zone(&parts)
        parts.year = take { $0.utf8.count == 4 ? Self.year($0) : nil }
      }
    }
    if parts.zone == nil { zone(&parts) }
    return parts.year != nil
  }

  // `2006-05-05 12:00:00 +0200`, `2006-05-05T12:00:00Z`.
  private mutating func isoForm(_ parts: inout Parts) -> Bool {
    guard let word = peek else { return false }
    let halves = word.text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "T" || $0 == "t" }
    let pieces = halves[0].pieces { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/") }
    guard pieces.count == 3, pieces[0].utf8.count == 4, let year = Self.number(pieces[0], 4...4),
      let month = Self.number(pieces[1], 1...2), let day = Self.number(pieces[2], 1...2)
    else { return false }
    (parts.year, parts.month, parts.day) = (year, month, day)
    if halves.count == 2 {
      var clock = halves[1]
      if let sign = clock.lastIndex(where: { "Zz+-".contains($0) }) {
        let zone = clock[sign...].filter { $0 != ":" }
        set(zone: zone[...], &parts)
        clock = clock[..<sign]
      }
      guard Self.time(clock, &parts) else { return false }
      next += 1
      return true
    }
    next += 1
    guard time(&parts) else { return false }
    zone(&parts)
    return true
  }

  private mutating func time(_ parts: inout Parts) -> Bool {
    guard let word = peek, Self.time(word.text, &parts) else { return false }
    next += 1
    if let half = peek?.text.uppercasedASCII, half == "AM" || half == "PM", parts.hour <= 12 {
      next += 1
      parts.hour = parts.hour % 12 + (half == "PM" ? 12 : 0)
    }
    return true
  }

  private static func time(_ text: Substring, _ parts: inout Parts) -> Bool {
    let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
    guard pieces.count == 2 || pieces.count == 3, let hour = number(pieces[0], 1...2),
      let minute = number(pieces[1], 1...2)
    else { return false }
    (parts.hour, parts.minute) = (hour, minute)
    guard pieces.count == 3 else { return true }
    // A fraction is read and left.
    let second = pieces[2].pieces { $0 == .dot || $0 == UInt8(ascii: ",") }.first ?? ""
    guard let second = number(second, 1...2) else { return false }
    parts.second = second
    return true
  }

  /// The zone and the names behind it, in comments or bare.
  private mutating func zone(_ parts: inout Parts) {
    if let word = peek, set(zone: word.text, &parts) { next += 1 }
    // The comment behind it names the zone; any other is no part of the date.
    if let word = words[safe: next], word.isComment,
      !word.text.utf8.contains(where: { "@=<".utf8.contains($0) }),
      !word.text.lowercasedASCII.hasPrefix("envelope")
    {
      compare(word.text, &parts)
      next += 1
    }
    // `+0100 CET`: a name without its comment.
    if parts.zone != nil, let word = peek, Zones.offsets(of: word.text) != nil {
      compare(word.text, &parts)
      next += 1
    }
  }

  private func compare(_ name: Substring, _ parts: inout Parts) {
    guard let zone = parts.zone, let meant = Zones.offsets(of: name), !meant.contains(zone) else { return }
    parts.oddities.append(.zoneNameDiffers(String(name)))
  }

  @discardableResult
  private func set(zone text: Substring, _ parts: inout Parts) -> Bool {
    if let sign = text.first, sign == "+" || sign == "-" {
      var digits = text.dropFirst().filter { $0 != ":" }
      // What is stuck to the zone is none of it: `+0100</td>`.
      if let end = digits.utf8.firstIndex(where: { !$0.isASCIILetterOrDigit }) {
        digits = String(digits[..<end])
      }
      guard (1...4).contains(digits.utf8.count), let number = Self.number(digits[...], 1...4) else {
        parts.oddities.append(.impossibleZone(String(text).printable(limit: 20)))
        return digits.utf8.allSatisfy(\.isASCIIDigit)
      }
      let hours = digits.utf8.count <= 2 ? number : number / 100
      let minutes = digits.utf8.count <= 2 ? 0 : number % 100
      if sign == "-", number == 0 { return true }
      guard hours <= 14, minutes < 60, minutes % 15 == 0, hours < 14 || minutes == 0 else {
        parts.oddities.append(.impossibleZone(String(text)))
        return true
      }
      parts.zone = (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
      return true
    }
    guard let offset = Zones.offsets(of: text)?.first else { return false }
    parts.zone = offset
    return true
  }

  private var peek: MailDateWord? {
    guard let word = words[safe: next], !word.isComment else { return nil }
    return word
  }

  private mutating func take<Value>(_ read: (Substring) -> Value?) -> Value? {
    guard let word = peek, let value = read(word.text) else { return nil }
    next += 1
    return value
  }

  private mutating func fail(_ mark: Int) -> Bool {
    next = mark
    return false
  }

  private static func weekday(_ text: Substring) -> Int? {
    let name = text.lowercasedASCII
    guard name.utf8.count >= 3, name.utf8.count <= 9 else { return nil }
    guard let index = days.firstIndex(where: { name.hasPrefix($0) }) else { return nil }
    return name.utf8.count == 3 || name.hasSuffix("day") || name.utf8.count == 4 ? index : nil
  }

  private static func month(_ text: Substring) -> Int? {
    let name = text.lowercasedASCII
    guard name.utf8.count >= 3, name.utf8.count <= 9, name.utf8.allSatisfy(\.isASCIILetter) else {
      return nil
    }
    return months.firstIndex { name.hasPrefix($0) }.map { $0 + 1 }
  }

  /// RFC 5322 §4.3: two digits to 49 are of this century, other two and three digits count from 1900.
  private static func year(_ text: Substring) -> Int? {
    guard let number = number(text, 2...4) else { return nil }
    switch text.utf8.count {
    case 2: return number < 50 ? 2000 + number : 1900 + number
    case 3: return 1900 + number
    default: return number
    }
  }

  private static func number(_ text: Substring, _ digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
    return Int(text)
  }
}
