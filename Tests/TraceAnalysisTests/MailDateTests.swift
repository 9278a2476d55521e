import Testing
import TraceAnalysis

@Suite struct MailDateTests {
  @Test(arguments: [
    ("Thu, 6 Mar 2003 12:02:35 -0800", "2003-03-06 12:02:35 -0800"),
    ("6 Mar 2003 12:02:35 -0800 (PST)", "2003-03-06 12:02:35 -0800"),
    ("6 Mar 03 12:02 EST", "2003-03-06 12:02:00 -0500"),
    ("6 Mar 99 12:02:00 GMT", "1999-03-06 12:02:00 +0000"),
    ("6 Mar 103 12:02:00 UT", "2003-03-06 12:02:00 +0000"),
    ("Thu Mar  6 12:02:35 2003", "2003-03-06 12:02:35 -0000"),
    ("Fri Sep 14 14:36:56 EDT 2018", "2018-09-14 14:36:56 -0400"),
    ("Fri Feb 07 10:18:12 2003 -0800", "2003-02-07 10:18:12 -0800"),
    ("02-Sep-2023 04:24:06 +0200", "2023-09-02 04:24:06 +0200"),
    ("2006-05-05 12:00:00 +0200", "2006-05-05 12:00:00 +0200"),
    ("2006-05-05T12:00:00Z", "2006-05-05 12:00:00 +0000"),
    ("2006-05-05T12:00:00.123+05:30", "2006-05-05 12:00:00 +0530"),
    ("Thu, 02 Apr 2020 07:53:55.516 +0000 (UTC)", "2020-04-02 07:53:55 +0000"),
    ("Thu, 6 Mar 2003 12:02:35 -0000", "2003-03-06 12:02:35 -0000"),
    ("Thu, 6 Mar 2003 12:02:35", "2003-03-06 12:02:35 -0000"),
    ("Thu, 6 Mar 2003 12:02:35 XYZ", "2003-03-06 12:02:35 -0000"),
    ("Thu,6 Mar 2003 1:02:35 PM +0100", "2003-03-06 13:02:35 +0100"),
    ("Thu, 6 March 2003 12:02:35 +0800 (CST)", "2003-03-06 12:02:35 +0800"),
    ("Thu, 19 Sep 2002 15:02:14 -0800</td>", "2002-09-19 15:02:14 -0800"),
    ("Thu, 19 Sep 2002 15:02:14 -08:00", "2002-09-19 15:02:14 -0800"),
    ("Aug 22, 2002 6:50:51 AM +1200", "2002-08-22 06:50:51 +1200"),
  ])
  func reads(_ text: String, _ expected: String) throws {
    let date = try #require(MailDate(text))
    #expect(date.text == expected)
    #expect(date.oddities.isEmpty, "\(date.oddities)")
  }

  @Test func theMomentIsThatOfItsZone() throws {
    let here = try #require(MailDate("Thu, 6 Mar 2003 12:02:35 -0800"))
    #expect(here.moment.rfc3339 == "2003-03-06T20:02:35.000Z")
  }

  @Test(arguments: [
    ("Thu, 6 Mar 2003 12:02:35 +2545", MailDate.Oddity.impossibleZone("+2545")),
    ("Thu, 6 Mar 2003 12:02:35 -0731", .impossibleZone("-0731")),
    ("Thu, 6 Mar 2003 12:02:35 -0400 (JST)", .zoneNameDiffers("JST")),
    ("Fri, 6 Mar 2003 12:02:35 -0400", .wrongWeekday),
    ("Aug, 22 2002 6:50:51 AM +1200", .malformed("Aug, 22 2002 6:50:51 AM +1200")),
  ])
  func isOdd(_ text: String, _ oddity: MailDate.Oddity) {
    #expect(MailDate(text)?.oddities == [oddity])
  }

  @Test(arguments: [
    "Thu, 31 Feb 2003 12:02:35 -0800", "Thu, 6 Mar 2003 25:02:35 -0800", "0 Mar 2003 12:02 GMT",
    "29 Feb 2003 12:02 GMT", "25 Aug 0102 12:02:00 GMT",
  ])
  func neverWas(_ text: String) {
    let (result, _) = MailDate.read(Array(text.utf8)[...])
    guard case .failure(.impossible) = result else {
      Issue.record("\(text): \(result)")
      return
    }
  }

  @Test(arguments: [
    "tomorrow", "28/08/2002 11:07:06", "6 Mar 2003", "12:00", "Thu,", "6 6 6 6", "99999 Mar 2003 1:1:1",
  ])
  func isNone(_ text: String) {
    let (result, _) = MailDate.read(Array(text.utf8)[...])
    guard case .failure(.unreadable) = result else {
      Issue.record("\(text): \(result)")
      return
    }
  }

  @Test func whatFollowsIsNoPartOfIt() {
    let text = "Thu, 20 Mar 03 10:06:43 +0100 (CET) (envelope-from <a@b.example>)"
    #expect(MailDate.read(Array(text.utf8)[...]).length == "Thu, 20 Mar 03 10:06:43 +0100 (CET)".utf8.count)
  }
}
