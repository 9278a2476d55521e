import MailSyntax

/// Paths and their readings: no sign of a second address goes unnoticed.
let fuzzPath: @Sendable ([UInt8]) -> Void = { bytes in
  for limits in [PathLimits.recipient, .sender] {
    guard case .success(let (path, end)) = PathParser.parse(bytes, limits: limits) else { continue }
    promise(end <= bytes.count, "more read than there is")
    promise(path.text.utf8.isPlain, "control characters")
    promise(PathParser.parse(whole: "<\(path.text)>", limits: limits) == path, "not read back: \(path)")
    if path.isNull { continue }
    promise(
      path.text.utf8.elementsEqual(bytes.dropFirst(bytes.first == 0x3c ? 1 : 0).prefix(path.text.utf8.count)),
      "changed")
    promise(
      PathParser.parse(whole: path.mailbox, limits: limits)?.localPart == path.localPart, "mailbox: \(path)")
    let completed = path.completed(with: "completed.example")
    promise(completed.domain != nil, "not completed")
    check(path)
    check(completed)
  }
}

private func check(_ path: Path) {
  let readings = AddressReadings(of: path)
  promise(readings.domains.count <= 65, "unbounded")
  if let domain = path.domain { promise(readings.domains.contains(domain), "its own domain is missing") }
  for host in path.route {
    promise(readings.domains.contains { $0.description == host }, "a host of the route is missing")
  }
  let signs = path.localPart.utf8.count { [0x40, 0x25, 0x21].contains($0) }
  let more = readings.domains.count - (path.domain == nil ? 0 : 1) - path.route.count
  promise(more >= signs || readings.hasUnreadable, "\(signs) signs, \(more) readings: \(path)")
}
