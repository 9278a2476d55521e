import Bytes

extension Pattern {
  /// Understands an expression of PCRE or POSIX.
  ///
  /// - Parameter isUTF8: whether the file that it stands in is.
  static func read(
    _ octets: [UInt8], dialect: PatternParser.Dialect, isCaseSensitive: Bool, isExtended: Bool = false,
    isUngreedy: Bool = false, isAnchored: Bool = false, isUTF8: Bool
  ) throws(PatternError) -> Pattern {
    var parser = PatternParser(octets, dialect: dialect, isExtended: isExtended, isUngreedy: isUngreedy)
    let node = try parser.read()
    var pattern = Pattern(
      node: node, isCaseSensitive: isCaseSensitive, source: octets, groups: parser.groups, isUTF8: isUTF8)
    // `(?i)^Subject:…` is the whole with another option.
    while case .sequence(let parts) = pattern.node, parts.count == 1, let only = parts.first {
      if case .caseless(let isOn, let inner) = only {
        pattern.isCaseSensitive = !isOn
        pattern.node = inner
      } else if case .group(let inner, number: nil) = only {
        pattern.node = inner
      } else {
        break
      }
    }
    if isAnchored {
      switch pattern.node {
      case .sequence(let parts): pattern.node = .sequence([.lineStart] + parts)
      case .choice: pattern.node = .sequence([.lineStart, .group(pattern.node, number: nil)])
      default: pattern.node = .sequence([.lineStart, pattern.node])
      }
    }
    return pattern
  }
}
