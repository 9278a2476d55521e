import Foundation

/// A real client that logs in and sends a message: Python's `smtplib`, over STARTTLS or TLS from the first octet. The
/// mechanisms that smtplib lacks are added to it with Python's own hashes.
public struct LoginClient: Sendable {
  /// What the gateway said.
  public struct Outcome: Hashable, Sendable {
    /// The mechanisms of its EHLO.
    public let offered: [String]
    /// Of AUTH; 235 where the login succeeded.
    public let login: Int
    /// Of the message; 0 where none was sent.
    public let message: Int
    public let words: String
  }

  public let port: UInt16
  public let authority: String
  public let isImplicit: Bool

  /// - Parameter authority: a PEM file of who vouches for the gateway's certificate.
  public init(port: UInt16, authority: String, isImplicit: Bool = false) {
    self.port = port
    self.authority = authority
    self.isImplicit = isImplicit
  }

  /// Logs in and, where that succeeds, sends a message as the user.
  ///
  /// - Parameter secret: the password, or the token.
  public func send(
    _ mechanism: String, user: String, secret: String, to recipient: String = "user@example.org"
  )
    throws -> Outcome
  {
    let result = try run(
      "python3",
      [
        "-c", Self.program, "\(port)", authority, isImplicit ? "implicit" : "starttls", mechanism, user,
        secret, recipient,
      ], within: .seconds(60))
    guard result.succeeded,
      let line = result.output.split(separator: "\n").last,
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    else { throw HarnessFault("python3: \(result.output)\(result.errors)") }
    return Outcome(
      offered: object["offered"] as? [String] ?? [], login: object["login"] as? Int ?? 0,
      message: object["message"] as? Int ?? 0, words: object["words"] as? String ?? "")
  }

  private static let program = """
    import base64, hashlib, hmac, json, os, smtplib, ssl, sys
    port, authority, mode, mechanism, user, secret, recipient = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    if mode == "implicit":
        smtp = smtplib.SMTP_SSL("localhost", int(port), context=context, timeout=30)
    else:
        smtp = smtplib.SMTP("localhost", int(port), timeout=30)
        smtp.ehlo("client.example")
        smtp.starttls(context=context)
    smtp.ehlo("client.example")
    smtp.user, smtp.password = user, secret
    class Scram:
        def __init__(self, name):
            self.algorithm = "sha1" if "SHA-1" in name else "sha256"
            self.nonce = base64.b64encode(os.urandom(18)).decode()
            self.header, self.binding = "n,,", b""
            if name.endswith("-PLUS"):
                self.header = "p=tls-server-end-point,,"
                self.binding = hashlib.sha256(smtp.sock.getpeercert(binary_form=True)).digest()
            self.step = 0
        def __call__(self, challenge=None):
            self.step += 1
            bare = "n=" + user.replace("=", "=3D").replace(",", "=2C") + ",r=" + self.nonce
            if self.step == 1: return self.header + bare
            if self.step == 2:
                first = challenge.decode()
                parts = dict(part.split("=", 1) for part in first.split(","))
                assert parts["r"].startswith(self.nonce) and len(parts["r"]) > len(self.nonce)
                salted = hashlib.pbkdf2_hmac(
                    self.algorithm, secret.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
                mac = lambda key, text: hmac.new(key, text, self.algorithm).digest()
                client = mac(salted, b"Client Key")
                binding = base64.b64encode(self.header.encode() + self.binding).decode()
                final = "c=" + binding + ",r=" + parts["r"]
                signed = (bare + "," + first + "," + final).encode()
                self.signature = mac(mac(salted, b"Server Key"), signed)
                stored = hashlib.new(self.algorithm, client).digest()
                proof = bytes(a ^ b for a, b in zip(client, mac(stored, signed)))
                return final + ",p=" + base64.b64encode(proof).decode()
            assert base64.b64decode(challenge.decode()[2:]) == self.signature, "the server's proof is wrong"
            return ""
    def bearer(challenge=None):
        if challenge is not None: return "\\x01" if mechanism == "OAUTHBEARER" else ""
        name = "n,a=" + user + ",\\x01" if mechanism == "OAUTHBEARER" else "user=" + user + "\\x01"
        return name + "auth=Bearer " + secret + "\\x01\\x01"
    exchanges = {"PLAIN": smtp.auth_plain, "LOGIN": smtp.auth_login, "CRAM-MD5": smtp.auth_cram_md5,
        "OAUTHBEARER": bearer, "XOAUTH2": bearer}
    exchange = exchanges.get(mechanism) or Scram(mechanism)
    outcome = {"offered": smtp.esmtp_features.get("auth", "").split(), "message": 0}
    try:
        code, words = smtp.auth(mechanism, exchange)
        outcome["login"] = code
        smtp.sendmail(user, [recipient], "From: " + user + "\\r\\nSubject: by " + mechanism + "\\r\\n\\r\\nHello\\r\\n")
        outcome["message"] = 250
    except smtplib.SMTPAuthenticationError as fault:
        outcome["login"], words = fault.smtp_code, fault.smtp_error
    except smtplib.SMTPResponseException as fault:
        outcome["message"], words = fault.smtp_code, fault.smtp_error
    outcome["words"] = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    print(json.dumps(outcome))
    """
}

/// A line of a users file with every kind of secret in it, computed by Python's own hashes.
public enum UsersLine {
  public static func of(_ user: PeerUser, isReversible: Bool = true) throws -> String {
    let result = try run(
      "python3", ["-c", program, user.name, user.password, isReversible ? "clear" : "hidden"])
    guard result.succeeded else { throw HarnessFault("python3: \(result.errors)") }
    return result.output
  }

  private static let program = """
    import base64, hashlib, hmac, os, sys
    user, password, kind = sys.argv[1:]
    encoded = lambda octets: base64.b64encode(octets).decode()
    words = [user]
    for name, algorithm in (("SCRAM-SHA-256", "sha256"), ("SCRAM-SHA-1", "sha1")):
        salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, 65536)
        mac = lambda text: hmac.new(salted, text, algorithm).digest()
        stored = hashlib.new(algorithm, mac(b"Client Key")).digest()
        words.append(f"{name}$65536:{encoded(salt)}${encoded(stored)}:{encoded(mac(b'Server Key'))}")
    if kind == "clear": words.append("{CLEAR}" + encoded(password.encode()))
    print(" ".join(words))
    """
}
