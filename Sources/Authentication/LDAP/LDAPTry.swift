/// One try at one server of a directory, on a thread that may wait.
struct LDAPTry {
  let server: String
  let directory: LDAPDirectory
  let deadline: ContinuousClock.Instant

  /// Finds the user's entry and binds as it.
  func login(_ user: String, _ password: [UInt8]) -> LDAPAnswer {
    #if LDAP
      do throws(LDAPSession.Fault) {
        let session = try open()
        guard let name = try name(of: user, session) else { return .refused("no entry matches") }
        // An empty name is a bind as nobody, which succeeds whatever the password.
        guard !name.isEmpty else { return .refused("the entry has an empty name") }
        try session.bind(as: name, password: password)
        return .accepted
      } catch {
        return Self.answer(error)
      }
    #else
      return .unavailable(LDAPDirectory.notBuiltIn)
    #endif
  }

  /// Connects, and binds as the search account where there is one.
  func hello() -> LDAPAnswer {
    #if LDAP
      do throws(LDAPSession.Fault) {
        let session = try open()
        if case .search(let base, _, let account) = directory.finding {
          try bind(account, session)
          _ = try session.find(base: base, filter: "(objectClass=weirProbe)")
        } else {
          try session.greet()
        }
        return .accepted
      } catch {
        return Self.answer(error)
      }
    #else
      return .unavailable(LDAPDirectory.notBuiltIn)
    #endif
  }

  #if LDAP
    private func open() throws(LDAPSession.Fault) -> LDAPSession {
      try LDAPSession(server: server, directory: directory, deadline: deadline)
    }

    private func name(of user: String, _ session: LDAPSession) throws(LDAPSession.Fault) -> String? {
      switch directory.finding {
      case .name(let template):
        return LDAPEscapes.fill(template, user: user, escape: LDAPEscapes.distinguishedName)
      case .search(let base, let template, let account):
        try bind(account, session)
        let filter = LDAPEscapes.fill(template, user: user, escape: LDAPEscapes.filter)
        return try session.find(base: base, filter: filter)
      }
    }

    private func bind(_ account: LDAPDirectory.Account?, _ session: LDAPSession) throws(LDAPSession.Fault) {
      guard let account else { return }
      do throws(LDAPSession.Fault) {
        try session.bind(as: account.name, password: Array(account.password.utf8))
      } catch {
        // Not the user's fault: the account of the configuration.
        guard case .refused(let why) = error else { throw error }
        throw .unavailable("the search account cannot bind: \(why)")
      }
    }

    private static func answer(_ fault: LDAPSession.Fault) -> LDAPAnswer {
      switch fault {
      case .refused(let why): .refused(why)
      case .unavailable(let why): .unavailable(why)
      }
    }
  #endif
}
