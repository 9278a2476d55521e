extension Settings {
  static let submissionReference: [KeyReference] = authReference + ldapReference + sendersReference

  private static let authReference: [KeyReference] = [
    .table("auth", "How users prove who they are; without it nobody can log in."),
    .key(
      "auth.mechanisms", .texts, "",
      "The SASL mechanisms offered; empty: all that the backend can serve, CRAM-MD5 aside."),
    .key(
      "auth.backend", .text, "",
      "Who knows the users: file:PATH, dovecot:SOCKET, saslauthd:SOCKET, backend:NAME, or ldap:// and ldaps:// URLs;"
        + " required."),
    .key("auth.domain", .hostname, "", "The domain of a user whose name has none: alice is alice@domain."),
    .key(
      "auth.verifications", .count(1...1024), "",
      "Most passwords verified at once; if not given, the number of processors."),
    .key(
      "auth.tarpit", .duration(.zero...(.seconds(30))), "2s",
      "How long the answer to a failed login waits; longer with each further one from the subnet, up to eight"
        + " times."),
    .key(
      "auth.timeout", .duration(.milliseconds(1)...(.seconds(120))), "10s",
      "For an answer of whoever knows the users; past it 454."),
    .key(
      "auth.introspection_url", .text, "",
      "Where the tokens of OAUTHBEARER and XOAUTH2 are introspected (RFC 7662): an https URL."),
    .key("auth.introspection_client", .text, "", "The gateway's own client id there."),
    .key("auth.introspection_secret_file", .path, "", "A file that holds its secret."),
    .key(
      "auth.introspection_ca", .path, "",
      "The authorities of that server's certificate, PEM; if not given, the system's."),
    .key(
      "auth.introspection_scope", .text, "",
      "The scopes that a token must have, with spaces between; empty: any token that is active."),
  ]

  private static let ldapReference: [KeyReference] = [
    .key(
      "auth.ldap_bind_dn", .text, "",
      "The DN to bind as, {user} filled in: \"uid={user},ou=people,dc=example,dc=org\"."),
    .key("auth.ldap_base", .text, "", "Where the user's entry is searched for, in place of ldap_bind_dn."),
    .key("auth.ldap_filter", .text, "", "What it is searched by, {user} filled in: \"(mail={user})\"."),
    .key("auth.ldap_search_dn", .text, "", "Whom to bind as for the search; empty: anonymous."),
    .key("auth.ldap_search_password_file", .path, "", "A file that holds that password."),
    .key(
      "auth.ldap_starttls", .flag, "false", "Whether STARTTLS is used, and required, towards ldap:// URLs."),
    .key(
      "auth.ldap_ca", .path, "",
      "The authorities of the directory's certificate, PEM; if not given, the system's."),
  ]

  private static let sendersReference: [KeyReference] = [
    .table("submission", "What users who logged in may send, and what is completed for them."),
    .key(
      "submission.senders", .choice(SubmissionSettings.Senders.words), "own",
      "Which sender addresses a user may use, in MAIL and in From and Sender: own, the address that is the user's name,"
        + " with any +tag; mapped, those of senders_map; any."),
    .key(
      "submission.senders_map", .path, "",
      "A map file for mapped: the user, then addresses and @domains."),
    .key(
      "submission.domain", .hostname, "",
      "The domain that completes bare names in From, To, Cc and Reply-To, and users' names where auth.domain is not"
        + " given; if not given, relay.complete_domain, else the first name of relay.domains."),
    .key(
      "submission.complete_relay_networks", .flag, "false",
      "Whether the mail of relay networks and certificates is completed as well."),
    .key(
      "submission.alarm_factor", .count(1...1_000_000), "10",
      "A user who reaches this many times the usual recipients an hour is logged as ACCOUNT_ALARM."),
    .key(
      "submission.alarm_least", .countBound, "100",
      "No alarm below this many recipients an hour; \"unlimited\": none at all."),
  ]
}
