internal import SMTPProtocol

/// What the demo's mail server says beyond the dialogue itself.
extension ReasonCode {
  static let noSuchMailbox: ReasonCode = "NO_SUCH_MAILBOX"
  static let stored: ReasonCode = "STORED"
  static let notStored: ReasonCode = "NOT_STORED"
  static let outOfRoom: ReasonCode = "OUT_OF_ROOM"
  static let tooManySessions: ReasonCode = "TOO_MANY_SESSIONS"
  static let silence: ReasonCode = "SILENCE"
  static let stopping: ReasonCode = "STOPPING"
  static let forwardOK: ReasonCode = "XFORWARD_OK"
  static let forwardSyntax: ReasonCode = "XFORWARD_SYNTAX"
}

enum MaildirReasons {
  static let all: [Reason] = [
    reason(.noSuchMailbox, 550, 1, 1, "<{recipient}>: no such mailbox here"),
    reason(.stored, 250, 0, 0, "Ok: delivered as {id}"),
    reason(.notStored, 451, 3, 0, "The message could not be written, please try again"),
    reason(.outOfRoom, 452, 3, 1, "Too many messages at once, please try again"),
    reason(.tooManySessions, 421, 3, 2, "Too many sessions, please try again"),
    reason(.silence, 421, 4, 2, "Nothing heard for too long, closing connection"),
    reason(.stopping, 421, 3, 2, "Shutting down, please try again"),
    reason(.forwardOK, 250, 0, 0, "Ok"),
    reason(.forwardSyntax, 501, 5, 4, "{reason}"),
  ]

  private static func reason(_ code: ReasonCode, _ number: Int, _ subject: Int, _ detail: Int, _ text: String)
    -> Reason
  {
    Reason(code, Reply(number, subject, detail, text), .notice, cause: "", effect: "", remedy: "")
  }
}
