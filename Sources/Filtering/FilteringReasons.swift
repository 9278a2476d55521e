public import SMTPProtocol

extension ReasonCode {
  public static let relayDenied: ReasonCode = "RELAY_DENIED"
  public static let scoreRejected: ReasonCode = "SCORE_REJECTED"
  public static let scoreDeferred: ReasonCode = "SCORE_DEFERRED"
  public static let scoreQuarantined: ReasonCode = "SCORE_QUARANTINED"
  /// A recipient of another policy than those before it: it comes in a transaction of its own.
  public static let recipientPolicy: ReasonCode = "RECIPIENT_POLICY"
  public static let limitPolicyMessages: ReasonCode = "LIMIT_POLICY_MESSAGES"
  /// One message for more policies than transactions are good for.
  public static let manyPolicies: ReasonCode = "MANY_POLICIES"
  /// Some recipients' rules refuse what others take, and one reply has to do for all.
  public static let refusalHeld: ReasonCode = "REFUSAL_HELD"
  public static let recipientUnknown: ReasonCode = "RECIPIENT_UNKNOWN"
  public static let recipientRefused: ReasonCode = "RECIPIENT_REFUSED"
  public static let recipientUnavailable: ReasonCode = "RECIPIENT_UNAVAILABLE"
  public static let recipientRoute: ReasonCode = "RECIPIENT_ROUTE"
  public static let backendRefused: ReasonCode = "BACKEND_REFUSED"
  public static let backendUnavailable: ReasonCode = "BACKEND_UNAVAILABLE"
  public static let messageTagged: ReasonCode = "MESSAGE_TAGGED"
  /// Named here since the session must act on them beyond refusing: the transaction is spoiled, the client blocked.
  public static let nullSenderRecipients: ReasonCode = "NULL_SENDER_RECIPIENTS"
  public static let recipientTrap: ReasonCode = "RECIPIENT_TRAP"
  public static let loopDetected: ReasonCode = "LOOP_DETECTED"
  public static let headerTooLarge: ReasonCode = "HEADER_TOO_LARGE"
  public static let limitConnections: ReasonCode = "LIMIT_CONNECTIONS"
  public static let limitConnectionsAddress: ReasonCode = "LIMIT_CONNECTIONS_ADDRESS"
  public static let limitConnectionsSubnet: ReasonCode = "LIMIT_CONNECTIONS_SUBNET"
  public static let limitConnectionsNetwork: ReasonCode = "LIMIT_CONNECTIONS_NETWORK"
  public static let limitConnectionRateAddress: ReasonCode = "LIMIT_CONNECTION_RATE_ADDRESS"
  public static let limitConnectionRateSubnet: ReasonCode = "LIMIT_CONNECTION_RATE_SUBNET"
  public static let limitMessageRateAddress: ReasonCode = "LIMIT_MESSAGE_RATE_ADDRESS"
  public static let limitMessageRateSubnet: ReasonCode = "LIMIT_MESSAGE_RATE_SUBNET"
  public static let limitUnknownRecipients: ReasonCode = "LIMIT_UNKNOWN_RECIPIENTS"
  public static let limitTracked: ReasonCode = "LIMIT_TRACKED"
  public static let limitMemory: ReasonCode = "LIMIT_MEMORY"
  public static let limitSpool: ReasonCode = "LIMIT_SPOOL"
  public static let limitDescriptors: ReasonCode = "LIMIT_DESCRIPTORS"
  public static let overload: ReasonCode = "OVERLOAD"
  public static let clientBlocked: ReasonCode = "CLIENT_BLOCKED_FOR_A_WHILE"
  public static let senderNotYours: ReasonCode = "SENDER_NOT_YOURS"
  public static let fromNotYours: ReasonCode = "FROM_NOT_YOURS"
  public static let limitUserMessages: ReasonCode = "LIMIT_USER_MESSAGES"
  public static let limitUserRecipients: ReasonCode = "LIMIT_USER_RECIPIENTS"
  public static let accountAlarm: ReasonCode = "ACCOUNT_ALARM"
  public static let loginBlocked: ReasonCode = "LOGIN_BLOCKED"
  public static let timeout: ReasonCode = "TIMEOUT"
  public static let dataTooSlow: ReasonCode = "DATA_TOO_SLOW"
  public static let shuttingDown: ReasonCode = "SHUTTING_DOWN"
  public static let connectionLost: ReasonCode = "CONNECTION_LOST"
  public static let internalFault: ReasonCode = "INTERNAL_FAULT"
}

