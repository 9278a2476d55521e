/// A resolver that answers from a table: for trials, tests, and `--dns FIXTURE`.
///
/// A name that is not there, nor above one that is, does not exist.
public struct DNSTable: Resolver {
  public var answers: [DNSQuestion: DNSAnswer] = [:]
  /// Every name that is there, and each one above it.
  private var names: Set<DNSName> = [.root]

  public init() {}

  public mutating func add(_ name: DNSName, _ type: RecordType, _ records: RecordData...) {
    let question = DNSQuestion(name, type)
    set(question, .records((answers[question]?.records ?? []) + records))
  }

  /// Also for failures: `.failed(.timeout)`.
  public mutating func set(_ question: DNSQuestion, _ answer: DNSAnswer) {
    answers[question] = answer
    var name: DNSName? = question.name
    while let known = name, names.insert(known).inserted { name = known.parent }
  }

  public func remembered(_ question: DNSQuestion) -> DNSAnswer? {
    answers[question] ?? (names.contains(question.name) ? .noData : .noName)
  }

  public func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    remembered(question) ?? .noName
  }
}

/// Nobody to ask: every answer is that there is none to be had.
public struct NoResolver: Resolver {
  public init() {}

  public func remembered(_ question: DNSQuestion) -> DNSAnswer? { .failed(.unavailable) }

  public func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
    .failed(.unavailable)
  }
}
