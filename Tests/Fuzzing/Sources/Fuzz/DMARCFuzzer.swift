import DNS
import MailAuthentication
import MailSyntax

/// DMARC: a From field on the first line, records on those behind. Authors are bounded and names, a record read is read
/// the same in another order of white space, and the outcome is one that its parts allow.
let fuzzDMARC: @Sendable ([UInt8]) -> Void = { bytes in
  let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
  let authors = DMARCAuthors(from: lines.first ?? [])
  promise(authors.domains.count <= DMARCAuthors.mostDomains, "too many authors")
  promise(Set(authors.domains).count == authors.domains.count, "an author twice")
  for record in lines.dropFirst().prefix(4) { read(record) }
  let table = zone(authors, Array(lines.dropFirst().prefix(4)))
  waiting { await judge(authors, table) }
}

private func read(_ text: [UInt8]) {
  guard let record = try? DMARCRecord(text) else { return }
  promise((0...100).contains(record.percent), "pct")
  promise(record.faults.allSatisfy { $0.utf8.isPlain && $0.utf8.count < 1000 }, "a fault that is not plain")
  promise(record.effectivePolicy != nil || !record.faults.isEmpty, "no policy and no fault")
  let spaced = Array(" ".utf8) + text + Array(" ".utf8)
  promise((try? DMARCRecord(spaced)) == record, "white space around it changes it")
  guard record.faults.isEmpty else { return }
  promise(record.policy != nil, "no policy")
  promise(
    (try? DMARCRecord(text + Array("; unknown=1".utf8)))?.policy == record.policy, "an unknown tag changes it"
  )
}

private func zone(_ authors: DMARCAuthors, _ records: [[UInt8]]) -> DNSTable {
  var table = DNSTable()
  for (index, author) in authors.domains.enumerated() {
    var name: DNSName? = author
    var step = index
    while let domain = name, domain != .root, step < index + 4 {
      if let owner = domain.prefixed("_dmarc"), step < records.count {
        table.add(owner, .txt, .text(records[step]))
      }
      name = domain.parent
      step += 1
    }
  }
  return table
}

private let suffixes = PublicSuffixes.parse(Array("com\n*.ck\n!www.ck\nco.uk\n".utf8))

private func judge(_ authors: DMARCAuthors, _ table: DNSTable) async {
  let lookups = Lookups(table, until: .now + .seconds(60))
  let spf = SPFOutcome(.pass, identity: .mailFrom, domain: DNSName("mail.example.com"))
  for discovery in DMARCEvaluator.Discovery.allCases {
    let evaluator = DMARCEvaluator(suffixes, discovery: discovery)
    let outcome = await evaluator.check(authors, spf: spf, dkim: [], sample: [1, 2, 3], lookups)
    promise(outcome.reason.utf8.isPlain, "a reason that is not plain")
    promise(outcome.result != .temperror, "unknown, though all is known")
    promise((outcome.result == .pass) == !outcome.aligned.isEmpty, "pass is not alignment")
    promise(
      outcome.result == .none || outcome.result == .permerror || outcome.policy != nil,
      "a result without a policy")
    promise(outcome.fromDomain.map(authors.domains.contains) ?? true, "judged by nobody's domain")
    if outcome.aligned.isEmpty { continue }
    promise(outcome.fromDomain?.isWithin(outcome.policyDomain ?? .root) ?? false, "the policy of another")
  }
}
