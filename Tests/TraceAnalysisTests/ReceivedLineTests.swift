import NetAddress
import Testing
import TraceAnalysis

/// One line of each server, and what it says.
@Suite struct ReceivedLineTests {
  struct Case: CustomStringConvertible, Sendable {
    let server: String
    let line: String
    /// `key=value`, a space between; what is not named must not be there, but for dates and software.
    let parts: String
    var description: String { server }
  }

  static let cases = [
    Case(
      server: "Postfix",
      line:
        "from mail.a.example (host.a.example [192.0.2.5])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n\t(Client CN \"x\", Issuer \"y\" (not verified))\r\n\tby mx.b.example (Postfix) with ESMTPS id 4Abc12DEFgz1x\r\n\tfor <u@b.example>; Thu, 19 Nov 2026 10:00:00 +0100 (CET)",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=host.a.example ip=192.0.2.5 by=mx.b.example with=ESMTPS id=4Abc12DEFgz1x for=u@b.example tls=TLSv1.3/TLS_AES_256_GCM_SHA384"
    ),
    Case(
      server: "Postfix, a user",
      line:
        "from [192.168.1.2] (unknown [IPv6:2001:db8::7]) (Authenticated sender: joe@b.example) by mx.b.example (Postfix) with ESMTPSA id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=[192.168.1.2] helo=[192.168.1.2] ip=2001:db8::7 by=mx.b.example with=ESMTPSA id=4A1B2C3D4E user=joe@b.example"
    ),
    Case(
      server: "Postfix, on the host",
      line: "by mx.b.example (Postfix, from userid 1000) id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:00 +0100",
      parts: "kind=local by=mx.b.example id=4A1B2C3D4E"),
    Case(
      server: "Sendmail",
      line:
        "from b.example (host.a.example [192.0.2.5] (may be forged)) (authenticated bits=0) by mx.b.example (8.15.2/8.15.2) with ESMTP id 5AJ900aB012345 for <u@b.example>; Thu, 19 Nov 2026 10:00:00 GMT",
      parts:
        "kind=handover from=b.example helo=b.example reverse=host.a.example ip=192.0.2.5 by=mx.b.example with=ESMTP id=5AJ900aB012345 for=u@b.example doubt=may-be-forged login=authenticated-bits=0"
    ),
    Case(
      server: "Exim",
      line:
        "from host.a.example ([192.0.2.5]:41234 helo=mail.a.example ident=joe) by mx.b.example with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <s@a.example>) id 1vLyAb-0001Ab-2C for u@b.example; Thu, 19 Nov 2026 09:00:00 +0000",
      parts:
        "kind=handover from=host.a.example helo=mail.a.example reverse=host.a.example ip=192.0.2.5 ident=joe by=mx.b.example with=esmtps id=1vLyAb-0001Ab-2C for=u@b.example sender=s@a.example tls=TLS1.3/TLS_AES_256_GCM_SHA384"
    ),
    Case(
      server: "qmail",
      line:
        "from unknown (HELO mail.a.example) (joe@192.0.2.5) by mx.b.example with SMTP; 19 Nov 2026 09:00:00 -0000",
      parts: "kind=handover from=unknown helo=mail.a.example ip=192.0.2.5 ident=joe by=mx.b.example with=SMTP"
    ),
    Case(
      server: "qmail, greeting and name are one",
      line: "from mail.a.example (192.0.2.5) by mx.b.example with SMTP; 19 Nov 2026 09:00:00 -0000",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=mail.a.example ip=192.0.2.5 by=mx.b.example with=SMTP"
    ),
    Case(
      server: "qmail, on the host", line: "(qmail 27981 invoked by uid 225); 14 Mar 2003 07:24:34 -0000",
      parts: "kind=local"),
    Case(
      server: "Exchange",
      line:
        "from EX1.a.example (2001:db8:1::2) by EX2.a.example\r\n (192.0.2.9) with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7202.24 via Frontend\r\n Transport; Thu, 19 Nov 2026 09:00:00 +0000",
      parts:
        "kind=handover from=EX1.a.example helo=EX1.a.example ip=2001:db8:1::2 by=EX2.a.example byip=192.0.2.9 with=Microsoft-SMTP-Server via=Frontend-Transport id=15.20.7202.24 tls=TLS1_2/TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    ),
    Case(
      server: "Exchange, within",
      line:
        "from A.prod.outlook.com ([fe80::19bd:c588:dd17:5226]) by A.prod.outlook.com ([fe80::19bd:c588:dd17:5226%6]) with mapi id 15.20.1943.023; Wed, 5 Jun 2019 10:17:08 +0000",
      parts:
        "kind=handover from=A.prod.outlook.com helo=A.prod.outlook.com ip=fe80::19bd:c588:dd17:5226 by=A.prod.outlook.com byip=fe80::19bd:c588:dd17:5226 with=mapi id=15.20.1943.023"
    ),
    Case(
      server: "Gmail",
      line:
        "from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41]) by mx.google.com with SMTPS id x9-20020a1709abc for <u@b.example> (Google Transport Security); Thu, 19 Nov 2026 01:00:00 -0800 (PST)",
      parts:
        "kind=handover from=mail-sor-f41.google.com helo=mail-sor-f41.google.com reverse=mail-sor-f41.google.com ip=209.85.220.41 by=mx.google.com with=SMTPS id=x9-20020a1709abc for=u@b.example"
    ),
    Case(
      server: "Gmail, within",
      line:
        "by 2002:a05:6a10:1234:b0:1f2:3456:789a with SMTP id a1csp123456pxb; Thu, 19 Nov 2026 01:00:01 -0800 (PST)",
      parts: "kind=local byip=2002:a05:6a10:1234:b0:1f2:3456:789a with=SMTP id=a1csp123456pxb"),
    Case(
      server: "Domino",
      line:
        "from mail.a.example ([192.0.2.5]) by mx.b.example (Lotus Domino Release 8.5.3) with ESMTP id 2026111910000012-3456 ; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example ip=192.0.2.5 by=mx.b.example with=ESMTP id=2026111910000012-3456"
    ),
    Case(
      server: "CommuniGate",
      line:
        "from [192.0.2.5] (account joe@b.example HELO [10.0.0.2]) by mx.b.example (CommuniGate Pro SMTP 6.2) with ESMTPSA id 123; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=[192.0.2.5] helo=[10.0.0.2] ip=192.0.2.5 by=mx.b.example with=ESMTPSA id=123 user=joe@b.example"
    ),
    Case(
      server: "Courier",
      line:
        "from mail.a.example (host.a.example [::ffff:192.0.2.5]) (AUTH: PLAIN joe, TLS: TLS1.3,256bits,ECDHE_RSA_AES_256_GCM_SHA384) by mx.b.example with ESMTPSA id 00000000001; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=host.a.example ip=192.0.2.5 by=mx.b.example with=ESMTPSA id=00000000001 user=joe tls=TLS1.3/ECDHE_RSA_AES_256_GCM_SHA384"
    ),
    Case(
      server: "MDaemon",
      line:
        "from mail.a.example [192.0.2.5] by mx.b.example [198.51.100.1] with SMTP (MDaemon.PRO.v5.0.6.R) for <u@b.example>; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example ip=192.0.2.5 by=mx.b.example byip=198.51.100.1 with=SMTP for=u@b.example"
    ),
    Case(
      server: "Kerio",
      line:
        "from [192.168.1.2] ([192.0.2.5]) (authenticated user joe@b.example) by mx.b.example (Kerio Connect 9.2.7) with ESMTPSA (using TLSv1.2 with cipher AES256-SHA (256/256 bits)) for u@b.example; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=[192.168.1.2] helo=[192.168.1.2] ip=192.0.2.5 by=mx.b.example with=ESMTPSA for=u@b.example user=joe@b.example tls=TLSv1.2/AES256-SHA"
    ),
    Case(
      server: "Zimbra",
      line:
        "from a.b.example (LHLO c.b.example) (10.0.0.2) by d.b.example with LMTP; Thu, 19 Nov 2026 10:00:00 +0100 (CET)",
      parts:
        "kind=handover from=a.b.example helo=c.b.example reverse=a.b.example ip=10.0.0.2 by=d.b.example with=LMTP"
    ),
    Case(
      server: "Dovecot LMTP",
      line:
        "from mx.b.example ([127.0.0.1]) by mx.b.example with LMTP id 8Kz0Aabc (envelope-from <s@a.example>) for <u@b.example>; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=mx.b.example helo=mx.b.example ip=127.0.0.1 by=mx.b.example with=LMTP id=8Kz0Aabc for=u@b.example sender=s@a.example"
    ),
    Case(
      server: "Amavis",
      line:
        "from mx.b.example ([127.0.0.1]) by localhost (mx.b.example [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id aBcDeFgHiJkL; Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=handover from=mx.b.example helo=mx.b.example ip=127.0.0.1 by=localhost with=ESMTP id=aBcDeFgHiJkL"
    ),
    Case(
      server: "fetchmail",
      line:
        "from pop.a.example [192.0.2.5] by localhost with POP3 (fetchmail-6.4.37) for <joe@localhost> (single-drop); Thu, 19 Nov 2026 10:00:00 +0100",
      parts:
        "kind=fetched from=pop.a.example helo=pop.a.example ip=192.0.2.5 by=localhost with=POP3 for=joe@localhost"
    ),
    Case(
      server: "Yahoo's web mail",
      line: "from [192.0.2.5] by web1.mail.yahoo.com via HTTP; Thu, 19 Nov 2026 01:00:00 PST",
      parts: "kind=handover from=[192.0.2.5] ip=192.0.2.5 by=web1.mail.yahoo.com via=HTTP"),
    Case(
      server: "Coremail",
      line:
        "from user$a.example ( [192.0.2.5] ) by ajax-webmail-wmsvr1 (Coremail) ; Thu, 19 Nov 2026 18:00:00 +0800 (GMT+08:00)",
      parts: "kind=handover from=user$a.example helo=user$a.example ip=192.0.2.5 by=ajax-webmail-wmsvr1"),
    Case(
      server: "163",
      line:
        "from DESKTOP (unknown [192.0.2.5]) by gzga-smtp-mtada-g0-2 (Coremail) with SMTP id _____wDXn9kk; Thu, 19 Nov 2026 18:00:00 +0800 (CST)",
      parts:
        "kind=handover from=DESKTOP helo=DESKTOP ip=192.0.2.5 by=gzga-smtp-mtada-g0-2 with=SMTP id=_____wDXn9kk"
    ),
    Case(
      server: "QQ",
      line:
        "from host (unknown [192.0.2.5])\r\n\tby newesmtp.qq.com (NewEsmtp) with SMTP\r\n\tid 7D5A3F2B; Thu, 19 Nov 2026 18:00:00 +0800",
      parts: "kind=handover from=host helo=host ip=192.0.2.5 by=newesmtp.qq.com with=SMTP id=7D5A3F2B"),
    Case(
      server: "iPlanet",
      line:
        "from mail.a.example (mail.a.example [192.0.2.5]) by mx.b.example (Sun Java System Messaging Server 6.2-4.02 (built Sep  9 2005)) with ESMTP id <0IZO00701ISSIU00@mx.b.example> for u@b.example; Thu, 19 Nov 2026 10:00:00 +0100 (CET)",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=mail.a.example ip=192.0.2.5 by=mx.b.example with=ESMTP id=0IZO00701ISSIU00@mx.b.example for=u@b.example"
    ),
    Case(
      server: "Haraka",
      line:
        "from mail.a.example (host.a.example [192.0.2.5])\r\n\tby mx.b.example (Haraka/3.0.3) with ESMTPS id 0A1B-2C3D.1\r\n\tenvelope-from <s@a.example>\r\n\ttls TLS_AES_256_GCM_SHA384;\r\n\tThu, 19 Nov 2026 09:00:00 +0000",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=host.a.example ip=192.0.2.5 by=mx.b.example with=ESMTPS id=0A1B-2C3D.1 sender=s@a.example tls=/TLS_AES_256_GCM_SHA384"
    ),
    Case(
      server: "OpenSMTPD",
      line:
        "from mail.a.example (host.a.example [192.0.2.5]) by mx.b.example (OpenSMTPD) with ESMTPS id 5db34e0d (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) for <u@b.example>; Thu, 19 Nov 2026 10:00:00 +0100 (CET)",
      parts:
        "kind=handover from=mail.a.example helo=mail.a.example reverse=host.a.example ip=192.0.2.5 by=mx.b.example with=ESMTPS id=5db34e0d for=u@b.example tls=TLSv1.3/TLS_AES_256_GCM_SHA384"
    ),
    Case(
      server: "MailEnable",
      line: "from ([192.0.2.5]) by mx.b.example with MailEnable ESMTP; Thu, 19 Nov 2026 10:00:00 +0100",
      parts: "kind=handover ip=192.0.2.5 by=mx.b.example with=MailEnable-ESMTP"),
    Case(
      server: "IMail",
      line:
        "from host [192.0.2.5] by mx.b.example (SMTPD32-7.07) id A4CE7F2A0028; Thu, 19 Nov 2026 10:00:00 +0100",
      parts: "kind=handover from=host helo=host ip=192.0.2.5 by=mx.b.example id=A4CE7F2A0028"),
    Case(
      server: "Mercury", line: "from spooler by mx.b.example (Mercury/32 v4.01a); 5 Jun 2006 11:44:13 -0400",
      parts: "kind=handover from=spooler by=mx.b.example"),
  ]

  static func parts(_ line: ReceivedLine) -> String {
    var parts = ["kind=\(line.kind)"]
    func add(_ key: String, _ value: String?) {
      if let value { parts.append("\(key)=\(value.replacing(" ", with: "-"))") }
    }
    add("from", line.from)
    add("helo", line.helo)
    add("reverse", line.reverseName)
    add("ip", line.address?.description)
    add("ident", line.ident)
    add("by", line.by)
    add("byip", line.byAddress?.description)
    add("with", line.with)
    add("via", line.via)
    add("id", line.id)
    add("for", line.recipient)
    add("sender", line.sender)
    add("doubt", line.doubt)
    if let user = line.login?.user { add("user", user) }
    if let login = line.login, login.user == nil, login.manner != line.with { add("login", login.manner) }
    if let tls = line.tls { add("tls", tls.version + (tls.cipher.map { "/\($0)" } ?? "")) }
    return parts.joined(separator: " ")
  }

  @Test(arguments: cases) func reads(_ one: Case) {
    let line = ReceivedLine(one.line)
    var own = Self.parts(line)
    // Amavis writes its own address twice.
    if one.server == "Amavis" { own = own.replacing(" byip=127.0.0.1", with: "") }
    #expect(own == one.parts)
    #expect(line.date != nil && line.dateFault == nil)
    #expect(line.unread.isEmpty && !line.isAmbiguous && !line.isCut)
  }

  /// What a client greets with cannot stand in for what the server writes: the last address is the server's own, and
  /// the line says that it can be read in two ways.
  @Test(arguments: [
    "from x (a.example [203.0.113.9]) by evil.example (unknown [192.0.2.5]) by mx.b.example (Postfix) with SMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:00 +0100",
    "from x by evil.example with ESMTP id 1 (unknown [192.0.2.5]) by mx.b.example (Postfix) with SMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:00 +0100",
  ])
  func aGreetingLikeALine(_ text: String) {
    let line = ReceivedLine(text)
    #expect(line.address == IPAddress("192.0.2.5"))
    #expect(line.by == "mx.b.example" && line.id == "4A1B2C3D4E")
    #expect(line.isAmbiguous && !line.unread.isEmpty)
  }

  @Test(arguments: [
    "(", "[", ")", "]", "((", "<", "\"", "(x", "[[", ";", "by", "with", "id", "from", "for", "a;b",
  ])
  func aGreetingThatIsASignOrAKeyword(_ greeting: String) {
    let line = ReceivedLine(
      "from \(greeting) (unknown [192.0.2.5]) by mx.b.example (Postfix) with SMTP id 4A1B2C3D4E; Thu, 19 Nov 2026 10:00:00 +0100"
    )
    #expect(line.address == IPAddress("192.0.2.5"), "\(greeting)")
    #expect(line.by == "mx.b.example", "\(greeting)")
    #expect(line.id == "4A1B2C3D4E", "\(greeting)")
    #expect(line.date != nil, "\(greeting)")
  }

  @Test func whatIsNotUnderstoodIsSaid() {
    #expect(ReceivedLine("lorem ipsum dolor").unread == ["lorem", "ipsum", "dolor"])
    let line = ReceivedLine(
      "from a.example (a.example [192.0.2.5]) by b.example with SMTP id 1 lorem; tomorrow")
    #expect(line.unread == ["lorem", "tomorrow"])
    #expect(line.dateFault == .unreadable("tomorrow"))
    #expect(ReceivedLine("from a.example by b.example").dateFault == .missing)
    #expect(ReceivedLine("").dateFault == .missing)
  }
}
