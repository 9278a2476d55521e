internal import Bytes
internal import Cryptography
internal import DNS
internal import Filtering
internal import NetAddress
public import Settings

extension DNSZones {
  /// Reads `zones.toml` and reports everything that is wrong with it.
  ///
  /// - Parameters:
  ///   - file: as the operator knows it.
  ///   - secret: the content of a file that a `key_file` names; nil where it cannot be read.
  /// - Returns: the lists that could be read; no problem's text holds a key.
  public static func read(
    text: String, file: String, secret: (String) -> String? = { _ in nil }
  ) -> (zones: DNSZones, problems: [SettingsProblem]) {
    let reading = TableFile.read(text: text, file: file, table: "zone")
    var problems = reading.problems
    var zones: [DNSZone] = []
    for table in reading.tables {
      var reader = ZoneReader(keys: table)
      let zone = reader.read(secret)
      if let zone, zones.contains(where: { $0.label == zone.label }) {
        reader.keys.report("name", "there is a list \(zone.label) already: give this one a label of its own")
      }
      problems += reader.keys.problems
      if let zone { zones.append(zone) }
    }
    return (DNSZones(zones), problems)
  }
}

/// Reads one `[[zone]]`.
private struct ZoneReader {
  var keys: CheckKeys

  mutating func read(_ secret: (String) -> String?) -> DNSZone? {
    let identity = name(secret)
    let asks = self.asks()
    let kind = DNSZone.Kind(rawValue: keys.word("kind", of: ["block", "allow"], default: "block")) ?? .block
    let mode =
      CheckMode(rawValue: keys.word("mode", of: CheckMode.allCases.map(\.rawValue), default: "enforce"))
      ?? .enforce
    let weight = weight(keys.value("weight"), kind) { $0.report("weight", $1) }
    let answers = ZoneAnswers(rows: rows(kind), errors: errors())
    let givesReasons = keys.flag("txt", default: true)
    let isPrivate = keys.flag("private", default: false)
    let takesV4 = keys.flag("ipv4", default: true)
    let takesV6 = keys.flag("ipv6", default: false)
    let forms = ZoneNameForm.allCases.map(\.rawValue)
    let form = ZoneNameForm(rawValue: keys.word("names", of: forms, default: "registrable")) ?? .registrable
    let hashing = self.hashing()
    let removal = keys.string("removal", default: "").printable()
    let interval = keys.duration("probe", in: .seconds(1)...(.seconds(86_400)), default: .seconds(600))
    let points = Points(asks: asks, isV6Only: takesV6 && !takesV4, hashing: hashing)
    let listed = point("test_listed", points, points.listed)
    let unlisted = point("test_unlisted", points, points.unlisted)
    if !takesV4, !takesV6, asks.contains(where: \.isAddress) {
      keys.report("ipv4", "neither IPv4 nor IPv6: it would never be asked")
    }
    if kind == .allow, !asks.isSubset(of: [.client, .trace, .clientName]) {
      keys.report(
        "kind",
        "a list of good senders can be asked about client, trace and client_name: the rest can be forged")
    }
    guard let identity, !asks.isEmpty else { return nil }
    return DNSZone(
      name: identity.name, label: identity.label, asks: asks, kind: kind, mode: mode, weight: weight,
      answers: answers, heaviest: heaviest(weight, answers), givesReasons: givesReasons, isPrivate: isPrivate,
      takesV4: takesV4, takesV6: takesV6,
      nameForm: form, hashing: hashing, listedPoint: listed.flatMap { identity.name.prefixed($0) },
      unlistedPoint: unlisted.flatMap { identity.name.prefixed($0) }, removal: removal,
      probeInterval: interval, secrets: identity.secrets, state: ZoneState())
  }

  /// The heaviest weight that an answer can have from this table: its own, or the list's where it has none.
  private func heaviest(_ weight: Double?, _ answers: ZoneAnswers) -> PlacedWeight? {
    var all = answers.rows.compactMap { row in
      row.weight.map { PlacedWeight(weight: $0, place: keys.warning("answers", entry: row.name, "")) }
    }
    if let weight, answers.rows.isEmpty || all.count < answers.rows.count {
      all.append(PlacedWeight(weight: weight, place: keys.warning("weight", "")))
    }
    return all.max { $0.weight < $1.weight }
  }

  // MARK: Name and key

  private struct Identity {
    let name: DNSName
    let label: String
    let secrets: [String]
  }

