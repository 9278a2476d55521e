import Glibc
import Patterns
import RuleLanguage

/// Works with many expressions, and says on one line of JSON how long that took:
///
///     Expressions make MEMBERS CACHE             one database of all, kept in a file
///     Expressions load MEMBERS CACHE             the same from the file, ready to be asked
///     Expressions scan MEMBERS CACHE INDEX S     asks for each in each message: the database, and PCRE2 where it must
///     Expressions alone MEMBERS CACHE INDEX S    asks PCRE2 for each in each message
///     Expressions rules RULES                    reads a rule file and makes its plan and its expressions ready
///
/// MEMBERS has an expression a line, its options (of `ims`) and a tab before it; INDEX names a message on each line. S are
/// seconds of the CPU, and at least one pass is made.
@main
enum Expressions {
  static func main() throws {
    let words = CommandLine.arguments
    switch (words.dropFirst().first, words.count) {
    case ("make", 4): try make(words[2], words[3])
    case ("load", 4): try load(words[2], words[3])
    case ("scan", 6), ("alone", 6):
      try ask(words[2], words[3], words[4], Double(words[5]) ?? 1, words[1] == "scan")
    case ("rules", 3): try rules(words[2])
    default:
      print("Expressions make|load MEMBERS CACHE, scan|alone MEMBERS CACHE INDEX SECONDS, rules RULES")
      exit(2)
    }
  }

  // MARK: - The database

  /// Those that PCRE2 takes, and how many it does not.
  private static func members(_ path: String) throws -> (all: [PatternSet.Member], refused: Int) {
    var all: [PatternSet.Member] = []
    var refused = 0
    for line in try octets(of: path).split(separator: 0x0a) {
      let parts = line.split(separator: 0x09, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let text = String(validating: parts[1], as: UTF8.self) else { continue }
      var options: Pattern.Options = []
      for option in parts[0] {
        switch option {
        case UInt8(ascii: "i"): options.insert(.caseless)
        case UInt8(ascii: "m"): options.insert(.multiline)
        case UInt8(ascii: "s"): options.insert(.dotAll)
        default: break
        }
      }
      let member = PatternSet.Member(text, options)
      if (try? Pattern.validate(text, options)) != nil { all.append(member) } else { refused += 1 }
    }
    return (all, refused)
  }

  private static func make(_ path: String, _ cache: String) throws {
    let (all, refused) = try members(path)
    let start = now()
    guard let database = ScanDatabase.make(of: all), let kept = database.serialized() else {
      throw Failure(what: "no scan library")
    }
    let seconds = now() - start
    try write(kept, to: cache)
    func count(_ kind: ScanDatabase.Kind) -> Int { database.kinds.count { $0 == kind } }
    print(
      """
      {"seconds": \(seconds), "members": \(all.count), "refused": \(refused), "octets": \(kept.count), \
      "exact": \(count(.exact)), "candidate": \(count(.candidate)), "unscanned": \(count(.unscanned))}
      """)
  }

  private static func cached(_ all: [PatternSet.Member], _ cache: String) throws -> PatternSet {
    let set = try PatternSet(all, areKnown: true)
    guard let database = ScanDatabase(serialized: try octets(of: cache), count: all.count),
      set.adopt(database)
    else { throw Failure(what: "the cache does not fit") }
    return set
  }

  /// A warm reload: the key of the cache, the file, the database. That each is an expression is known by the key.
  private static func load(_ path: String, _ cache: String) throws {
    let (all, _) = try members(path)
    let start = now()
    let key = ScanDatabase.key(of: all)?.count ?? 0
    let set = try cached(all, cache)
    let seconds = now() - start
    print("{\"seconds\": \(seconds), \"members\": \(set.members.count), \"key\": \(key)}")
  }

  // MARK: - Answers

  private static func ask(
    _ path: String, _ cache: String, _ index: String, _ seconds: Double, _ scans: Bool
  ) throws {
    let (all, _) = try members(path)
    let set = scans ? try cached(all, cache) : try PatternSet(all, areKnown: true)
    let messages = try String(decoding: try octets(of: index), as: UTF8.self).split(separator: "\n")
      .map { try octets(of: String($0)) }
    // Whatever is compiled when it is first asked for is compiled now; what was found is told.
    var found = 0
    var unfinished = 0
    var matches = 0
    for message in messages {
      var answers = PatternAnswers(set, octets: message)
      for place in all.indices {
        switch answers.isFound(place) {
        case .found: found += 1
        case .notFound: break
        case .unfinished: unfinished += 1
        }
      }
      matches += answers.matches
    }
    var passes = 0
    let start = cpu()
    repeat {
      for message in messages {
        var answers = PatternAnswers(set, octets: message)
        for place in all.indices { _ = answers.isFound(place) }
      }
      passes += 1
    } while cpu() - start < seconds
    let used = cpu() - start
    print(
      """
      {"passes": \(passes), "seconds": \(used), "messages": \(messages.count), \
      "octets": \(messages.reduce(0) { $0 + $1.count }), "found": \(found), "unfinished": \(unfinished), \
      "matches": \(matches)}
      """)
  }

  // MARK: - Rules

  /// A rule file from its octets to what is asked of an engine: read, laid out, translated.
  private static func rules(_ path: String) throws {
    let text = try octets(of: path)
    let start = now()
    let file = RuleParser.parse(name: "bench.rc", octets: text)
    let read = now()
    let plan = RulePlan(files: [file])
    let laid = now()
    let all = plan.patterns.map {
      PatternSet.Member($0.perl?.text ?? $0.text, $0.isCaseless ? .caseless : [])
    }
    let set = try PatternSet(all, areKnown: true)
    let ready = now()
    print(
      """
      {"seconds": \(ready - start), "read": \(read - start), "laid": \(laid - read), \
      "translated": \(ready - laid), "recipes": \(plan.recipes.count), "members": \(set.members.count), \
      "problems": \(file.problems.count)}
      """)
  }

  // MARK: - The machine

  struct Failure: Error { let what: String }

  private static func cpu() -> Double { time(CLOCK_PROCESS_CPUTIME_ID) }
  private static func now() -> Double { time(CLOCK_MONOTONIC) }

  private static func time(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func octets(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Failure(what: "cannot read \(path)") }
    defer { fclose(file) }
    var result: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { return result }
      result += piece[..<count]
    }
  }

  private static func write(_ octets: [UInt8], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw Failure(what: "cannot write \(path)") }
    defer { fclose(file) }
    guard fwrite(octets, 1, octets.count, file) == octets.count else {
      throw Failure(what: "cannot write \(path)")
    }
  }
}
