/// Messages signed by dkimpy 1.1.4 with a key made for them, in 2025, and the records that its owners publish.
enum SignedMail {
  /// `dns.fixture`: the key of both domains, in two strings as a record must be.
  static let names = """
    s1._domainkey.signed.example TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw1KmwdwriKX3cqZKNYI2p/Hkcy4iYORYN7FNt7mqvmApsg9qVuu+F672GIfxDop5CfiSqneSEdq03PypEh+CNIZtVmLby4e0qSkzOVv5CMYSjnlB5J8LgJAqh4e2ZrvEhW1j0m/YT534Sha55tfrjLSz" "IEOJ94r5LOvBj0MQakCyJhZgkAL+vsVcDkYDYt2n/jbzy+wP1FlUXuRNw82IT3Vety86wb+1TvRhF04cRw9AH9Rbb6i/8Ub5BQ0okkj64eAj/4XO+B6KJAzWWj4SQ6P+yt5LX1oLRS9fJmHXhWHVcJIZFGztGcZz+juW9nPoBrs8ZGxNfZvWRpSJODGXowIDAQAB"
    s1._domainkey.lists.example TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw1KmwdwriKX3cqZKNYI2p/Hkcy4iYORYN7FNt7mqvmApsg9qVuu+F672GIfxDop5CfiSqneSEdq03PypEh+CNIZtVmLby4e0qSkzOVv5CMYSjnlB5J8LgJAqh4e2ZrvEhW1j0m/YT534Sha55tfrjLSz" "IEOJ94r5LOvBj0MQakCyJhZgkAL+vsVcDkYDYt2n/jbzy+wP1FlUXuRNw82IT3Vety86wb+1TvRhF04cRw9AH9Rbb6i/8Ub5BQ0okkj64eAj/4XO+B6KJAzWWj4SQ6P+yt5LX1oLRS9fJmHXhWHVcJIZFGztGcZz+juW9nPoBrs8ZGxNfZvWRpSJODGXowIDAQAB"
    signed.example TXT "v=spf1 -all"
    _dmarc.signed.example TXT "v=DMARC1; p=reject"
    """

  /// Of `header` and `body`, relaxed/relaxed.
  static let relaxed = """
    DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=signed.example;
     i=@signed.example; q=dns/txt; s=s1; t=1763632800; h=from : to :
     subject : date : message-id;
     bh=8GjyqGagcokPAtpkOshq2mTJ0dWoznJ/A2Pgx6pbwFc=;
     b=oWyJB4IEdVUiv2zrCvLoeM2RwQHlG6WbQgIJDthK7Of1/J4/KCOF3U8GDw7uvwD9Dz+RY
     ISG0QkuhPx7unQ2myALat8Gjt1VpdG8AQN1OubbR3Ya/K8SDfLt+rIVXKTSguedUivTvRhg
     LcDaF72Fc0xnKkfZezwdpj4AjXwm4nALsBlz0a1OpfTeHYRyzgZO7JXP9ECthhBEixQibDW
     TuUo10Vc2KiAgjoqo9zD+NsFiR17kbkkqOUQaywcRCRQEWSI1/SxxNBV2LpXIyVJjexCku9
     cBl53S8qtVZ3J6MC5UUs6bXPNlVIVuRHZ/Iuu51EUZVa4EzEnuhqVUfxbptQ==

    """

  /// The same, simple/simple.
  static let simple = """
    DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=signed.example;
     i=@signed.example; q=dns/txt; s=s1; t=1763632800; h=from : to :
     subject : date : message-id;
     bh=VqYwa7SRWZ/oRrLvax6rpM6cmsZiJtE77qHPFFq+7Bw=;
     b=Mp5ZvZAVe6wna2MDlT9L8/QU2LhzNKR/qBDHi5PhuOtabf3zyzHchxLI67eNf4DbkTEG/
     5hGXDNyTOknWG85Hl7Rbn5AELT1bGrBvHs5/K0o3Ep2fE4sUW1O/8mdpSstqMfpaYGIfqkv
     IWXKumbIFRPwgaxaIuf0zWB3GeKIZC7f99QGbeMU9h95181pgSwfU7gNYCutkPvxjUdtaIX
     9XY88WAKx4Tg/JjZx87UG08qPatvXL4U9USYW3vl5VbWFXBFZrspALYK3l39/iZX62m40tJ
     +mZbUbR8dfphJLG1X9OJxg9dEhgpFbNQn4BgoyT/bcQXffDBKWd5Mpit2RjA==

    """

