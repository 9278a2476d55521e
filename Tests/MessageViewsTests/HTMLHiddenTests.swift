import MessageViews
import Testing

/// What nobody sees of HTML, and why: in each text `x` is hidden, and `v` is not.
@Suite struct HTMLHiddenTests {
  typealias Reason = HTMLView.Hidden.Reason

  private func check(_ html: String, _ reason: Reason) {
    let reading = HTMLReader.read(Array(html.utf8))
    let hidden = reading.hidden.map { String(decoding: $0.octets, as: UTF8.self) }
    #expect(hidden == ["x"], "\(html): \(hidden), seen “\(String(decoding: reading.visible, as: UTF8.self))”")
    #expect(reading.hidden.map(\.reason) == [reason], "\(html)")
    #expect(String(decoding: reading.visible, as: UTF8.self) == "v", "\(html)")
  }

  @Test(arguments: [
    ("<span style='display:none'>x</span>v", Reason.displayNone), ("<p hidden>x</p>v", .displayNone),
    ("<div STYLE=\"DISPLAY : NONE !important;\">x</div>v", .displayNone),
    ("<div style='display:none'><p style='display:block'>x</p></div>v", .displayNone),
    ("<b style='dis\\70lay:n\\6fne'>x</b>v", .displayNone),
    ("<b style='display:/**/none/**/'>x</b>v", .displayNone),
    ("<b style='display&colon;none'>x</b>v", .displayNone), ("<b style=display:none>x</b>v", .displayNone),
    ("<b style='color:red;;x;display:none'>x</b>v", .displayNone), ("<dialog>x</dialog>v", .displayNone),
    ("<span style='visibility:hidden'>x</span>v", .visibilityHidden),
    ("<div style='visibility:hidden'>x<b style='visibility:visible'>v</b></div>", .visibilityHidden),
    ("<span style='font-size:0'>x</span>v", .zeroFont),
    ("<span style='font-size:0.1px'>x</span>v", .zeroFont),
    ("<span style='font:0/0 a'>x</span>v", .zeroFont),
    ("<span style='font:bold 0px Arial'>x</span>v", .zeroFont),
    ("<b style='font-size:0'><i style='font-size:2em'>x</i></b>v", .zeroFont),
    ("<span style='font-size:1px'>x</span>v", .tinyFont),
    ("<span style='font-size:1pt'>x</span>v", .tinyFont),
    ("<span style='font-size:10%'>x</span>v", .tinyFont),
    ("<span style='font-size:.1em'>x</span>v", .tinyFont),
    ("<b style='font-size:20%'><i style='font-size:50%'>x</i></b>v", .tinyFont),
    ("<font color=white>x</font>v", .sameColour), ("<font color=#FFFFFE>x</font>v", .sameColour),
    ("<font color='fefefe'>x</font>v", .sameColour), ("<span style='color:#fff'>x</span>v", .sameColour),
    ("<span style='color:rgb(255, 255, 255)'>x</span>v", .sameColour),
    ("<span style='color:rgb(100% 100% 98% / 90%)'>x</span>v", .sameColour),
    ("<span style='color:hsl(0, 0%, 100%)'>x</span>v", .sameColour),
    ("<span style='color:transparent'>x</span>v", .sameColour),
    ("<span style='color:rgba(0,0,0,0.01)'>x</span>v", .sameColour),
    ("<span style='color:#0000'>x</span>v", .sameColour), ("<span style='color:#eee'>x</span>v", .sameColour),
    ("<span style='-webkit-text-fill-color:#fff'>x</span>v", .sameColour),
    ("<body bgcolor=black text=white><font color=#010101>x</font>v", .sameColour),
    ("<table><tr><td bgcolor=navy><font color=#000082>x</font></td><td>v</table>", .sameColour),
    ("<div style='background:#ff0000 none'><font color=red>x</font></div>v", .sameColour),
    ("<p><font color=white>x</p></font>v", .sameColour),
    ("<span style='opacity:0'>x</span>v", .zeroOpacity),
    ("<span style='opacity:0.01'>x</span>v", .zeroOpacity),
    ("<b style='opacity:.2'><b style='opacity:20%'>x</b></b>v", .zeroOpacity),
    ("<div style='position:absolute;left:-9999px'>x</div>v", .offScreen),
    ("<div style='position:fixed; top:-100em'>x</div>v", .offScreen),
    ("<p style='text-indent:-9999px'>x</p>v", .offScreen),
    ("<div style='margin:0 0 0 -5000px'>x</div>v", .offScreen),
    ("<div style='transform:translate(0, -2000px)'>x</div>v", .offScreen),
    ("<div style='height:0;overflow:hidden'>x</div>v", .zeroSize),
    ("<div style='max-height:0px;overflow:hidden'>x</div>v", .zeroSize),
    ("<div style='width:1px;overflow-x:clip'>x</div>v", .zeroSize),
    ("<div style='transform:scale(0)'>x</div>v", .zeroSize),
    ("<div style='position:absolute;clip:rect(0,0,0,0)'>x</div>v", .zeroSize),
    ("<div style='clip-path:inset(100%)'>x</div>v", .zeroSize),
    ("<!-- x -->v", .comment),
  ])
  func whatIsHidden(_ html: String, _ reason: Reason) { check(html, reason) }

