internal import Bytes
internal import NetAddress

/// Everything that `UserRates` keeps under its lock.
struct UserTable {
  private struct Entry {
    var messages = SlidingWindow()
    var recipients = SlidingWindow()
    var habit = Habit()
  }

  private var limits: UserRates.Limits
  private var messages: ClientTerms.Rate
  private var recipients: ClientTerms.Rate
  private var entries: SampledTable<String, Entry>

  init(_ limits: UserRates.Limits) {
    self.limits = limits
    messages = ClientTerms.Rate(limits.messages)
    recipients = ClientTerms.Rate(limits.recipients)
    entries = SampledTable(bound: limits.tracked)
  }

  var count: Int { entries.count }

  mutating func adopt(_ limits: UserRates.Limits) {
    self.limits = limits
    messages = ClientTerms.Rate(limits.messages)
    recipients = ClientTerms.Rate(limits.recipients)
    entries.bound = limits.tracked
  }

  mutating func message(_ user: String, at now: Int64, under overrides: UserRates.Overrides?) -> Bool {
    let messages = overrides?.messages.map { ClientTerms.Rate($0) } ?? self.messages
    guard messages.isLimited else { return true }
    return entries.update(user, used: now, makingIt: { Entry() }) { entry in
      guard entry.messages.count(at: now, width: messages.width) < messages.count else { return false }
      entry.messages.add(at: now, width: messages.width)
      return true
    }
  }

  mutating func recipient(
    _ user: String, _ client: IPAddress, at now: Int64, hour: Int64, under overrides: UserRates.Overrides?
  ) -> (isTaken: Bool, alarm: String?) {
    let recipients = overrides?.recipients.map { ClientTerms.Rate($0) } ?? self.recipients
    return entries.update(user, used: now, makingIt: { Entry() }) { entry in
      if recipients.isLimited {
        guard entry.recipients.count(at: now, width: recipients.width) < recipients.count else {
          return (false, nil)
        }
        entry.recipients.add(at: now, width: recipients.width)
      }
      let isAlarm = entry.habit.count(
        from: client, hour: hour, factor: limits.alarmFactor, least: limits.alarmLeast)
      return (true, isAlarm ? Self.words(entry.habit) : nil)
    }
  }

  private static func words(_ habit: Habit) -> String {
    let usual = habit.hours == 0 ? "none yet" : "\(Score.text(habit.average)) an hour"
    let clients = habit.clients.map(\.description).joined(separator: ", ")
    return
      "sent to \(habit.current) recipients within this hour; usual: \(usual)"
      + "; from \(clients)\(habit.hasMoreClients ? " and others" : "")"
  }

  func habits() -> [String] {
    entries.all.filter { $0.value.habit.hours > 0 || $0.value.habit.current > 0 }
      .map { "\(Self.encoded($0.key)) \($0.value.habit.line)" }
  }

  mutating func adopt(habits lines: [Substring]) -> Int {
    var count = 0
    for line in lines where entries.count < limits.tracked {
      let words = line.split(separator: " ")
      guard words.count == 4, let name = Self.decoded(words[0]), let habit = Habit(words[1...]),
        entries.find(name) == nil
      else { continue }
      entries.update(name, used: .min, makingIt: { Entry() }) { $0.habit = habit }
      count += 1
    }
    return count
  }

  /// A name as one word: what is no printable ASCII, and `%`, as `%XX`.
  static func encoded(_ name: String) -> String {
    var result = ""
    for byte in name.utf8 {
      if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let hex = String(byte, radix: 16)
        result += "%" + (hex.utf8.count < 2 ? "0" : "") + hex
      }
    }
    return result
  }

  static func decoded(_ word: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = word.utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }
}

/// How many recipients a user writes to in an hour in which he writes at all.
struct Habit {
  /// The weight of the newest active hour; some ten of them make the habit.
  private static let weight = 0.1
  private static let mostClients = 5

  /// The average of past active hours, of which there are `hours`.
  private(set) var average = 0.0
  private(set) var hours = 0
  /// The hour that runs, since 1970, and its recipients.
  private(set) var hour: Int64 = .min
  private(set) var current = 0
  private(set) var clients: [IPAddress] = []
  private(set) var hasMoreClients = false
  private var wasAlarmed = false
  /// What an hour that was an alarm teaches at most: an abused account must not make a habit of it.
  private var ceiling = Int.max

  init() {}

  /// Counts one recipient; whether it is the one at which this hour becomes an alarm.
  mutating func count(from client: IPAddress, hour: Int64, factor: Int, least: Int?) -> Bool {
    if hour > self.hour { begin(hour) }
    if current < .max { current += 1 }
    if !clients.contains(client) {
      if clients.count < Self.mostClients { clients.append(client) } else { hasMoreClients = true }
    }
    guard let least, !wasAlarmed, Double(current) >= max(Double(least), average * Double(factor)) else {
      return false
    }
    wasAlarmed = true
    ceiling = hours == 0 ? least : Int(min(max(1, 2 * average), 1e12))
    return true
  }

  /// The hour that ran becomes part of the habit.
  private mutating func begin(_ hour: Int64) {
    if current > 0 {
      let taught = Double(min(current, ceiling))
      average = hours == 0 ? taught : average + (taught - average) * Self.weight
      if hours < 1_000_000 { hours += 1 }
    }
    self.hour = hour
    current = 0
    clients = []
    hasMoreClients = false
    wasAlarmed = false
    ceiling = .max
  }

  /// `average hours hour`, the hour that runs taken in.
  var line: String {
    var copy = self
    copy.begin(hour)
    return "\(Score.text(copy.average)) \(copy.hours) \(hour == .min ? 0 : hour)"
  }

  /// Reads three words of such a line.
  init?(_ words: ArraySlice<Substring>) {
    let words = Array(words)
    guard words.count == 3, let average = Double(words[0]), average.isFinite, (0...1e12).contains(average),
      let hours = Int(words[1]), (1...1_000_000).contains(hours), let hour = Int64(words[2]), hour >= 0
    else { return nil }
    self.average = average
    self.hours = hours
    self.hour = hour
  }
}
