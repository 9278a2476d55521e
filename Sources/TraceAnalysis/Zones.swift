internal import Bytes

/// The names of time zones that servers write, with the minutes east of UTC that each may mean: some are used by
/// several countries.
enum Zones {
  /// The first is what the name means where no offset stands beside it (RFC 5322 §4.3 for those of its list).
  private static let names: [String: [Int]] = [
    "UT": [0], "UTC": [0], "GMT": [0, 60], "Z": [0], "WET": [0], "WEST": [60], "BST": [60, 0, 360, 660],
    "IST": [330, 60, 120, 0], "CET": [60], "CEST": [120, 60], "MET": [60], "MEST": [120], "MES": [120],
    "MEZ": [60],
    "MESZ": [120],
    "DST": [60, 120, 180, -180, -240], "SAST": [120], "CAT": [120], "EAT": [180], "WAT": [60],
    "EET": [120], "EEST": [180], "IDT": [180], "TRT": [180], "MSK": [180, 240], "MSD": [240], "SAMT": [240],
    "YEKT": [300, 360], "OMST": [360, 420], "NOVT": [360, 420], "KRAT": [420, 480], "IRKT": [480, 540],
    "PKT": [300], "NPT": [345], "WIB": [420], "WIT": [420, 540], "JAVT": [420], "ICT": [420], "HKT": [480],
    "SGT": [480], "MYT": [480], "PHT": [480], "WITA": [480], "AWST": [480], "WST": [480], "JST": [540],
    "KST": [540], "KDT": [540, 600], "ACST": [570], "AEST": [600], "AEDT": [660], "NZST": [720],
    "NZDT": [780],
    "NZT": [720, 780],
    "EST": [-300, 600, 660], "EDT": [-240, 660], "CST": [-360, 480, 570, 630], "CDT": [-300, 540, 630],
    "MST": [-420, 480], "MDT": [-360], "PST": [-480, 480], "PDT": [-420], "AKST": [-540], "AKDT": [-480],
    "HST": [-600], "HDT": [-540], "AST": [-240, 180], "ADT": [-180, 240], "NST": [-210], "NDT": [-150],
    "BRT": [-180], "BRST": [-120], "ART": [-180, -120], "CLT": [-240, -180], "CLST": [-180], "COT": [-300],
    "PET": [-300], "VET": [-240, -270], "UYT": [-180], "EWT": [-240],
  ]

  /// nil for a name that is none of them.
  static func offsets(of name: some StringProtocol) -> [Int]? {
    guard (1...4).contains(name.utf8.count) else { return nil }
    return names[name.uppercasedASCII]
  }
}
