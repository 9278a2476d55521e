import Settings

/// The shortest sound configuration.
let threeLines = """
  hostname = "mx.example.org"
  relay.domains = ["example.org"]
  backend = [{ address = "127.0.0.1:10025" }]

  """

func read(_ text: String) -> SettingsReading { Settings.read(text: text, file: "weir.toml") }

/// The three lines and more.
func readWith(_ more: String) -> SettingsReading { read(threeLines + more) }

extension SettingsReading {
  /// The problems as the operator reads them.
  var lines: [String] { problems.map(\.description) }
}
