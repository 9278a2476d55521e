import Patterns
import RuleLanguage

/// A rule file: whatever stands in it is read to its end, says where what is wrong stands, and says so again.
let fuzzRuleParser: @Sendable ([UInt8]) -> Void = { bytes in
  let file = RuleParser.parse(name: "a.rc", octets: bytes)
  let lines = bytes.reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
  promise(file.problems.count <= 2100, "more problems than there may be")
  for problem in file.problems {
    promise(
      (1...lines).contains(problem.place.line) && problem.place.column >= 1, "a place outside of the file")
    promise(problem.line.unicodeScalars.count <= 122, "a long line")
    for text in [problem.message, problem.cure, problem.line, problem.underline] {
      promise(text.utf8.isPlain, "a problem that is not plain: \(text)")
    }
  }
  promise(RuleParser.parse(name: "a.rc", octets: bytes).problems == file.problems, "other problems")
  let plan = RulePlan(files: [file])
  promise(plan.patterns.indices.allSatisfy { plan.patterns[$0].id == $0 }, "a pattern out of its place")
  for pattern in plan.patterns where pattern.syntax == .perl {
    for octet in [0, pattern.text.utf8.count / 2, pattern.text.utf8.count] {
      guard let problem = pattern.problem("no", atOctet: octet) else {
        promise(false, "an expression without a place")
        continue
      }
      promise(
        (1...lines).contains(problem.place.line) && problem.place.column >= 1, "a place outside of the file")
    }
  }
  promise(plan.programs.count <= bytes.count, "more programs than octets")
}

/// A rule file, a byte of 255, and a message: the run ends within its bounds, at RCPT and at the end of the message,
/// asks nothing of the message before that, and says the same again.
let fuzzRuleRun: @Sendable ([UInt8]) -> Void = { bytes in
  let parts = bytes.split(separator: 0xff, maxSplits: 1, omittingEmptySubsequences: false)
  let message = parts.count > 1 ? Array(parts[1]) : Array("Subject: ab\n\nab\n".utf8)
  let plan = RulePlan(files: [RuleParser.parse(name: "a.rc", octets: parts[0])])
  let first = judged(plan, message)
  promise(first == judged(plan, message), "another report")
}

private func judged(_ plan: RulePlan, _ message: [UInt8]) -> String {
  var options = RuleRunOptions()
  options.steps = 2_000_000
  options.statements = 20_000
  options.valueLength = 4096
  options.keepsTrace = true
  var run = RuleRun(plan, options: options)
  var mail = FuzzedMail(areas: MailAreas(message))
  var said = ""
  for stage in [RuleStage.recipient, .message] {
    mail.isThere = stage == .message
    var programs = 0
    proceeding: while true {
      switch run.proceed(stage, asking: &mail) {
      case .program:
        programs += 1
        promise(programs <= 20_000 * 64, "programs without end")
        run.answered(ProgramOutcome(status: programs % 2, output: [0x61, 0x0a]))
      case .finished(let report):
        said += words(report)
        break proceeding
      }
    }
  }
  return said
}

private func words(_ report: RuleReport) -> String {
  for effect in report.effects {
    switch effect.kind {
    case .addHeader(_, let value), .replaceHeader(_, let value):
      promise(value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a header of several lines")
    case .quarantineCopy(let folder?):
      promise(
        !folder.hasPrefix("/") && !folder.split(separator: "/").contains(".."), "a folder outside: \(folder)")
    default: break
    }
  }
  if case .reject(let reply)? = report.verdict {
    promise(reply.text?.utf8.isPlain ?? true, "a reply of several lines")
  }
  return
    "\(report.verdict.map { "\($0)" } ?? "-") \(report.effects) \(report.hits) \(report.unknowns) \(report.trace.count)"
}

/// Says of itself what the message says.
private struct FuzzedMail: RuleEnvironment {
  let areas: MailAreas
  var isThere = false

  mutating func octets(of area: MessageArea, decoded: Bool) -> RuleAnswer<[UInt8]> {
    promise(isThere, "the message was asked for at RCPT")
    return .known(areas.octets(of: area))
  }
  var messageSize: Int { areas.octets.count }
  mutating func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    switch variable {
    case .spf: .unknown("no answer")
    case .cc: .known(nil)
    default: .known(Array(areas.octets(of: .header).prefix(40)))
    }
  }
  mutating func captures(of pattern: RulePattern, in octets: [UInt8]) -> RuleAnswer<RuleCaptures?> {
    promise(pattern.syntax == .perl, "captures of an expression of procmail's")
    // As wrong as an engine can be: beyond the end.
    let range = 0..<(octets.count + 3)
    let groups = Dictionary(uniqueKeysWithValues: pattern.groups.map { ($0, range) })
    return octets.count % 3 == 0 ? .known(nil) : .known(RuleCaptures(range: range, groups: groups))
  }
  mutating func list(_ name: String, contains value: [UInt8]) -> RuleAnswer<Bool> {
    .known(value.count % 2 == 0)
  }
  mutating func file(named name: [UInt8]) -> RuleFile? {
    name.count % 3 == 0
      ? RuleParser.parse(name: "b.rc", octets: Array("INCLUDERC=$SENDER\nLOG=x\n".utf8)) : nil
  }
}

/// An expression of procmail's, a line end, and an area: PCRE2 finds its translation where its own automaton finds it;
/// in octets, and character by character.
let fuzzProcmailPattern: @Sendable ([UInt8]) -> Void = { bytes in
  let parts = bytes.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false)
  let area = parts.count > 1 ? Array(parts[1]) : []
  for (isCaseless, isText) in [(true, false), (false, false), (true, true), (false, true)] {
    guard
      let expression = try? Expression(
        ExpressionText(Array(parts[0])), isCaseless: isCaseless, isText: isText),
      let automaton = Automaton(expression)
    else { continue }
    compare(expression, automaton, area)
  }
}

private func compare(_ expression: Expression, _ automaton: Automaton, _ area: [UInt8]) {
  var search = AutomatonSearch(automaton)
  var budget = StepBudget(20_000_000)
  let ours = search.search(area.span, budget: &budget)
  if case .found(let end, let match) = ours {
    promise(end <= area.count + 1, "a match behind the end")
    promise(match.map { $0.upperBound <= area.count } ?? true, "MATCH behind the end")
    promise(match == nil || expression.capturesMatch, "MATCH without a mark")
  }
  let perl = PerlTranslation(expression)
  promise(perl.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "a translation that is not plain")
  guard perl.text.utf8.count <= Pattern.longest, ours != .unfinished else { return }
  guard let pattern = try? Pattern(perl.text, perl.isCaseless ? .caseless : []) else {
    promise(false, "PCRE2 refuses \(perl.text)")
    return
  }
  let theirs = pattern.firstMatch(in: PerlTranslation.framed(area).span)
  guard theirs != .unfinished else { return }
  promise(theirs.isFound == (ours != .notFound), "\(perl.text) is found: \(theirs.isFound)")
}
