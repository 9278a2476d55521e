import Settings
import Testing

/// The page on logins has the table that the product goes by.
@Suite struct MechanismPageTests {
  @Test func everyCellStandsOnThePage() throws {
    let backends = MechanismTable.Backend.allCases
    let rows = MechanismTable.mechanisms.map { mechanism in
      [PageTable.code(mechanism)]
        + backends.map { PageTable.text(Self.cell(MechanismTable.service(of: mechanism, by: $0))) }
    }
    #expect(rows.count == 9 && backends.count == 6)
    try PageTable(
      page: "Authentication.md", head: ["Mechanism"] + backends.map { PageTable.code($0.short) }, rows: rows
    ).check()
  }

  private static func cell(_ service: MechanismTable.Service) -> String {
    switch service {
    case .served: "yes"
    case .servedWhere(let condition): "yes, where \(condition)"
    case .unserved(let why): "no: \(why)"
    }
  }
}

extension MechanismTable.Backend {
  fileprivate var short: String {
    switch self {
    case .file: "file:"
    case .dovecot: "dovecot:"
    case .saslauthd: "saslauthd:"
    case .backend: "backend:"
    case .ldap: "ldap://"
    case .introspection: "introspection_url"
    }
  }
}
