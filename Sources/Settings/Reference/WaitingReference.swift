extension Settings {
  static let waitingReference: [KeyReference] = [
    .table("quarantine", "Messages that are held for somebody to look at."),
    .key(
      "quarantine.lifetime", .duration(.seconds(1)...(.seconds(3650 * 86_400))), "30d",
      "How long a message is held; it goes by its age alone, and by what held when it came."),
    .key("quarantine.size", .sizeBound, "10GiB", "Bytes of all messages held; past it 452."),
    .key("quarantine.messages", .countBound, "100000", "Most messages held; past it 452."),
    .key(
      "quarantine.free", .size(0...(1 << 50)), "256MiB",
      "Bytes of the disk that messages which wait leave to others; past it 452."),
    .table("outbox", "Redirects, copies and releases on their way to a backend."),
    .key(
      "outbox.retry", .durations(.seconds(1)...(.seconds(7 * 86_400))), "1m, 5m, 15m, 30m, 1h, 2h",
      "The wait after the first attempt, the second and so on; the last for all that follow."),
    .key(
      "outbox.lifetime", .duration(.seconds(1)...(.seconds(365 * 86_400))), "5d",
      "After how long one is given up: it lies in the quarantine's folder undeliverable then."),
    .key("outbox.size", .sizeBound, "1GiB", "Bytes of all messages that wait to be sent; past it 452."),
    .key("outbox.messages", .countBound, "10000", "Most messages that wait to be sent; past it 452."),
    .key(
      "outbox.hops", .count(0...1000), "30",
      "Most hops of a message that may still be redirected or copied: its Received lines, and five for each time that it was before; past it 554."
    ),
    .key("outbox.sessions", .count(1...1000), "4", "Messages that are sent from there at the same time."),
  ]
}
