/// Names as they stand inside LDAP's own texts, with nothing in them that means something there.
enum LDAPEscapes {
  /// A value of a distinguished name (RFC 4514 §2.4).
  static func distinguishedName(_ value: String) -> String {
    var result = ""
    let scalars = Array(value.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let isEdge = index == 0 || index == scalars.count - 1
      switch scalar {
      case "\0": result += "\\00"
      case "\"", "+", ",", ";", "<", ">", "\\", "=": result += "\\\(scalar)"
      case "#" where index == 0: result += "\\#"
      case " " where isEdge: result += "\\ "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A value of a search filter (RFC 4515 §3).
  static func filter(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\0": result += "\\00"
      case "(": result += "\\28"
      case ")": result += "\\29"
      case "*": result += "\\2a"
      case "\\": result += "\\5c"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Fills `{user}`, `{local}` and `{domain}` in, in one pass: what a name holds is never filled in again.
  static func fill(_ template: String, user: String, escape: (String) -> String) -> String {
    let (local, domain) = UserName.parts(user)
    let values = [("{user}", user), ("{local}", local), ("{domain}", domain)]
    var result = ""
    var rest = template[...]
    while let first = rest.first {
      if let (word, value) = values.first(where: { rest.hasPrefix($0.0) }) {
        result += escape(value)
        rest = rest.dropFirst(word.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
