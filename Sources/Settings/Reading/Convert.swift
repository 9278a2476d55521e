internal import NetAddress

/// From a value as written to a value with a meaning, one function for each type of key.
enum Convert {
  static func duration(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Duration {
    guard case .string(let text) = value, let duration = Quantity.duration(text) else { throw .form }
    if case .duration(let range) = type, !range.contains(duration) { throw .form }
    return duration
  }

  static func durations(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> [Duration] {
    guard case .array = value else { throw .form }
    var durations: [Duration] = []
    for (index, text) in try texts(value, type).enumerated() {
      guard let duration = Quantity.duration(text) else {
        throw .reason("\(quoted(text)) is no duration, such as \"90s\", \"5m\", \"2h\"", element: index)
      }
      if case .durations(let range) = type, !range.contains(duration) {
        throw .reason(
          "\(quoted(text)) is not from \"\(Quantity.text(of: range.lowerBound))\" to"
            + " \"\(Quantity.text(of: range.upperBound))\"", element: index)
      }
      durations.append(duration)
    }
    return durations
  }

  static func size(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Int {
    guard let size = try bytes(value) else { throw .form }
    if case .size(let range) = type, !range.contains(size) { throw .form }
    return size
  }

  static func sizeBound(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Bound {
    if value == .string("unlimited") { return .unlimited }
    guard let size = try bytes(value) else { throw .form }
    // Bound: sums of sizes stay far from the end of the numbers.
    guard size <= maximumSize else {
      throw .reason("at most 1024TiB; no bound at all is \"unlimited\"; found \(value.found)")
    }
    return .atMost(size)
  }

  static func count(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Int {
    guard case .integer(let count) = value, count >= 0 else { throw .form }
    if case .count(let range) = type, !range.contains(count) { throw .form }
    return count
  }

  static func countBound(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Bound {
    if value == .string("unlimited") { return .unlimited }
    return .atMost(try bounded(count(value, type), value))
  }

  static func rate(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> RateBound {
    switch value {
    case .string("unlimited"): return .unlimited
    case .integer(0): return .atMost(Rate(count: 0, window: .seconds(60)))
    case .string(let text):
      guard let rate = Quantity.rate(text) else { throw .form }
      _ = try bounded(rate.count, value)
      return .atMost(rate)
    default: throw .form
    }
  }

  /// Nil stands for a threshold that is never reached.
  static func threshold(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Double? {
    value == .string("unlimited") ? nil : try score(value, type)
  }

  static func score(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Double {
    switch value {
    case .integer(let score) where abs(Double(score)) <= 100_000: return Double(score)
    case .number(let score) where score.isFinite && abs(score) <= 100_000: return score
    default: throw .form
    }
  }

  static func texts(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> [String] {
    guard case .array(let elements) = value else { throw .form }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      guard case .string(let text) = element else {
        throw .reason("expected a text in quotes here; found \(element.found)", element: index)
      }
      texts.append(text)
    }
    return texts
  }

  static func network(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> IPPrefix {
    guard case .string(let text) = value else { throw .form }
    return try prefix(text, element: nil)
  }

  static func networks(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> [IPPrefix] {
    guard case .array = value else { throw .form }
    var prefixes: [IPPrefix] = []
    for (index, text) in try texts(value, type).enumerated() {
      prefixes.append(try prefix(text, element: index))
    }
    return prefixes
  }

  static func endpoint(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> Endpoint {
    guard case .string(let text) = value else { throw .form }
    do throws(EndpointError) {
      return try Endpoint.parse(text)
    } catch {
      throw .reason("\(quoted(text)): \(error); for example \"192.0.2.1:25\" or \"[2001:db8::1]:25\"")
    }
  }

  static func hostname(_ value: SettingValue, _ type: KeyType) throws(ValueError) -> String {
    guard case .string(let text) = value else { throw .form }
    do throws(DomainFault) {
      return try DomainName.hostName(text)
    } catch {
      throw .reason("\(quoted(text)) \(error.reason)")
    }
  }

  // MARK: Parts

  /// 1 PiB.
  private static let maximumSize = 1 << 50
  private static let maximumCount = 1_000_000_000

  /// Bound: sums of counts stay far from the end of the numbers.
  private static func bounded(_ count: Int, _ value: SettingValue) throws(ValueError) -> Int {
    guard count <= maximumCount else {
      throw .reason("at most \(maximumCount); no bound at all is \"unlimited\"; found \(value.found)")
    }
    return count
  }

  /// Bytes from a whole number or a text with a unit; nil for anything else.
  private static func bytes(_ value: SettingValue) throws(ValueError) -> Int? {
    switch value {
    case .integer(let bytes): return bytes >= 0 ? bytes : nil
    case .string(let text):
      if let bytes = Quantity.size(text) { return bytes }
      if let meant = binaryUnit(text) { throw .reason("\(quoted(text)): write \"\(meant)\"") }
      return nil
    default: return nil
    }
  }

  /// What someone who wrote `50MB`, `50M` or `50mib` had in mind.
  private static func binaryUnit(_ text: String) -> String? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard !digits.isEmpty, let letter = unit.first?.uppercased(), "KMGT".contains(letter),
      ["", "B", "IB"].contains(unit.dropFirst().uppercased())
    else { return nil }
    return "\(digits)\(letter)iB"
  }

  private static func prefix(_ text: String, element: Int?) throws(ValueError) -> IPPrefix {
    do throws(IPPrefixError) {
      return try IPPrefix.parse(text)
    } catch {
      let example = if case .notAnAddress = error { "; for example \"192.0.2.0/24\"" } else { "" }
      throw .reason("\(quoted(text)): \(error)\(example)", element: element)
    }
  }
}
