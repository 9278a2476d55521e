/// What became of one step of a login.
enum DovecotAnswer: Sendable {
  case ok(user: String)
  case challenge([UInt8])
  case refused(user: String, String)
  case unavailable(String)

  /// What an OK means.
  static func accepted(_ fields: DovecotFields) -> DovecotAnswer {
    guard let user = fields["user"], UserName.fault(user) == nil else {
      return .unavailable("Dovecot accepted a login without a user name")
    }
    // "The user is not actually allowed to log in", save through a proxy, which is the other server's matter.
    if fields.has("nologin"), !fields.has("proxy"), !fields.has("host") {
      return .refused(user: user, "may not log in" + (fields["reason"].map { ": \($0)" } ?? ""))
    }
    return .ok(user: user)
  }

  /// What a FAIL means.
  static func refused(_ fields: DovecotFields) -> DovecotAnswer {
    let reason = fields["reason"].map { ": \(UserName.words($0.utf8))" } ?? ""
    let code = fields["code"] ?? ""
    if fields.has("temp") || code == "temp_fail" {
      return .unavailable("Dovecot failed for the time being\(reason)")
    }
    let why =
      if fields.has("user_disabled") || code == "user_disabled" {
        "account disabled"
      } else if fields.has("pass_expired") || code == "pass_expired" {
        "password expired"
      } else if fields.has("authz") || code == "authz_fail" {
        "may not act for the user it named"
      } else {
        "no such user, or wrong password"
      }
    return .refused(user: UserName.words((fields["user"] ?? "").utf8), why + reason)
  }
}
