import Foundation
import Settings

/// Where the control socket of a configuration lies. A broken file must not keep the operator from the running
/// gateway, so where it cannot be read as settings its `[state] folder` is looked for by itself.
enum ControlSocket {
  static let name = "control.sock"

  static func path(of config: String) throws -> String {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: config)) else {
      throw ControlClient.Fault(
        description: "\(FileFault.unreadable(config)); --config names the configuration file")
    }
    let text = String(decoding: data, as: UTF8.self)
    if let settings = Settings.read(text: text, file: config).settings {
      return settings.resolve(settings.stateFolder) + "/" + name
    }
    let folder = stateFolder(in: text) ?? "/var/lib/weir"
    guard !folder.hasPrefix("/") else { return folder + "/" + name }
    return URL(fileURLWithPath: config).deletingLastPathComponent().appendingPathComponent(folder).path + "/"
      + name
  }

  /// The value of `folder` in the table `[state]`, or of `state.folder` before any table, read line by line.
  static func stateFolder(in text: String) -> String? {
    var key = "state.folder"
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("[") { key = line.hasPrefix("[state]") ? "folder" : "" }
      guard !key.isEmpty, let equals = line.firstIndex(of: "="),
        line[..<equals].trimmingCharacters(in: .whitespaces) == key
      else { continue }
      let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
      guard let quote = value.first, quote == "\"" || quote == "'" else { continue }
      return value.dropFirst().split(separator: quote, omittingEmptySubsequences: false).first.map(
        String.init)
    }
    return nil
  }
}
