import SMTPProtocol
import Testing

@Suite struct CapabilitiesTests {
  @Test func theAnswerToEhloIsRead() {
    let capabilities = Capabilities(ehlo: [
      "mx.example PIPELINING", "pipelining", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING",
      "BINARYMIME",
      "ENHANCEDSTATUSCODES", "STARTTLS", "XFORWARD name ADDR PORT", "AUTH PLAIN LOGIN", "", "X",
    ])
    #expect(capabilities.pipelining && capabilities.eightBit && capabilities.internationalized)
    #expect(capabilities.deliveryStatus && capabilities.chunking && capabilities.binary)
    #expect(capabilities.enhancedStatusCodes && capabilities.startTLS && capabilities.size == 1000)
    #expect(capabilities.forwardAttributes == ["NAME", "ADDR", "PORT"])
    #expect(Capabilities(ehlo: ["PIPELINING"]) == Capabilities())
    #expect(Capabilities(ehlo: []) == Capabilities())
  }

  @Test(arguments: ["SIZE", "SIZE 0", "SIZE x", "SIZE -1", "SIZE 99999999999999999999"])
  func aSizeWithoutANumberIsNoLimit(_ line: String) {
    #expect(Capabilities(ehlo: ["mx", line]).size == nil)
  }

  @Test func theStoredFormIsReadBack() {
    for bits in 0..<512 {
      var capabilities = Capabilities()
      capabilities.pipelining = bits & 1 != 0
      capabilities.eightBit = bits & 2 != 0
      capabilities.internationalized = bits & 4 != 0
      capabilities.deliveryStatus = bits & 8 != 0
      capabilities.chunking = bits & 16 != 0
      capabilities.binary = bits & 32 != 0
      capabilities.enhancedStatusCodes = bits & 64 != 0
      capabilities.startTLS = bits & 128 != 0
      capabilities.size = bits & 256 != 0 ? .max : nil
      capabilities.forwardAttributes = bits & 3 == 3 ? ["NAME", "ADDR"] : []
      #expect(Capabilities(storedForm: capabilities.storedForm) == capabilities)
    }
  }

  @Test func anythingABackendSaysIsReadBackAsItWas() {
    for line in [
      "XFORWARD A=B C,D", "XFORWARD =", "XFORWARD PIPELINING", "XFORWARD ü", "SIZE=10", "SIZE 10 20", "X=Y",
    ] {
      let capabilities = Capabilities(ehlo: ["mx", line])
      #expect(Capabilities(storedForm: capabilities.storedForm) == capabilities, "\(line)")
    }
  }
}

@Suite struct OfferTests {
  private func backend(_ change: (inout Capabilities) -> Void = { _ in }) -> Capabilities {
    var all = Capabilities(ehlo: ["x", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME", "PIPELINING"])
    change(&all)
    return all
  }

  private func offer(_ backends: [Capabilities], size: UInt64? = nil) -> Offer {
    Offer(common: backends, size: size, mostRecipients: nil, mostTransactions: nil)
  }

  @Test func onlyWhatEveryBackendHasIsOffered() {
    #expect(
      offer([backend()]) == Offer(eightBit: true, internationalized: true, deliveryStatus: true, binary: true)
    )
    #expect(offer([backend(), Capabilities()]) == Offer())
    #expect(offer([]) == Offer())
    #expect(offer([backend(), backend { $0.deliveryStatus = false }]).deliveryStatus == false)
    // What leans on another is not offered without it (RFC 6531 §3.1, RFC 3030 §3).
    #expect(offer([backend { $0.eightBit = false }]).internationalized == false)
    #expect(offer([backend { $0.chunking = false }]).binary == false)
  }

  @Test func sizeIsTheSmallest() {
    #expect(offer([backend { $0.size = 10_000 }], size: nil).size == 5904)
    #expect(offer([backend { $0.size = 10_000 }], size: 5000).size == 5000)
    #expect(offer([backend { $0.size = 10_000 }, backend { $0.size = 8192 }], size: 50_000).size == 4096)
    #expect(offer([backend()], size: 7).size == 7)
    #expect(offer([backend()], size: nil).size == nil)
    #expect(offer([backend { $0.size = 100 }], size: nil).size == 100)
  }

  @Test func theKeywordsAreWhatIsOffered() {
    #expect(Offer().keywords() == ["PIPELINING", "SIZE", "ENHANCEDSTATUSCODES", "CHUNKING", "HELP"])
    let full = Offer(
      eightBit: true, internationalized: true, deliveryStatus: true, binary: true, size: 10,
      mostRecipients: 2,
      mostTransactions: 3)
    #expect(
      full.keywords() == [
        "PIPELINING", "SIZE 10", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME",
        "DSN",
        "LIMITS MAILMAX=3 RCPTMAX=2", "HELP",
      ])
  }

  @Test func limitsThatCannotBeSaidAreNotSaid() {
    for count in [0, -1, 1_000_000, .max] {
      #expect(
        !Offer(mostRecipients: count, mostTransactions: count).keywords().contains { $0.hasPrefix("LIMITS") })
    }
    #expect(Offer(mostRecipients: 999_999).keywords().contains("LIMITS RCPTMAX=999999"))
  }

  @Test func aLearnedOfferIsToldByTheNextEhlo() {
    var harness = ServerHarness(after: ["EHLO c"], offer: Offer())
    #expect(harness.say("MAIL FROM:<> SMTPUTF8").code == 555)
    harness.session.learned(Offer(internationalized: true, size: 5))
    #expect(harness.session.sizeLimit == 5)
    guard case .greet(let keywords) = harness.say("EHLO c") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords.contains("SMTPUTF8") && keywords.contains("SIZE 5"))
  }
}
