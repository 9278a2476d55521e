import Foundation
import MailAuthentication
import Settings

/// The public suffix list on the disk: Debian's package `publicsuffix` puts it where it is looked for.
enum SuffixFile {
  static let standard = "/usr/share/publicsuffix/public_suffix_list.dat"

  /// The list that `checks.dmarc.suffixes` names.
  ///
  /// - Returns: also what is wrong with it: a warning, since without it the last two labels of a name are taken for
  ///   its organisation; an error where the admin named a file that is not there.
  static func read(_ settings: Settings) -> (PublicSuffixes, [SettingsProblem]) {
    var keys = settings.checks["dmarc"]?.keys ?? .none
    let written = keys.string("suffixes", default: "")
    let path = written.isEmpty ? standard : settings.resolve(written)
    guard let text = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      guard written.isEmpty else {
        return (
          PublicSuffixes(), [settings.problem("checks.dmarc.suffixes", FileFault.unreadable(path))]
        )
      }
      guard settings.dns.isEnabled else { return (PublicSuffixes(), []) }
      let warning =
        "no public suffix list (\(FileFault.unreadable(path))): the last two labels of a name are taken for its"
        + " organisation, so that a.co.uk and b.co.uk count as one; install Debian's publicsuffix, or name the file in"
        + " checks.dmarc.suffixes"
      return (PublicSuffixes(), [settings.problem("checks.dmarc.suffixes", as: .warning, warning)])
    }
    let suffixes = PublicSuffixes.parse([UInt8](text))
    guard suffixes.rules > suffixes.faultyLines else {
      return (
        suffixes, [settings.problem("checks.dmarc.suffixes", "\(path) is no public suffix list")]
      )
    }
    return (suffixes, [])
  }
}