/// The texts of relay control, recipients, limits and the session's end.
public enum FilteringReasons {
  /// The codes under which the backend's own words are passed on: a text of the admin's is never said.
  public static let spokenByBackend: Set<ReasonCode> = [
    .recipientUnknown, .recipientRefused, .backendRefused, .messageAccepted,
  ]

  public static let all: [Reason] = decisions + recipients + backend + limits + users + endings

  private static let decisions: [Reason] = [
    Reason(
      .relayDenied, Reply(550, 7, 1, "Relay access denied: {recipient} is not ours"), .refusal,
      cause:
        "A recipient, or some reading of its address, lies outside relay.domains, and the client neither logged in nor is of relay.networks or relay.certificates.",
      effect: "The recipient is refused.",
      remedy:
        "Add the domain to relay.domains, or the client to relay.networks, if it is yours; users log in."),
    Reason(
      .scoreRejected, Reply(550, 7, 1, "Message refused as unsolicited ({id})"), .refusal,
      cause: "The findings together weigh as much as actions.reject, and none of them alone does.",
      effect: "The message is refused.",
      remedy: "The log line's findings= shows each weight."),
    Reason(
      .scoreDeferred, Reply(450, 7, 1, "Message deferred, please try again later ({id})"), .refusal,
      cause: "The findings together weigh as much as actions.defer, and none of them alone does.",
      effect: "The client is asked to come again.",
      remedy: "The log line's findings= shows each weight."),
    Reason(
      .scoreQuarantined, nil, .notice, cause: "The findings together weigh as much as actions.quarantine.",
      effect: "The message is held on disk, the client reads 250.",
      remedy: "weir quarantine lists, shows and releases it; the log line's findings= shows each weight."),
    Reason(
      .recipientPolicy,
      Reply(452, 5, 3, "This recipient goes by another policy, please send to it separately ({id})"), .notice,
      cause:
        "The transaction's first recipient has another [[policy]], or other rules, than this one, and one reply can speak for one policy only.",
      effect: "The client sends the message again for this recipient, at once or with its next try.",
      remedy: "None needed; clients that offer PRDR are spared it. weir check --who shows who goes by what."),
    Reason(
      .limitPolicyMessages,
      Reply(450, 7, 1, "Too much mail for this recipient from {client}, try later ({id})"),
      .refusal,
      cause: "The client wrote to recipients of one [[policy]] more often than its message_rate_per_address.",
      effect: "It is asked to come again.",
      remedy: "Raise the rate in that [[policy]] if the sender is welcome."),
    Reason(
      .manyPolicies, nil, .warning,
      cause: "One message is for recipients of more than three policies.",
      effect: "The client has to send it in as many transactions.",
      remedy: "Fewer, larger policies: weir check --who shows who goes by what."),
    Reason(
      .refusalHeld, nil, .warning,
      cause:
        "A rule refuses the message for some recipients, another or none does for the others, and the client can read one reply only.",
      effect:
        "It is delivered to the others and held in the folder refused for these: nothing is lost, nobody is sent a bounce.",
      remedy:
        "Release or delete it (weir quarantine), or let such rules decide by connection and envelope alone, at RCPT."
    ),
    Reason(
      .messageTagged, nil, .notice, cause: "The findings together weigh as much as actions.tag.",
      effect: "The message went to the backend with X-Spam-Flag: YES.",
      remedy: "The log line's findings= shows each weight."),
    Reason(
      .loopDetected, Reply(554, 4, 6, "Too many hops, this message loops"), .refusal,
      cause: "The message has more Received lines than limits.hops.", effect: "It is refused.",
      remedy: "Look for two servers that send to each other."),
    Reason(
      .headerTooLarge, Reply(552, 3, 4, "Message header larger than {reason} octets"), .refusal,
      cause: "The header passes limits.header_size, or has too many fields.",
      effect: "The message is refused.",
      remedy: "Raise limits.header_size if a good sender needs it."),
  ]

