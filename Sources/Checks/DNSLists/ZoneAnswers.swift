internal import Bytes
internal import DNS
internal import NetAddress

/// Which answers a row of `zones.toml` is about.
enum AnswerPattern: Hashable, Sendable {
  /// Four octets, each in its range: `127.0.0.2`, `127.0.0.4-7`, `127.0.*.3`, `127.0.0.0/8`.
  case octets([ClosedRange<UInt8>])
  /// Any of these bits in the last octet of `127.0.0.x`: `&4`.
  case bits(UInt8)

  /// Reads one of the forms; nil for anything else.
  init?(_ text: String) {
    if text.hasPrefix("&") {
      guard let bits = UInt8(text.dropFirst()), bits > 0 else { return nil }
      self = .bits(bits)
      return
    }
    if text.contains("/") {
      guard let prefix = IPPrefix(text), prefix.isV4, let first = prefix.address.v4,
        let last = prefix.lastAddress.v4
      else { return nil }
      self = .octets(
        (0..<4).map { index in
          let shift = UInt32(24 - 8 * index)
          return UInt8(truncatingIfNeeded: first >> shift)...UInt8(truncatingIfNeeded: last >> shift)
        })
      return
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var ranges: [ClosedRange<UInt8>] = []
    for part in parts {
      if part == "*" {
        ranges.append(0...255)
        continue
      }
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard ends.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isASCIIDigit) }),
        let low = UInt8(ends[0]), let high = UInt8(ends[ends.count - 1]), low <= high
      else { return nil }
      ranges.append(low...high)
    }
    self = .octets(ranges)
  }

  func matches(_ answer: UInt32) -> Bool {
    switch self {
    case .bits(let bits): answer >> 8 == 0x7f_0000 && UInt8(truncatingIfNeeded: answer) & bits != 0
    case .octets(let ranges):
      (0..<4).allSatisfy { ranges[$0].contains(UInt8(truncatingIfNeeded: answer >> UInt32(24 - 8 * $0))) }
    }
  }

  /// How many answers it is about; the narrower of two rows is the one that counts.
  var breadth: Int {
    switch self {
    case .bits: 0
    case .octets(let ranges): ranges.reduce(1) { $0 * ($1.count) }
    }
  }

  /// Whether all it is about lies in 127.0.0.0/8, where answers lie.
  var isLoopback: Bool {
    if case .octets(let ranges) = self { return ranges[0] == 127...127 }
    return true
  }
}

/// What a list's answers mean.
struct ZoneAnswers: Sendable {
  struct Row: Hashable, Sendable {
    /// As it stands in the file.
    let name: String
    let pattern: AnswerPattern
    let means: String
    let weight: Double?
  }

  struct ErrorRow: Hashable, Sendable {
    let pattern: AnswerPattern
    let means: String
    /// Whether the list as a whole refuses us, rather than this one question.
    let isSickness: Bool
  }

  /// Empty: every answer in 127.0.0.0/8 that is no error is a listing.
  var rows: [Row] = []
  var errors: [ErrorRow] = []

  /// What one answer says.
  enum Judgement: Hashable, Sendable {
    case unlisted
    /// The codes, what they mean, and what the heaviest of them weighs.
    case listed(codes: String, means: String, weight: Double)
    /// A code in 127.0.0.0/8 of which nobody said what it means: no listing, and no error either.
    case unclear(String)
    case error(String, isSickness: Bool)
    case failed(DNSFailure)
  }

  /// Judges the answer to an A question. One error among the records makes the whole of it an error.
  ///
  /// - Parameter standard: what a code weighs that has no weight of its own.
  func judge(_ answer: DNSAnswer, standard: Double) -> Judgement {
    switch answer {
    case .noName, .noData: return .unlisted
    case .failed(let failure): return .failed(failure)
    case .records(let records):
      var codes: [UInt32] = []
      for record in records {
        guard case .address(let address) = record, let code = address.v4 else { continue }
        codes.append(code)
      }
      guard !codes.isEmpty else { return .error("no address in the answer", isSickness: false) }
      return judge(codes.sorted(), standard)
    }
  }

  private func judge(_ codes: [UInt32], _ standard: Double) -> Judgement {
    var meanings: [String] = []
    var heaviest: Double?
    var shown: [String] = []
    for code in codes {
      let text = IPAddress(v4: code).description
      if let error = error(code) {
        return .error("\(text) (\(error.means))", isSickness: error.isSickness)
      }
      let rows = rows(code)
      guard self.rows.isEmpty || !rows.isEmpty else { continue }
      if shown.count < 4 { shown.append(text) }
      for row in rows where !row.means.isEmpty && !meanings.contains(row.means) { meanings.append(row.means) }
      for weight in rows.isEmpty ? [standard] : rows.map({ $0.weight ?? standard })
      where heaviest.map({ abs($0) < abs(weight) }) ?? true {
        heaviest = weight
      }
    }
    guard let heaviest else { return .unclear(IPAddress(v4: codes[0]).description) }
    return .listed(
      codes: shown.joined(separator: ","), means: meanings.prefix(4).joined(separator: ", "), weight: heaviest
    )
  }

  /// The rows about a code: the narrowest of the ranges, and every mask of which a bit is set.
  private func rows(_ code: UInt32) -> [Row] {
    let matching = rows.filter { $0.pattern.matches(code) }
    let narrowest = matching.map(\.pattern.breadth).filter { $0 > 0 }.min()
    return matching.filter { $0.pattern.breadth == 0 || $0.pattern.breadth == narrowest }
  }

  /// What makes a code an error; nil where it is none.
  ///
  /// Whatever zones.toml says, nothing outside 127.0.0.0/8 is a listing (RFC 5782 §2.1): an operator who went
  /// away, a parked domain, a resolver that invents answers. 127.255.255.0/24 is where lists say that they refuse,
  /// and 127.0.0.1 is what nobody may list with, unless a row says otherwise.
  private func error(_ code: UInt32) -> (means: String, isSickness: Bool)? {
    if let row = errors.filter({ $0.pattern.matches(code) }).min(by: {
      $0.pattern.breadth < $1.pattern.breadth
    }) {
      return (row.means, row.isSickness)
    }
    if code >> 24 != 127 { return ("outside 127.0.0.0/8: not an answer of a list", true) }
    let isNamed = rows.contains { $0.pattern.breadth == 1 && $0.pattern.matches(code) }
    if code >> 8 == 0x7f_ffff, !isNamed { return ("the list refuses the question", true) }
    if code == 0x7f00_0001, !isNamed { return ("the list refuses the question", true) }
    return nil
  }
}
