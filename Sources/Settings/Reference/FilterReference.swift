extension Settings {
  static let securityReference: [KeyReference] = [
    .table("tls", "The gateway's certificates; without them STARTTLS is not offered."),
    .key("tls.certificate", .path, "", "The certificate and its chain, PEM; required in [tls]."),
    .key("tls.key", .path, "", "Its private key, PEM; required in [tls]."),
    .tables("tls.certificate_for", "A certificate for clients that ask for other names."),
    .key("tls.certificate_for[].names", .texts, "", "The names; required."),
    .key("tls.certificate_for[].certificate", .path, "", "The certificate and its chain; required."),
    .key("tls.certificate_for[].key", .path, "", "Its private key; required."),
    .key(
      "tls.min_version", .choice(TLSSettings.MinimumVersion.words), "1.2",
      "The oldest version of TLS that clients may speak."),
    .key(
      "tls.ciphers", .text, "",
      "The cipher suites up to TLS 1.2, OpenSSL's names with \":\" between; not given: modern ones. Those of TLS"
        + " 1.3 are always on."),
    .key(
      "tls.client_certificates", .choice(TLSSettings.ClientCertificates.words), "off",
      "Whether clients are asked for a certificate; none has to show one."),
    .key(
      "tls.client_ca", .path, "",
      "The authorities, PEM, that make a client's certificate a verified one; without it none is."),
    .table("dns", "How names are resolved."),
    .key(
      "dns.enabled", .flag, "true",
      "Whether names are resolved at all; without it the checks that ask about names do not run."),
    .key(
      "dns.servers", .texts, "",
      "Servers to forward to, \"IP\" or \"IP@port\"; empty: full recursion by the gateway itself."),
    .key("dns.timeout", .timeout, "5s", "For all the questions of one stage together."),
    .key("dns.cache", .size((1 << 20)...(64 << 30)), "64MiB", "How much memory answers may take."),
    .key(
      "dns.fixture", .path, "",
      "A file of records, \"name TYPE data\" a line, that are all there is: for trials, nobody is asked."),
    .key(
      "dns.queue", .count(1...1_000_000), "10000",
      "Questions that may wait for an answer at the same time; one more counts as unanswered at once."),
    .key(
      "dns.outgoing", .count(16...60_000), "900",
      "Sockets for questions on their way at the same time; they count among the file descriptors."),
    .key(
      "dns.dnssec", .flag, "",
      "Whether answers are validated; not given: with full recursion, not with dns.servers, which may not pass on"
        + " what it takes."),
    .key(
      "dns.watch", .texts, "",
      "The gateway's own public addresses, to be looked up in the DNS lists regularly."),
    .tables("dns.stub", "A zone that is asked of one server."),
    .key("dns.stub[].zone", .hostname, "", "The zone; required."),
    .key("dns.stub[].address", .text, "", "The server, \"IP\" or \"IP@port\"; required."),
    .table("trust", "Which hops of the Received trace are one's own."),
    .key("trust.networks", .networks, "", "Hops of our own beyond the relay networks."),
    .table("trace", "Whom weir trace asks who answers for an address."),
    .key(
      "trace.abuse_zone", .text, "abuse-contacts.abusix.zone",
      "The DNS zone that knows the abuse contact of an address; \"-\": none."),
    .key(
      "trace.rdap", .text, "https://rdap.org/",
      "The RDAP server (RFC 9082) that is asked with --online, or led on by; \"-\": none."),
    .key(
      "trace.whois", .text, "whois.iana.org",
      "The whois server that is asked with --online, \"NAME\" or \"NAME:PORT\"; \"-\": none."),
  ]

  static let filterReference: [KeyReference] = [
    .table("lists", "The local allow and block lists."),
    .key("lists.folder", .path, "Blocklists", "The folder of the local lists."),
    .table("rules", "The rule files."),
    .key("rules.folder", .path, "Rules", "The folder of the rule files."),
    .key(
      "rules.off", .texts, "",
      "Rules that are switched off, by their ids as weir rules list tells them: [\"INVOICE_CN\"]."
    ),
    .key(
      "rules.shadow", .texts, "",
      "Rules that are judged and told but do nothing, by their ids; one that its file switches off stays off."
    ),
    .key(
      "rules.time", .duration(.milliseconds(1)...(.seconds(10))), "50ms",
      "How long rules may look for their expressions in one message of up to 64 KiB; in a larger one as much longer as"
        + " it is larger. What is not answered by then is unknown, and RULE_OVER_BUDGET names the rule."),
    .key(
      "rules.programs", .texts, "",
      "The programs that rules may run, by absolute paths; a rule names one by its path or its last part."),
    .key(
      "rules.program_timeout", .duration(.milliseconds(100)...(.seconds(300))), "10s",
      "How long a program may take, waiting for its turn included; then it is killed."),
    .key(
      "rules.program_memory", .size((16 << 20)...(1 << 40)), "512MiB",
      "How much memory a program may take."),
    .table("smtp", "How strictly SMTP is spoken."),
    .key(
      "smtp.bare_lf", .choice(SMTPSettings.BareLF.words), "refuse",
      "What becomes of a message with a bare LF: refused with 550, or each made a CRLF."),
    .table("actions", "What a message's total score does."),
    .key("actions.tag", .threshold, "5.0", "From this score on a message is marked as spam."),
    .key("actions.defer", .threshold, "", "From this score on a message gets 450; by default never."),
    .key(
      "actions.quarantine", .threshold, "", "From this score on a message is kept here; by default never."),
    .key("actions.reject", .threshold, "12.0", "From this score on a message gets 550."),
    .key(
      "actions.enforce_at", .choice(["connect", "hello", "mail", "recipient"]), "recipient",
      "The stage at which what was found earlier takes effect."),
    .key(
      "actions.subject_prefix", .text, "", "Put before the Subject of a marked message; empty: nothing is."),
    .key("actions.tag_headers", .flag, "true", "Whether a marked message gets the X-Spam headers."),
    .table("checks", "One table for each check."),
    .table("checks.*", "The settings of the check of that name; beside these the check's own keys."),
    .key(
      "checks.*.mode", .choice(CheckSettings.Mode.words), "",
      "off; shadow: counted and logged without effect; enforce. The check has its own default."),
    .key(
      "checks.*.enforce_at", .choice(StageName.words), "",
      "The stage at which the check's findings take effect; actions.enforce_at if not given."),
    .table("checks.*.weights", "Scores by reason code, in place of the check's own."),
    .key("checks.*.weights.*", .score, "", "The score of that finding."),
    .key("checks.*.*", .any, "", "A key of the check's own."),
    .table("replies", "Replaced texts of replies, by reason code."),
    .key(
      "replies.*", .text, "",
      "The text, with {client}, {sender}, {recipient}, {id}, {code}, {reason}, {list}, {subject} and {hostname} filled in; GREETING and HELLO begin with the host name whatever it says."
    ),
  ]

  static let runningReference: [KeyReference] = [
    .table(
      "delivery",
      "What is remembered of messages that clients may send again, so that nothing is done with them twice."),
    .key(
      "delivery.digest_lifetime", .duration(.zero...(.seconds(30 * 86_400))), "4h",
      "How long a message is remembered that was taken while its client went before it read so, or of which a backend has a part."
    ),
    .key(
      "delivery.digest_entries", .count(0...10_000_000), "100000",
      "Most messages remembered of either kind; one that was answered for each recipient counts as so many."),
    .table("log", "The event log."),
    .key(
      "log.level", .choice(LogSettings.Level.words), "info",
      "The least severity that is written: info is every message, refusal and limit; warning and error hide them and leave what the operator should see to; debug shows nothing more today."
    ),
    .key("log.format", .choice(LogSettings.Format.words), "text", "One event a line, as text or as JSON."),
    .key("log.file", .path, "-", "Where to; - is standard output. Reopened on SIGHUP."),
    .table("state", "What the gateway keeps between runs."),
    .key("state.folder", .path, "/var/lib/weir", "Its folder, mode 0700, made if missing."),
    .table("metrics", "The metrics server."),
    .key("metrics.address", .endpoint, "", "Where it listens."),
  ]
}
