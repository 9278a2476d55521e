internal import CPCRE2

/// The text of named groups.
extension Pattern {
  /// The first match, and what its named groups took.
  public enum Captures: Hashable, Sendable {
    /// - Parameters:
    ///   - range: of the match, in octets.
    ///   - groups: by name, of those that took part in it.
    case found(range: Range<Int>, groups: [String: Range<Int>])
    case notFound
    /// A bound was passed: nobody knows.
    case unfinished
  }

  /// The first match in `subject`, with the groups that are named; others are not looked at.
  public func captures(_ names: [String], in subject: Span<UInt8>) -> Captures {
    withCode { code, context in
      guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { return .unfinished }
      defer { pcre2_match_data_free_8(data) }
      let result = subject.withUnsafeBufferPointer { octets in
        pcre2_match_8(code, octets.baseAddress, octets.count, 0, 0, data, context)
      }
      guard result >= 0, let ends = pcre2_get_ovector_pointer_8(data) else {
        return result == PCRE2_ERROR_NOMATCH ? .notFound : .unfinished
      }
      let count = Int(pcre2_get_ovector_count_8(data))
      func range(_ group: Int) -> Range<Int>? {
        guard group < count, ends[2 * group] <= subject.count, ends[2 * group + 1] <= subject.count else {
          return nil
        }
        // `\K` in an assertion can set the start behind the end.
        let (start, end) = (ends[2 * group], ends[2 * group + 1])
        return min(start, end)..<max(start, end)
      }
      var groups: [String: Range<Int>] = [:]
      for name in names {
        // A name may stand for several groups, of which one takes part.
        for number in Self.numbers(of: name, in: code) {
          if let range = range(number) { groups[name] = groups[name] ?? range }
        }
      }
      return .found(range: range(0) ?? 0..<0, groups: groups)
    }
  }

  private static func numbers(of name: String, in code: OpaquePointer?) -> [Int] {
    var first: UnsafePointer<UInt8>?
    var last: UnsafePointer<UInt8>?
    let size = pcre2_substring_nametable_scan_8(code, Array(name.utf8) + [0], &first, &last)
    guard size > 0, var entry = first, let last else { return [] }
    var numbers: [Int] = []
    // An entry is two octets of a number, and the name.
    while entry <= last {
      numbers.append(Int(entry[0]) << 8 | Int(entry[1]))
      entry += Int(size)
    }
    return numbers
  }
}