  private static let recipients: [Reason] = [
    Reason(
      .recipientUnknown, Reply(550, 1, 1, "No such user: {recipient}"), .refusal,
      cause: "The backend, or the recipients file, does not know the mailbox.",
      effect: "The recipient is refused.",
      remedy: "The backend's own words stand in reply=."),
    Reason(
      .recipientRefused, Reply(450, 2, 0, "{recipient} cannot be taken now"), .refusal,
      cause: "The backend refuses the recipient for a reason other than that it is unknown.",
      effect: "The recipient is refused with the backend's own reply.",
      remedy: "Ask the backend; its words stand in reply=."),
    Reason(
      .recipientUnavailable, Reply(451, 4, 3, "{recipient} cannot be verified now, please try again"),
      .warning,
      cause: "No backend of the recipient's route could be asked.",
      effect: "The client is asked to come again.",
      remedy: "See that the backend runs: weir status."),
    Reason(
      .recipientRoute, Reply(452, 5, 3, "{recipient} goes another way; send it in a transaction of its own"),
      .notice,
      cause: "The recipient's backend is not that of the recipients before it.",
      effect: "The client sends it again by itself.", remedy: "Nothing."),
  ]

  private static let backend: [Reason] = [
    Reason(
      .backendRefused, Reply(451, 3, 0, "The mail server refused the message"), .refusal,
      cause: "The backend refused the message after its content; its own reply is passed on.",
      effect: "The client reads the backend's refusal.", remedy: "Ask the backend; its words stand in reply=."
    ),
    Reason(
      .backendUnavailable, Reply(451, 4, 1, "The mail server cannot be reached now, please try again ({id})"),
      .alarm,
      cause: "No backend of the route could take the message: down, too slow, or no session free.",
      effect: "The client keeps the message and comes again.",
      remedy: "See that the backend runs: weir status."),
  ]

  private static let limits: [Reason] = [
    limit(
      .limitConnections, Reply(421, 3, 2, "Too many connections, please try again later"),
      "limits.connections in all.", total("limits.connections")),
    limit(
      .limitConnectionsAddress, Reply(421, 7, 0, "Too many connections from {client}"),
      "limits.connections_per_address.", perClient("connections_per_address")),
    limit(
      .limitConnectionsSubnet, Reply(421, 7, 0, "Too many connections from your network"),
      "limits.connections_per_subnet.", perClient("connections_per_subnet")),
    limit(
      .limitConnectionsNetwork, Reply(421, 7, 0, "Too many connections from your whole network"),
      "connections of the client's [[limits.network]].",
      "Raise connections in that [[limits.network]] if its clients are good."),
    limit(
      .limitConnectionRateAddress, Reply(421, 7, 0, "Connections from {client} come too fast"),
      "limits.connection_rate_per_address.", perClient("connection_rate_per_address")),
    limit(
      .limitConnectionRateSubnet, Reply(421, 7, 0, "Connections from your network come too fast"),
      "limits.connection_rate_per_subnet.", perClient("connection_rate_per_subnet")),
    limit(
      .limitMessageRateAddress,
      Reply(450, 7, 0, "Messages from {client} come too fast, please try again later"),
      "limits.message_rate_per_address.", perClient("message_rate_per_address")),
    limit(
      .limitMessageRateSubnet,
      Reply(450, 7, 0, "Messages from your network come too fast, please try again later"),
      "limits.message_rate_per_subnet.", perClient("message_rate_per_subnet")),
    Reason(
      .limitUnknownRecipients, Reply(421, 7, 0, "Too many unknown recipients from {client}"), .refusal,
      cause: "Past limits.unknown_recipients_per_address or _per_subnet: the client guesses addresses.",
      effect: "The session is closed, and the client is blocked for limits.harvest_block.",
      remedy:
        "If it is good: weir unblock ADDRESS, and raise the limit for all or for its network ([[limits.network]])."
    ),
    limit(
      .limitTracked, Reply(421, 3, 2, "Busy, please try again later"),
      "limits.tracked_addresses: the counter tables are full of clients in use.",
      total("limits.tracked_addresses") + " An entry costs about 250 octets."),
    limit(
      .limitMemory, Reply(452, 3, 1, "Out of memory for messages, please try again later"),
      "limits.memory: all messages in flight together.",
      total("limits.memory") + " A smaller limits.memory_per_message has more of them wait on disk."),
    limit(
      .limitSpool, Reply(452, 3, 1, "Out of spool space, please try again later"),
      "limits.spool, or the disk is full.",
      "See that the disk of state.folder has room. " + total("limits.spool")),
    limit(
      .limitDescriptors, Reply(421, 3, 2, "Busy, please try again later"),
      "the file descriptors that the system grants, less limits.descriptors_reserve.",
      "Raise what the system grants: LimitNOFILE= in the unit file, ulimit -n. It holds for the whole gateway: [[limits.network]] does not apply."
    ),
    limit(
      .overload, Reply(421, 3, 2, "Overloaded, please try again later"),
      "limits.loop_delay: the gateway is late with its work.",
      "See what loads the machine (weir status shows the loop delay); lower limits.connections. It holds for the whole gateway: [[limits.network]] does not apply."
    ),
    Reason(
      .clientBlocked, Reply(421, 7, 0, "{client} is blocked for a while: {reason}"), .refusal,
      cause: "The client harvested addresses or wrote to a trap.",
      effect: "It is refused at connect until the block ends.",
      remedy:
        "weir status shows the blocks, weir unblock ADDRESS lifts one; weir reload keeps them, a restart forgets them."
    ),
  ]