  @Test(arguments: [
    ("<style>.h{display:none}</style><b class=h>x</b>v", Reason.displayNone),
    ("<style>.h{display:none}</style><b class='a h'>x</b>v", .displayNone),
    ("<style>#i{display:none}</style><b id=i>x</b>v", .displayNone),
    ("<style>U{display:none}</style><u>x</u>v", .displayNone),
    ("<style>p , u , .z { color : #fff ; display : none }</style><u>x</u>v", .displayNone),
    ("<style>.a .b{display:none}</style><p class=a><i><b class=b>x</b></i></p>v", .displayNone),
    ("<style>.a>b{display:none}</style><p class=a><b>x</b><i><b>v</b></i></p>", .displayNone),
    ("<style>div.a#i{display:none}</style><div class=a id=i>x</div><div class=a>v</div>", .displayNone),
    ("<b class=h>x</b>v<style>.h{display:none}</style>", .displayNone),
    ("<style><!-- .h{display:none} --></style><b class=h>x</b>v", .displayNone),
    ("<style>/*a{*/.h/**/{/*}*/display:none}</style><b class=h>x</b>v", .displayNone),
    ("<style>.\\68{display:none}</style><b class=h>x</b>v", .displayNone),
    ("<style>@import 'a';.h{display:none}</style><b class=h>x</b>v", .displayNone),
    ("<style>@media screen{.h{display:none}}</style><b class=h>x</b>v", .displayNone),
    ("<style>@media only screen , print{.h{display:none}}</style><b class=h>x</b>v", .displayNone),
    (
      "<style>.h{display:none}</style><b class=h style='display:inline'>v</b><i class=h>x</i>", .displayNone
    ),
    ("<style>.h{display:none!important}</style><b class=h style='display:inline'>x</b>v", .displayNone),
    ("<style>#i{color:#000}.h{color:#fff}</style><b class=h id=i>v</b><b class=h>x</b>", .sameColour),
    ("<style>.h{display:block}.h{display:none}</style><b class=h>x</b>v", .displayNone),
    ("<style>body{background:#000;color:#fff}</style><body><font color=black>x</font>v", .sameColour),
    ("<style>*{font-size:0}b{font-size:12px}</style><i>x</i><b>v</b>", .zeroFont),
  ])
  func whatStyleSheetsHide(_ html: String, _ reason: Reason) { check(html, reason) }

