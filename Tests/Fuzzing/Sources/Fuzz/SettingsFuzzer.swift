import Settings

/// Configurations: any text is read or refused with a place in it.
let fuzzSettings: @Sendable ([UInt8]) -> Void = { bytes in
  let text = String(decoding: bytes, as: UTF8.self)
  let reading = Settings.read(text: text, file: "weir.toml")
  promise(
    (reading.settings == nil) == reading.problems.contains(where: \.isError), "neither read nor refused")
  for problem in reading.problems {
    promise(problem.position.line >= 1 && problem.position.column >= 1, "no such place: \(problem)")
    promise("\(problem)".utf8.isPlain, "control characters: \(problem)")
  }
  // No configuration that was taken relays for the world without the word for it.
  if let settings = reading.settings, !settings.relay.isOpen {
    promise(!settings.relay.networks.prefixes.contains { $0.length == 0 }, "an open relay")
  }
}
