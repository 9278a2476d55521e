/// The settings of one check (`[checks.NAME]`): what all checks have, and the check's own keys.
public struct CheckSettings: Sendable, Hashable {
  /// What a check's findings do.
  public enum Mode: String, WordEnum {
    /// It does not run.
    case off
    /// It runs, is counted and logged, without effect.
    case shadow
    case enforce
  }

  public let name: String
  /// Nil: the check's own default.
  public let mode: Mode?
  /// Where its findings take effect; nil: the check's own default, or that of `[actions]`.
  public let enforceAt: StageName?
  /// Scores by reason code, in place of the check's own.
  public let weights: [String: Double]
  /// Where to point when something is wrong with the check: `checks.own_domain`.
  public let path: String
  /// The check's own keys, for the check to read.
  public let keys: CheckKeys
}

extension CheckSettings {
  init(_ name: String, _ section: Section) {
    self.name = name
    mode = section.word("mode")
    enforceAt = section.word("enforce_at")
    path = section.path
    var weights: [String: Double] = [:]
    let table = section.section("weights")
    for code in table.values.keys.sorted() {
      ReasonCode.check(code, in: table)
      weights[code] = table.score(code)
    }
    self.weights = weights
    _ = section.reference("*")
    let own = section.values.filter { !["mode", "enforce_at", "weights"].contains($0.key) }
    keys = CheckKeys(path: section.path, values: own, document: section.reading.document)
  }
}

/// The shape of a reason code: upper-case words with underscores.
enum ReasonCode {
  static func check(_ code: String, in table: Section) {
    guard !isWellFormed(code) else { return }
    table.report(
      code, at: .key,
      "\(table.path): \(quoted(code)) is no reason code: one is upper-case words with underscores, such as"
        + " RELAY_DENIED")
  }

  static func isWellFormed(_ code: String) -> Bool {
    guard let first = code.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
      return false
    }
    return code.utf8.count <= 64
      && code.utf8.allSatisfy {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
      }
  }
}
