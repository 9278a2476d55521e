internal import Filtering

/// The fixed words of a line, ready to be copied: the names are those of the cases.
extension Event.Kind {
  var word: StaticString {
    switch self {
    case .accept: "accept"
    case .quarantine: "quarantine"
    case .discard: "discard"
    case .reject: "reject"
    case .defer: "defer"
    case .limit: "limit"
    case .session: "session"
    case .login: "login"
    case .shadow: "shadow"
    case .system: "system"
    }
  }
}

extension Event.Kind {
  /// Whether the line is read for why mail was refused.
  var isRefusal: Bool {
    switch self {
    case .reject, .defer, .limit, .shadow: true
    case .accept, .quarantine, .discard, .session, .login, .system: false
    }
  }
}

extension Event.Severity {
  var word: StaticString {
    switch self {
    case .error: "error"
    case .warning: "warning"
    case .info: "info"
    case .debug: "debug"
    }
  }
}

extension Stage {
  var word: StaticString {
    switch self {
    case .connect: "connect"
    case .hello: "hello"
    case .mail: "mail"
    case .recipient: "recipient"
    case .message: "message"
    }
  }
}
