import Bytes
import Filtering
import NetAddress

/// Lists: any text is read or refused with a place in it, and every question has its answer.
let fuzzLists: @Sendable ([UInt8]) -> Void = { bytes in
  guard let kind = bytes.first else { return }
  let names = [
    "block.cidr", "allow.domains", "block.helo", "allow.senders", "block.recipients", "block.urls",
  ]
  let now = Timestamp(milliseconds: 1_700_000_000_000)
  let text = Array(bytes.dropFirst())
  let file = names[Int(kind) % names.count]
  let reading = ListSnapshot.parse([ListSource(file: file, text: text)], at: now)
  let lines = text.count { $0 == 10 } + 1
  for problem in reading.problems {
    promise(
      problem.line >= 1 && problem.line <= lines + 1 && problem.column >= 1, "no such place: \(problem)")
    promise(problem.description.utf8.filter { $0 != 9 }.isPlain, "control characters: \(problem)")
  }
  promise(reading.problems.count <= 102, "too many problems")
  ask(reading.snapshot, text, now)
}

private func ask(_ snapshot: ListSnapshot, _ text: [UInt8], _ now: Timestamp) {
  let word = String(decoding: text.prefix { $0 > 0x20 }.prefix(300), as: UTF8.self)
  let address = IPAddress(word) ?? IPAddress(v4: 0xc000_0201)
  let questions: [ListQuestion] = [
    .client(address), .clientName(word), .helo(word), .sender(local: word, domain: word), .senderDomain(word),
    .recipient(local: word, domain: word), .url(host: word, path: "/" + word),
  ]
  for question in questions {
    for match in snapshot.all(question, at: now) {
      promise(match.line >= 1 && !match.file.isEmpty, "a match without a place")
      promise(match.reason?.utf8.filter { $0 != 9 }.isPlain ?? true, "control characters in a reason")
    }
  }
}
