/// A resolver that answers from a table: for trials, tests, and `--dns FIXTURE`.
///
/// A name that is not there, nor above one that is, does not exist, save where a wildcard stands for it
/// (RFC 4592). Aliases are followed, at most eight of them.
public struct DNSTable: Resolver {
  public var answers: [DNSQuestion: DNSAnswer] = [:]
  /// CNAME records.
  private var aliases: [DNSName: DNSName] = [:]
  /// Names about which there is no answer of any type.
  private var failures: [DNSName: DNSFailure] = [:]
  /// Every name that is there, and each one above it.
  private var names: Set<DNSName> = [.root]

  /// Bound: aliases that are followed for one question.
  private static let mostAliases = 8

  public init() {}

  public mutating func add(_ name: DNSName, _ type: RecordType, _ records: RecordData...) {
    let question = DNSQuestion(name, type)
    set(question, .records((answers[question]?.records ?? []) + records))
  }

  /// Also for failures: `.failed(.timeout)`.
  public mutating func set(_ question: DNSQuestion, _ answer: DNSAnswer) {
    answers[question] = answer
    insert(question.name)
  }

  /// Whatever is asked about `name` is asked about `target` instead (CNAME, RFC 1035 §3.6.2).
  public mutating func alias(_ name: DNSName, to target: DNSName) {
    aliases[name] = target
    insert(name)
  }

  /// There is no answer about `name`, whatever the type.
  public mutating func fail(_ name: DNSName, _ failure: DNSFailure) {
    failures[name] = failure
    insert(name)
  }

  private mutating func insert(_ name: DNSName) {
    var name: DNSName? = name
    while let known = name, names.insert(known).inserted { name = known.parent }
  }

  public func remembered(_ question: DNSQuestion) -> DNSAnswer? {
    var name = question.name
    for _ in 0...Self.mostAliases {
      let place = names.contains(name) ? name : wildcard(for: name)
      guard let place else { return .noName }
      if let answer = answers[DNSQuestion(place, question.type)] { return answer }
      if let failure = failures[place] { return .failed(failure) }
      guard let target = aliases[place] else { return .noData }
      name = target
    }
    return .failed(.server(code: 2))
  }

  /// The `*` below the closest name above that is there (RFC 4592 §3.3.1).
  private func wildcard(for name: DNSName) -> DNSName? {
    var above = name.parent
    while let known = above {
      if names.contains(known) {
        let wildcard = known.prefixed("*")
        return wildcard.flatMap { names.contains($0) ? $0 : nil }
      }
      above = known.parent
    }
    return nil
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