  /// Of `header` and `largeBody`, relaxed/simple.
  static let large = """
    DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=signed.example;
     i=@signed.example; q=dns/txt; s=s1; t=1763632800; h=from : to :
     subject : date : message-id;
     bh=E7BqGZYEQFMfaJSq8/2VD6GQyPF/cVy+08zblrlo9DY=;
     b=ftUhNlxI3qojevQSpAVatlkFeD9mh23SeLiLMYagvZv18IyREGuU9+UqUYCNmUwEuU1J1
     W4K6Fiil0zdQ2mQzc4QNf4DjaI5FiEDIY4USl1kDnAlZGJ3wOWklnk0u/LLpMF8jXQ8SNey
     Haypkof2eU3csujCfMpS7dWtp52318kyf98yOi4EW1b1g/CXzATlrsKfxep03MbIbWfdJBT
     SO5ckXsE5mUjloduPFwmiFniyYaw7wTmvJKfRBEqIsMjIlZQ5i0WvlJdJqEhIuDg3AlSWD2
     4fW2zyMS1+dHVVu59NBEKUq6VYD5zSpfVD99Vwx1Azo7c57qByMIiZfzvbTA==

    """

  /// A chain of one: lists.example put its name into the Subject, and says that it saw DKIM and DMARC pass.
  static let arc = """
    ARC-Seal: i=1; cv=none; a=rsa-sha256; d=lists.example; s=s1;
     t=1763632800;
     b=HW4tTAlMm76f3cULLSwlijqtK1ngEzqCToIz+Unsg1TH5mHv1xR/MuRUHUXZyfbe9cSTR
     TkQDMoJWm0Eqnsw6lCfbkX8BOdlJaiTpm1e53DMZydOBqZcmHbRMaU71psvcPGWUbSOWQ79
     adUD45vV/TDBFFly23HejsPF4oVsy2GXrB+WI6Smi4OvuuK70OnuZWWVMfCJGUrHqXWhKxt
     3foFR+iaxJ8BcK6M6Wev7bWO3QZ33uaEUSW6S5BT/42+FVUjDIhvnoYVAVTKelrBZW0LFaV
     ydnEeyR9jNvO1Sg8/k//GAf67nHCu5hml8slldjZgMHjEeSwXkmyyEH4p51A==
    ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed;
     d=lists.example; s=s1; t=1763632800; h=from : to : subject : date :
     message-id; bh=8GjyqGagcokPAtpkOshq2mTJ0dWoznJ/A2Pgx6pbwFc=;
     b=wfKthgdbkKsNz4v+HR6tRGCWO3VqDSMfPDtgJOwXU25ej0hBttNe7w053dnWT+Pp8tKtM
     b8rR86YUvz7t5qojLLwI/F8TZJJs7wEfYPwJ7jGWmTWuxE/fibvRI7JzOyi3FDkExvZyVUd
     ALvgpvP1qRFsWs0UY42UZlq+wIdXQ9mr47iprjk9dGXTEAh2c3dB0Ck/m6bbk/EXAUx6Amd
     oqRJD+HLWs2AsX162kkOeaq2r8v+92qKS/FJcoHtYOZhMlsKT2g/fWB3Orq/XJ3VbmbLeUa
     PUiYi0jzZ+Js2uYzFABxYqafUXr6ERorFEjt/CLGbnfHe3dmnCb8/iAdvBSw==
    ARC-Authentication-Results: i=1; lists.example; dkim=pass header.d=signed.example;
      dmarc=pass header.from=signed.example

    """

  /// The header without a signature.
  static let header = """
    From: Anna <anna@signed.example>
    To: user@example.org
    Subject: signed words
    Date: Fri, 20 Nov 2026 10:00:00 +0000
    Message-ID: <1@signed.example>

    """

  static let body = "Dear user,\n\n.a line with a dot in front, and  blanks \n..and two\n\nAnna\n"

  /// 2.1 MiB.
  static let largeBody = (0..<36_000).map { number in
    "\(number % 7 == 0 ? "." : "")line \(number) of a large message, with words enough to fill it\n"
  }.joined()

  /// A message as it is sent: a signature, the header, the body, with CRLF.
  static func message(_ signature: String, _ header: String = header, _ body: String = body) -> String {
    (signature + header + "\n" + body).replacing("\n", with: "\r\n")
  }
}
