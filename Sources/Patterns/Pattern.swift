internal import CPCRE2

/// A regular expression of Perl's kind (PCRE2), compiled once and matched from any thread.
///
/// It sees octets, not characters. A match has a bound: an expression that runs wild on some text ends as
/// `unfinished`, it never holds up its thread.
public final class Pattern: Sendable {
  public struct Options: OptionSet, Hashable, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A–Z and a–z are the same.
    public static let caseless = Options(rawValue: 1)
    /// `^` and `$` stand at each line.
    public static let multiline = Options(rawValue: 2)
    /// `.` is a line feed too.
    public static let dotAll = Options(rawValue: 4)
    /// It sees the characters of UTF-8 instead of octets; what is no UTF-8 matches nothing.
    public static let characters = Options(rawValue: 8)
  }

  /// How much work one match may be.
  public struct Bounds: Hashable, Sendable {
    /// Calls of PCRE2's inner match function (`pcre2_set_match_limit`); just-in-time code counts fewer.
    public var steps: UInt32
    /// KiB of memory (`pcre2_set_heap_limit`).
    public var heap: UInt32
    /// Nested backtracking points (`pcre2_set_depth_limit`).
    public var depth: UInt32

    public init(steps: UInt32 = 100_000, heap: UInt32 = 1024, depth: UInt32 = 10_000) {
      self.steps = steps
      self.heap = heap
      self.depth = depth
    }
  }

  public enum Outcome: Hashable, Sendable {
    /// Where the first match stands.
    case found(Range<Int>)
    case notFound
    /// A bound was passed: nobody knows.
    case unfinished

    public var isFound: Bool { if case .found = self { true } else { false } }
  }

  /// Bound: octets of an expression. The scan library takes no longer ones.
  public static let longest = 16_000

  /// As it was written.
  public let text: String
  // A pcre2_code is not written to once it is compiled (pcre2api(3), MULTITHREADING), nor is a match context
  // that is set up; as numbers they can be shared.
  private let code: UInt
  private let context: UInt

  public init(
    _ text: String, _ options: Options = [], within bounds: Bounds = Bounds()
  ) throws(PatternError) {
    let compiled = try Self.compile(text, options)
    // Where there is no just-in-time compiler the expression is interpreted, as slowly as rightly.
    _ = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
    guard let made = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(compiled)
      throw PatternError(offset: 0, message: "no memory for it")
    }
    pcre2_set_match_limit_8(made, bounds.steps)
    pcre2_set_heap_limit_8(made, bounds.heap)
    pcre2_set_depth_limit_8(made, bounds.depth)
    self.text = text
    code = UInt(bitPattern: compiled)
    context = UInt(bitPattern: made)
  }

  /// Throws where the text is no expression; costs a tenth of making one.
  public static func validate(_ text: String, _ options: Options = []) throws(PatternError) {
    pcre2_code_free_8(try compile(text, options))
  }

  private static func compile(_ text: String, _ options: Options) throws(PatternError) -> OpaquePointer {
    let octets = Array(text.utf8)
    guard octets.count <= longest else {
      throw PatternError(offset: longest, message: "is longer than \(longest) octets")
    }
    var fault: Int32 = 0
    var place = 0
    guard let compiled = pcre2_compile_8(octets, octets.count, flags(options), &fault, &place, nil) else {
      throw PatternError(offset: min(place, octets.count), message: words(fault))
    }
    return compiled
  }

  deinit {
    pcre2_match_context_free_8(OpaquePointer(bitPattern: context))
    pcre2_code_free_8(OpaquePointer(bitPattern: code))
  }

  /// The first match in `subject`.
  public func firstMatch(in subject: Span<UInt8>) -> Outcome {
    guard let data = pcre2_match_data_create_8(1, nil) else { return .unfinished }
    defer { pcre2_match_data_free_8(data) }
    let result = subject.withUnsafeBufferPointer { octets in
      pcre2_match_8(
        OpaquePointer(bitPattern: code), octets.baseAddress, octets.count, 0, 0, data,
        OpaquePointer(bitPattern: context))
    }
    // 0: it matched, and there is no room for the captures, which nobody asked for.
    if result >= 0, let ends = pcre2_get_ovector_pointer_8(data) {
      // `\K` in an assertion can set the start behind the end.
      return .found(min(ends[0], ends[1])..<max(ends[0], ends[1]))
    }
    return result == PCRE2_ERROR_NOMATCH ? .notFound : .unfinished
  }

  /// Calls with the compiled expression and the bounds of its matches.
  func withCode<Result>(_ body: (_ code: OpaquePointer?, _ context: OpaquePointer?) -> Result) -> Result {
    body(OpaquePointer(bitPattern: code), OpaquePointer(bitPattern: context))
  }

  /// The first match in a text, in octets of its UTF-8.
  public func firstMatch(in subject: String) -> Outcome { firstMatch(in: subject.utf8.span) }

  private static func flags(_ options: Options) -> UInt32 {
    // Only we say whether there are characters: `(*UTF)` in an expression would make a subject that is none an error.
    var flags = PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
    flags |= options.contains(.characters) ? PCRE2_MATCH_INVALID_UTF : PCRE2_NEVER_UTF
    if options.contains(.caseless) { flags |= PCRE2_CASELESS }
    if options.contains(.multiline) { flags |= PCRE2_MULTILINE }
    if options.contains(.dotAll) { flags |= PCRE2_DOTALL }
    return flags
  }

  private static func words(_ fault: Int32) -> String {
    let octets = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
      let length = pcre2_get_error_message_8(fault, buffer.baseAddress, buffer.count)
      count = length > 0 ? Int(length) : 0
    }
    return String(decoding: octets, as: UTF8.self)
  }
}

/// What is wrong with an expression, in PCRE2's words, and at which octet of it that was seen.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
  public let offset: Int
  public let message: String

  public init(offset: Int, message: String) {
    self.offset = offset
    self.message = message
  }

  public var description: String { message }
}
