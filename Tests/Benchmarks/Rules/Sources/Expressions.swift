import Glibc
import MessageViews
import Patterns
import RuleLanguage

/// Works with many expressions, and says on one line of JSON how long that took:
///
///     Expressions make MEMBERS CACHE             databases of all, kept in files
///     Expressions load MEMBERS CACHE             the same from the files, ready to be asked
///     Expressions scan MEMBERS CACHE INDEX S     asks for each in each message: the databases, and PCRE2 where it must
///     Expressions alone MEMBERS CACHE INDEX S    asks PCRE2 for each in each message
///     Expressions rules RULES                    reads a rule file and makes its plan and its expressions ready
///
/// MEMBERS has an expression a line: what it looks at (`whole`, `header`, `parts`, `text`, `markup`, `urls` or a field's
/// name), its options (of `ims`), the expression, with tabs between. INDEX names a message on each line. S are seconds of
/// the CPU, and at least one pass is made.
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

  // MARK: - The databases

  /// The expressions that look at the same.
  private struct Group {
    let view: String
    var members: [PatternSet.Member] = []
  }

  /// Those that PCRE2 takes, and how many it does not.
  private static func groups(_ path: String) throws -> (all: [Group], refused: Int) {
    var all: [Group] = []
    var places: [String: Int] = [:]
    var refused = 0
    for line in try octets(of: path).split(separator: 0x0a) {
      let parts = line.split(separator: 0x09, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, let text = String(validating: parts[2], as: UTF8.self) else { continue }
      var options: Pattern.Options = []
      for option in parts[1] {
        switch option {
        case UInt8(ascii: "i"): options.insert(.caseless)
        case UInt8(ascii: "m"): options.insert(.multiline)
        case UInt8(ascii: "s"): options.insert(.dotAll)
        default: break
        }
      }
      guard (try? Pattern.validate(text, options)) != nil else {
        refused += 1
        continue
      }
      let view = String(decoding: parts[0], as: UTF8.self)
      let place = places[view] ?? all.count
      if place == all.count {
        places[view] = place
        all.append(Group(view: view))
      }
      all[place].members.append(PatternSet.Member(text, options))
    }
    return (all, refused)
  }

  private static func make(_ path: String, _ cache: String) throws {
    let (groups, refused) = try groups(path)
    var count = 0
    var size = 0
    var kinds: [ScanDatabase.Kind] = []
    let start = now()
    for (place, group) in groups.enumerated() {
      count += group.members.count
      // What no scan can take is asked of PCRE2.
      guard let database = ScanDatabase.make(of: group.members), let kept = database.serialized() else {
        kinds += group.members.map { _ in .unscanned }
        continue
      }
      kinds += database.kinds
      size += kept.count
      try write(kept, to: "\(cache).\(place)")
    }
    let seconds = now() - start
    guard size > 0 else { throw Failure(what: "no scan library") }
    func number(_ kind: ScanDatabase.Kind) -> Int { kinds.count { $0 == kind } }
    print(
      """
      {"seconds": \(seconds), "members": \(count), "refused": \(refused), "octets": \(size), \
      "views": \(groups.count), "exact": \(number(.exact)), "candidate": \(number(.candidate)), \
      "unscanned": \(number(.unscanned))}
      """)
  }

  private static func cached(_ group: Group, _ path: String) throws -> PatternSet {
    let set = try PatternSet(group.members, areKnown: true)
    guard access(path, R_OK) == 0 else { return set }
    guard let database = ScanDatabase(serialized: try octets(of: path), count: group.members.count),
      set.adopt(database)
    else { throw Failure(what: "the cache does not fit") }
    return set
  }

  /// A warm reload: the key of the cache, the file, the database. That each is an expression is known by the key.
  private static func load(_ path: String, _ cache: String) throws {
    let (groups, _) = try groups(path)
    let start = now()
    var key = 0
    var sets: [PatternSet] = []
    for (place, group) in groups.enumerated() {
      key += ScanDatabase.key(of: group.members)?.count ?? 0
      sets.append(try cached(group, "\(cache).\(place)"))
    }
    let seconds = now() - start
    let count = sets.reduce(0) { $0 + $1.members.count }
    print("{\"seconds\": \(seconds), \"members\": \(count), \"key\": \(key)}")
  }

  // MARK: - Answers

  /// What expressions look at, of a message.
  private static func text(_ view: String, of message: MessageViews) -> [UInt8] {
    switch view {
    case "whole": message.octets
    case "header":
      Array(
        message.octets[
          ..<(message.octets.firstRange(of: [10, 13, 10])?.lowerBound
            ?? message.octets.firstRange(of: [10, 10])?.lowerBound ?? message.octets.count)])
    case "text": Array(message.text.utf8)
    case "parts": Array(message.tree.parts.map { message.tree.sources[$0.source][$0.header] }.joined())
    case "markup": Array(message.texts.map(\.decoded.text).joined(separator: "\n").utf8)
    case "urls": Array(message.links.map(\.written).joined(separator: "\n").utf8)
    default: Array(message.header(view).map(\.text).joined(separator: "\n").utf8)
    }
  }

  /// Asks for all of one message. What there is not of it is not looked at.
  private static func ask(
    _ sets: [PatternSet], _ texts: [[UInt8]], _ count: (PatternAnswer) -> Void
  ) -> Int {
    var matches = 0
    for (set, text) in zip(sets, texts) where !text.isEmpty {
      var answers = PatternAnswers(set, octets: text)
      for place in set.members.indices { count(answers.isFound(place)) }
      matches += answers.matches
    }
    return matches
  }

  private static func ask(
    _ path: String, _ cache: String, _ index: String, _ seconds: Double, _ scans: Bool
  ) throws {
    let (groups, _) = try groups(path)
    let sets = try groups.enumerated().map { place, group in
      scans ? try cached(group, "\(cache).\(place)") : try PatternSet(group.members, areKnown: true)
    }
    let messages = try String(decoding: try octets(of: index), as: UTF8.self).split(separator: "\n")
      .map { path in
        let views = MessageViews(try octets(of: String(path)))
        return groups.map { text($0.view, of: views) }
      }
    // Whatever is compiled when it is first asked for is compiled now; what was found is told.
    var found = 0
    var unfinished = 0
    var matches = 0
    for texts in messages {
      matches += ask(sets, texts) { answer in
        switch answer {
        case .found: found += 1
        case .notFound: break
        case .unfinished: unfinished += 1
        }
      }
    }
    var passes = 0
    let start = cpu()
    repeat {
      for texts in messages { _ = ask(sets, texts) { _ in } }
      passes += 1
    } while cpu() - start < seconds
    let used = cpu() - start
    let size = messages.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
    print(
      """
      {"passes": \(passes), "seconds": \(used), "messages": \(messages.count), "octets": \(size), \
      "found": \(found), "unfinished": \(unfinished), "matches": \(matches)}
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
