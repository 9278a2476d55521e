internal import Bytes

/// One DMARC record (RFC 7489 §6.3, with `np` of RFC 9091 and the `psd` and `t` of its successor).
///
/// An unknown tag is left out; a value that is wrong counts as its default (§6.3). Both are told apart by `faults`.
public struct DMARCRecord: Hashable, Sendable {
  public enum Alignment: Hashable, Sendable {
    /// The organisation is the same.
    case relaxed
    /// The domain is the same.
    case strict
  }

  /// `psd=`: whether the domain itself is a public suffix; nil where it does not say.
  public enum SuffixClaim: Hashable, Sendable {
    case suffix, organization
  }

  /// `p`; nil where it is missing or wrong.
  public private(set) var policy: DMARCPolicy?
  /// `sp`
  public private(set) var subdomainPolicy: DMARCPolicy?
  /// `np`
  public private(set) var missingNamePolicy: DMARCPolicy?
  public private(set) var dkimAlignment = Alignment.relaxed
  public private(set) var spfAlignment = Alignment.relaxed
  /// `pct`, 0 to 100.
  public private(set) var percent = 100
  /// `rua` and `ruf`: what is well-formed of them.
  public private(set) var aggregateReports: [String] = []
  public private(set) var failureReports: [String] = []
  public private(set) var suffixClaim: SuffixClaim?
  /// `t=y`: one step less than the policy says.
  public private(set) var isTesting = false
  /// What in it is not as the grammar has it, in words for the operator.
  public private(set) var faults: [String] = []
  /// Whether it has no `p` that can be read, or an `sp` or `np` that cannot.
  private var lacksPolicy = false

  /// Why a text is no DMARC record.
  public enum Fault: Error, Hashable, Sendable {
    /// It is about something else (§6.6.3: discarded).
    case otherVersion
    /// Its list of tags cannot be read (RFC 6376 §3.2): a permanent error (§11.2).
    case unreadable(String)
  }

  /// Bound: octets of a record, tags in it, addresses in a tag.
  private static let mostOctets = 16_384
  private static let mostTags = 100
  private static let mostReports = 20

  public init(_ text: [UInt8]) throws(Fault) {
    guard text.count <= Self.mostOctets else { throw .unreadable("more than \(Self.mostOctets) octets") }
    let tags = text.split(
      separator: UInt8(ascii: ";"), maxSplits: Self.mostTags, omittingEmptySubsequences: false)
    guard let first = tags.first, Self.isVersion(first) else { throw .otherVersion }
    guard tags.count <= Self.mostTags else { throw .unreadable("more than \(Self.mostTags) tags") }
    if tags.count < 2 { faults.append("no ; behind the version") }
    var seen: Set<String> = ["v"]
    for (index, tag) in tags.enumerated().dropFirst() {
      guard let (name, value) = try Self.pair(tag) else {
        if index < tags.count - 1 { faults.append("an empty tag") }
        continue
      }
      // RFC 6376 §3.2
      guard seen.insert(name).inserted else { throw .unreadable("\(name.printable()) stands twice") }
      take(name, value, isSecond: index == 1)
    }
    if policy == nil {
      lacksPolicy = true
      faults.append("no p=")
    }
  }

  /// Whether a record is of this version: `v=DMARC1`, in this case, first.
  static func isVersion(_ tag: ArraySlice<UInt8>) -> Bool {
    guard let equals = tag.firstIndex(of: UInt8(ascii: "=")) else { return false }
    let name = trimmed(tag[..<equals])
    return name.count == 1 && name.first?.lowercasedASCII == UInt8(ascii: "v")
      && trimmed(tag[(equals + 1)...]).elementsEqual("DMARC1".utf8)
  }

  /// The policy that counts, as §6.6.3 has it for records without a proper one: `none` where somebody wants reports.
  ///
  /// - Returns: nil where there is nothing to apply.
  public var effectivePolicy: DMARCPolicy? {
    if !lacksPolicy { return policy }
    return aggregateReports.isEmpty ? nil : DMARCPolicy.none
  }

  /// What it asks for where mail of its own domain fails, or of a name below it, which may not be there at all.
  public func policy(below: Bool, isMissing: Bool) -> DMARCPolicy? {
    guard let policy = effectivePolicy, below, !lacksPolicy else { return effectivePolicy }
    if isMissing, let missingNamePolicy { return missingNamePolicy }
    return subdomainPolicy ?? policy
  }
}

