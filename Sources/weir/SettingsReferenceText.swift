import Settings

/// `weir check --keys`: every key of the configuration.
enum SettingsReferenceText {
  static var lines: [String] {
    Settings.reference.map { "\($0.path)\t\($0.type)\tdefault \($0.defaultText)\t\($0.meaning)" }
  }
}
