import Filtering
import Locations
import Settings

/// The files of locations that `[checks.country]` names.
enum LocationWiring {
  /// Who knows where addresses are; nil where no file is named.
  ///
  /// - Returns: also what is wrong with the files: an admin that named one counts on it.
  static func read(_ settings: Settings) -> ((any LocationSource)?, [SettingsProblem]) {
    let key = "checks.country.file"
    let networksKey = "checks.country.asn_file"
    var keys = settings.checks["country"]?.keys ?? .none
    let countries = keys.string("file", default: "")
    let networks = keys.string("asn_file", default: "")
    guard !countries.isEmpty || !networks.isEmpty else { return (nil, []) }
    func path(_ text: String) -> String? { text.isEmpty ? nil : settings.resolve(text) }
    do throws(LocationError) {
      return (try LocationFiles(countries: path(countries), networks: path(networks)), [])
    } catch {
      let isOfNetworks = path(networks).map { error.description.hasPrefix($0) } ?? false
      return (nil, [settings.problem(isOfNetworks || countries.isEmpty ? networksKey : key, "\(error)")])
    }
  }
}
