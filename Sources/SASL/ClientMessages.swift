/// What a client says to log in with a password (RFC 4616; LOGIN has no RFC). Base64 is the dialogue's matter.
public enum ClientMessages {
  /// PLAIN's one message; nil where a NUL in it would make it another one, or where name or password is empty.
  public static func plain(user: String, password: [UInt8], authorization: String = "") -> [UInt8]? {
    guard !user.isEmpty, !password.isEmpty, !password.contains(0), !user.utf8.contains(0),
      !authorization.utf8.contains(0)
    else { return nil }
    return Array(authorization.utf8) + [0] + Array(user.utf8) + [0] + password
  }

  /// LOGIN's two messages, in the order in which they are asked for.
  public static func login(user: String, password: [UInt8]) -> (user: [UInt8], password: [UInt8])? {
    guard !user.isEmpty, !password.isEmpty, !password.contains(0), !user.utf8.contains(0) else { return nil }
    return (Array(user.utf8), password)
  }

  /// XOAUTH2's one message; nil for what its grammar cannot carry.
  public static func xoauth2(user: String, token: String) -> [UInt8]? {
    guard !user.isEmpty, !token.isEmpty, (user + token).utf8.allSatisfy({ $0 >= 0x20 }) else { return nil }
    return Array("user=\(user)\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8)
  }

  /// OAUTHBEARER's one message (RFC 7628 §3.1); nil for what its grammar cannot carry.
  public static func oauthBearer(user: String, token: String) -> [UInt8]? {
    guard !token.isEmpty, (user + token).utf8.allSatisfy({ $0 >= 0x20 }) else { return nil }
    let name = user.utf8.reduce(into: [UInt8]()) { name, byte in
      switch byte {
      case UInt8(ascii: ","): name += Array("=2C".utf8)
      case UInt8(ascii: "="): name += Array("=3D".utf8)
      default: name.append(byte)
      }
    }
    let authorization = user.isEmpty ? [] : Array("a=".utf8) + name
    return Array("n,".utf8) + authorization + Array(",\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8)
  }
}
