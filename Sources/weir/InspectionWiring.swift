import Checks
import ContentInspection
import Filtering
import Settings

/// Who looks into the files of messages.
enum InspectionWiring {
  /// With the bounds of `[checks.archives]`; nil where no check asks.
  static func inspector(_ settings: Settings) -> (any FileInspector)? {
    isAsked(settings) ? MagicArchiveInspector(Catalogue.inspectionLimits(settings)) : nil
  }

  /// What this build or this machine lacks for it, as warnings.
  static func problems(_ settings: Settings) -> [SettingsProblem] {
    lacking(settings).map { settings.problem("checks.attachments", as: .warning, $0) }
  }

  /// The same in words alone; nothing where no check asks.
  static func lacking(_ settings: Settings) -> [String] {
    isAsked(settings) ? MagicArchiveInspector.obstacles() : []
  }

  private static func isAsked(_ settings: Settings) -> Bool {
    ["attachments", "archives"].contains { settings.checks[$0]?.mode != .off }
  }
}
