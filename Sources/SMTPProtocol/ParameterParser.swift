internal import Bytes
internal import MailSyntax

/// Reads `KEY=value` parameters behind a path (RFC 5321 §4.1.2, `Mail-parameters`).
enum ParameterParser {
  static func mail(_ bytes: ArraySlice<UInt8>) -> Result<MailParameters, CommandFault> {
    var result = MailParameters()
    return read(bytes) { key, value throws(CommandFault) in
      switch key {
      case "SIZE":
        guard let value, (1...20).contains(value.utf8.count), value.utf8.allSatisfy(\.isASCIIDigit) else {
          throw .parameterValue("SIZE")
        }
        result.size = UInt64(octets: Array(value.utf8)[...]) ?? .max
      case "BODY":
        guard let value, let body = BodyKind(rawValue: value.uppercasedASCII) else {
          throw .parameterValue("BODY")
        }
        result.body = body
      case "SMTPUTF8":
        guard value == nil else { throw .parameterValue("SMTPUTF8") }
        result.isInternationalized = true
      case "REQUIRETLS":
        guard value == nil else { throw .parameterValue("REQUIRETLS") }
        result.requireTLS = true
      case "PRDR":
        guard value == nil else { throw .parameterValue("PRDR") }
        result.repliesEach = true
      case "RET":
        guard let value, ["FULL", "HDRS"].contains(value.uppercasedASCII) else {
          throw .parameterValue("RET")
        }
        result.returnKind = value.uppercasedASCII
      case "ENVID":
        guard let value, isXtext(value), value.utf8.count <= 100 else { throw .parameterValue("ENVID") }
        result.envelopeID = value
      case "AUTH":
        guard let value, isXtext(value), value.utf8.count <= 500 else { throw .parameterValue("AUTH") }
        result.authenticatedSender = value
      default: throw .parameterUnknown(key)
      }
    }.map { result }
  }

  static func recipient(_ bytes: ArraySlice<UInt8>) -> Result<RecipientParameters, CommandFault> {
    var result = RecipientParameters()
    return read(bytes) { key, value throws(CommandFault) in
      switch key {
      case "NOTIFY":
        guard let value, isNotify(value.uppercasedASCII) else { throw .parameterValue("NOTIFY") }
        result.notify = value.uppercasedASCII
      case "ORCPT":
        guard let value, isOriginalRecipient(value) else { throw .parameterValue("ORCPT") }
        result.originalRecipient = value
      default: throw .parameterUnknown(key)
      }
    }.map { result }
  }

  /// Calls `take` with each key in capitals and its value; a key given twice is refused.
  private static func read(
    _ bytes: ArraySlice<UInt8>, take: (String, String?) throws(CommandFault) -> Void
  ) -> Result<Void, CommandFault> {
    var rest = bytes.drop(while: \.isWhiteSpace)
    var seen: [String] = []
    do throws(CommandFault) {
      while !rest.isEmpty {
        let word = rest.prefix { !$0.isWhiteSpace }
        rest = rest[word.endIndex...].drop(while: \.isWhiteSpace)
        let name = word.prefix { $0 != UInt8(ascii: "=") }
        let key = String(decoding: name, as: UTF8.self).uppercasedASCII
        guard isKeyword(name) else { throw .syntax("'\(key.printable(limit: 40))' is not a parameter") }
        guard !seen.contains(key) else { throw .parameterValue(key) }
        seen.append(key)
        guard name.endIndex < word.endIndex else {
          try take(key, nil)
          continue
        }
        let value = word[(name.endIndex + 1)...]
        guard !value.isEmpty, value.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
          let text = String(utf8: value)
        else { throw .parameterValue(key) }
        try take(key, text)
      }
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  private static func isKeyword(_ word: ArraySlice<UInt8>) -> Bool {
    guard let first = word.first, first.isASCIILetterOrDigit, word.count <= 64 else { return false }
    return word.allSatisfy { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") }
  }

  /// RFC 3461 §4: printable ASCII without `+` and `=`, those and all else as `+XX`.
  static func isXtext(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "+") {
        guard index + 2 < bytes.count, bytes[index + 1].isASCIIHexDigit, bytes[index + 2].isASCIIHexDigit
        else {
          return false
        }
        index += 3
      } else {
        guard (0x21...0x7e).contains(bytes[index]), bytes[index] != UInt8(ascii: "=") else { return false }
        index += 1
      }
    }
    return !bytes.isEmpty
  }

  /// `NEVER`, or a list of `SUCCESS`, `FAILURE`, `DELAY` (RFC 3461 §4.1).
  private static func isNotify(_ value: String) -> Bool {
    if value == "NEVER" { return true }
    let words = value.split(separator: ",", omittingEmptySubsequences: false)
    return Set(words).count == words.count
      && words.allSatisfy { ["SUCCESS", "FAILURE", "DELAY"].contains($0) }
  }

  /// `addr-type;xtext` (RFC 3461 §4.2); `utf-8;…` may hold more than xtext (RFC 6533).
  private static func isOriginalRecipient(_ value: String) -> Bool {
    let parts = value.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, value.utf8.count <= 500, !parts[0].isEmpty, !parts[1].isEmpty,
      parts[0].utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") })
    else { return false }
    return parts[0].equalsIgnoringASCIICase("utf-8") || isXtext(String(parts[1]))
  }
}