  private mutating func name(_ secret: (String) -> String?) -> Identity? {
    let template = keys.string("name", default: "")
    let label = keys.string("label", default: "").printable(limit: 60)
    let key = self.key(secret)
    guard !template.isEmpty else {
      keys.report("name", "a list has a name: write name = \"bl.example.org\"")
      return nil
    }
    guard template.contains("{key}") else {
      if key != nil { keys.report("key", "there is no {key} in its name for it to stand in") }
      guard let name = DNSName(template) else {
        keys.report("name", "not a domain name")
        return nil
      }
      if label.isEmpty, let first = name.labels.first, Self.looksLikeKey(first) {
        keys.report(
          "name",
          "its first label looks like a key, which would be shown to everybody: write {key} in its place, the key in key or key_file, and a label"
        )
        return nil
      }
      // With a label of its own, the name may be meant to stay unknown.
      let hidden = label.isEmpty ? [] : [name.text] + name.labels.filter(Self.looksLikeKey).map(String.init)
      return Identity(name: name, label: label.isEmpty ? name.text : label, secrets: hidden)
    }
    guard let key else {
      if keys.unreadKeys.allSatisfy({ $0 != "key" }) {
        keys.report("name", "{key} stands for a key: write it in key or key_file")
      }
      return nil
    }
    guard let name = DNSName(template.replacing("{key}", with: key)) else {
      keys.report("name", "with its key in it, it is not a domain name")
      return nil
    }
    guard !label.isEmpty, !label.lowercasedASCII.contains(key.lowercasedASCII) else {
      keys.report("name", "a list with a key needs a label, which is shown in its place and holds no key")
      return nil
    }
    return Identity(name: name, label: label, secrets: [name.text, key])
  }

