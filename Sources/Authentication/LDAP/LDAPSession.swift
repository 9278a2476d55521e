#if LDAP
  internal import CLDAP
  internal import Foundation

  /// One connection to one server of a directory, on a thread that may wait. It ends with its last reference.
  final class LDAPSession {
    /// Why there is no answer, or which.
    enum Fault: Error {
      case refused(String)
      case unavailable(String)
    }

    private let handle: OpaquePointer
    private let server: String
    private let deadline: ContinuousClock.Instant

    /// Bound: characters of a server's own words.
    private static let longestWords = 200
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
    /// libldap reads its own settings at the first call, and that must not be two threads' first.
    private static let isAwake: Bool = {
      var version: Int32 = 0
      return ldap_get_option(nil, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS
    }()

    init(server: String, directory: LDAPDirectory, deadline: ContinuousClock.Instant) throws(Fault) {
      guard Self.isAwake else { throw .unavailable("libldap does not start") }
      var made: OpaquePointer?
      guard ldap_initialize(&made, server) == LDAP_SUCCESS, let made else {
        throw .unavailable("\(server) is no LDAP URL")
      }
      handle = made
      self.server = server
      self.deadline = deadline
      try configure(directory)
      if directory.startsTLS, server.lowercased().hasPrefix("ldap:") { try startTLS() }
    }

    deinit { ldap_unbind_ext_s(handle, nil, nil) }

    // MARK: Operations

    /// A simple bind. The password is never empty: the caller's promise, kept here once more, since such a bind
    /// succeeds without saying who it was.
    func bind(as name: String, password: [UInt8]) throws(Fault) {
      guard !name.isEmpty, !password.isEmpty else { throw .refused("an anonymous bind is no login") }
      var message: Int32 = 0
      var secret = password
      let code = secret.withUnsafeMutableBytes { bytes in
        var credential = berval(
          bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        return ldap_sasl_bind(handle, name, nil, &credential, nil, nil, &message)
      }
      for index in secret.indices { secret[index] = 0 }
      guard code == LDAP_SUCCESS else { throw fault(code) }
      let result = try result(of: message)
      defer { ldap_msgfree(result) }
      try check(result)
    }

    /// The name of the one entry that matches; nil where none does.
    func find(base: String, filter: String) throws(Fault) -> String? {
      var message: Int32 = 0
      var limit = timeLeft()
      var noAttributes = Array("1.1".utf8CString)
      let code = noAttributes.withUnsafeMutableBufferPointer { name in
        var names: [UnsafeMutablePointer<CChar>?] = [name.baseAddress, nil]
        return names.withUnsafeMutableBufferPointer { names in
          ldap_search_ext(
            handle, base, ber_int_t(LDAP_SCOPE_SUBTREE), filter, names.baseAddress, 0, nil, nil, &limit, 2,
            &message)
        }
      }
      guard code == LDAP_SUCCESS else { throw fault(code) }
      let result = try result(of: message)
      defer { ldap_msgfree(result) }
      // Not the user's fault: the base, or the rights of the account that searches.
      try check(result, blaming: "the search for the user failed")
      guard let entry = ldap_first_entry(handle, result) else { return nil }
      guard ldap_next_entry(handle, entry) == nil else {
        throw .unavailable("more than one entry matches the filter")
      }
      guard let name = ldap_get_dn(handle, entry) else { throw .unavailable("an entry without a name") }
      defer { ldap_memfree(name) }
      return String(cString: name)
    }

    /// Has the server answer something, whatever it is.
    func greet() throws(Fault) {
      var message: Int32 = 0
      var limit = timeLeft()
      let code = ldap_search_ext(
        handle, "", ber_int_t(LDAP_SCOPE_BASE), "(objectClass=*)", nil, 0, nil, nil, &limit, 1, &message)
      guard code == LDAP_SUCCESS else { throw fault(code) }
      ldap_msgfree(try result(of: message))
    }

    private func startTLS() throws(Fault) {
      var message: Int32 = 0
      let code = ldap_start_tls(handle, nil, nil, &message)
      guard code == LDAP_SUCCESS else { throw fault(code) }
      let result = try result(of: message)
      defer { ldap_msgfree(result) }
      try check(result, blaming: "STARTTLS refused")
      let installed = ldap_install_tls(handle)
      guard installed == LDAP_SUCCESS else { throw fault(installed) }
    }

    // MARK: Options

    private func configure(_ directory: LDAPDirectory) throws(Fault) {
      var version = LDAP_VERSION3
      var demand = LDAP_OPT_X_TLS_DEMAND
      var never = LDAP_DEREF_NEVER
      var client: Int32 = 0
      var limit = timeLeft()
      let file = directory.authorities ?? Self.systemAuthorities
      let codes = [
        ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version),
        // A referral would carry the password to whomever the server names.
        ldap_set_option(handle, LDAP_OPT_REFERRALS, nil),
        ldap_set_option(handle, LDAP_OPT_DEREF, &never),
        ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &limit),
        ldap_set_option(handle, LDAP_OPT_TIMEOUT, &limit),
        ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand),
        ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, file),
      ]
      guard codes.allSatisfy({ $0 == LDAP_OPT_SUCCESS }) else {
        throw .unavailable("libldap refuses a setting")
      }
      let usesTLS = directory.startsTLS || server.lowercased().hasPrefix("ldaps:")
      guard usesTLS else { return }
      guard ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS else {
        throw .unavailable("the authorities in \(file) cannot be read")
      }
    }

    private func timeLeft() -> timeval {
      let left = max(.milliseconds(10), deadline - .now).components
      return timeval(
        tv_sec: time_t(left.seconds), tv_usec: suseconds_t(left.attoseconds / 1_000_000_000_000))
    }

    // MARK: Results

    private func result(of message: Int32) throws(Fault) -> OpaquePointer {
      var limit = timeLeft()
      var result: OpaquePointer?
      switch ldap_result(handle, message, LDAP_MSG_ALL, &limit, &result) {
      case 0:
        ldap_abandon_ext(handle, message, nil, nil)
        throw .unavailable("no answer in time")
      case ..<0:
        var code: Int32 = 0
        ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code)
        throw fault(code)
      default:
        guard let result else { throw .unavailable("an empty answer") }
        return result
      }
    }

    /// - Parameter failure: what a refusal means where the user is not to blame for it.
    private func check(_ result: OpaquePointer, blaming failure: String? = nil) throws(Fault) {
      var code: Int32 = 0
      var words: UnsafeMutablePointer<CChar>?
      let parsed = ldap_parse_result(handle, result, &code, nil, &words, nil, nil, 0)
      defer { if let words { ldap_memfree(words) } }
      guard parsed == LDAP_SUCCESS else { throw fault(parsed) }
      guard code != LDAP_SUCCESS else { return }
      let own = words.map { UserName.words(String(cString: $0).utf8) } ?? ""
      let text = Self.text(code) + (own.isEmpty ? "" : " (\(own))")
      if let failure { throw .unavailable("\(failure): \(text)") }
      throw Self.blames(code) ? .refused(text) : .unavailable(text)
    }

    /// Whether a result of a bind speaks of the user; the others speak of the server.
    private static func blames(_ code: Int32) -> Bool {
      [
        LDAP_INVALID_CREDENTIALS, LDAP_NO_SUCH_OBJECT, LDAP_INVALID_DN_SYNTAX, LDAP_INAPPROPRIATE_AUTH,
        LDAP_INSUFFICIENT_ACCESS, LDAP_CONSTRAINT_VIOLATION, LDAP_UNWILLING_TO_PERFORM,
      ].contains(code)
    }

    /// A fault of the way, with what TLS says of it.
    private func fault(_ code: Int32) -> Fault {
      var words: UnsafeMutablePointer<CChar>?
      ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &words)
      defer { if let words { ldap_memfree(words) } }
      let own = words.map { UserName.words(String(cString: $0).utf8) } ?? ""
      return .unavailable(Self.text(code) + (own.isEmpty ? "" : " (\(own))"))
    }

    private static func text(_ code: Int32) -> String {
      ldap_err2string(code).map { String(cString: $0) } ?? "LDAP result \(code)"
    }
  }
#endif
