import MailSyntax
import Testing

/// Each bound of this module, from both sides.
@Suite struct BoundsTests {
  private func parse(_ text: String, _ limits: PathLimits) -> PathFault? {
    switch PathParser.parse(Array(text.utf8), limits: limits) {
    case .success: nil
    case .failure(let fault): fault
    }
  }

  private func text(_ count: Int) -> String { String(repeating: "a", count: count) }

  @Test func aLocalPartOfARecipientHas64Octets() {
    #expect(parse("<\(text(64))@b>", .recipient) == nil)
    #expect(parse("<\(text(65))@b>", .recipient) == .tooLong)
    // Without its quoting.
    #expect(parse("<\"\(String(repeating: "\\a", count: 64))\"@b>", .recipient) == nil)
    #expect(parse("<\"\(String(repeating: "\\a", count: 65))\"@b>", .recipient) == .tooLong)
  }

  @Test func aSenderMayCarryAWholeAddressInItsLocalPart() {
    #expect(parse("<\(text(252))@b>", .sender) == nil)
    #expect(parse("<\(text(253))@b>", .sender) == .tooLong)
    #expect(parse("<\(text(255))@b>", .sender) == .tooLong)
  }

  @Test func aPathHas256OctetsWithItsBrackets() {
    let labels = [63, 63, 63].map(text).joined(separator: ".")
    #expect(parse("<\(text(62))@\(labels)>", .recipient) == nil)
    #expect(parse("<\(text(63))@\(labels)>", .recipient) == .tooLong)
    #expect(parse("\(text(63))@\(labels)", .recipient) == .tooLong)
  }

  @Test func aLabelHas63OctetsAndADomain255() {
    #expect(parse("<a@\(text(63))>", .recipient) == nil)
    #expect(parse("<a@\(text(64))>", .recipient) == .malformed)
    let domain = [63, 63, 63, 61].map(text).joined(separator: ".")
    #expect(parse("<a@\(domain)aaa>", .recipient) == .tooLong)
    #expect(DomainName.isValid(domain) && domain.utf8.count == 253)
    #expect(!DomainName.isValid([63, 63, 63, 64].map(text).joined(separator: ".")))
    #expect(!DomainName.isValid([63, 63, 63, 61, 1].map(text).joined(separator: ".") + "a"))
  }

  @Test func aSourceRouteHas16Hosts() {
    func route(_ count: Int) -> String { (0..<count).map { _ in "@a" }.joined(separator: ",") }
    #expect(parse("<\(route(16)):u@b>", .recipient) == nil)
    #expect(parse("<\(route(17)):u@b>", .recipient) == .tooLong)
  }

  @Test func aHeaderHas2000Fields() {
    let fields = String(repeating: "A: b\r\n", count: 2000)
    let full = MessageHeader(Array((fields + "\r\n").utf8))
    #expect(full.fields.count == 2000 && !full.isCut && full.isComplete)
    let cut = MessageHeader(Array((fields + "B: c\r\n\r\nbody").utf8))
    #expect(cut.fields.count == 2000 && cut.isCut && cut.isComplete)
    #expect(cut.end == fields.utf8.count + 6)
  }

  @Test func anAddressHasABoundedNumberOfReadings() {
    // The parser bounds the local part, a path made by hand is bounded here: nobody writes so many signs.
    let many = Path(
      text: "x", localPart: String(repeating: "a%b.example!", count: 5000), domain: .name("example.org"))
    let readings = AddressReadings(of: many)
    #expect(readings.domains.count <= 65 && readings.hasUnreadable)
    let nested = Path(
      text: "x", localPart: String(repeating: "\"", count: 5000) + "a", domain: .name("example.org"))
    #expect(AddressReadings(of: nested).domains.count <= 65)
  }
}
