import Foundation
import RuleLanguage
import TestSupport

/// Debian's procmail, asked what it makes of messages and rule files: many at once.
struct ProcmailOracle {
  /// What a run said: the marked texts of LOG, and the folders that it delivered to, in order.
  struct Answer: Equatable {
    var log: [[UInt8]]
    var folders: [String]
  }

  /// Runs each pair of a rule file and a message, by their indices.
  static func answers(
    files: [String], messages: [[UInt8]], pairs: [(file: Int, message: Int)]
  ) throws -> [Answer] {
    let folder = try ScratchFolder("procmail")
    for (index, file) in files.enumerated() { _ = try folder.write("rc\(index)", Self.preamble + file) }
    for (index, message) in messages.enumerated() { _ = try folder.write("m\(index)", bytes: message) }
    var script = "cd \(folder.path) && PATH=/usr/bin:/bin\n"
    for (index, pair) in pairs.enumerated() {
      script += "mkdir d\(index)\n"
      script +=
        "timeout 5 procmail -Y -m MAILDIR=\(folder.path)/d\(index) LOGFILE=\(folder.path)/log\(index) \(folder.path)/rc\(pair.file) <m\(pair.message) || :\n"
    }
    let path = try folder.write("all.sh", script)
    let result = try run("sh", [path], within: .seconds(120))
    guard result.succeeded else { throw HarnessFault("procmail: \(result.errors.prefix(500))") }
    return try pairs.indices.map { read(try readBytes(atPath: folder.file("log\($0)"))) }
  }

  private static let preamble = "SHELL=/bin/sh\nLOGABSTRACT=all\nLINEBUF=60000\n"

  private static func read(_ log: [UInt8]) -> Answer {
    var answer = Answer(log: [], folders: [])
    var rest: [UInt8] = []
    var marked: [UInt8]?
    for octet in log {
      switch (octet, marked) {
      case (1, nil): marked = []
      case (2, let text?):
        answer.log.append(text)
        marked = nil
      case (_, nil): rest.append(octet)
      default: marked?.append(octet)
      }
    }
    for line in rest.split(separator: 0x0a) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix("  Folder: ") else { continue }
      // Programs are logged as folders.
      if text.hasPrefix("  Folder: cat") || text.hasPrefix("  Folder: grep") { continue }
      answer.folders.append(String(text.dropFirst(10).prefix { $0 != "\t" && $0 != " " && $0 != "/" }))
    }
    return answer
  }
}

/// A message that nobody knows anything of but its octets.
struct PlainMail: RuleEnvironment {
  let areas: MailAreas
  var values: [GatewayVariable: [UInt8]] = [:]

  init(_ message: some Sequence<UInt8>) { areas = MailAreas(message) }

  mutating func octets(of area: MessageArea, decoded: Bool) -> RuleAnswer<[UInt8]> {
    .known(areas.octets(of: area))
  }
  var messageSize: Int { areas.octets.count }
  mutating func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> { .known(values[variable]) }
  mutating func captures(of pattern: RulePattern, in octets: [UInt8]) -> RuleAnswer<RuleCaptures?> {
    .unknown("no PCRE2 here")
  }
  mutating func list(_ name: String, contains value: [UInt8]) -> RuleAnswer<Bool> { .known(false) }
}

extension ProcmailOracle.Answer {
  /// What Weir's machine makes of the same; `cat`, `grep` and `wc` are run in the head.
  init(_ plan: RulePlan, _ message: [UInt8]) {
    self.init(log: [], folders: [])
    var run = RuleRun(plan)
    var mail = PlainMail(message)
    while true {
      switch run.proceed(.message, asking: &mail) {
      case .program(let question):
        let name = question.arguments.first.map { String(decoding: $0, as: UTF8.self) }
        let input = question.input.map { mail.areas.octets(of: $0) } ?? question.text ?? []
        let isEnded = input.count > 1 && input.suffix(2).elementsEqual([0x0a, 0x0a])
        let count = input.count + (question.endsInEmptyLine && !isEnded ? 1 : 0)
        let output = name == "wc" ? Array("\(count)\n".utf8) : []
        run.answered(ProgramOutcome(status: name == "grep" ? 1 : 0, output: output))
      case .finished(let report):
        for effect in report.effects {
          switch effect.kind {
          case .log(let octets): log += Self.marked(octets)
          case .quarantineCopy(let folder): folders.append(folder ?? "")
          default: break
          }
        }
        if case .quarantine(let folder)? = report.verdict { folders.append(folder ?? "") }
        return
      }
    }
  }

  private static func marked(_ octets: [UInt8]) -> [[UInt8]] {
    octets.split(separator: 1).compactMap { part in
      part.lastIndex(of: 2).map { Array(part[..<$0]) }
    }
  }
}
