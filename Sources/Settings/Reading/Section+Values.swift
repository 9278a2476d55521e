internal import NetAddress

/// An enum of words as they stand in the file.
protocol WordEnum: RawRepresentable<String>, CaseIterable, Sendable {}

extension WordEnum {
  static var words: [String] { allCases.map(\.rawValue) }
}

extension Section {
  func text(_ key: String) -> String? {
    value(key) { (value, _) throws(ValueError) in
      guard case .string(let text) = value else { throw .form }
      guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw .reason("no control characters in it, please: \(quoted(text))")
      }
      return text
    }
  }

  /// A text of which the reference names a default.
  func defaultedText(_ key: String) -> String { text(key) ?? reference(key).defaultText }

  func flag(_ key: String) -> Bool {
    defaulted(key) { (value, _) throws(ValueError) in
      guard case .boolean(let flag) = value else { throw .form }
      return flag
    }
  }

  /// Nil where it is not given.
  func optionalFlag(_ key: String) -> Bool? {
    value(key) { (value, _) throws(ValueError) in
      guard case .boolean(let flag) = value else { throw .form }
      return flag
    }
  }

  func word<W: WordEnum>(_ key: String, of _: W.Type = W.self) -> W? {
    value(key) { (value, _) throws(ValueError) in
      guard case .string(let text) = value else { throw .form }
      if let word = W(rawValue: text) { return word }
      guard let near = Suggestion.nearest(to: text, in: W.words) else { throw .form }
      throw .reason("\(quoted(text)) is unknown; did you mean \"\(near)\"?")
    }
  }

  /// A word of which the reference names a default.
  func defaultedWord<W: WordEnum>(_ key: String, of type: W.Type = W.self) -> W {
    if let word = word(key, of: type) { return word }
    guard let word = W(rawValue: reference(key).defaultText) else {
      preconditionFailure("\(pattern).\(key) has a default that is none of its words")
    }
    return word
  }

  func duration(_ key: String) -> Duration {
    defaulted(key, Convert.duration)
  }

  func durations(_ key: String) -> [Duration] { value(key, Convert.durations) ?? [] }

  /// A number of bytes that is always bounded.
  func size(_ key: String) -> Int { defaulted(key, Convert.size) }

  func sizeBound(_ key: String) -> Bound? { value(key, Convert.sizeBound) }

  func count(_ key: String) -> Int { defaulted(key, Convert.count) }

  func optionalCount(_ key: String) -> Int? { value(key, Convert.count) }

  func countBound(_ key: String) -> Bound? { value(key, Convert.countBound) }

  func rate(_ key: String) -> RateBound? { value(key, Convert.rate) }

  func score(_ key: String) -> Double? { value(key, Convert.score) }

  /// Nil: not given, or `"unlimited"`.
  func threshold(_ key: String) -> Double? { value(key, Convert.threshold).flatMap { $0 } }

  func texts(_ key: String) -> [String] { value(key, Convert.texts) ?? [] }

  func networks(_ key: String) -> [IPPrefix] { value(key, Convert.networks) ?? [] }

  func network(_ key: String) -> IPPrefix? { value(key, Convert.network) }

  func endpoint(_ key: String) -> Endpoint? { value(key, Convert.endpoint) }

  /// A host name in small letters.
  func hostname(_ key: String) -> String? { value(key, Convert.hostname) }

  /// Domains as a set; each that is none is reported where it stands.
  func domains(_ key: String) -> DomainSet {
    var domains = DomainSet()
    for (index, text) in texts(key).enumerated() {
      do throws(DomainFault) {
        try domains.insert(text)
      } catch {
        reading.report(
          SettingPath.element(path(of: key), index), "\(reference(key).name): \(quoted(text)) \(error.reason)"
        )
      }
    }
    return domains
  }
}