extension DMARCRecord {
  /// `name = value`; nil for an empty tag.
  private static func pair(_ tag: ArraySlice<UInt8>) throws(Fault) -> (String, ArraySlice<UInt8>)? {
    let tag = trimmed(tag)
    if tag.isEmpty { return nil }
    guard let equals = tag.firstIndex(of: UInt8(ascii: "=")) else {
      throw .unreadable("“\(text(tag))” is no tag=value")
    }
    let name = trimmed(tag[..<equals])
    let value = trimmed(tag[(equals + 1)...])
    guard let first = name.first, first.isASCIILetter,
      name.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") })
    else { throw .unreadable("“\(text(tag))” is no tag=value") }
    guard value.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0.isWhiteSpace }) else {
      throw .unreadable("\(text(name)) has octets that are not printable")
    }
    return (text(name).lowercasedASCII, value)
  }

  private static func text(_ octets: ArraySlice<UInt8>) -> String {
    String(decoding: octets.prefix(80), as: UTF8.self).printable(limit: 80)
  }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text
    while let first = text.first, first.isFolding { text.removeFirst() }
    while let last = text.last, last.isFolding { text.removeLast() }
    return text
  }

  private mutating func take(_ name: String, _ value: ArraySlice<UInt8>, isSecond: Bool) {
    let word = Self.text(value).lowercasedASCII
    var isRight = true
    switch name {
    case "p":
      policy = DMARCPolicy(rawValue: word)
      isRight = policy != nil
      if isRight, !isSecond { faults.append("p= does not follow the version") }
    case "sp":
      subdomainPolicy = DMARCPolicy(rawValue: word)
      isRight = subdomainPolicy != nil
      if !isRight { lacksPolicy = true }
    case "np":
      missingNamePolicy = DMARCPolicy(rawValue: word)
      isRight = missingNamePolicy != nil
      if !isRight { lacksPolicy = true }
    case "adkim": isRight = Self.read(word, into: &dkimAlignment)
    case "aspf": isRight = Self.read(word, into: &spfAlignment)
    case "pct":
      let number = Self.number(value, most: 100)
      percent = number.map(Int.init) ?? 100
      isRight = number != nil && value.count <= 3
    case "ri": isRight = Self.number(value, most: UInt64(UInt32.max)) != nil
    case "fo":
      isRight = word.split(separator: ":", omittingEmptySubsequences: false).allSatisfy(Self.isFailureOption)
    case "rf":
      isRight = word.split(separator: ":", omittingEmptySubsequences: false).allSatisfy(Self.isReportFormat)
    case "rua": isRight = Self.read(value, into: &aggregateReports)
    case "ruf": isRight = Self.read(value, into: &failureReports)
    case "psd": suffixClaim = word == "y" ? .suffix : word == "n" ? .organization : nil
    case "t": isTesting = word == "y"
    default: break
    }
    if !isRight { faults.append("\(name)=\(Self.text(value))") }
  }

  private static func read(_ word: String, into alignment: inout Alignment) -> Bool {
    switch word {
    case "r": alignment = .relaxed
    case "s": alignment = .strict
    default: return false
    }
    return true
  }

  private static func isFailureOption(_ word: Substring) -> Bool {
    ["0", "1", "d", "s"].contains(word.trimmingSpaces)
  }

  /// §6.3: one other than these may be left out, or the whole record.
  private static func isReportFormat(_ word: Substring) -> Bool { word.trimmingSpaces == "afrf" }

  private static func number(_ digits: ArraySlice<UInt8>, most: UInt64) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit.isASCIIDigit else { return nil }
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !overflows, !overflowsToo else { return nil }
      value = sum
    }
    return value <= most ? value : nil
  }

  /// - Returns: whether all of them are well-formed, and there is one.
  private static func read(_ list: ArraySlice<UInt8>, into reports: inout [String]) -> Bool {
    var areRight = true
    for part in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let written = trimmed(part)
      if isReport(written), reports.count < mostReports {
        reports.append(String(decoding: written, as: UTF8.self))
      } else {
        areRight = false
      }
    }
    return areRight
  }

  /// `dmarc-uri`: a URI (RFC 3986 §3) with a size behind a `!` perhaps.
  private static func isReport(_ text: ArraySlice<UInt8>) -> Bool {
    var uri = text
    if let mark = text.firstIndex(of: UInt8(ascii: "!")) {
      uri = text[..<mark]
      var size = text[(mark + 1)...]
      if let unit = size.last, "kmgt".utf8.contains(unit.lowercasedASCII) { size.removeLast() }
      guard number(size, most: .max) != nil else { return false }
    }
    guard let colon = uri.firstIndex(of: UInt8(ascii: ":")), let first = uri.first, first.isASCIILetter,
      uri[..<colon].allSatisfy({ $0.isASCIILetterOrDigit || "+-.".utf8.contains($0) }),
      colon + 1 < uri.endIndex
    else { return false }
    return uri[(colon + 1)...].allSatisfy {
      $0.isASCIILetterOrDigit || "-._~:/?#[]@$&'()*+;=%".utf8.contains($0)
    }
  }
}

extension UInt8 {
  /// White space of a tag list, folds in a long record included.
  fileprivate var isFolding: Bool { isWhiteSpace || self == .carriageReturn || self == .lineFeed }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
