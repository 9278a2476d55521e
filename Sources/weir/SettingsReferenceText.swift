import Settings

/// `weir check --keys`: every key of the configuration.
enum SettingsReferenceText {
  static var lines: [String] {
    Settings.reference.map { key in
      let standard = key.defaultText.isEmpty ? "" : "; default \(key.defaultText)"
      return "\(key.path)\n    \(key.meaning)\n    \(key.type.form)\(standard)"
    }
  }
}
