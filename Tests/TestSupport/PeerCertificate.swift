/// A certificate for `localhost`, `127.0.0.1` and `::1` with an authority of its own, made by `openssl`.
public enum PeerCertificate {
  /// Writes `authority.pem`, `certificate.pem` and `key.pem` into the folder.
  public static func make(in folder: ScratchFolder) throws {
    try folder.write(
      "leaf.cnf",
      "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    )
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try openssl(
      ["req", "-x509"] + key + [
        "-keyout", folder.file("authority-key.pem"), "-out", folder.file("authority.pem"), "-days", "2",
        "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
      ])
    try openssl(
      ["req"] + key + [
        "-keyout", folder.file("key.pem"), "-out", folder.file("request.pem"), "-subj", "/CN=localhost",
      ])
    try openssl([
      "x509", "-req", "-in", folder.file("request.pem"), "-CA", folder.file("authority.pem"), "-CAkey",
      folder.file("authority-key.pem"), "-CAcreateserial", "-out", folder.file("certificate.pem"), "-days",
      "2", "-extfile", folder.file("leaf.cnf"),
    ])
  }

  private static func openssl(_ arguments: [String]) throws {
    let result = try run("openssl", arguments, joined: true)
    guard result.succeeded else {
      throw HarnessFault("openssl \(arguments.first ?? ""): \(result.output)")
    }
  }
}