  /// The key; no message says more of it than where it stands.
  private mutating func key(_ secret: (String) -> String?) -> String? {
    let file = keys.string("key_file", default: "")
    if let value = keys.value("key") {
      guard file.isEmpty else {
        keys.report("key_file", "key stands there as well: write one of the two")
        return nil
      }
      guard case .string(let key) = value else {
        keys.report("key", "expected a text in quotes")
        return nil
      }
      return key
    }
    guard !file.isEmpty else { return nil }
    guard let text = secret(file) else {
      // Who wrote the key itself there reads no more of it here.
      keys.report("key_file", "the file that it names cannot be read")
      return nil
    }
    let key = String(text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace })
    if key.isEmpty { keys.report("key_file", "there is no key in the file that it names") }
    return key.isEmpty ? nil : key
  }

  /// A label of 16 characters and more with letters and four digits among them, and no hyphen.
  private static func looksLikeKey(_ label: Substring) -> Bool {
    label.utf8.count >= 16 && label.utf8.allSatisfy(\.isASCIILetterOrDigit)
      && label.utf8.count(where: \.isASCIIDigit) >= 4 && label.utf8.contains(where: \.isASCIILetter)
  }

  // MARK: What is asked, what is answered

  private mutating func asks() -> Set<ZoneSubject> {
    let words = ZoneSubject.allCases.map(\.rawValue)
    var asks: Set<ZoneSubject> = []
    for (index, word) in keys.strings("asks", default: []).enumerated() {
      if let subject = ZoneSubject(rawValue: word) {
        asks.insert(subject)
      } else {
        keys.report("asks", element: index, "expected one of \(words.joined(separator: ", "))")
      }
    }
    if asks.isEmpty, keys.problems.isEmpty || keys.value("asks") == nil {
      keys.report("asks", "what it is asked about: some of \(words.joined(separator: ", "))")
    }
    return asks
  }

  /// A weight of the sign that its kind of list has: a list of good ones never adds to a score, and a list of bad
  /// ones takes away only where a code says so in so many words.
  private mutating func weight(
    _ value: SettingValue?, _ kind: DNSZone.Kind, mayBeNegative: Bool = false,
    _ report: (inout CheckKeys, String) -> Void
  ) -> Double? {
    let weight: Double
    switch value {
    case nil: return nil
    case .integer(let number) where (-1000...1000).contains(number): weight = Double(number)
    case .number(let number) where abs(number) <= 1000: weight = number
    default:
      report(&keys, "expected a number from -1000 to 1000")
      return nil
    }
    if kind == .allow, weight > 0 {
      report(&keys, "a list of good senders takes away from the score: write a negative weight, or 0")
    }
    if kind == .block, weight < 0, !mayBeNegative {
      report(&keys, "a list of bad senders adds to the score; kind = \"allow\" is for the others")
    }
    return weight
  }

  private mutating func rows(_ kind: DNSZone.Kind) -> [ZoneAnswers.Row] {
    keys.entries("answers").compactMap { name, value in
      guard let pattern = pattern("answers", name) else { return nil }
      guard pattern.isLoopback else {
        keys.report(
          "answers", entry: name, "no list answers outside 127.0.0.0/8; that is an error, never a listing")
        return nil
      }
      guard let (means, table) = words("answers", name, value, besides: ["weight"]) else { return nil }
      let weight = weight(table["weight"], kind, mayBeNegative: true) {
        $0.report("answers", entry: name, $1)
      }
      return ZoneAnswers.Row(name: name, pattern: pattern, means: means, weight: weight)
    }
  }

  private mutating func errors() -> [ZoneAnswers.ErrorRow] {
    keys.entries("errors").compactMap { name, value in
      guard let pattern = pattern("errors", name),
        let (means, table) = words("errors", name, value, besides: ["question"])
      else { return nil }
      return ZoneAnswers.ErrorRow(
        pattern: pattern, means: means, isSickness: table["question"] != .boolean(true))
    }
  }

  private mutating func pattern(_ key: String, _ name: String) -> AnswerPattern? {
    if let pattern = AnswerPattern(name) { return pattern }
    keys.report(
      key, entry: name,
      "not an answer: write an address, ranges in its octets (127.0.0.4-7, 127.0.*.3), a network, or the bits of the last octet (&4)"
    )
    return nil
  }

  /// The meaning, which is the value or its `means`, and the table where it is one.
  private mutating func words(
    _ key: String, _ name: String, _ value: SettingValue, besides others: Set<String>
  ) -> (String, [String: SettingValue])? {
    switch value {
    case .string(let means): return (means.printable(), [:])
    case .table(let table):
      let known = others.union(["means"])
      for unknown in table.keys.sorted() where !known.contains(unknown) {
        keys.report(
          key, entry: name,
          "unknown key '\(unknown.printable())'; it has \(known.sorted().joined(separator: ", "))")
      }
      guard case .string(let means)? = table["means"] else {
        keys.report(key, entry: name, "means is missing: what this answer says, in a few words")
        return nil
      }
      return (means.printable(), table)
    default:
      keys.report(key, entry: name, "expected what it means, or { means = \"…\" }")
      return nil
    }
  }

  // MARK: Hashes and test points

  private mutating func hashing() -> AddressHashing {
    var hashing = AddressHashing()
    let name = keys.word("hash", of: AddressHashing.functions.keys.sorted(), default: "sha1")
    hashing.function = AddressHashing.functions[name] ?? .sha1
    if !hashing.function.isAvailable {
      keys.report("hash", "this system's libcrypto has no \(name)")
      hashing.function = .sha1
    }
    let forms = AddressHashing.Form.allCases.map(\.rawValue)
    hashing.form =
      AddressHashing.Form(rawValue: keys.word("hash_form", of: forms, default: "base16")) ?? .base16
    hashing.isCanonical = keys.flag("canonical", default: true)
    return hashing
  }

  /// The labels of a test point; nil where the list has none.
  private mutating func point(_ key: String, _ points: Points, _ standard: String?) -> String? {
    let written = keys.string(key, default: "")
    if written.isEmpty { return standard }
    if written == "none" { return nil }
    guard let labels = points.labels(written) else {
      keys.report(key, "expected an address, a name, a mailbox, or \"none\"")
      return nil
    }
    return labels
  }
}

/// The points by which a list is known to be well (RFC 5782 §5).
private struct Points {
  let asks: Set<ZoneSubject>
  let isV6Only: Bool
  let hashing: AddressHashing

  private var isAddresses: Bool { asks.contains(where: \.isAddress) }
  private var isHashes: Bool { asks == [.addressHash] }

  var listed: String? { isHashes ? nil : labels(isAddresses ? "127.0.0.2" : "test") }
  var unlisted: String? {
    isHashes ? labels("nobody@weir.invalid") : labels(isAddresses ? "127.0.0.1" : "invalid")
  }

  func labels(_ text: String) -> String? {
    if let address = IPAddress(text) {
      return address.isV4 && !isV6Only ? DNSName.reversedLabels(of: address) : DNSZone.nibbles(address)
    }
    if let at = text.lastIndex(of: "@") {
      return hashing.label(local: String(text[..<at]), domain: String(text[text.index(after: at)...]))
    }
    return DNSName(text)?.text
  }
}
