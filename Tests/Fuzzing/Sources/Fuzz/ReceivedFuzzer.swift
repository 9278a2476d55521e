import MailSyntax
import NetAddress
import TraceAnalysis

/// Received lines and chains: whatever is written there, what is read of it is bounded and fit for one line of a
/// report, and the chain keeps its order.
let fuzzReceived: @Sendable ([UInt8]) -> Void = { bytes in
  check(ReceivedLine(bytes[...]))
  chain(bytes)
  let (result, length) = MailDate.read(bytes[...])
  promise(length >= 0 && length <= bytes.count, "a date longer than its text")
  if case .success(let date) = result {
    promise(date.zone.map { abs($0) <= 14 * 60 } ?? true, "a zone past the world")
    promise(date.text.utf8.isPlain, "a date with controls")
  }
}

private func check(_ line: ReceivedLine) {
  let texts: [(String?, Int)] = [
    (line.from, 260), (line.helo, 260), (line.by, 260), (line.with, 110), (line.via, 110), (line.id, 210),
    (line.recipient, 330), (line.sender, 330), (line.ident, 110), (line.product, 110),
    (line.login?.user, 110),
    (line.tls?.cipher, 110),
  ]
  for (text, limit) in texts {
    guard let text else { continue }
    promise(text.unicodeScalars.count <= 8 * limit, "longer than its bound")
    promise(text.utf8.isPlain, "a control in it")
  }
  promise(line.date == nil || line.dateFault == nil, "a date and none")
  promise(line.date != nil || line.dateFault != nil, "no date and no word of it")
  promise(line.unread.count <= 400, "too much unread")
}

private func chain(_ bytes: [UInt8]) {
  var header: [UInt8] = []
  for part in bytes.split(separator: 0x0a, maxSplits: 40) {
    header += Array("Received: ".utf8) + part.filter { $0 != 0x0d } + [0x0d, 0x0a]
  }
  header += [0x0d, 0x0a]
  let parsed = MessageHeader(header)
  let networks = IPPrefixSet([IPPrefix("192.0.2.0/24")].compactMap { $0 })
  for trust in [TraceTrust.inferred, TraceTrust(networks: networks)] {
    let trace = Trace(parsed, in: header, trust: trust)
    promise(trace.hops.count <= Trace.mostHops, "too many hops")
    // What is claimed never stands above what is believed.
    let claimed = trace.hops.firstIndex { $0.trust == .claimed } ?? trace.hops.count
    promise(trace.hops[claimed...].allSatisfy { $0.trust == .claimed }, "trust after a stranger")
    if let boundary = trace.boundary {
      promise(boundary < claimed, "a boundary that is claimed")
      promise(trace.origin == trace.hops[boundary].line.address, "an origin from elsewhere")
    }
    for fault in trace.hops.flatMap(\.faults) + trace.faults {
      promise(fault.description.utf8.isPlain, "a control in \(fault.name)")
    }
  }
}
