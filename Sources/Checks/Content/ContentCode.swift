internal import Bytes
internal import Filtering
internal import MessageViews
internal import SMTPProtocol

/// A code of a content check: what it weighs, and what is said of it.
///
/// Nothing about the content of a message refuses it alone unless the admin says so: honest programs make each of these
/// mistakes.
struct ContentCode {
  let code: ReasonCode
  let weight: Double
  /// What the peer reads where it decides; nil where it is only worth knowing.
  let reply: String?
  let cause: String
  /// What to do beside lowering the weight.
  let remedy: String

  init(_ code: ReasonCode, _ weight: Double, reply: String?, cause: String, remedy: String = "") {
    self.code = code
    self.weight = weight
    self.reply = reply
    self.cause = cause
    self.remedy = remedy
  }
}

extension [ContentCode] {
  var weights: [ReasonCode: Weight] {
    [ReasonCode: Weight](uniqueKeysWithValues: map { ($0.code, Weight($0.weight)) })
  }

  func reasons(of check: String) -> [Reason] {
    map { row in
      let isInformation = row.reply == nil
      let lowering = "checks.\(check).weights.\(row.code) says what it weighs."
      return Reason(
        row.code, row.reply.map { Reply(550, 7, 1, $0) }, isInformation ? .notice : .refusal,
        cause: row.cause,
        effect: row.weight == 0
          ? "Nothing, unless it is given a weight."
          : "It weighs; with checks.\(check).action = \"reject\" the message is refused.",
        remedy: row.remedy.isEmpty ? lowering : "\(row.remedy) \(lowering)")
    }
  }
}

extension MessageViews {
  /// Whether everything of the message was looked at: what is not there may otherwise stand where nobody looked.
  var isAllSeen: Bool { omitted.subtracting(.links).isEmpty }

  /// What a judgement over all of the texts comes to: of a large message it is made away from the event loop.
  func judged<Outcome: Sendable>(_ judge: @Sendable (MessageViews) -> Outcome) async -> Outcome {
    // Past this an event loop would be held up for milliseconds, as with the views themselves.
    octets.count > 64 << 10 ? await judgedApart(judge) : judge(self)
  }

  @concurrent private func judgedApart<Outcome: Sendable>(
    _ judge: @Sendable (MessageViews) -> Outcome
  ) async -> Outcome {
    judge(self)
  }
}

/// What one check saw in one message: of each code the first sight, and how many there were.
struct ContentNotes {
  private var notes: [ReasonCode: (first: String, count: Int)] = [:]

  mutating func note(_ code: ReasonCode, _ evidence: String = "") {
    notes[code, default: (evidence, 0)].count += 1
  }

  func holds(_ code: ReasonCode) -> Bool { notes[code] != nil }

  /// One finding for each code that was seen, in the order of the rows.
  func findings(_ rows: [ContentCode]) -> [Finding] {
    if notes.isEmpty { return [] }
    return rows.compactMap { row in
      notes[row.code].map {
        let more = $0.count > 1 ? " (\($0.count) times)" : ""
        return Finding(row.code, evidence: $0.first.printable(limit: 120) + more)
      }
    }
  }
}
