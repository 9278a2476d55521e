import Bytes
import MailSyntax
import Testing

@Suite struct AddressListTests {
  private func read(_ text: String) throws -> AddressList { try AddressList(Array(text.utf8)) }

  private static let readable: [(String, [String])] = [
    ("", []), ("  ", []), (",", []), (" , ,, ", []), ("(comment)", []),
    ("ann@example.org", ["ann@example.org"]), ("<ann@example.org>", ["ann@example.org"]),
    ("Ann <ann@example.org>", ["ann@example.org"]), ("Ann B. Carl <a@b.c>", ["a@b.c"]),
    ("\"Ann, <x@y>\" <a@b.c>", ["a@b.c"]), ("\"Ann\"<a@b.c>", ["a@b.c"]),
    ("a@b.c, d@e.f", ["a@b.c", "d@e.f"]), (",a@b.c,,d@e.f,", ["a@b.c", "d@e.f"]),
    ("ann", ["ann"]), ("Ann <ann>", ["ann"]), ("ann, bob@x", ["ann", "bob@x"]),
    ("(c)a(c)@(c)b(c).(c)c(c)", ["a@b.c"]), ("a (x (y) z) @ b . c", ["a@b.c"]),
    ("a . b @ c", ["a.b@c"]), ("\"a b\"@c", ["\"a b\"@c"]), ("\"a\".b@c", ["a.b@c"]),
    ("\"a\\\"b\"@c", ["\"a\\\"b\"@c"]), ("\"\"@c", ["\"\"@c"]),
    ("a@[192.0.2.1]", ["a@[192.0.2.1]"]), ("a@[ IPv6:2001:db8::1 ]", ["a@[IPv6:2001:db8::1]"]),
    ("<@x.y:a@b>", ["a@b"]), ("<@x,@y,,@[1.2.3.4]:a@b>", ["a@b"]), ("<,@x:a@b>", ["a@b"]),
    ("Team: a@b, c@d; , e@f", ["a@b", "c@d", "e@f"]), ("undisclosed-recipients:;", []),
    ("Team:;, a@b", ["a@b"]), ("Team: ann, <bob>;", ["ann", "bob"]),
    ("a@b,\r\n c@d", ["a@b", "c@d"]), ("Ann\r\n\t<a@b>", ["a@b"]), ("\"Ann\r\n B\" <a@b>", ["a@b"]),
    ("jörg@exämple.org", ["jörg@exämple.org"]), ("Jörg <j@x>", ["j@x"]), ("\"ö\"@x", ["ö@x"]),
    ("=?utf-8?Q?B=2C_A?= <a@b>", ["a@b"]), ("=?utf-8?Q?B,_A?= <a@b>", ["a@b"]),
    ("=?utf-8?B?QQ==?= =?utf-8?B?QQ==?= <a@b>", ["a@b"]),
    (".a@b", ["\".a\"@b"]), ("a..b@c", ["\"a..b\"@c"]), ("a.@b", ["\"a.\"@b"]),
    ("a+tag@b", ["a+tag@b"]), ("o'x@b", ["o'x@b"]), ("a@b (Ann)", ["a@b"]),
    ("=?utf-8?Q?x,a@b,?= <c@d>", ["=?utf-8?Q?x", "a@b", "c@d"]), ("=?x@y", ["=?x@y"]),
    ("=?a?b?c@d", ["=?a?b?c@d"]),
  ]

  @Test(arguments: readable)
  func isRead(_ text: String, _ addresses: [String]) throws {
    #expect(try read(text).mailboxes.map(\.text) == addresses)
  }

  private static let faults: [(String, AddressFault)] = [
    ("a b@c", .unreadable(at: 2)), ("Ann Bob", .unreadable(at: 4)), ("a@b c@d", .unreadable(at: 4)),
    ("a@b <c@d>", .unreadable(at: 4)), ("<a@b> <c@d>", .unreadable(at: 6)), ("<a@b> x", .unreadable(at: 6)),
    ("<>", .unreadable(at: 1)), ("Ann <>", .unreadable(at: 5)), ("a@", .unreadable(at: 2)),
    ("@b", .unreadable(at: 0)), ("a@b@c", .unreadable(at: 3)), ("a@.b", .unreadable(at: 2)),
    ("a@b..c", .unreadable(at: 4)), ("a@b c", .unreadable(at: 4)), ("<a@b", .unterminated(at: 0)),
    ("Ann <a@b, c@d>", .unreadable(at: 8)), ("\"Ann", .unterminated(at: 0)),
    ("\"Ann\\", .unterminated(at: 0)),
    ("(Ann", .unterminated(at: 0)), ("(a\\)", .unterminated(at: 0)), ("a)", .unreadable(at: 1)),
    ("a@[1", .unterminated(at: 2)), ("a@[1[2]]", .unreadable(at: 4)), ("Team: a@b", .unterminated(at: 9)),
    ("Team: x: a@b;;", .unreadable(at: 7)), ("a@b;", .unreadable(at: 3)), (";", .unreadable(at: 0)),
    (":", .unreadable(at: 0)), (": a@b;", .unreadable(at: 0)), ("a@b>", .unreadable(at: 3)),
    ("Team: a@b; x", .unreadable(at: 11)), ("a\0@b", .forbiddenOctet(at: 1)),
    ("\"a\0\"@b", .forbiddenOctet(at: 2)), ("\"\\\0\"@b", .forbiddenOctet(at: 2)),
    ("a@b\r\nc@d", .forbiddenOctet(at: 3)), ("a@b\rc@d", .forbiddenOctet(at: 3)),
    ("a@b\n c@d", .forbiddenOctet(at: 3)), ("\"a\r\nb\"@c", .forbiddenOctet(at: 2)),
    ("(\r)a@b", .forbiddenOctet(at: 1)), ("a@b\u{7f}", .forbiddenOctet(at: 3)), (".", .unreadable(at: 0)),
    ("<@x:>", .unreadable(at: 4)), ("<@x a@b>", .unreadable(at: 4)), ("\"a\"b@c", .unreadable(at: 3)),
    ("[1.2.3.4]", .unreadable(at: 0)),
  ]

