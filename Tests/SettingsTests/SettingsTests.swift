import Settings
import Testing

@Test func threeLines() {
  let reading = Settings.read(
    text: """
      hostname = "mx.example.org"
      relay.domains = ["example.org"]
      backend = [{ address = "127.0.0.1:10025" }]
      """, file: "weir.toml")
  #expect(reading.problems == [])
}
