import DNS
import NetAddress
import Testing

@Suite("The data of records")
struct RecordParserTests {
  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  private func answer(_ type: RecordType, _ data: [UInt8]...) -> DNSAnswer { RecordParser.answer(type, data) }

  @Test("Each type is read")
  func types() throws {
    #expect(answer(.a, [192, 0, 2, 1]).addresses.map(\.description) == ["192.0.2.1"])
    let v6 = answer(.aaaa, [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
    #expect(v6.addresses.map(\.description) == ["2001:db8::1"])
    #expect(answer(.ptr, Self.name("Mail.Example")).names.map(\.text) == ["mail.example"])
    let exchanges = answer(.mx, [0, 20] + Self.name("b.example"), [0, 10] + Self.name("a.example")).exchanges
    #expect(exchanges.map(\.name.text) == ["a.example", "b.example"])
    #expect(answer(.mx, [0, 0, 0]).exchanges.map(\.name) == [.root])
    #expect(answer(.txt, [2, 104, 105, 0, 1, 33]).texts == [Array("hi!".utf8)])
    #expect(answer(.txt, [0]).texts == [[]])
    let times = [UInt8](repeating: 1, count: 20)
    let soa = answer(.soa, Self.name("ns.example") + Self.name("host.example") + times)
    let expected = RecordData.authority(
      primary: try #require(DNSName("ns.example")), mailbox: try #require(DNSName("host.example")))
    #expect(soa.records == [expected])
  }

  @Test("The order of the server's records does not matter")
  func order() {
    let one: [UInt8] = [192, 0, 2, 1]
    let two: [UInt8] = [192, 0, 2, 2]
    #expect(answer(.a, two, one) == answer(.a, one, two))
  }

  @Test(
    "What is cut short or too long is a failure, never a crash",
    arguments: [
      (RecordType.a, [UInt8](arrayLiteral: 1, 2, 3)), (.a, [1, 2, 3, 4, 5]), (.a, []), (.aaaa, [1, 2, 3, 4]),
      (.ptr, []), (.ptr, [1]), (.ptr, [1, 97]), (.ptr, [64, 97, 0]), (.ptr, [192, 12]),
      (.ptr, [1, 97, 0, 0]),
      (.mx, []), (.mx, [0]), (.mx, [0, 1]), (.mx, [0, 1, 5, 97, 0]), (.txt, []), (.txt, [5, 97]),
      (.soa, [0, 0]), (.soa, [0, 0] + [UInt8](repeating: 0, count: 21)),
      (.ptr, [[UInt8]](repeating: [1, 97], count: 128).flatMap { $0 } + [0]),
    ])
  func malformed(type: RecordType, data: [UInt8]) {
    #expect(answer(type, data) == .failed(.server(code: 0)))
  }

  @Test("Every beginning of a sound record is no record, save where that is one")
  func dripped() {
    let soa = Self.name("ns.example") + Self.name("host.example") + [UInt8](repeating: 1, count: 20)
    for end in 0..<soa.count { #expect(answer(.soa, Array(soa[..<end])).isFailure) }
    let exchange = [0, 10] + Self.name("mail.example")
    for end in 0..<exchange.count { #expect(answer(.mx, Array(exchange[..<end])).isFailure) }
  }

  @Test("A name that cannot be written down is left out, and the others stay")
  func unspeakable() {
    let strange: [UInt8] = [3, 97, 46, 98, 0]
    #expect(answer(.ptr, strange) == .noData)
    #expect(answer(.ptr, [1, 0, 0]) == .noData)
    #expect(answer(.ptr, strange, Self.name("b.example")).names.map(\.text) == ["b.example"])
  }

  @Test("Records and texts have a bound")
  func bounds() {
    let many = (0..<1000).map { [UInt8(10), 0, UInt8($0 >> 8), UInt8($0 & 255)] }
    #expect(RecordParser.answer(.a, many.shuffled()).records.count == RecordParser.mostRecords)
    #expect(RecordParser.answer(.a, many.shuffled()) == RecordParser.answer(.a, many))
    let string = [UInt8](arrayLiteral: 255) + [UInt8](repeating: 120, count: 255)
    let fits = [[UInt8]](repeating: string, count: 128).flatMap { $0 }
    #expect(answer(.txt, fits).texts.first?.count == 128 * 255)
    #expect(answer(.txt, fits, [200] + [UInt8](repeating: 97, count: 200)) == .failed(.server(code: 0)))
  }
}