  @Test(arguments: faults)
  func isAFault(_ text: String, _ fault: AddressFault) {
    #expect(throws: fault) { try read(text) }
  }

  @Test func octetsThatAreNoUTF8() throws {
    let latin = [UInt8]("J".utf8) + [0xf6] + [UInt8](" <a@b>".utf8)
    #expect(try AddressList(latin).mailboxes.map(\.text) == ["a@b"], "in a display name they harm nobody")
    #expect(throws: AddressFault.forbiddenOctet(at: 0)) { try AddressList([0xf6] + [UInt8]("@b".utf8)) }
    #expect(throws: AddressFault.forbiddenOctet(at: 2)) { try AddressList([UInt8]("a@".utf8) + [0xf6]) }
  }

  @Test func positionsAreThoseOfTheOctets() throws {
    let octets = Array("To: Ann <ann> (c), \"b c\" (x) , d . e @ f . g (x)\r\n".utf8)
    let list = try AddressList(octets, in: 3..<(octets.count - 2))
    let texts = list.mailboxes.map { String(decoding: octets[$0.range], as: UTF8.self) }
    #expect(texts == ["ann", "\"b c\"", "d . e @ f . g"])
    #expect(list.mailboxes.map(\.localEnd) == [12, 24, 36])
    #expect(list.mailboxes.map(\.isAngled) == [true, false, false])
    #expect(list.mailboxes.map(\.domain) == [nil, nil, "f.g"] && list.groups == 0)
  }

  @Test func aRangeOutsideIsAFault() {
    #expect(throws: AddressFault.unreadable(at: 0)) { try AddressList([65], in: 0..<2) }
  }

  @Test func bounds() throws {
    let most = Array(String(repeating: "a,", count: AddressList.mostMailboxes).utf8)
    #expect(try AddressList(most).mailboxes.count == AddressList.mostMailboxes)
    #expect(throws: AddressFault.tooMany(at: most.count)) { try AddressList(most + Array("b".utf8)) }
    #expect(throws: AddressFault.self) {
      try AddressList(Array(String(repeating: "g:;,", count: AddressList.mostMailboxes + 1).utf8))
    }
    let deep = String(repeating: "(", count: 51) + String(repeating: ")", count: 51) + "a@b"
    #expect(throws: AddressFault.tooMany(at: 50)) { try read(deep) }
    let fine = String(repeating: "(", count: 50) + String(repeating: ")", count: 50) + "a@b"
    #expect(try read(fine).mailboxes.count == 1)
    // A header's worth of nothing but openings is read in one pass.
    for hostile in ["(", "\"", "<", "a ", "=?", "=?a?b?", "a@", ".", "\\", ":", "\r\n ", "((((\\"] {
      let octets = Array(String(repeating: hostile, count: 262_144 / hostile.utf8.count).utf8)
      _ = try? AddressList(octets)
    }
  }

  /// Whatever is cut off at whatever place: no position lies outside, and the text of each address is read again as
  /// the same one.
  @Test(arguments: readable.map(\.0) + faults.map(\.0))
  func everyPrefix(_ text: String) {
    let octets = Array(text.utf8)
    for end in 0...octets.count {
      guard let list = try? AddressList(octets, in: 0..<end) else { continue }
      for mailbox in list.mailboxes {
        #expect(mailbox.range.lowerBound >= 0 && mailbox.range.upperBound <= end && !mailbox.range.isEmpty)
        #expect(mailbox.range.lowerBound < mailbox.localEnd && mailbox.localEnd <= mailbox.range.upperBound)
        let again = try? AddressList(Array(mailbox.text.utf8))
        #expect(again?.mailboxes.map(\.localPart) == [mailbox.localPart], "\(mailbox.text)")
        #expect(again?.mailboxes.map(\.domain) == [mailbox.domain], "\(mailbox.text)")
      }
    }
  }
}
