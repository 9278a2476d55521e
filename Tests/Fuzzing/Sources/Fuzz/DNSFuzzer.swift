import DNS

/// The data of records and the text of a table: whatever comes in, bounded and sound values come out.
let fuzzDNS: @Sendable ([UInt8]) -> Void = { bytes in
  guard let first = bytes.first else { return }
  let type = RecordType.allCases[Int(first) % RecordType.allCases.count]
  let (rest, pieces) = pieces(Array(bytes.dropFirst()), cuts: 3)
  read(type, pieces.map { Array($0) })
  read(type, [rest])
  readTable(rest)
}

private func read(_ type: RecordType, _ data: [[UInt8]]) {
  let answer = RecordParser.answer(type, data)
  promise(RecordParser.answer(type, data.reversed()) == answer, "the order of the server's records matters")
  guard case .records(let records) = answer else {
    promise(answer == .noData || answer == .failed(.server(code: 0)), "another answer: \(answer)")
    return
  }
  promise((1...data.count).contains(records.count), "more records than there were")
  for record in records {
    switch (record, type) {
    case (.address(let address), .a): promise(address.isV4, "an A of IPv6")
    case (.address, .aaaa): break
    case (.name(let name), .ptr), (.name(let name), .ns), (.exchange(_, let name), .mx): check(name)
    case (.text(let text), .txt): promise(text.count <= data.map(\.count).max() ?? 0, "a text out of nothing")
    case (.authority(let primary, let mailbox), .soa):
      check(primary)
      check(mailbox)
    default: promise(false, "\(record) as \(type)")
    }
  }
}

private func check(_ name: DNSName) {
  promise(name.text.utf8.count <= 253, "a long name")
  promise(name == .root || DNSName(name.text) == name, "a name that is not read again")
  promise(name.text.utf8.allSatisfy { (0x21...0x7e).contains($0) }, "a name that cannot be written")
}

private func readTable(_ text: [UInt8]) {
  let (table, problems) = DNSTable.parse(text, file: "t")
  let lines = text.split(separator: 10, omittingEmptySubsequences: false)
  promise(problems.count <= DNSTable.mostProblems, "too many problems")
  for problem in problems {
    promise(problem.line >= 1 && problem.line <= lines.count, "a line that is not there")
    promise(problem.column >= 1 && problem.column <= lines[problem.line - 1].count + 1, "a column outside")
    promise(problem.description.utf8.isPlain, "a problem that breaks out of its line")
  }
  for question in table.answers.keys {
    check(question.name)
    _ = table.remembered(question)
    if let below = question.name.prefixed("x") { _ = table.remembered(DNSQuestion(below, question.type)) }
  }
}