  @Test(arguments: [
    "v", "<p style='display:block'>v</p>", "<font color=#cccccc>v</font>", "<font size=1>v</font>",
    "<small>v</small>", "<font color=red>v</font>", "<table><td bgcolor=#000><font color=#fff>v",
    "<font color=white><a href=x>v</a></font>",
    "<div style='background:url(a.png)'><font color=white>v</font></div>",
    "<table background=a.png><td><font color=white>v</table>",
    "<div style='background:linear-gradient(red,blue);color:#fff'>v</div>",
    "<div style='font-size:0'><span style='font-size:14px'>v</span></div>",
    "<div style='height:0'>v</div>", "<div style='overflow:hidden'>v</div>",
    "<div style='overflow:hidden;max-height:20px'>v</div>", "<div style='left:-9999px'>v</div>",
    "<div style='margin-left:-20px'>v</div>", "<div style='opacity:0.5'>v</div>",
    "<div style='visibility:hidden'><b style='visibility:visible'>v</b></div>",
    "<style>@media print{.a{display:none}}</style><b class=a>v</b>",
    "<style>@media (max-width:600px){.a{display:none}}</style><b class=a>v</b>",
    "<style>@media screen and (max-width:600px){.a{display:none}}</style><b class=a>v</b>",
    "<style>@font-face{a:b}.a:hover{display:none}</style><b class=a>v</b>",
    "<style>.a{display:none}</style><b class=A>v</b>", "<style>.a .b{display:none}</style><b class=b>v</b>",
    "<style>[x]{display:none}b+b{display:none}</style><b x>v</b>",
    "<script>.a{display:none}</script><b class=a>v</b>",
    "<!--[if mso]><style>.v{display:none}</style><![endif]--><b class=v>v</b>",
    "<div style='display:none'>&nbsp;&zwnj;&#8203;</div>v", "<span style='font-size:0'> \n </span>v",
    "<span style='mso-hide:all'>v</span>", "<mark style='color:#000'>v</mark>",
    "<button style='color:#fff'>v</button>", "<div style='display:none'></div>v", "<b hidden></b>v",
    "<svg><g style='display:none'/></svg>v",
    // What stands between cells is shown in front of the table; the attributes of a late body count.
    "<table bgcolor=black><font color=black>v", "<table bgcolor=black><tr>v",
    "<font color=white>v</font><html><body bgcolor=black>",
  ])
  func whatIsSeen(_ html: String) {
    let reading = HTMLReader.read(Array(html.utf8))
    #expect(reading.hidden.isEmpty, "\(html): \(reading.hidden.map(\.reason))")
    #expect(String(decoding: reading.visible, as: UTF8.self) == "v", "\(html)")
  }

  /// Elements that are closed by others hide nothing behind them; formatting that a block's end cuts goes on.
  @Test(arguments: [
    ("<table><tr><td style='display:none'>x<td>v</table>", Reason.displayNone),
    ("<ul><li style='display:none'>x<li>v</ul>", .displayNone),
    ("<p style='display:none'>x<div>v</div>", .displayNone),
    ("<div style='display:none'><b>x</div>v", .displayNone),
    ("<div><font color=white>x</div>x</font>v", .sameColour),
    ("<font color=white><div>x</font>v</div>", .sameColour),
    ("<table><td><font color=white>x</td><td>v</table>", .sameColour),
    ("<div style='display:none'><span>x</div></span>v", .displayNone),
    ("<div style='display:none'><table><td></div>x</table>x</div>v", .displayNone),
    ("<span style='display:none'><div></span>x</div></span>v", .displayNone),
    ("<table bgcolor=black><font color=white>x<td><font color=white>v", .sameColour),
  ])
  func whatEndsWhere(_ html: String, _ reason: Reason) {
    let reading = HTMLReader.read(Array(html.utf8))
    #expect(String(decoding: reading.visible, as: UTF8.self) == "v", "\(html)")
    #expect(reading.hidden.allSatisfy { $0.reason == reason } && !reading.hidden.isEmpty, "\(html)")
  }

  @Test func piecesStandTogether() {
    let html = "<div style='display:none'><p>one</p> <b>two</b></div>v<i hidden>three</i><!-- a --><!-- b -->"
    let reading = HTMLReader.read(Array(html.utf8))
    #expect(
      reading.hidden.map { String(decoding: $0.octets, as: UTF8.self) } == ["one\n\ntwo", "three", "a", "b"])
  }

  @Test func piecesAreBounded() {
    let many = String(repeating: "v<b hidden>x</b>", count: 3000)
    let reading = HTMLReader.read(Array(many.utf8))
    #expect(reading.hidden.count == 500)
    #expect(reading.hidden.reduce(0) { $0 + $1.octets.count { $0 == UInt8(ascii: "x") } } == 3000)
    #expect(reading.visibleCount == 3000)
  }
}