  private static let users: [Reason] = [
    Reason(
      .senderNotYours, Reply(553, 7, 1, "{sender} is not an address that you may send from"), .refusal,
      cause:
        "MAIL by a user who logged in, under a sender that submission.senders does not give to that user.",
      effect: "The sender is refused.",
      remedy:
        "submission.senders = \"own\": log in as that address; \"mapped\": add it to submission.senders_map."),
    Reason(
      .fromNotYours, Reply(553, 7, 1, "You may not send under this From or Sender: {reason}"), .refusal,
      cause:
        "An address in From or Sender that submission.senders does not give to the user who logged in, or a field that cannot be read.",
      effect: "The message is refused.",
      remedy:
        "submission.senders = \"own\": log in as that address; \"mapped\": add it to submission.senders_map."),
    Reason(
      .limitUserMessages, Reply(450, 7, 0, "You are sending messages too fast, please try again later"),
      .refusal,
      cause: "Past limits.message_rate_per_user.", effect: "The client is asked to come again.",
      remedy: "Raise limits.message_rate_per_user if the user is good; see that the account is not abused."),
    Reason(
      .limitUserRecipients,
      Reply(452, 7, 0, "You are sending to too many recipients, please try again later"),
      .refusal,
      cause: "Past limits.recipient_rate_per_user.", effect: "The client is asked to come again.",
      remedy: "Raise limits.recipient_rate_per_user if the user is good; see that the account is not abused."),
    Reason(
      .accountAlarm, nil, .warning,
      cause: "A user writes to many times the recipients an hour that are usual for that user.",
      effect: "None but this line, once an hour.",
      remedy:
        "See whether the account is abused and change its password; submission.alarm_factor and alarm_least tune it."
    ),
    Reason(
      .loginBlocked, nil, .warning,
      cause: "More failed logins from one subnet than limits.login_failures_per_subnet.",
      effect:
        "No login from there is tried for limits.login_block, save by users who logged in from there lately; mail from there is not touched.",
      remedy: "weir status shows the blocks, weir unblock ADDRESS lifts one."),
  ]

  private static let endings: [Reason] = [
    Reason(
      .timeout, Reply(421, 4, 2, "{reason} timed out, closing connection"), .refusal,
      cause: "The client was silent for longer than the step's time-out.", effect: "The session is closed.",
      remedy: "[timeouts]"),
    Reason(
      .dataTooSlow, Reply(421, 4, 2, "Message data comes too slowly, closing connection"), .refusal,
      cause: "Message content came at less than timeouts.min_data_rate.", effect: "The session is closed.",
      remedy: "timeouts.min_data_rate"),
    Reason(
      .shuttingDown, Reply(421, 3, 2, "Shutting down, please try again"), .notice,
      cause: "The gateway is stopping.",
      effect: "The client comes again.", remedy: "Nothing."),
    Reason(
      .connectionLost, nil, .notice,
      cause:
        "The client closed the connection in the middle of a transaction, or before it read that its message was taken.",
      effect:
        "Nothing was done with the message, unless a line with its id says so; then its retry is answered alike and nothing is done twice.",
      remedy: "Nothing, if it is rare."),
    Reason(
      .internalFault, Reply(451, 3, 0, "Internal fault, please try again ({id})"), .alarm,
      cause: "A fault of the gateway's own.", effect: "The client comes again.",
      remedy: "Report it with the log line."),
  ]

  private static func limit(_ code: ReasonCode, _ reply: Reply, _ what: String, _ remedy: String) -> Reason {
    Reason(
      code, reply, .refusal, cause: "Past \(what)", effect: "The client is asked to come again.",
      remedy: remedy)
  }

  private static func perClient(_ key: String) -> String {
    "Raise limits.\(key), for all or for this network ([[limits.network]]), if the client is good."
  }

  private static func total(_ key: String) -> String {
    "Raise \(key) if the machine allows it. It holds for the whole gateway: [[limits.network]] does not apply."
  }
}
